"""
systemd, for its `EnvironmentFile=`: quotes have a meaning, comments after a value and `$` do not.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from workerctl.sources import envfile
from workerctl.sources.dialects.statements import (
    MARK,
    NAME,
    Reader,
    Reading,
    Statement,
    explain_surroundings,
)

_BLANKS = " \t\n\r"
_COMMENT = ("#", ";")
_CONTINUED = r"(?<!\\)(?:\\\\)*\\[\n\r]\Z"
IGNORES = "ignores the line"
"""The action for a line that sets nothing."""


def read(statement: Statement) -> Reading:
    """
    Return what systemd reads. It skips a line whose name a shell would not accept.
    """
    name, _, rest = statement.text.lstrip(_BLANKS).partition("=")
    if not re.fullmatch(NAME, name.rstrip(_BLANKS), re.ASCII):
        return Reading(None, IGNORES)
    if name.rstrip(_BLANKS) != statement.name:
        return Reading(None, "reads another name")
    return _read_value(rest, joins=bool(statement.end))


def _read_value(text: str, *, joins: bool) -> Reading:
    parts: list[str] = []
    position = 0
    while position < len(text) and text[position] not in "\r\n":
        char = text[position]
        if char in " \t":
            position += 1
        elif char in "'\"":
            end = _closing(text, position)
            if end < 0:
                return Reading(None, "finds no end of the quote")
            parts.append(_quoted(text[position + 1 : end], char))
            position = end + 1
        else:
            return _read_plain("".join(parts), text[position:], joins=joins)
    return Reading("".join(parts))


def _closing(text: str, start: int) -> int:
    if text[start] == "'":
        return text.find("'", start + 1)
    found = re.compile(r'"(?:\\.|[^\\"])*"', re.DOTALL).match(text, start)
    return -1 if found is None else found.end() - 1


def _quoted(text: str, quote: str) -> str:
    if quote == "'":
        return text
    return re.sub(r'\\(?:(["\\`$])|\n)', lambda escape: escape[1] or "", text)


def _read_plain(before: str, text: str, *, joins: bool) -> Reading:
    found = re.match(r"(?:\\[\s\S]|[^\\\r\n])*(\\\Z)?", text)
    plain = found[0] if found is not None else ""
    if joins and found is not None and found[1]:
        return Reading(None, "joins the next line")
    # An escaped blank is kept; unescaped blanks at the end are not.
    plain = re.sub(r"((?:\\[\s\S]|[^\\])*?)[ \t]*\Z", r"\1", plain, count=1)
    return Reading(before + re.sub(r"\\(?:[\r\n]|\Z|([\s\S]))", lambda one: one[1] or "", plain))


def lines_in_comments(text: str) -> frozenset[int]:
    """
    Return the lines of an env file that belong to the comment above them, counted from 1.

    Before version 254 of systemd, a backslash at the end of a comment continued it on the next
    line. One before CRLF does not.
    """
    lines = list(io.StringIO(text, newline=""))
    found: set[int] = set()
    for number, binding in envfile.bindings(text):
        is_comment = binding.original.string.lstrip(_BLANKS).startswith(_COMMENT)
        if is_comment and number not in found:
            while number < len(lines) and re.search(_CONTINUED, lines[number - 1]):
                number += 1  # noqa: PLW2901
                found.add(number)
    return frozenset(found)


def explain(statement: Statement, own: str, theirs: str) -> Iterator[str]:
    """
    Yield what it does differently from workerctl.
    """
    if MARK in own:
        yield "does not expand `${…}`"
    if "\r" in theirs:
        yield "keeps the carriage returns"
    if "\\" in statement.written and not statement.quote:
        yield "removes the backslash"
    elif "\\" in statement.written:
        yield "reads the backslash differently"
    yield from explain_surroundings(own, theirs)


READER = Reader("systemd", read, explain)
