"""
The table of `workerctl show-config`: a line for each setting, or more where the columns are few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from workerctl.commands.show_config.rows import Row, origin_of, shown_value
from workerctl.output.lines import Line, Style, line, width
from workerctl.report.records import Record

_GAP = 2
_MARK = 2
_WIDEST_VALUE = 32
_NARROWEST_VALUE = 12
_BELOW = 4
_HEADINGS = ("setting", "value", "comes from")


class Cells(Record):
    """
    The texts of one row. `origin` is "" if it is not shown.
    """

    mark: str
    name: str
    value: str
    style: Style
    origin: str
    mark_style: Style = "yellow"


class Layout(Record):
    """
    The widths of the columns. With `stacked`, every row begins with a line for the name alone.

    `columns` is the width of the terminal; None means that lines are never broken.
    """

    name: int
    value: int
    columns: int | None
    stacked: bool

    @property
    def second(self) -> int:
        """
        The position at which values begin.
        """
        return _MARK + self.name + _GAP

    def room_for(self, cells: Cells) -> int:
        """
        Return the width that remains for the value of a row in one line.
        """
        if self.columns is None:
            return max(self.value, len(cells.value))
        origin = _GAP + len(cells.origin) if cells.origin else 0
        return min(max(self.value, len(cells.value)), self.columns - self.second - origin)


def table(selected: Iterable[Row], *, origin: bool, columns: int | None = None) -> Iterator[Line]:
    """
    Yield the rows for people, under column headings and the heading of their group.

    With `columns`, a row that does not fit is broken after the name.
    """
    rows = list(selected)
    cells = [_cells(row, origin=origin) for row in rows]
    found = layout(cells, columns)
    found = found.replace(
        name=max(found.name, len(_HEADINGS[0])), value=max(found.value, len(_HEADINGS[1]))
    )
    headings = Cells("  ", _HEADINGS[0], _HEADINGS[1], "dim", _HEADINGS[2] if origin else "")
    yield from row_lines(headings, found, name_style="dim")
    order = list(dict.fromkeys(row.setting.group for row in rows))
    for group in order:
        yield line()
        yield line((group, "bold"))
        for row, each in zip(rows, cells, strict=True):
            if row.setting.group == group:
                yield from row_lines(each, found)
    yield line()
    yield line(("* differs from the default", "dim"))


def _cells(row: Row, *, origin: bool) -> Cells:
    value, style = shown_value(row)
    shadows = f", shadows {', '.join(map(str, row.shadowed))}" if row.shadowed else ""
    return Cells(
        mark="* " if row.changed else "  ",
        name=row.setting.name,
        value=value,
        style=style,
        origin=f"{origin_of(row.locations)}{shadows}" if origin else "",
    )


def columns_of(stdout: TextIO | None) -> int | None:
    """
    Return the width of the terminal, or None if standard output is not one.
    """
    return None if stdout is None or not stdout.isatty() else width(stdout)


def layout(cells: Sequence[Cells], columns: int | None) -> Layout:
    """
    Return the layout of a table: stacked if a row in one line would leave too little for its value.
    """
    name = max((len(each.name) for each in cells), default=0)
    longest = max((len(each.value) for each in cells), default=0)
    value = min(longest, _WIDEST_VALUE)
    if columns is not None:
        origins = [len(each.origin) + _GAP for each in cells if each.origin]
        usual = sorted(origins)[len(origins) * 9 // 10] if origins else 0
        left = columns - _MARK - name - _GAP - usual
        value = max(min(value, left), 0)
    is_narrow = value < min(longest, _NARROWEST_VALUE)
    return Layout(name, value, columns, is_narrow)


def row_lines(cells: Cells, to: Layout, *, name_style: Style = "") -> Iterator[Line]:
    """
    Yield the lines of one row: one if it fits into the layout, else two or three.
    """
    mark: tuple[str, Style] = (cells.mark, cells.mark_style)
    value, origin = (cells.value, cells.style), _origin(cells.origin)
    room = to.room_for(cells)
    if not to.stacked and len(cells.value) <= room:
        gap = " " * (room - len(cells.value) + _GAP) if cells.origin else ""
        padding = " " * (to.name - len(cells.name) + _GAP)
        yield line(mark, (cells.name + padding, name_style), value, gap, origin)
        return
    below: tuple[str, Style] = (" " * _BELOW, "")
    if cells.name:
        yield line(mark, (cells.name, name_style))
    else:
        below = (cells.mark.ljust(_BELOW), cells.mark_style)
    if _BELOW + len(cells.value) + _GAP + len(cells.origin) <= (to.columns or 0):
        yield line(below, value, " " * _GAP, origin)
        return
    yield line(below, value, indent=_BELOW)
    if cells.origin:
        yield line(" " * _BELOW, _origin(f"from {cells.origin}"), indent=_BELOW)


def _origin(text: str) -> tuple[str, Style]:
    return text, "dim"
