"""
Styled lines of text output: wrapped and coloured on a terminal, plain everywhere else.

rich is imported only for a terminal, and only measures text: its console takes a tenth of a start.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, pairwise
from typing import Literal, TextIO

from workerctl.report.records import Record
from workerctl.secrecy.masking import MASK, printable

Style = Literal["", "bold", "dim", "red", "yellow", "cyan", "green"]
Pieces = tuple[tuple[str, Style], ...]

_EMPHASIS: dict[Style, int] = {"bold": 1, "dim": 2}
_COLOURS: dict[Style, int] = {"red": 31, "green": 32, "yellow": 33, "cyan": 36}
"""The parameters of the ANSI escape sequences that select the styles."""

# Characters of drawings map to a single character, so that columns stay aligned.
_ASCII = str.maketrans("✗ℹ✓–·’×█░╳│┐┌", "xi+-|'x#.X|++") | {ord("…"): "...", ord("→"): "->"}
_NARROWEST, _WIDEST = 20, 9_999
_DEFAULT_WIDTH = 80
_SMALL_INDENT = 4
_WORD = r"\s*\S+\s*"
_OFF = frozenset({"", "0", "false"})
_WITHOUT_COLOUR = frozenset({"dumb", "unknown"})


class Line(Record):
    """
    One line as (text, style) pieces. `indent` is where its continuation lines start.
    """

    pieces: Pieces = ()
    indent: int = 0

    def plain(self) -> str:
        """
        Return the text without styles.
        """
        return "".join(text for text, _ in self.pieces)


def line(*pieces: str | tuple[str, Style], indent: int = 0) -> Line:
    """
    Return a line of pieces; a bare string has no style. Unprintable characters are escaped.
    """
    plain: Style = ""
    styled = ((piece, plain) if isinstance(piece, str) else piece for piece in pieces)
    return Line(tuple((printable(text), style) for text, style in styled), indent)


def write(lines: Iterable[Line], stream: TextIO, columns: int | None = None) -> None:
    """
    Write the lines: coloured and wrapped to the width of a terminal, plain to any other stream.

    With `columns`, they are wrapped to that width if they are coloured. `is_coloured` says when.
    """
    encodable = [_in_encoding_of(stream, one) for one in lines]
    if stream.isatty():
        _write_styled(encodable, stream, width(stream))
    elif is_coloured(stream):
        _write_styled(encodable, stream, columns)
    else:
        stream.write("".join(one.plain() + "\n" for one in encodable))


def is_coloured(stream: TextIO) -> bool:
    """
    Return whether output to the stream is coloured: on a terminal, unless variables say otherwise.

    NO_COLOR takes precedence over FORCE_COLOR and CLICOLOR_FORCE, these over CLICOLOR=0 and
    TERM=dumb, and all of them over the kind of the stream. An empty variable does not count.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "") not in _OFF for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    if os.environ.get("CLICOLOR") == "0" or os.environ.get("TERM") in _WITHOUT_COLOUR:
        return False
    return stream.isatty()


def _in_encoding_of(stream: TextIO, one: Line) -> Line:
    """
    Return the line in characters that the stream can encode: ASCII for signs, escapes for letters.
    """
    encoding = stream.encoding or "ascii"
    return Line(
        tuple((_encodable(text, encoding), style) for text, style in one.pieces), one.indent
    )


def _encodable(text: str, encoding: str) -> str:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.replace(MASK, "*" * len(MASK)).translate(_ASCII)
        return plain.encode(encoding, "backslashreplace").decode(encoding)
    return text


def _write_styled(lines: list[Line], stream: TextIO, columns: int | None) -> None:
    """
    Write the lines with styles, wrapped to `columns` unless that is None.

    Without colours, a terminal still gets bold and dim text, but not a dumb one.
    """
    codes: Mapping[Style, int] = _EMPHASIS | _COLOURS
    if not is_coloured(stream):
        codes = {} if os.environ.get("TERM", "") in _WITHOUT_COLOUR else _EMPHASIS
    rows = (
        row
        for one in lines
        for row in ([one.pieces] if columns is None else _wrapped(one, columns))
    )
    stream.writelines("".join(_styled(*piece, codes) for piece in row) + "\n" for row in rows)


def _styled(text: str, style: Style, codes: Mapping[Style, int]) -> str:
    return f"\x1b[{codes[style]}m{text}\x1b[0m" if text and style in codes else text


def _wrapped(one: Line, columns: int) -> Iterator[Pieces]:
    """
    Yield the rows into which a line is broken, each but the first indented.
    """
    indent = one.indent if one.indent < columns // 2 else _SMALL_INDENT
    text = one.plain()
    starts = [indent, *(indent + start for start in _breaks(text[indent:], columns - indent))]
    head = _cut(one.pieces, 0, indent)
    for start, end in pairwise([*starts, len(text)]):
        yield head + _cut(one.pieces, start, start + len(text[start:end].rstrip()))
        head = ((" " * indent, ""),)


def _breaks(text: str, columns: int) -> Iterator[int]:
    """
    Yield where the second row of a text begins, and every later one, as `Text.wrap` of rich does.

    A word that is wider than a row is broken.
    """
    from rich.cells import cell_len, chop_cells

    used = 0
    for word in re.finditer(_WORD, text):
        start, size = word.start(), cell_len(word[0].rstrip())
        if used + size <= columns:
            used += cell_len(word[0])
            continue
        for part in [word[0]] if size <= columns else chop_cells(word[0], columns):
            if start:
                yield start
            start += len(part)
            used = cell_len(part)


def _cut(pieces: Pieces, start: int, end: int) -> Pieces:
    """
    Return what a line shows from one character to another.
    """
    places = accumulate((len(text) for text, _ in pieces), initial=0)
    return tuple(
        (text[max(start - place, 0) : max(end - place, 0)], style)
        for place, (text, style) in zip(places, pieces, strict=False)
    )


def width(stream: TextIO) -> int:
    """
    Return the width of a terminal; an invalid COLUMNS is ignored, so that it cannot hide a report.
    """
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and _NARROWEST <= int(columns[:6]) <= _WIDEST:
        return int(columns)
    try:
        found = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        found = 0
    return max(found, _NARROWEST) if found else _DEFAULT_WIDTH
