"""
Change assignments in an env file, and leave everything else in it as it is.

Assignments are written as `NAME=value`, without quotes and with a line feed: the only form that
all parsers read in the same way.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable, Iterable, Mapping

from workerctl.report.errors import EnvFileWriteError, SourceError
from workerctl.sources import envfile
from workerctl.sources.envfile import Entry, EnvFile
from workerctl.sources.writing import atomic

Changes = Mapping[str, str | None]
"""New values by name; None removes the assignment."""

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)
# Only characters that have no special meaning to a shell, Docker, systemd or Node.js.
_VALUE = re.compile(r"[A-Za-z0-9_.:/+-]*={0,2}", re.ASCII)
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_OPEN_BACKSLASH = re.compile(r"(?<!\\)(?:\\\\)*\\(?:\r?\n)?\Z")
_EXPORT = re.compile(r"export[^\S\r\n]+")
_QUOTED = re.compile(r"""[^=]*=[^\S\r\n]*(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")""", re.DOTALL)
_COMMENT_AFTER_QUOTE = re.compile(r"#[^\r\n]*")
_COMMENT_AFTER_BLANK = re.compile(r"(?<=[^\S\r\n])#[^\r\n]*")


def change(
    path: str,
    decide: Callable[[EnvFile], Changes],
    *,
    lock_seconds: float = atomic.LOCK_SECONDS,
    sync: Callable[[int], None] = os.fsync,
) -> atomic.Replaced:
    """
    Apply the changes that `decide` returns to an env file, in a single atomic replacement.

    `decide` is called with the parsed file, which is empty if it does not exist yet, while other
    writers are locked out. It may raise an exception to leave the file as it is.

    An assignment is replaced in place, in whatever case its name is written; a new one is appended.
    All other lines keep their content and line endings. A comment after a replaced value moves to
    a separate line above it. After a line that ends in a backslash, an empty line is inserted,
    because shells and systemd join such a line with the next.

    Raises EnvFileWriteError or SourceError, and then the file is unchanged. Raises ValueError for a
    name or value that cannot be written without quotes.
    """

    def render(old: bytes | None) -> bytes:
        data = old or b""
        file = envfile.parse(envfile.decode(data, path), path)
        text = data.decode()  # with the byte order mark, which many parsers read as part of a name
        _require_line_feeds(text, path)
        _require_closed_quotes(file)
        changes = decide(file)
        new = _render(text, file, changes).encode()
        _verify(file, changes, new)
        return new

    return atomic.replace(
        path, render, size_limit=envfile.SIZE_LIMIT, lock_seconds=lock_seconds, sync=sync
    )


def assignments(file: EnvFile, name: str) -> list[Entry]:
    """
    Return the entries that set `name`, whatever the case of its letters.
    """
    return [entry for entry in file.entries if (entry.name or "").upper() == name.upper()]


def _require_line_feeds(text: str, name: str) -> None:
    found = _LONE_RETURN.search(text)  # only some parsers end the line there
    if found:
        number = text.count("\n", 0, found.start()) + 1
        raise EnvFileWriteError(
            f"{name}:{number} has a carriage return without a line feed.",
            "Save the file with LF line endings.",
        )


def _require_closed_quotes(file: EnvFile) -> None:
    # Other parsers continue to the next quote, past whatever would be appended here.
    for entry in file.entries:
        if entry.name is None and entry.quote:
            raise EnvFileWriteError(
                f"{file.name}:{entry.number} has a quoted value that does not end properly.",
                "Close the quote, and put nothing but a comment after it.",
            )


def _render(text: str, file: EnvFile, changes: Changes) -> str:
    lines = _LINE.findall(text)
    starts, added = [], ""
    for name, value in changes.items():
        _require_plain(name, value)
        entry = _only(file, name)
        if entry is not None:
            first, count = entry.number - 1, len(_LINE.findall(entry.raw.lstrip()))
            starts.append(first)
            # The number of lines stays the same, so the numbers of the other entries stay valid.
            lines[first] = "" if value is None else _replacement(entry, name, value)
            lines[first + 1 : first + count] = [""] * (count - 1)
        elif value is not None:
            added += f"{name}={value}\n"
    for start in sorted(starts):
        lines[start] = _gap("".join(lines[:start])) + lines[start]
    body = "".join(lines)
    return body + _gap_at_end(body, file) + added if added else body


def _gap(above: str) -> str:
    return "\n" if _OPEN_BACKSLASH.search(above) else ""


def _gap_at_end(body: str, file: EnvFile) -> str:
    if not body or body.endswith("\n"):
        return _gap(body)
    if _gap(body):  # a line feed would change how shells read this backslash
        raise EnvFileWriteError(
            f"{file.name} ends in a backslash without a final line feed.",
            "Add a line feed, or remove the backslash.",
        )
    return "\n"


def _require_plain(name: str, value: str | None) -> None:
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value or ""):
        raise ValueError("A name or value has characters that env file parsers read differently.")


def _only(file: EnvFile, name: str) -> Entry | None:
    entries = assignments(file, name)
    if len(entries) > 1:
        lines = " and ".join(str(entry.number) for entry in entries)
        raise EnvFileWriteError(
            f"{file.name} sets {name} more than once, on lines {lines}.", "Keep one of them."
        )
    return entries[0] if entries else None


def _replacement(entry: Entry, name: str, value: str) -> str:
    statement = entry.raw.lstrip()
    export = "export " if _EXPORT.match(statement) else ""
    comment = _comment(entry, statement)
    above = f"{comment}\n{_gap(comment)}" if comment else ""
    return f"{above}{export}{name}={value}\n"


def _comment(entry: Entry, statement: str) -> str:
    quoted = _QUOTED.match(statement) if entry.quote else None
    if quoted:
        comment = _COMMENT_AFTER_QUOTE.search(statement, quoted.end())
    else:
        comment = _COMMENT_AFTER_BLANK.search(statement)
    return comment[0] if comment else ""


def _verify(file: EnvFile, changes: Changes, new: bytes) -> None:
    try:
        again = envfile.parse(envfile.decode(new, file.name), file.name)
    except SourceError as error:
        problem = error.message
    else:
        if _others(again, changes) == _others(file, changes) and _reads_back(again, changes):
            return
        problem = f"{file.name} would not be read as intended after the change."
    raise EnvFileWriteError(problem, "Change the file by hand.")


def _others(file: EnvFile, changes: Iterable[str]) -> list[tuple[str | None, str | None, str]]:
    changed = frozenset(changes)
    # Without the blank lines around each: those of a removed entry are left to its neighbour.
    return [
        (entry.name, entry.value, entry.raw.strip())
        for entry in file.entries
        if (entry.name or "").upper() not in changed
    ]


def _reads_back(file: EnvFile, changes: Changes) -> bool:
    return all(_sets_only(assignments(file, name), value) for name, value in changes.items())


def _sets_only(entries: list[Entry], value: str | None) -> bool:
    if value is None or len(entries) != 1:
        return value is None and not entries
    return hmac.compare_digest((entries[0].value or "").encode(), value.encode())
