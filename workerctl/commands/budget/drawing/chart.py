"""
The waterfall chart in text: a lane for each stage, crossed by the line of the job timeout.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby
from math import ceil

from workerctl.budget.arithmetic import Budget, Number, exact, seconds
from workerctl.commands.budget.drawing.bars import Bar, bars, formula, lanes, legend, longest, marks
from workerctl.output.lines import Line, Style, line
from workerctl.report.records import Record
from workerctl.secrecy.masking import printable

_ATTEMPT, _WAIT, _BEYOND, _TIMEOUT = "█", "░", "╳", "│"
_STYLES: dict[str, Style] = {_ATTEMPT: "cyan", _WAIT: "dim", _BEYOND: "red", _TIMEOUT: "bold"}
_LEGEND = {_ATTEMPT: "attempts", _WAIT: "waits", _BEYOND: "beyond the job timeout"}

_GAP = "  "
_LEAST_CELLS = 30
_CELLS_PER_MARK = 9

_Piece = tuple[str, Style]


class _Row(Record):
    """
    A lane with its label and formula. Further lanes of the same step have no formula.
    """

    bar: Bar
    name: str
    terms: str = ""
    result: str = ""


def chart(budget: Budget, columns: int) -> Iterator[Line]:
    """
    Yield the lines of the chart.

    Labels, lanes and formulas share a line if there is enough room; otherwise each label and
    formula stands on a line above its lane.
    """
    rows = list(_rows(budget))
    names = max(_width(row.name) for row in rows)
    terms = max(len(row.terms) for row in rows)
    results = max(len(row.result) for row in rows)
    remaining = columns - names - terms - results - len(f"{_GAP}{_GAP} = ")
    is_wide = remaining >= _LEAST_CELLS
    offset = names + len(_GAP) if is_wide else 0
    scale = _scale(budget, remaining if is_wide else columns)
    yield _heading(scale, offset, columns)
    drawn = set()
    for row in rows:
        pieces = _lane(row.bar, scale)
        drawn |= {text[0] for text, _ in pieces}
        equation = f"{row.terms:>{terms}} = {row.result:>{results}}" if row.terms else ""
        if is_wide:
            yield line(row.name + " " * (offset - _width(row.name)), *pieces, _GAP + equation)
        else:
            if row.name or equation:  # a third lane of a step has neither
                between = " " * (columns - _width(row.name) - len(equation.strip()))
                yield line(row.name, between or _GAP, equation.strip())
            yield line(*pieces)
    yield _axis(scale, offset)
    yield line()
    yield _legend(drawn)
    yield line((legend(budget), "dim"))


def _rows(budget: Budget) -> Iterator[_Row]:
    for bar in bars(budget):
        name, *further = map(printable, lanes(bar))
        yield _Row(bar, name, *formula(bar))
        yield from (_Row(bar, label) for label in further)


def _heading(scale: _Scale, offset: int, columns: int) -> Line:
    """
    Return the label of the timeout line, on the side where there is room for it.
    """
    at = offset + scale.timeout_cell
    for name in (f"job timeout {seconds(scale.timeout)}", "job timeout", "timeout"):
        if at > len(name):
            return line(" " * (at - len(name) - 1), (f"{name} ┐", "bold"))
        if columns - at > len(name) + 1:
            return line(" " * at, (f"┌ {name}", "bold"))
    return line(" " * at, (_TIMEOUT, "bold"))


def _axis(scale: _Scale, offset: int) -> Line:
    text = ""
    for mark in marks(scale.end, scale.cells // _CELLS_PER_MARK):
        cell = scale.cell(mark)
        at = offset + cell + (cell >= scale.timeout_cell)
        if len(text) < at + (not mark):
            text = text.ljust(at) + seconds(mark)
    return line((text, "dim"))


def _legend(drawn: set[str]) -> Line:
    pieces: list[str | _Piece] = []
    for mark, meaning in _LEGEND.items():
        if mark in drawn:
            pieces += [(mark, _STYLES[mark]), f" {meaning}   "]
    return line(*pieces)


def _width(text: str) -> int:
    """
    Return the number of terminal columns that a text occupies.
    """
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text
    )


class _Scale(Record):
    """
    The mapping from seconds to cells of a lane, which are characters.

    The line of the job timeout is drawn in front of `timeout_cell`, the first cell beyond it.
    """

    cells: int
    timeout_cell: int
    timeout: Fraction
    end: Fraction

    def cell(self, time: Number) -> int:
        """
        Return the cell of a time. A time beyond the timeout is never placed before its line.
        """
        if time <= self.timeout:
            return round(time / self.timeout * self.timeout_cell)
        rest = (time - self.timeout) / (self.end - self.timeout)
        return self.timeout_cell + ceil(rest * (self.cells - self.timeout_cell))


def _scale(budget: Budget, width: int) -> _Scale:
    """
    Return the scale of a lane of `width` columns, one of which is the line of the job timeout.
    """
    cells = width - 1
    timeout, end = exact(budget.job_timeout), longest(budget)
    at = cells if end == timeout else min(max(round(cells * timeout / end), 1), cells - 1)
    return _Scale(cells, at, timeout, end)


def _lane(bar: Bar, scale: _Scale) -> tuple[_Piece, ...]:
    """
    Return a bar as styled pieces that fill a lane.
    """
    row = [" "] * scale.cells
    first, last = _extent(bar, scale)
    for cell, is_wait in enumerate(_kinds(bar, first, last), first):
        row[cell] = _WAIT if is_wait else _BEYOND if cell >= scale.timeout_cell else _ATTEMPT
    row.insert(scale.timeout_cell, _TIMEOUT)
    return tuple((text * len(list(run)), _STYLES.get(text, "")) for text, run in groupby(row))


def _extent(bar: Bar, scale: _Scale) -> tuple[int, int]:
    """
    Return the first cell of a bar and the one after its last.

    A bar that takes any time has at least one cell, and none on the wrong side of the timeout.
    """
    if bar.end == bar.start:
        return 0, 0
    most = scale.cells if bar.end > scale.timeout else scale.timeout_cell
    first = min(scale.cell(bar.start), most - 1)
    return first, min(max(scale.cell(bar.end), first + 1), most)


def _kinds(bar: Bar, first: int, last: int) -> Iterator[bool]:
    """
    Yield for each cell whether it shows a wait. Each span has at least one cell.
    """
    spans = bar.spans(last - first)
    spare = last - first - len(spans)
    cell = first
    for number, span in enumerate(spans, 1):
        end = first + number + round(spare * (span.end - bar.start) / bar.seconds)
        yield from [span.is_wait] * (end - cell)
        cell = end
