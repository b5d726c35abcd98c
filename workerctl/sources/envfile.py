"""
One env file, read: python-dotenv's own parser, with the line that each assignment stands on.

Values are as written, without expansion; `workerctl.sources.reading` expands them.
"""

import codecs
import io
import os
import re
import stat
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import BinaryIO, NamedTuple

from dotenv.parser import Binding, parse_stream

from workerctl.errors import SourceError

STDIN = "-"
SIZE_LIMIT = 1024 * 1024
"""Bytes. An env file is far smaller; a device or a dump given by mistake is not read on."""

# The last two do not exist on every system.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

# python-dotenv looks for a comment with `\s+#`, which is quadratic in a run of blanks.
_MOST_BLANKS = 256
_BLANKS = rf"[^\S\r\n]{{{_MOST_BLANKS + 1}}}"
_ASSIGNMENT = r"\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=#\s]+)[^\S\r\n]*=[^\S\r\n]*(?P<quote>['\"]?)"


class Entry(NamedTuple):
    """
    One statement of an env file.

    `number` is its line, from 1. `name` is None where the text is not an assignment, `value` is
    None where there is no `=`. `quote` is the quotation mark around the value, or "". `raw` is
    the text as it stands, with the blank lines and comments before it and its own line end.
    """

    number: int
    name: str | None
    value: str | None
    quote: str
    raw: str

    def __repr__(self) -> str:
        return f"Entry(line {self.number})"


class EnvFile(NamedTuple):
    """
    A parsed env file; `name` is how messages call it: the path as given, or `<stdin>`.
    """

    name: str
    entries: tuple[Entry, ...]


def read(path: str, stdin: BinaryIO | None = None) -> EnvFile:
    """
    Read and parse an env file; `-` is `stdin`.

    Raises SourceError: missing, unreadable, not a regular file, not UTF-8, too large.
    """
    if path == STDIN and stdin is not None:
        return parse(decode(_read_limited(stdin), "<stdin>"), "<stdin>")
    return parse(read_text(path), path)


def read_text(path: str) -> str:
    """
    The text of a regular file of at most 1 MiB of UTF-8, without a byte order mark.

    Raises SourceError with the path and never with the content.
    """
    failure: OSError | None = None
    try:
        return decode(_read_bytes(path), path)
    except OSError as error:
        failure = error
    except ValueError:
        pass  # it holds the path: raise outside, so that nothing keeps it
    if failure is None:
        raise SourceError("A file name holds a NUL byte or half a character.", "Correct the name.")
    raise _unreadable(path, failure)


def decode(data: bytes, name: str) -> str:
    """
    The text of `data`, refused where no env file parser would agree on it.
    """
    if len(data) > SIZE_LIMIT:
        raise SourceError(f"{name} is larger than 1 MiB.", "Name an env file.")
    if b"\0" in data:
        raise SourceError(f"{name} holds a NUL byte.", "Save it as plain UTF-8 text.")
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        pass  # its .object holds the whole file: raise outside, so that nothing keeps it
    raise SourceError(f"{name} is not UTF-8.", "Save it as UTF-8 text.")


def parse(text: str, name: str) -> EnvFile:
    """
    Parse the text of an env file. Raises SourceError for a line no parser reads in decent time.
    """
    # python-dotenv drops a second byte order mark by itself, which would shift the positions.
    text = text.removeprefix("\ufeff")
    lines = list(io.StringIO(text, newline=""))  # "\n", "\r\n" and "\r" end a line, nothing else
    for number, line in enumerate(lines, 1):
        if len(line) > _MOST_BLANKS and re.search(_BLANKS, line):
            raise SourceError(
                f"{name}:{number} holds more than {_MOST_BLANKS} blanks in a row.",
                "Shorten the run of blanks.",
            )
    return EnvFile(name, tuple(_entries(text, list(accumulate(map(len, lines))))))


def _read_bytes(path: str) -> bytes:
    # O_NONBLOCK: a FIFO without a writer would hang the open for ever.
    descriptor = os.open(path, _READ)
    try:
        # Before fdopen, which refuses a directory in words of its own.
        _require_regular(os.fstat(descriptor).st_mode, path)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return _read_limited(stream)
    finally:
        os.close(descriptor)


def _read_limited(stream: BinaryIO) -> bytes:
    # One byte more, which tells `decode` that there is too much.
    return stream.read(SIZE_LIMIT + 1)


def _entries(text: str, ends: list[int]) -> Iterator[Entry]:
    # Counted here: python-dotenv counts the blank lines before a statement as part of it, and the
    # end of a line that it cannot read twice where that is CRLF.
    position = 0
    for binding in parse_stream(io.StringIO(text, newline="")):
        raw = binding.original.string
        number = bisect_right(ends, position + len(raw) - len(raw.lstrip())) + 1
        position += len(raw)
        if binding.error or binding.key is not None:
            yield Entry(
                number=number, name=binding.key, value=binding.value, quote=_quote(binding), raw=raw
            )


def _quote(binding: Binding) -> str:
    raw = binding.original.string
    if "'" not in raw and '"' not in raw:  # most lines, and then the pattern is not even compiled
        return ""
    match = re.match(_ASSIGNMENT, raw)
    return match["quote"] if match else ""


def _require_regular(mode: int, path: str) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise SourceError(f"{path} is a directory.", "Name a file in it.")
    if stat.S_ISFIFO(mode):
        raise SourceError(
            f"{path} is a pipe.", "Give it on standard input: `… | workerctl check --env-file -`."
        )
    raise SourceError(f"{path} is not a regular file.", "Name an env file.")


def _unreadable(path: str, error: OSError) -> SourceError:
    if isinstance(error, FileNotFoundError):
        return SourceError(f"{path} does not exist.", "Check the path and the working directory.")
    return SourceError(f"{path} cannot be read: {error.strerror}.", "Check its permissions.")
