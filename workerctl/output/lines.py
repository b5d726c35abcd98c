"""
Styled lines of text output: wrapped and coloured on a terminal, plain everywhere else.

rich is imported only for a terminal.
"""

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple, TextIO

from workerctl.secrecy.masking import MASK, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Style = Literal["", "bold", "dim", "red", "yellow", "cyan", "green"]

# Characters of drawings map to a single character, so that columns stay aligned.
_ASCII = str.maketrans("✗ℹ✓–·’×█░╳│┐┌", "xi+-|'x#.X|++") | {ord("…"): "...", ord("→"): "->"}
_NARROWEST, _WIDEST = 20, 9_999
_DEFAULT_WIDTH = 80
_SMALL_INDENT = 4
_OFF = frozenset({"", "0", "false"})
_WITHOUT_COLOUR = frozenset({"dumb", "unknown"})


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
    from rich.console import Console
    from rich.text import Text

    is_dumb = not is_coloured(stream) and os.environ.get("TERM", "") in _WITHOUT_COLOUR
    console = Console(
        file=stream,
        width=columns or _WIDEST,
        force_terminal=True,
        color_system=None if is_dumb else "standard",
        no_color=not is_coloured(stream),
        highlight=False,
        markup=False,
        emoji=False,
    )
    for one in lines:
        text = Text.assemble(*one.pieces)
        for part in [text] if columns is None else _wrapped(text, one.indent, columns, console):
            console.print(part, soft_wrap=True)


def _wrapped(text: "Text", indent: int, columns: int, console: "Console") -> "Iterator[Text]":
    """
    Yield the lines into which a line is broken, each but the first indented.
    """
    indent = indent if indent < columns // 2 else _SMALL_INDENT
    head, body = text[:indent], text[indent:]
    for part in body.wrap(console, columns - indent) or [type(text)()]:
        part.rstrip()
        yield head + part
        head = type(text)(" " * indent)


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
