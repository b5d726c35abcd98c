"""
The budget of a job for people: its stages as a waterfall against the job timeout, then the sums.
"""

import textwrap
from collections.abc import Iterator
from typing import TextIO

from workerctl.budget.arithmetic import Budget
from workerctl.commands.budget.drawing.bars import Picture, facts, verdict
from workerctl.commands.budget.drawing.chart import chart
from workerctl.output.formats import Detail
from workerctl.output.lines import Line, Style, line, width, write
from workerctl.output.text import finding_lines, heading, unjudged

_WIDEST = 160
_LABEL = 10


def render(picture: Picture, stream: TextIO) -> None:
    """
    Draw the budget as wide as the terminal is, elsewhere in 80 columns.
    """
    columns = min(width(stream), _WIDEST)
    lines = _lines(picture, columns)
    if not stream.isatty():
        lines = (part for one in lines for part in _wrapped(one, columns))
    write(lines, stream)


def _lines(picture: Picture, columns: int) -> Iterator[Line]:
    budget = picture.budget
    yield heading(picture.report)
    if budget is None:
        return
    yield line()
    yield _verdict(picture, budget)
    yield line()
    yield from chart(budget, columns)
    yield line()
    for label, told in facts(budget).items():
        yield line((f"{label:<{_LABEL}}", "dim"), told, indent=_LABEL)
    yield from _findings(picture)


def _verdict(picture: Picture, budget: Budget) -> Line:
    sign: tuple[str, Style] = ("✓ ", "green")
    if budget.share > 1:
        sign = ("✗ ", "red")
    elif any(finding.code == "BUD001" for finding in picture.findings):
        sign = ("! ", "yellow")
    return line(sign, (verdict(budget), "bold"), indent=2)


def _findings(picture: Picture) -> Iterator[Line]:
    told = [
        *(
            one
            for finding in picture.findings
            for one in finding_lines(finding._replace(hint=None))
        ),
        *unjudged(picture.report, Detail()),
    ]
    if told:
        yield line()
        yield from told
    if picture.together:
        fix = " ".join(picture.together)
        yield line()
        yield line("The smallest fix: ", (fix, "bold"), " (others: workerctl budget --fix)")


def _wrapped(one: Line, columns: int) -> Iterator[Line]:
    """
    The line in pieces that are not wider, unless a word is.
    """
    text = one.plain().rstrip()
    if len(text) <= columns:
        yield line(text)
        return
    indent = " " * one.indent
    yield from map(
        line,
        textwrap.wrap(
            text,
            columns,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ),
    )
