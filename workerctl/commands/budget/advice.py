"""
How to declare a pipeline, for a settings class whose stages nobody has declared.
"""

from __future__ import annotations

from collections.abc import Iterable

from workerctl.budget.declaration import numbers
from workerctl.report.errors import ProjectError
from workerctl.schema.declarations import Schema

_MOST_STAGES = 3

# Words in the name of a timeout that is not that of a stage.
_OTHERS = ("connect", "grace", "idle", "job", "pool", "shutdown", "task", "worker")

# Parts of a timeout's name that do not name its stage.
_UNITS = frozenset({"http", "read", "request", "s", "sec", "seconds", "timeout"})


def no_pipeline(schema: Schema) -> ProjectError:
    """
    Return the error that says what to declare, with fields of the class that look like timeouts.
    """
    settings_class = schema.settings_class
    timeouts = [path for path in numbers(schema) if "timeout" in path.lower()]
    return ProjectError(
        f"No pipeline is declared for {settings_class.__module__}:{settings_class.__qualname__}, "
        "so the stages of a job are not known.",
        f"Declare it in pyproject.toml below [tool.workerctl], like {_example(timeouts)}",
    )


def _example(timeouts: Iterable[str]) -> str:
    """
    Return a pipeline as one line of TOML.
    """
    paths = list(timeouts)
    own = [path for path in paths if not any(word in path.lower() for word in _OTHERS)]
    stages = [_stage(_name(path), f'"{path}"') for path in own[:_MOST_STAGES]]
    job = next((f'"{path}"' for path in paths if "job" in path.lower()), "600")
    text = ", ".join(stages or [_stage("fetch", "60")])
    return f"pipeline = {{ job_timeout = {job}, stages = [{text}] }}"


def _stage(name: str, timeout: str) -> str:
    return f'{{ name = "{name}", timeout = {timeout} }}'


def _name(path: str) -> str:
    words = path.lower().replace(".", "_").split("_")
    return " ".join(word for word in words if word and word not in _UNITS)[:40].strip() or "fetch"
