"""
Change assignments of an env file and nothing else in it: in place, in one atomic replacement.

A line is written as `NAME=value` without quotes and ends in a line feed, the one form that every
parser reads alike.
"""

import hmac
import os
import re
from collections.abc import Callable, Iterable, Mapping

from workerctl.errors import EnvFileWriteError, SourceError
from workerctl.sources import atomic, envfile
from workerctl.sources.envfile import Entry, EnvFile

Changes = Mapping[str, str | None]
"""Names with their new values; None removes the assignment."""

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)
# Nothing that a shell, Docker, systemd or Node.js would take for more than a character.
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
    Change an env file by what `decide` says of it; several names go into one atomic replacement.

    `decide` gets the parsed file (empty where there is none yet) under the writers' lock, and may
    raise to leave everything as it is. An assignment is replaced where it stands, whatever the
    case of its name; a new one goes to the end. Comments, blank lines and other lines stay with
    their line ends; a comment behind a replaced value moves to a line of its own above. Below a
    line that ends in a backslash comes an empty one, for shells and systemd to join to it.

    Raises EnvFileWriteError or SourceError, and then the old bytes are intact; ValueError for a
    name or value that cannot be written plainly.
    """

    def render(old: bytes | None) -> bytes:
        data = old or b""
        file = envfile.parse(envfile.decode(data, path), path)
        text = data.decode()  # a byte order mark goes with its line: many read it as part of a name
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
    The entries that set `name` in any case of its letters, as settings may read it.
    """
    return [entry for entry in file.entries if (entry.name or "").upper() == name.upper()]


def _require_line_feeds(text: str, name: str) -> None:
    found = _LONE_RETURN.search(text)  # some parsers end a line there, others read on
    if found:
        number = text.count("\n", 0, found.start()) + 1
        raise EnvFileWriteError(
            f"{name}:{number} has a carriage return without a line feed.",
            "Save the file with LF line ends.",
        )


def _require_closed_quotes(file: EnvFile) -> None:
    # Other parsers read on to the next quote, over whatever is written behind this one.
    for entry in file.entries:
        if entry.name is None and entry.quote:
            raise EnvFileWriteError(
                f"{file.name}:{entry.number} has a quoted value that does not end properly.",
                "Close the quote, with nothing but a comment behind it.",
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
            # Keeps the count of lines, so that the numbers of the other entries stay true.
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
    if _gap(body):  # a shell keeps this backslash, and drops it once the line has an end
        raise EnvFileWriteError(
            f"{file.name} ends in a backslash without a line end.",
            "Add one, or drop the backslash.",
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
            f"{file.name} sets {name} more than once, on lines {lines}.", "Leave one of them."
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
        problem = f"{file.name} would not read back as intended."
    raise EnvFileWriteError(problem, "Change the file by hand.")


def _others(file: EnvFile, changes: Iterable[str]) -> list[tuple[str | None, str | None, str]]:
    changed = frozenset(changes)
    # Without the blank lines around it: a removed neighbour leaves its own behind.
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
