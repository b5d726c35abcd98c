"""
The settings classes of a worker, handed on to the new Python processes that run its jobs.

A forked process inherits the settings instances of its worker. A new one has not run the script
that called `boot`, so it gets the names of the classes in an environment variable, and reads the
sources for itself.
"""

from __future__ import annotations

import os

from workerctl.report.errors import ProjectError, WorkerctlError
from workerctl.report.type_names import is_found_by_name
from workerctl.runtime.logging_config import configure_logging
from workerctl.schema.loading import names_settings
from workerctl.settings import Settings, get_settings

VARIABLE = "WORKERCTL_SPAWNED_SETTINGS"
"""The names of the classes, `module:Class`, with commas; the first is that of `get_settings()`."""

# RQ's workers set the first one, and SpawnWorker the second one as well.
_JOB, _EXECUTION = "RQ_JOB_ID", "RQ_EXECUTION_ID"


def hand_on() -> None:
    """
    Name the classes of all settings instances of this process in its environment.

    Raises ProjectError for a class that another process cannot import.
    """
    settings = get_settings()
    is_found = type(settings) is Settings or names_settings()
    others = [type(each) for each in get_settings.instances if each is not settings]
    os.environ[VARIABLE] = ",".join(
        ["" if is_found else _name(type(settings)), *map(_name, others)]
    )


def take_over() -> None:
    """
    Create the instances that `hand_on` has named, and hide their secrets in the logs.
    """
    first, *others = os.environ.get(VARIABLE, "").split(",")
    for name in others:
        configure_logging(get_settings(name))
    if first:
        get_settings.boot_with(get_settings(first))
    configure_logging(get_settings())


def warning(job_id: str) -> str | None:
    """
    Return a sentence if this process was started for a job, and has no settings of a script.
    """
    is_new = os.environ.get(_JOB) == job_id and _EXECUTION in os.environ
    if not is_new or get_settings.instances:
        return None
    try:
        if names_settings():
            return None
    except WorkerctlError:  # reported where the settings are needed
        return None
    return (
        "its process has not run the script that called boot(), so the built-in settings class "
        "applies, and secrets of another one are not hidden: set WORKERCTL_SETTINGS, or call "
        "boot() in the module of the job."
    )


def _name(kind: type) -> str:
    if kind.__module__ == "__main__" or not is_found_by_name(kind):
        raise ProjectError(
            f"SpawnWorker runs each job in a new process, which cannot import the settings class "
            f"{kind.__qualname__} of {kind.__module__} by that name.",
            "Define it at the top level of a module other than the script that is run.",
        )
    return f"{kind.__module__}:{kind.__qualname__}"
