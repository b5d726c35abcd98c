"""
The names by which a worker asks for the bounds of a call: `backoff(settings, "llm")`.
"""

from typing import Literal, get_args

RuntimeStage = Literal["llm", "embedding", "storage", "database", "webhook"]
"""What a worker passes to `backoff`, `stage_deadline` and `translate_errors`."""

RUNTIME_STAGES: tuple[RuntimeStage, ...] = get_args(RuntimeStage)
