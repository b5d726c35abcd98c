"""
Read an env file with the parser of python-dotenv, and add the line number of each assignment.

Values are as written in the file; `workerctl.sources.reading` expands `${NAME}` in them.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import stat
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import BinaryIO

from dotenv.parser import Binding, parse_stream

from workerctl.report.errors import SourceError
from workerctl.report.records import Record

STDIN = "-"
SIZE_LIMIT = 1024 * 1024
"""In bytes. Env files are far smaller; this bounds how much of any other file is read."""

# O_NONBLOCK and O_BINARY do not exist on every system.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

# python-dotenv finds comments with `\s+#`, which takes quadratic time in a run of blanks.
_MOST_BLANKS = 256
_BLANKS = rf"[^\S\r\n]{{{_MOST_BLANKS + 1}}}"
ASSIGNMENT = r"\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=#\s]+)[^\S\r\n]*=[^\S\r\n]*(?P<quote>['\"]?)"
"""An assignment up to its value, with the quotation mark at which that begins."""


class Entry(Record):
    """
    A statement of an env file.

    `number` is its line, counted from 1. `name` is None if the text is not an assignment, and
    `value` is None if there is no `=`. `quote` is the quotation mark around the value, or "". `raw`
    is the original text, including the blank lines and comments before it and its line ending.
    """

    number: int
    name: str | None
    value: str | None
    quote: str
    raw: str

    def __repr__(self) -> str:
        return f"Entry(line {self.number})"


class EnvFile(Record):
    """
    A parsed env file. `name` is for messages: the path as given, or `<stdin>`.

    `text` is its text without the byte order mark that it has if `is_marked`.
    """

    name: str
    entries: tuple[Entry, ...]
    text: str = ""
    is_marked: bool = False

    def __repr__(self) -> str:
        return f"EnvFile({self.name}, {len(self.entries)} entries)"


def read(path: str, stdin: BinaryIO | None = None, encoding: str = "utf-8") -> EnvFile:
    """
    Read and parse an env file, or `stdin` if the path is `-`.

    Raises SourceError if the file does not exist or cannot be read, or if it is not a regular file
    of at most 1 MiB in this encoding.
    """
    name, data = _named(path, stdin)
    file = parse(decode(data, name, encoding), name)
    return file.replace(is_marked=data.startswith(codecs.BOM_UTF8))


def read_plain(path: str, stdin: BinaryIO | None = None) -> tuple[str, str]:
    """
    Return the name and the text of a file of another format, or of `stdin` if the path is `-`.

    Raises SourceError, as `read` does.
    """
    name, data = _named(path, stdin)
    return name, decode(data, name)


def _named(path: str, stdin: BinaryIO | None) -> tuple[str, bytes]:
    if path == STDIN:
        return "<stdin>", _read_stdin(stdin)
    return path, _read_file(path)


def read_text(path: str, encoding: str = "utf-8") -> str:
    """
    Return the text of a regular file of at most 1 MiB, without a byte order mark.

    Raises SourceError, which may contain the path but never the content.
    """
    return decode(_read_file(path), path, encoding)


def _read_file(path: str) -> bytes:
    failure: OSError | None = None
    try:
        return _read_bytes(path)
    except OSError as error:
        failure = error
    except ValueError:
        pass  # it contains the path: raise below, so that it does not become the context
    if failure is None:
        raise SourceError(
            "A file name contains a NUL byte or an invalid character.", "Correct the name."
        )
    raise _unreadable(path, failure)


def decode(data: bytes, name: str, encoding: str = "utf-8") -> str:
    """
    Return `data` as text, without a byte order mark. Raises SourceError if it is not plain text.
    """
    if len(data) > SIZE_LIMIT:
        raise SourceError(f"{name} is larger than 1 MiB.", "Specify a smaller file.")
    if b"\0" in data:
        raise SourceError(f"{name} contains a NUL byte.", "Save it as plain UTF-8 text.")
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode(encoding)
    except (UnicodeDecodeError, LookupError):
        pass  # its .object is the whole file: raise below, so that it does not become the context
    shown = "UTF-8" if encoding == "utf-8" else "text in the encoding of the settings class"
    raise SourceError(f"{name} is not {shown}.", "Save it as UTF-8 text.")


def parse(text: str, name: str) -> EnvFile:
    """
    Parse the text of an env file. Raises SourceError for a line that takes too long to parse.
    """
    # python-dotenv removes another byte order mark, which would shift the positions.
    text = text.removeprefix("\ufeff")
    lines = list(io.StringIO(text, newline=""))  # only "\n", "\r\n" and "\r" end a line
    for number, line in enumerate(lines, 1):
        if len(line) > _MOST_BLANKS and re.search(_BLANKS, line):
            problem = f"contains more than {_MOST_BLANKS} whitespace characters in a row"
            raise SourceError(f"{name}:{number} {problem}.", "Remove some of them.")
    return EnvFile(name, tuple(_entries(text, list(accumulate(map(len, lines))))), text)


def _read_bytes(path: str) -> bytes:
    # O_NONBLOCK: opening a FIFO would block until another process writes to it.
    descriptor = os.open(path, _READ)
    try:
        # Before fdopen, which raises a less helpful error for a directory.
        _require_regular(os.fstat(descriptor).st_mode, path)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return _read_limited(stream)
    finally:
        os.close(descriptor)


def _read_stdin(stdin: BinaryIO | None) -> bytes:
    try:
        data = None if stdin is None else _read_limited(stdin)
    except (OSError, ValueError):  # closed meanwhile, or only open for writing
        data = None
    if data is None:
        raise SourceError("Standard input is closed.", "Redirect a file or a pipe to it.")
    return data


def _read_limited(stream: BinaryIO) -> bytes:
    # One byte more than allowed, by which `decode` recognises a larger file.
    return stream.read(SIZE_LIMIT + 1)


def _entries(text: str, ends: list[int]) -> Iterator[Entry]:
    for number, binding in _bindings(text, ends):
        raw = binding.original.string
        if binding.error or binding.key is not None:
            quote = _quote(binding)
            value = _with_line_feeds(binding) if quote and "\r" in raw else binding.value
            yield Entry(number=number, name=binding.key, value=value, quote=quote, raw=raw)


def bindings(text: str) -> Iterator[tuple[int, Binding]]:
    """
    Yield everything in the text of an env file, comments included, each with its line from 1.

    The text of a binding includes the blank lines before it and its line ending.
    """
    lines = io.StringIO(text, newline="")
    yield from _bindings(text, list(accumulate(map(len, lines))))


def _bindings(text: str, ends: list[int]) -> Iterator[tuple[int, Binding]]:
    # The line numbers of python-dotenv are not used: it counts the blank lines before a statement
    # as part of it, and counts a CRLF twice after a line that it cannot parse.
    position = 0
    for binding in parse_stream(io.StringIO(text, newline="")):
        raw = binding.original.string
        yield bisect_right(ends, position + len(raw) - len(raw.lstrip())) + 1, binding
        position += len(raw)


def _with_line_feeds(binding: Binding) -> str | None:
    """
    Return the value of a quoted binding with its line ends as LF, but with its escapes as they are.

    python-dotenv reads files with universal newlines. Here they are kept in the text, so that a
    file can be rewritten as it is.
    """
    raw = binding.original.string.replace("\r\n", "\n").replace("\r", "\n")
    return next(parse_stream(io.StringIO(raw))).value


def _quote(binding: Binding) -> str:
    raw = binding.original.string
    if "'" not in raw and '"' not in raw:  # for most files, this saves compiling the pattern
        return ""
    match = re.match(ASSIGNMENT, raw)
    return match["quote"] if match else ""


def _require_regular(mode: int, path: str) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise SourceError(f"{path} is a directory.", "Specify a file in it.")
    if stat.S_ISFIFO(mode):
        raise SourceError(f"{path} is a pipe.", "Redirect it to standard input, and name it `-`.")
    raise SourceError(f"{path} is not a regular file.", "Specify a regular file.")


def _unreadable(path: str, error: OSError) -> SourceError:
    if isinstance(error, FileNotFoundError):
        from workerctl.secrecy.masking import is_like_secret  # most files exist

        shown = "A file whose name may be a secret" if is_like_secret(path) else path
        return SourceError(f"{shown} does not exist.", "Check the path and the working directory.")
    return SourceError(f"{path} cannot be read: {error.strerror}.", "Check its permissions.")
