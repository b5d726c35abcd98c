"""
The pages of `workerctl explain` for a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.checks.base import titled
from workerctl.commands.explain.manual import manual
from workerctl.commands.explain.topics import About, Answer, Area, Group, Manual
from workerctl.commands.show_config.story import about
from workerctl.output.lines import Line, line


def lines(answer: Answer) -> Iterator[Line]:
    """
    Yield the lines of an answer, with a blank one between its parts.
    """
    for number, part in enumerate(answer):
        if number:
            yield line()
        match part:
            case Manual():
                yield from _manual(part)
            case About():
                yield from about(part.setting, part.default, part.read_by)
            case Area():
                yield from _area(part)
            case Group():
                yield from _group(part)


def _manual(part: Manual) -> Iterator[Line]:
    yield line((part.check.code, "bold"), f" · {titled(part.check, part.schema)}")
    for paragraph in manual(part.check).split("\n\n"):
        yield line()
        yield line(f"  {' '.join(paragraph.split())}", indent=2)


def _area(part: Area) -> Iterator[Line]:
    for check in part.checks:
        yield line((check.code, "bold"), f"  {titled(check, part.schema)}", indent=8)
    if part.has_note:
        yield line()
        yield line("`workerctl explain CODE` shows why a check matters and how to fix a finding;")
        yield line("`workerctl explain NAME` describes a setting.")


def _group(part: Group) -> Iterator[Line]:
    yield line((part.name, "bold"), f" · {len(part.settings)} settings")
    for setting in part.settings:
        yield line()
        yield line("  ", (setting.name, "bold"), indent=2)
        yield line(f"    {setting.description or f'Must be {setting.expects}.'}", indent=4)
