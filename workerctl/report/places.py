"""
Where in a team's code an exception was raised: a function, a file and a line, never a text.
"""

from __future__ import annotations

import linecache
import os
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

from workerctl.report.records import Record

_NOT_THEIRS = (sysconfig.get_path("stdlib"), str(Path(__file__).parents[1]) + os.sep, "<")
_INSTALLED = f"{os.sep}site-packages{os.sep}"


class Place(Record):
    """
    A function of the team, and the file and line in it that raised or called what raised.
    """

    function: str
    where: str
    code: CodeType | None = None

    @property
    def is_module(self) -> bool:
        """
        Whether the line is in the body of a module.
        """
        return self.function == "<module>"


def validator_of(error: BaseException) -> Place | None:
    """
    Return the function of the team that pydantic called, and that raised the exception.
    """
    return next(places(error), None)


def last_of(error: BaseException) -> Place | None:
    """
    Return the line of the team's code that is nearest to the exception.
    """
    if isinstance(error, SyntaxError) and error.filename and _is_theirs(error.filename):
        return Place("<module>", f"{shown(error.filename)}:{error.lineno}")
    return next(iter([*places(error)][::-1]), None)


def places(error: BaseException) -> Iterator[Place]:
    """
    Yield the team's lines that led to an exception, the outermost first.
    """
    for frame, line in frames(error):
        code = frame.f_code
        if _is_theirs(code.co_filename):
            yield Place(code.co_qualname, f"{shown(code.co_filename)}:{line}", code)


def modules(error: BaseException) -> Iterator[FrameType]:
    """
    Yield the frames of modules whose body was executed when the exception was raised.
    """
    for frame, _ in frames(error):
        if frame.f_code.co_name == "<module>":
            yield frame


def unset_variable(error: BaseException) -> str | None:
    """
    Return the name of the environment variable that `os.environ[NAME]` did not find, or None.

    A name that may be something else is called "an environment variable".
    """
    if not isinstance(error, KeyError) or not error.args:
        return None
    last = [frame for frame, _ in frames(error)][-1:]
    if [(each.f_globals.get("__name__"), each.f_code.co_name) for each in last] != [
        ("os", "__getitem__")
    ]:
        return None
    name = str(error.args[0])
    is_name = re.fullmatch(r"[A-Z][A-Z_]{1,39}[0-9]{0,2}", name, re.ASCII)
    return name if is_name else "an environment variable"


def is_imported_by_name(module: str, error: BaseException) -> bool:
    """
    Return whether the source line that failed to import a module contains its name.

    Otherwise the name was computed, and may be a value.
    """
    lines = [
        linecache.getline(frame.f_code.co_filename, number)
        for frame, number in frames(error)
        if not frame.f_code.co_filename.startswith("<")
    ]
    first = re.escape(module.partition(".")[0])
    return (
        bool(lines)
        and re.search(rf"\bimport\b.*\b{first}\b|\bfrom\s+{first}\b", lines[-1]) is not None
    )


def shown(filename: str) -> str:
    """
    Return a path as messages show it: relative to the working directory if it is below it.
    """
    relative = os.path.relpath(filename)
    return filename if relative.startswith(os.pardir) else relative


def frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """
    Yield the frames that led to an exception and their lines, the outermost first.
    """
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _is_theirs(filename: str) -> bool:
    return not filename.startswith(_NOT_THEIRS) and _INSTALLED not in filename
