"""
The names of the calls that a worker makes, as in `backoff(settings, "llm")`.
"""

from __future__ import annotations

from typing import Literal, get_args

RuntimeStage = Literal["llm", "embedding", "storage", "database", "webhook"]
"""The stage argument of `backoff`, `stage_deadline` and `translate_errors`."""

RUNTIME_STAGES: tuple[RuntimeStage, ...] = get_args(RuntimeStage)
