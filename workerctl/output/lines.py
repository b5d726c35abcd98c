"""
Styled lines of text output: wrapped and coloured on a terminal, plain everywhere else.

rich is imported only for a terminal.
"""

import os
from collections.abc import Iterable
from typing import Literal, NamedTuple, TextIO

from workerctl.secrecy.masking import MASK, printable

Style = Literal["", "bold", "dim", "red", "yellow", "cyan", "green"]

# Characters of drawings map to a single character, so that columns stay aligned.
_ASCII = str.maketrans("✗ℹ✓–·’×█░╳│┐┌", "xi+-|'x#.X|++") | {ord("…"): "...", ord("→"): "->"}
_NARROWEST, _WIDEST = 20, 9_999
_DEFAULT_WIDTH = 80
_SMALL_INDENT = 4


class Line(NamedTuple):
    """
    One line as (text, style) pieces. `indent` is where its continuation lines start.
    """

    pieces: tuple[tuple[str, Style], ...] = ()
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


def write(lines: Iterable[Line], stream: TextIO) -> None:
    """
    Write the lines: coloured and wrapped to the width of a terminal, plain to any other stream.
    """
    encodable = [_in_encoding_of(stream, one) for one in lines]
    if stream.isatty():
        _write_to_terminal(encodable, stream)
    else:
        stream.write("".join(one.plain() + "\n" for one in encodable))


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


def _write_to_terminal(lines: list[Line], stream: TextIO) -> None:
    from rich.console import Console
    from rich.text import Text

    columns = width(stream)
    console = Console(file=stream, width=columns, highlight=False, markup=False, emoji=False)
    for one in lines:
        text = Text.assemble(*one.pieces)
        indent = one.indent if one.indent < columns // 2 else _SMALL_INDENT
        head, body = text[:indent], text[indent:]
        for part in body.wrap(console, columns - indent) or [Text()]:
            part.rstrip()
            console.print(head + part, soft_wrap=True)
            head = Text(" " * indent)


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
