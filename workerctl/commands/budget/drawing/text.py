"""
The budget as text: the waterfall chart, the totals, and the findings.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TextIO

from workerctl.budget.arithmetic import Budget
from workerctl.commands.budget.drawing.bars import Picture, facts, headline
from workerctl.commands.budget.drawing.chart import chart
from workerctl.output.formats import Detail
from workerctl.output.lines import Line, Style, is_coloured, line, width, write
from workerctl.output.text import finding_lines, heading, unjudged

_WIDEST = 160
_LABEL = 10


def render(picture: Picture, stream: TextIO) -> None:
    """
    Draw the budget in the width of the terminal, or in 80 columns if the stream is not a terminal.
    """
    columns = min(width(stream), _WIDEST)
    lines = _lines(picture, columns)
    if not stream.isatty() and not is_coloured(stream):
        lines = (part for whole in lines for part in _wrapped(whole, columns))
    write(lines, stream, columns)


def _lines(picture: Picture, columns: int) -> Iterator[Line]:
    budget = picture.budget
    yield heading(picture.report)
    if budget is None:
        return
    yield line()
    yield _headline(picture, budget)
    yield line()
    yield from chart(budget, columns)
    yield line()
    for label, text in facts(budget).items():
        yield line((f"{label:<{_LABEL}}", "dim"), text, indent=_LABEL)
    yield from _findings(picture)


def _headline(picture: Picture, budget: Budget) -> Line:
    sign: tuple[str, Style] = ("✓ ", "green")
    if budget.share > 1:
        sign = ("✗ ", "red")
    elif any(finding.code == "BUD001" for finding in picture.findings):
        sign = ("! ", "yellow")
    return line(sign, (headline(budget, on_defaults=picture.on_defaults), "bold"), indent=2)


def _findings(picture: Picture) -> Iterator[Line]:
    # A hint concerns a single finding, while the smallest fix clears all of them.
    lines = [
        part for finding in picture.findings for part in finding_lines(finding.replace(hint=None))
    ]
    lines += unjudged(picture.report, Detail())
    if lines:
        yield line()
        yield from lines
    if picture.together:
        fix = " ".join(picture.together)
        yield line()
        yield line("The smallest fix: ", (fix, "bold"), " (others: workerctl budget --fix)")


def _wrapped(whole: Line, columns: int) -> Iterator[Line]:
    """
    Yield the line in parts that fit the columns, apart from longer words.
    """
    text = whole.plain().rstrip()
    if len(text) <= columns:
        yield line(text)
        return
    indent = " " * whole.indent
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
