"""
The comparison for people: names of one, values that differ, secrets, and counts of the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workerctl import __version__
from workerctl.commands.diff.comparison import Cell, Comparison, Entry, Side
from workerctl.commands.shared.usage import command_line
from workerctl.commands.show_config.rows import origin_of
from workerctl.commands.show_config.table import Cells, layout, row_lines
from workerctl.output.lines import Line, Style, line
from workerctl.output.text import finding_lines
from workerctl.sources.options import Options

_FIRST: tuple[str, Style] = ("- ", "red")
_SECOND: tuple[str, Style] = ("+ ", "green")


def lines(
    comparison: Comparison, code: int, columns: int | None, settings_class: str | None = None
) -> Iterator[Line]:
    """
    Yield the lines of a comparison, as far as possible in columns.

    `settings_class` is the one that the command line names, which the hints repeat.
    """
    a, b = comparison.a, comparison.b
    yield line((f"workerctl {__version__}", "bold"), " · diff")
    yield _heading(a, _FIRST)
    yield _heading(b, _SECOND)
    yield from _notes(comparison, settings_class)
    entries = comparison.entries
    for relation, side, mark in (("only-a", a, _FIRST), ("only-b", b, _SECOND)):
        found = [entry for entry in entries if entry.relation == relation]
        yield from _names(found, side, mark, columns)
    compared = [entry for entry in entries if not entry.relation.startswith("only")]
    settings = [entry for entry in compared if entry.is_setting]
    yield from _values([entry for entry in settings if not entry.secret], columns)
    yield from _secrets("secrets", [entry for entry in settings if entry.secret], columns)
    others = [entry for entry in compared if not entry.is_setting]
    yield from _secrets("variables of other programs", others, columns)
    if comparison.findings:
        yield line()
        yield line(("shared between environments", "bold"))
    for finding in sorted(comparison.findings, key=lambda finding: -finding.severity):
        yield from finding_lines(finding)
    yield line()
    yield _summary(comparison, code)


def _heading(side: Side, mark: tuple[str, Style]) -> Line:
    report = side.report
    judged = f"judged as {report.judged_as}" + (f" ({report.env_from})" if report.env_from else "")
    read = f"read {', '.join(report.sources) or 'no file'}"
    return line(mark, (side.name, "bold"), f" · {judged} · {read}", indent=2)


def _notes(comparison: Comparison, settings_class: str | None) -> Iterator[Line]:
    a, b = comparison.a, comparison.b
    if not comparison.is_same_class:
        classes = f"{a.report.settings_class} and {b.report.settings_class}"
        words = f"The settings classes differ, {classes}: values are compared by variable name."
        yield line(("ℹ ", "cyan"), words, indent=2)
    for side in (a, b):
        if side.invalid:
            counted = "1 value" if side.invalid == 1 else f"{side.invalid} values"
            verb = "is" if side.invalid == 1 else "are"
            words = f"{counted} of {side.name} {verb} not valid and compared as text: "
            see = command_line(["check", side.name], Options(settings=settings_class))
            yield line(("! ", "yellow"), words, f"see {see}.", indent=2)


def _names(
    entries: Iterable[Entry], side: Side, mark: tuple[str, Style], columns: int | None
) -> Iterator[Line]:
    cells = []
    for entry in entries:
        own, opposite = (entry.a, entry.b) if entry.relation == "only-a" else (entry.b, entry.a)
        if own is not None:
            value, style = _value(entry, own)
            origin = f"{origin_of(own.locations)}{_instead(entry, own, opposite)}"
            cells.append(Cells(mark[0], entry.name, value, style, origin, mark[1]))
    if cells:
        yield line()
        yield line((f"only in {side.name}", "bold"))
        found = layout(cells, columns)
        for each in cells:
            yield from row_lines(each, found)


def _instead(entry: Entry, own: Cell, other: Cell | None) -> str:
    """
    Return what the configuration without a name has in its place: the default, if there is one.
    """
    if other is None or not other.value or entry.secret:
        return ""
    return ", same as the default" if other.value == own.value else f" (default: {other.value})"


def _values(entries: Iterable[Entry], columns: int | None) -> Iterator[Line]:
    pairs = [(entry, _pair(entry)) for entry in entries]
    if pairs:
        yield line()
        yield line(("different values", "bold"))
    yield from _blocks(pairs, columns)


def _secrets(heading: str, entries: Iterable[Entry], columns: int | None) -> Iterator[Line]:
    found = list(entries)
    cells = [_secret(entry) for entry in found]
    if cells:
        yield line()
        yield line((heading, "bold"))
    to = layout(cells, columns)
    for entry, each in zip(found, cells, strict=True):
        yield from row_lines(each, to)
        if _has_address(entry):
            for row in _pair(entry):
                yield from row_lines(row, layout([row], columns))


def _secret(entry: Entry) -> Cells:
    is_same = entry.relation == "same"
    origins = [origin_of(cell.locations) for cell in (entry.a, entry.b) if cell is not None]
    return Cells(
        mark="  " if is_same else "* ",
        name=entry.name,
        value="same" if is_same else "different",
        style="" if is_same else "yellow",
        origin="" if _has_address(entry) else " and ".join(dict.fromkeys(origins)),
    )


def _has_address(entry: Entry) -> bool:
    return any(cell is not None and cell.address for cell in (entry.a, entry.b))


def _blocks(pairs: Iterable[tuple[Entry, list[Cells]]], columns: int | None) -> Iterator[Line]:
    found = list(pairs)
    to = layout([row for _, rows in found for row in rows], columns)
    for entry, rows in found:
        yield line(f"  {entry.name}")
        for row in rows:
            yield from row_lines(row, to)


def _pair(entry: Entry) -> list[Cells]:
    rows = []
    for cell, (mark, style) in ((entry.a, _FIRST), (entry.b, _SECOND)):
        if cell is not None:
            value, value_style = _value(entry, cell)
            rows.append(Cells(mark, "", value, value_style, origin_of(cell.locations), style))
    return rows


def _value(entry: Entry, cell: Cell) -> tuple[str, Style]:
    """
    Return the text for a value, and its style.
    """
    if cell.address:
        return cell.address, ""
    if cell.later:
        return "provided at deploy", "dim"
    if not entry.is_setting:
        return "not a setting", "dim"
    if not cell.valid:
        return "not valid, not shown", "red"
    if cell.value is None:
        return "secret", "dim"
    return (cell.value, "") if cell.value else ("not set", "dim")


def _summary(comparison: Comparison, code: int) -> Line:
    entries = comparison.entries
    same = sum(each.relation == "same" for each in entries)
    counts = [
        (f"only in {comparison.a.name}", sum(each.relation == "only-a" for each in entries)),
        (f"only in {comparison.b.name}", sum(each.relation == "only-b" for each in entries)),
        ("different", sum(each.relation == "different" for each in entries)),
        ("provided at deploy", comparison.later),
        ("not shown", comparison.unnamed),
        ("same secret" if same == 1 else "same secrets", same),
        ("equal", comparison.equal),
        ("default in both", comparison.unset),
    ]
    counted = ", ".join(f"{count} {words}" for words, count in counts if count)
    differs: tuple[str, Style] = ("different", "yellow")
    return line(
        differs if comparison.is_different else ("no difference", "green"),
        f" · {counted or 'nothing is set'} · exit code {int(code)}",
    )
