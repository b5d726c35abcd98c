"""
bash, with `set -a; . FILE`: every line is a command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workerctl.report.records import Record
from workerctl.sources.dialects.statements import (
    MARK,
    NAME,
    Reader,
    Reading,
    Statement,
    expansion,
    explain_expansions,
    explain_surroundings,
)

READ_ONLY = frozenset({"BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID"})
"""Variables that bash does not let anyone set."""

_BLANKS = " \t\n"
_ENDS_COMMAND = ";&|<>"
_EXPORT = r"export[ \t]+"
_VARIABLE = rf"\$({NAME}|[0-9@*#?$!-])"
_BRACED = rf"\$\{{({NAME}(?::?[-+?=][^\"'\\$`}}]*)?)\}}"
# A directory of bash, or the home of the one user that every system has; of others, nobody knows.
_TILDE = r"~(?:[+-]|root)?(?=[/: \t\n]|\Z)"
# Characters that stand for themselves, outside of quotation marks and between double ones.
_PLAIN = r"[^ \t\n;&|<>()'\"\\`$~]+"
_PLAIN_IN_QUOTES = r"[^\"\\`$]+"
_ONE_COMMAND = "runs a command"
_NO_END = "finds no end of the quote"


class _Stopped(Exception):  # noqa: N818 -- not an error
    """
    The value cannot be read; the text is what bash does instead.
    """


class _Piece(Record):
    """
    The text of a part of a word, and the position after it.
    """

    text: str
    end: int


def read(statement: Statement) -> Reading:
    """
    Return what bash assigns. A carriage return at the end of the line is left out of account.
    """
    text = statement.text.lstrip(" \t")
    command = re.match(_EXPORT, text)
    text = text[command.end() :] if command else text
    found = re.match(rf"({NAME})=", text, re.ASCII)
    if found is None:
        return Reading(None, _without_name(text))
    if found[1] in READ_ONLY:
        return Reading(None, f"does not let {found[1]} be set")
    try:
        value = _word(text, found.end(), statement.end)
        _require_nothing(text[value.end :], is_export=command is not None)
    except _Stopped as stopped:
        return Reading(None, str(stopped))
    if statement.end == "\r":
        return Reading(None, "reads on past the carriage return")
    return Reading(value.text)


def _without_name(text: str) -> str:
    before = text.partition("=")[0]
    if before != before.rstrip():
        return _ONE_COMMAND
    is_variable = re.fullmatch(rf"{NAME}(?:\+|\[.*\]\+?)", before, re.ASCII)
    return "reads another name" if is_variable else "refuses the name"


def _word(text: str, start: int, line_end: str) -> _Piece:
    if text.startswith("(", start):
        raise _Stopped("reads the parenthesis as a list")
    parts: list[str] = []
    position = start
    may_expand = True  # a tilde, which bash expands at the beginning and after each plain colon
    while position < len(text) and text[position] not in _BLANKS:
        piece = _plain(_PLAIN, text, position)
        if piece is not None:
            may_expand = piece.text.endswith(":")
        else:
            tilde = _tilde(text, position) if may_expand else None
            piece = tilde or _piece(text, position, line_end)
            may_expand = False
        parts.append(piece.text)
        position = piece.end
    return _Piece("".join(parts), position)


def _plain(pattern: str, text: str, at: int) -> _Piece | None:
    found = re.compile(pattern).match(text, at)
    return None if found is None else _Piece(found[0], found.end())


def _tilde(text: str, at: int) -> _Piece | None:
    found = re.compile(_TILDE).match(text, at)
    return _Piece(expansion(found[0]), found.end()) if found else None


def _piece(text: str, at: int, line_end: str) -> _Piece:
    char = text[at]
    if char == "'":
        return _single(text, at)
    if char == '"':
        return _double(text, at)
    if char == "\\":
        following = text[at + 1 : at + 2]
        if not following and line_end == "\n":
            raise _Stopped("joins the next line")
        # A backslash at the end of a file is kept; one before CRLF makes the value a CR.
        kept = following or ("" if line_end else char)
        return _Piece("" if kept == "\n" else kept, at + 2)
    if char in _ENDS_COMMAND:
        raise _Stopped("ends the value at an operator of the shell")
    if char in "()":
        raise _Stopped("refuses the parenthesis")
    return _expanded(text, at, quoted=False)


def _expanded(text: str, at: int, *, quoted: bool) -> _Piece:
    """
    Return what an expansion makes of a dollar sign; other characters stand for themselves.
    """
    if text[at] == "`" or text.startswith("$(", at):
        raise _Stopped(_ONE_COMMAND)
    if text[at] != "$":
        return _Piece(text[at], at + 1)
    found = re.compile(f"{_VARIABLE}|{_BRACED}", re.ASCII).match(text, at)
    if found is not None:
        return _Piece(expansion(found[1] or found[2]), found.end())
    if text.startswith("${", at):
        raise _Stopped("reads `${…}` differently")
    if text.startswith("$[", at):
        raise _Stopped("expands the `$`")
    if not quoted and text[at + 1 : at + 2] in {"'", '"'}:
        raise _Stopped("expands the `$`")
    return _Piece("$", at + 1)


def _single(text: str, start: int) -> _Piece:
    end = text.find("'", start + 1)
    if end < 0:
        raise _Stopped(_NO_END)
    return _Piece(text[start + 1 : end], end + 1)


def _double(text: str, start: int) -> _Piece:
    parts: list[str] = []
    position = start + 1
    while position < len(text) and text[position] != '"':
        if text[position] == "\\":
            following = text[position + 1 : position + 2]
            kept = "" if following in {"$", "`", '"', "\\", "\n"} else "\\"
            parts.append(kept + following.replace("\n", ""))
            position += 2
        else:
            piece = _plain(_PLAIN_IN_QUOTES, text, position)
            piece = piece or _expanded(text, position, quoted=True)
            parts.append(piece.text)
            position = piece.end
    if position >= len(text):
        raise _Stopped(_NO_END)
    return _Piece("".join(parts), position + 1)


def _require_nothing(rest: str, *, is_export: bool) -> None:
    following = rest.strip(_BLANKS)
    if following and not following.startswith("#"):
        is_assignment = re.match(rf"{NAME}=", following, re.ASCII)
        sets = is_export or is_assignment
        raise _Stopped("ends the value at the blank" if sets else _ONE_COMMAND)


def explain(statement: Statement, own: str, theirs: str) -> Iterator[str]:
    """
    Yield what it does differently from workerctl.
    """
    without_tildes = re.sub(f"{MARK}(~[^{MARK}]*){MARK}", r"\1", theirs)
    if without_tildes != theirs:
        yield "expands the `~`"
    yield from explain_expansions(own, without_tildes)
    if "\r" in theirs:
        yield "keeps the carriage returns"
    if "\\" in statement.written:
        differently = "reads the backslash differently" if statement.quote else ""
        yield differently or "removes the backslash"
    elif not statement.quote and ("'" in statement.written or '"' in statement.written):
        yield "removes the quotes"
    yield from explain_surroundings(own, theirs)


READER = Reader("bash", read, explain)
