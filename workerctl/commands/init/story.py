"""
What `workerctl init` has found, as lines.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.commands.discovery.surroundings import Surroundings
from workerctl.commands.discovery.targets import Discovery, Found
from workerctl.output.lines import Line, line

_WIDTH = 12
_GIVES = {"instance": ", an instance", "function": ", a function", "class": ""}


def found(discovery: Discovery, around: Surroundings) -> Iterator[Line]:
    """
    Yield what a project holds, one line for each thing, under a heading for each kind.
    """
    yield from _listed("settings", map(_place, (*discovery.classes, *discovery.givers)))
    if not discovery.is_complete:
        yield from _listed("", ["The project is too large to be searched whole."])
    yield from _listed("env files", around.env_files)
    yield from _listed("templates", around.templates)
    yield from _listed("job queue", (f"{name} ({file})" for name, file in around.queues))
    yield from _listed("processes", around.processes)


def _place(one: Found) -> str:
    return f"{one.target} ({one.file}:{one.line}){_GIVES[one.kind]}"


def _listed(title: str, texts: Iterator[str] | tuple[str, ...] | list[str]) -> Iterator[Line]:
    for number, text in enumerate(texts):
        yield line((f"{'' if number else title:<{_WIDTH}}", "bold"), text, indent=_WIDTH)
