"""
The formats of a report, each rendered by a module of this package that is imported on demand.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import NamedTuple, TextIO

from workerctl.report.results import Report

FORMATS: Mapping[str, str] = {
    "text": "workerctl.output.text",
    "json": "workerctl.output.json",
}
"""The values of `--format`, each with the module whose `render` writes that format."""


class Detail(NamedTuple):
    """
    How much of a report to show: `quiet` only findings that fail the run, `verbose` passed checks.
    """

    quiet: bool = False
    verbose: bool = False


Render = Callable[[Report, TextIO, Detail], None]


def renderer(name: str) -> Render:
    """
    Return the function that writes a report in the format `name`, which must be in FORMATS.
    """
    render: Render = import_module(FORMATS[name]).render
    return render
