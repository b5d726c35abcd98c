"""
Sources of a class that cannot be read: a broken TOML file, say. No text of an exception is used.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic_settings import PydanticBaseSettingsSource

from workerctl.report import places
from workerctl.report.records import Record

_FORMATS = {
    ("tomllib", "TOMLDecodeError"): "TOML",
    ("tomli", "TOMLDecodeError"): "TOML",
    ("json", "JSONDecodeError"): "JSON",
    ("yaml", "YAMLError"): "YAML",
}
"""What a text is not if an exception of this module and name says so."""


class Unreadable(Record):
    """
    A source that cannot be read: the path of its file or the name of its class.

    `format` is what the text of the file is not, as far as that is known, and `line` where.
    """

    name: str
    format: str | None = None
    line: int | None = None


def source_of(error: BaseException) -> Unreadable | None:
    """
    Return the source that has raised an exception; None if it was something else.
    """
    found: Unreadable | None = None
    for frame, _ in places.frames(error):
        code, variables = frame.f_code, frame.f_locals
        owner = variables.get("self")
        if code.co_name == "settings_customise_sources":
            found = Unreadable(code.co_name)
        elif isinstance(owner, PydanticBaseSettingsSource):
            found = Unreadable(type(owner).__name__)
            if code.co_name == "_read_file":  # of pydantic-settings, pinned by a test
                file = variables[code.co_varnames[1]]
                return Unreadable(places.shown(str(file)), _format(error), _line(error))
    return found


def _format(error: BaseException) -> str | None:
    kinds = ((kind.__module__.partition(".")[0], kind.__name__) for kind in type(error).__mro__)
    return next((_FORMATS[kind] for kind in kinds if kind in _FORMATS), None)


def _line(error: Any) -> int | None:
    """
    Return the line that an exception of a parser names. That of tomllib may also quote a key.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return int(mark.line) + 1
    line = getattr(error, "lineno", None)
    found = re.search(r"\(at line ([0-9]+), column [0-9]+\)\Z", str(error))
    return line if isinstance(line, int) or found is None else int(found[1])
