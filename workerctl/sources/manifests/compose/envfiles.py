"""
Env files as docker compose reads them: `.env`, and those of `env_file`.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping

from workerctl.report.errors import SourceError
from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.sources.dialects import compose, docker_run
from workerctl.sources.dialects.compose import Assignment, RefusedFileError
from workerctl.sources.dialects.statements import SPACE
from workerctl.sources.dialects.templates import InvalidTemplateError
from workerctl.sources.manifests.compose.interpolation import Interpolator, Text
from workerctl.sources.manifests.compose.project import Project

_RAW = "raw"


class Setting(Record):
    """
    What an env file sets a variable to, and where.
    """

    text: Text
    location: Location


def read(
    project: Project,
    path: str,
    names: Mapping[str, Text],
    known: Mapping[str, Text] | None = None,
    form: str = "",
) -> dict[str, Setting]:
    """
    Return the variables that a file sets.

    A value may refer to `names`, then to earlier lines of the file, then to `known`, the variables
    of other files. A name without a value has that of `names`; if that is not known, it is left
    out. `form` is "raw" for a file whose values mean what they say, as for `docker run`.

    Raises SourceError if the file cannot be read, or if docker compose refuses it.
    """
    own: dict[str, Text] = {}
    interpolator = Interpolator(ChainMap({}, dict(names), own, dict(known or {})), project.spend)
    found: dict[str, Setting] = {}
    line = 0
    try:
        for each in _assignments(project.text(path), form):
            line = each.line
            text = _text(each, interpolator, names)
            if text is not None and each.name:
                own[each.name] = text
                found[each.name] = Setting(text, Location("env-file", path, line))
    except RefusedFileError as error:
        line = error.line
    except InvalidTemplateError:
        pass
    else:
        return found
    # Raised outside of the handlers: no context may have a line of the file.
    raise SourceError(
        f"{path}:{line} is not an assignment that docker compose accepts.",
        "Correct the line: docker compose refuses the whole file.",
    )


def _text(
    assignment: Assignment, interpolator: Interpolator, names: Mapping[str, Text]
) -> Text | None:
    if assignment.template is None:
        return names.get(assignment.name)
    if assignment.is_literal:
        return Text(assignment.template)
    return interpolator.text(assignment.template)


def _assignments(text: str, form: str) -> Iterator[Assignment]:
    return _raw(text) if form == _RAW else compose.assignments(text)


def _raw(text: str) -> Iterator[Assignment]:
    for number, line in enumerate(text.split("\n"), 1):
        if docker_run.refuses(line):
            raise RefusedFileError(number)
        name, separator, value = line.removesuffix("\r").lstrip(SPACE).partition("=")
        if name and not name.startswith("#"):
            yield Assignment(name, value if separator else None, number, is_literal=True)
