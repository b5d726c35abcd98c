"""
The stages of a job, and how long they can take in the worst case.

A team declares its own stages with the public names, which are imported on first use:

    from workerctl.budget import Pipeline, StageSettings

    PIPELINE = Pipeline((StageSettings("render", timeout=90, retries=1, base=2),), job_timeout=600)
    PIPELINE.budget(settings).worst  # 182 seconds: two attempts of 90, and 2 between them
"""

from __future__ import annotations

from workerctl import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from workerctl.budget.pipeline import Choice, Pipeline, StageSettings

__all__ = ["Choice", "Pipeline", "StageSettings"]
__getattr__ = lazy(__name__, dict.fromkeys(__all__, "pipeline"))
