"""
The hint that the project has its own settings class, which `check` did not look at.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from workerctl.sources import options as source_options
from workerctl.sources import project as projects
from workerctl.sources.options import Options
from workerctl.sources.project import Project

# Reading and searching this many takes some 10 ms.
_MOST_FILES = 400
_MARKS = ("setup.py", "setup.cfg", "requirements.txt", ".git")


def hint(options: Options, project: Project, environ: Mapping[str, str]) -> str:
    """
    Return a sentence that names the project's own settings class and how to use it, or "".

    It is empty if a class is configured, and where nothing says that the directory is a project.
    """
    directory = _unconfigured_project(options, project, environ)
    if directory is None:
        return ""
    from workerctl.commands.discovery.files import Survey

    survey = Survey(directory, _MOST_FILES)
    if not survey.sources:  # a repository of configurations
        return ""
    from workerctl.commands.discovery.targets import discover

    classes = [one for one in discover(survey).classes if not one.is_part]
    if not classes:
        return ""
    first = classes[0]
    named = f"{first.target} ({first.file}:{first.line})"
    if len(classes) == 1:
        what = f"The project has its own settings class, {named}."
    else:
        what = f"The project has its own settings classes, {len(classes)} of them, such as {named}."
    return f"{what} Check it with --settings {first.target}, or run `workerctl init`."


def _unconfigured_project(
    options: Options, project: Project, environ: Mapping[str, str]
) -> Path | None:
    """
    Return the directory of a project for which no settings class is configured, or None.
    """
    if source_options.resolve(options, project, environ).settings is not None:
        return None
    here = Path.cwd()
    file = projects.file_above(here)
    if file is None:
        return here if any(map(os.path.lexists, _MARKS)) else None
    return file.parent
