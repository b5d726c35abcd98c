"""
The pages of `workerctl explain` in Markdown, as the reference of the checks has them.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.checks.base import titled
from workerctl.commands.explain.manual import manual
from workerctl.commands.explain.topics import About, Answer, Area, Group, Manual
from workerctl.commands.show_config.story import facts
from workerctl.output.ci.markdown import escaped


def lines(answer: Answer) -> Iterator[str]:
    """
    Yield the lines of an answer, with a blank one between its parts.
    """
    for number, part in enumerate(answer):
        if number:
            yield ""
        match part:
            case Manual():
                yield from page(part)
            case About():
                yield from _about(part)
            case Area():
                yield from _area(part)
            case Group():
                yield from _group(part)


def page(part: Manual) -> Iterator[str]:
    """
    Yield the manual page of a check.
    """
    yield f"## {part.check.code}: {titled(part.check, part.schema)}"
    yield ""
    yield from manual(part.check).split("\n")


def _about(part: About) -> Iterator[str]:
    setting = part.setting
    yield f"## `{setting.name}`"
    yield ""
    if setting.description:
        yield escaped(setting.description)
        yield ""
    said = facts(setting, part.default, part.read_by)
    yield from (f"- {label}: {escaped(text)}" for label, text in said if text)


def _area(part: Area) -> Iterator[str]:
    yield "| Code | What holds when it passes |"
    yield "|---|---|"
    for check in part.checks:
        yield f"| {check.code} | {escaped(titled(check, part.schema))} |"


def _group(part: Group) -> Iterator[str]:
    yield f"## {escaped(part.name)}"
    yield ""
    yield "| Name | Must be | Meaning |"
    yield "|---|---|---|"
    for setting in part.settings:
        cells = (f"`{setting.name}`", escaped(setting.expects), escaped(setting.description))
        yield f"| {' | '.join(' '.join(cell.split()) for cell in cells)} |"
