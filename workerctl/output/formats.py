"""
The formats of a report, each rendered by a module of this package that is imported on demand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TextIO

from workerctl.report.records import Record
from workerctl.report.results import Report

FORMATS: Mapping[str, str] = {
    "text": "workerctl.output.text",
    "json": "workerctl.output.json",
    "github": "workerctl.output.ci.github",
    "gitlab": "workerctl.output.ci.gitlab",
    "sarif": "workerctl.output.ci.sarif",
    "junit": "workerctl.output.ci.junit",
    "markdown": "workerctl.output.ci.markdown",
}
"""The values of `--format`, each with the module whose `render` writes that format."""

DOCUMENTATION = "https://github.com/workerctl/workerctl/blob/main/docs"
"""Where the pages of the documentation are."""


class Destination(Record):
    """
    A format, and the file to which a report is written in it; None is standard output.
    """

    format: str = "text"
    path: str | None = None


class Detail(Record):
    """
    How much of a report to show: `quiet` only findings that fail the run, `verbose` passed checks.
    """

    quiet: bool = False
    verbose: bool = False


Render = Callable[[tuple[Report, ...], TextIO, Detail], None]


def link(code: str) -> str:
    """
    Return the address of the manual page of a built-in check.

        >>> link("SET001").rpartition("/")[2]
        'checks.md#set001'
    """
    return f"{DOCUMENTATION}/checks.md#{code.lower()}"


def renderer(name: str) -> Render:
    """
    Return the function that writes reports in the format `name`, which must be in FORMATS.
    """
    render: Render = import_module(FORMATS[name]).render
    return render
