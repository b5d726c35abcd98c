"""
The formats of `workerctl check --format`, and where each is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from workerctl.output.delivery import require_file
from workerctl.output.formats import FORMATS, Destination
from workerctl.report.errors import UsageError
from workerctl.report.suggest import did_you_mean
from workerctl.secrecy.typed import named

_STDOUT = "-"


def destinations(formats: Iterable[str], output: str | None = None) -> tuple[Destination, ...]:
    """
    Return the destinations that `--format NAME[=FILE]` and `--output FILE` name.

        >>> destinations(["github", "sarif=out.sarif"])
        (Destination(format='github', path=None), Destination(format='sarif', path='out.sarif'))

    Raises UsageError if a format is not known, if a path is empty, or if two
    formats have the same destination.
    """
    made = [_destination(text) for text in formats] or [Destination()]
    path = None if output == _STDOUT else output
    if path is not None:
        if all(each.path is not None for each in made):
            raise UsageError(
                "--output names a file, but every format already has one.",
                "Write --format NAME=FILE, or --format NAME with --output FILE.",
            )
        made = [each.replace(path=path) if each.path is None else each for each in made]
    for each in made:
        if each.path is not None:
            require_file(
                each.path, option=f"--format {each.format}" if each.path != path else "--output"
            )
    _require_distinct(made)
    return tuple(made)


def _destination(text: str) -> Destination:
    name, separator, path = text.partition("=")
    if name not in FORMATS:
        shown = named(name, otherwise="The format")
        hint = did_you_mean(name.lower(), FORMATS) or f"Use {', '.join(FORMATS)}."
        raise UsageError(f"{shown} is not a known format.", hint)
    if separator and not path:
        raise UsageError(
            f"--format {name}= names no file.", f"Write --format {name} or --format {name}=FILE."
        )
    return Destination(name, None if path in {"", _STDOUT} else path)


def _require_distinct(made: list[Destination]) -> None:
    taken: dict[str | None, str] = {}
    for each in made:
        place = None if each.path is None else os.path.realpath(each.path)
        if place in taken:
            where = "standard output" if each.path is None else "the same file"
            raise UsageError(
                f"{taken[place]} and {each.format} would both be written to {where}.",
                f"Write one of them to another file: --format {each.format}=FILE.",
            )
        taken[place] = each.format
