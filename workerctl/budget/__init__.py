"""
The worst case of a job: the stages that a team declares, and the arithmetic over their settings.

A team declares its own stages with these names, which are imported when they are first used:

    from workerctl.budget import Choice, Pipeline, StageSettings
"""

from workerctl import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from workerctl.budget.pipeline import Choice, Pipeline, StageSettings

__all__ = ["Choice", "Pipeline", "StageSettings"]
__getattr__ = lazy(__name__, dict.fromkeys(__all__, "pipeline"))
