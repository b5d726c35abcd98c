"""
Tests of styled lines: no character is lost, at any width and in any encoding.
"""

import contextlib
import fcntl
import io
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from typing import TextIO

import pytest
from rich.console import Console
from rich.text import Text

from workerctl.output.lines import Line, line, width, write
from workerctl.secrecy.masking import MASK

Terminal = Callable[[int], tuple[TextIO, int]]

TEXT = "ENCRYPTION_KEY is `[red]not` set; 열쇠가 없습니다 in /etc/workers/production/worker.env:12"


@pytest.fixture(name="terminal")
def _terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """
    Return a function that opens a terminal of a given width and returns both of its ends.

    The first end is the stream to write to, the second the descriptor that receives what is
    displayed.
    """
    monkeypatch.delenv("COLUMNS", raising=False)  # The workers of the test runner inherit it.
    with contextlib.ExitStack() as opened:

        def make(columns: int) -> tuple[TextIO, int]:
            master, slave = pty.openpty()
            opened.callback(os.close, master)
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
            return opened.enter_context(os.fdopen(slave, "w", encoding="utf-8")), master

        yield make


def shown(terminal: Terminal, columns: int, *lines: Line) -> str:
    """
    Return what a terminal receives, without colours.
    """
    stream, master = terminal(columns)
    write(lines, stream)
    stream.close()
    chunks = []
    with contextlib.suppress(OSError):  # Linux raises EIO after the last writer.
        while chunk := os.read(master, 65536):
            chunks.append(chunk)
    text = b"".join(chunks).decode().replace("\r\n", "\n")
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def in_encoding(encoding: str, *lines: Line) -> str:
    """
    Return what a pipe of this encoding receives.
    """
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding)
    write(lines, stream)
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_a_line_is_made_of_pieces() -> None:
    """
    Each piece of a line has a style, which is empty for a bare string.
    """
    made = line(("✗ ", "red"), "text", indent=2)

    assert made == Line((("✗ ", "red"), ("text", "")), 2)
    assert made.plain() == "✗ text"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("bell\x07 and\nnew line\r", r"bell\x07 and\nnew line\r"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\udce9", r"\udce9"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
    ],
)
def test_no_text_controls_the_terminal(text: str, expected: str) -> None:
    """
    Control, invisible and undecodable characters are written as escapes.
    """
    assert line(text, (text, "bold")).plain() == expected * 2


def test_off_a_terminal_nothing_is_wrapped_or_coloured() -> None:
    """
    Off a terminal a line is never wrapped, however long it is.
    """
    assert in_encoding("utf-8", line((TEXT * 9, "red")), line()) == TEXT * 9 + "\n\n"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", f"✗ ! ℹ ✓ – · … ’ → {MASK} 열쇠\n"),
        ("ascii", "x ! i + - | ... ' -> ******** \\uc5f4\\uc1e0\n"),
        ("latin-1", "x ! i + - | ... ' -> ******** \\uc5f4\\uc1e0\n"),
        ("euc-kr", "x ! i + - | ... ' -> ******** 열쇠\n"),
    ],
)
def test_every_encoding_gets_what_it_can_write(encoding: str, expected: str) -> None:
    """
    Signs have ASCII forms, other letters are escaped, and nothing raises.
    """
    assert in_encoding(encoding, line(f"✗ ! ℹ ✓ – · … ’ → {MASK} 열쇠")) == expected


@pytest.mark.parametrize("columns", [20, 21, 40, 79, 80, 200])
@pytest.mark.parametrize("indent", [0, 9, 30])
def test_a_terminal_loses_no_character(terminal: Terminal, columns: int, indent: int) -> None:
    """
    Lines are wrapped, words that are too long are broken, and no line is too wide.
    """
    text = shown(
        terminal, columns, line(" " * indent, (TEXT, "red"), f" {'x' * 90}", indent=indent)
    )

    assert re.sub(r"\s", "", text) == re.sub(r"\s", "", TEXT) + "x" * 90
    for row in text.splitlines():
        assert len(row) + len(re.findall("[가-힣]", row)) <= columns


@pytest.mark.parametrize("columns", [20, 21, 40, 79, 200])
@pytest.mark.parametrize(
    "text", [TEXT * 3, "한글 " * 30, "x" * 90, f"a  b   {'한' * 50}  c", "  a", ""]
)
def test_lines_are_broken_where_rich_breaks_them(
    terminal: Terminal, columns: int, text: str
) -> None:
    """
    Wide characters and long words are broken as rich does, without the console of rich.
    """
    rows = Text(text).wrap(Console(width=columns), columns) or [Text()]
    expected = [row.plain.rstrip() for row in rows]

    assert shown(terminal, columns, line((text, "dim"))).splitlines() == expected


def test_the_console_of_rich_is_not_needed(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Importing it would take longer than writing the report.
    """
    monkeypatch.setitem(sys.modules, "rich.console", None)

    assert shown(terminal, 20, line(("one two three four five", "red"))) == (
        "one two three four\nfive\n"
    )


def test_markup_is_text(terminal: Terminal) -> None:
    """
    Text such as `[/]` is not markup: it neither disappears nor raises.
    """
    assert shown(terminal, 80, line("[/] [red]x[/red] :smile:")) == "[/] [red]x[/red] :smile:\n"


def test_continuation_lines_start_at_the_indent(terminal: Terminal) -> None:
    """
    The indent is reduced where it would take half of the width.
    """
    made = line("code  one two three four five six", indent=6)

    assert shown(terminal, 20, made) == "code  one two three\n      four five six\n"
    narrow = shown(terminal, 20, made.replace(indent=10))
    assert narrow == "code  one two three\n    four five six\n"


def test_an_empty_line_is_a_line(terminal: Terminal) -> None:
    """
    An empty line is also written on a terminal.
    """
    assert shown(terminal, 80, line(), line("a")) == "\na\n"


@pytest.mark.parametrize(
    ("columns", "expected"), [(0, 80), (1, 20), (19, 20), (20, 20), (120, 120)]
)
def test_the_width_is_the_terminals_own(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, columns: int, expected: int
) -> None:
    """
    A terminal of unknown width has 80 columns, and no terminal has fewer than 20.
    """
    monkeypatch.delenv("COLUMNS", raising=False)

    assert width(terminal(columns)[0]) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [("40", 40), ("20", 20), ("9999", 9999)]
    + [(bad, 77) for bad in ["0", "19", "-1", "", "abc", "10000", "9" * 30, "٤٠", "4 0", "40.0"]],
)
def test_a_sensible_number_of_columns_counts(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, columns: str, expected: int
) -> None:
    """
    COLUMNS wins if it is a number of columns that a screen can have.
    """
    monkeypatch.setenv("COLUMNS", columns)

    assert width(terminal(77)[0]) == expected


def test_a_stream_without_a_descriptor_has_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A stream without a file descriptor has 80 columns.
    """
    monkeypatch.delenv("COLUMNS", raising=False)

    assert width(io.StringIO()) == 80
