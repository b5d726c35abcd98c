"""
What every format is, and how much of a report it is asked to show.
"""

from collections.abc import Callable
from typing import NamedTuple, TextIO

from workerctl.report.results import Report


class Detail(NamedTuple):
    """
    `quiet` shows only what fails the run, `verbose` every claim that holds.
    """

    quiet: bool = False
    verbose: bool = False


Render = Callable[[Report, TextIO, Detail], None]
