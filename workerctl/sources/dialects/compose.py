"""
docker compose, for its `env_file` and its `--env-file`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workerctl.report.records import Record
from workerctl.sources.dialects.statements import (
    REFUSES_FILE,
    SPACE,
    Reader,
    Reading,
    Statement,
    expansion,
    explain_expansions,
    explain_surroundings,
)
from workerctl.sources.dialects.templates import InvalidTemplateError, Reference, parts

_BLANKS = "\t\v\f\r \x85\xa0"
_EXPORT = r"export[\t\n\f\r ]+"
_ESCAPE = r"\\(?:[abcfnrtv$\"\\]|0[0-9]{0,3})"
_NAMED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_QUOTED = {
    quote: re.compile(rf"{quote}((?:\\.|[^\\{quote}])*){quote}", re.DOTALL) for quote in ("'", '"')
}
_IN_NAME = re.compile(rf"[\w.\[\]{_BLANKS}-]*")
_BLANK = re.compile(rf"[{_BLANKS}]*")
_BETWEEN = re.compile(rf"(?:[{SPACE}]+|#[^\n]*)*")
_EXPORTED = re.compile(_EXPORT)


class RefusedFileError(Exception):
    """
    A file that docker compose refuses; `line` is where it gives up.
    """

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


class Assignment(Record):
    """
    A variable that a file sets.

    `template` is its value before variables are expanded in it. It is None for a name without a
    value, which is taken from the environment. Nothing is expanded if `is_literal`.
    """

    name: str
    template: str | None
    line: int
    is_literal: bool = False

    def __repr__(self) -> str:
        return f"Assignment(line {self.line})"


def read(statement: Statement) -> Reading:
    """
    Return what docker compose reads. One name or one `${…}` that is not valid fails the whole file.
    """
    text = statement.text.lstrip(SPACE)
    text = re.sub(rf"\A{_EXPORT}", "", text).lstrip(_BLANKS)
    end = _match_end(_IN_NAME, text, 0)
    name, separator = text[:end].rstrip(SPACE), text[end : end + 1]
    if separator not in {"=", ":"} or " " in name:
        return Reading(None, REFUSES_FILE)
    reading = _read_value(text[end + 1 :].lstrip(_BLANKS))
    if separator == ":" and "\n" in text:
        return Reading(None, REFUSES_FILE)
    if reading.text is not None and name != statement.name:
        return Reading(None, f"ends the name at the `{separator}`")
    if reading.text is not None and statement.end == "\r":
        return Reading(None, "reads on past the carriage return")
    return reading


def refuses(text: str) -> bool:
    """
    Return whether docker compose refuses a file that ends in this text, which begins with a name.
    """
    try:
        return any(
            not each.is_literal and _substitute(each.template or "").text is None
            for each in assignments(text)
        )
    except RefusedFileError:
        return True


def assignments(text: str) -> Iterator[Assignment]:
    r"""
    Yield what a file assigns, in order.

        >>> [(each.name, each.template) for each in assignments("A=1 # one\nB")]
        [('A', '1')]

    Raises RefusedFileError at a line at which docker compose gives up.
    """
    position, counted, line = 0, 0, 1
    while (position := _match_end(_BETWEEN, text, position)) < len(text):
        line += text.count("\n", counted, position)
        counted = position
        if _EXPORTED.match(text, position):
            position = _match_end(_BLANK, text, position + len("export"))
        end = _match_end(_IN_NAME, text, position)
        name, separator = text[position:end].rstrip(SPACE), text[end : end + 1]
        position = end + 1
        if separator not in {"", "=", ":", "\n"} or " " in name:
            raise RefusedFileError(line)
        if separator == "\n":
            yield Assignment(name, None, line)
        elif separator:
            written = _written_at(text, _match_end(_BLANK, text, position))
            if written is None:
                raise RefusedFileError(line)
            yield Assignment(name, written.template, line, written.is_literal)
            position = written.end


def _match_end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return position if found is None else found.end()


class _Written(Record):
    """
    A value as it is written: its template, whether nothing is expanded in it, and where it ends.
    """

    template: str
    is_literal: bool
    end: int


def _written_at(text: str, position: int) -> _Written | None:
    """
    Return the value at a position; None if its quotation mark is not closed.
    """
    quote = text[position : position + 1]
    if quote not in {"'", '"'} or not quote:
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        value = text[position:end].partition(" #")[0].rstrip(SPACE)
        return _Written(value, is_literal=False, end=min(end + 1, len(text)))
    found = _QUOTED[quote].match(text, position)
    if found is None:
        return None
    value = re.sub(rf"\\(?:(\\)|({quote}))", lambda escape: escape[2] or escape[0], found[1])
    if quote == "'":
        return _Written(value, is_literal=True, end=found.end())
    return _Written(re.sub(_ESCAPE, _unescaped, value), is_literal=False, end=found.end())


def _read_value(text: str) -> Reading:
    written = _written_at(text, 0)
    if written is None:
        return Reading(None, REFUSES_FILE)
    return Reading(written.template) if written.is_literal else _substitute(written.template)


def _unescaped(escape: re.Match[str]) -> str:
    char = escape[0][1]
    if char == "$":
        return "$$"
    if char == "0":
        return _octal(escape[0])
    return _NAMED.get(char, escape[0] if char == "c" else char)


def _octal(escape: str) -> str:
    digits = escape[2:]
    if not re.fullmatch("[0-3][0-7]{2}", digits):
        return escape.replace("\\0", "\\", 1)
    return chr(int(digits, 8))


def _substitute(template: str) -> Reading:
    """
    Return a template with its expansions marked, and each `$$` as a dollar sign.
    """
    try:
        found = list(parts(template))
    except InvalidTemplateError:
        return Reading(None, REFUSES_FILE)
    return Reading("".join(part if isinstance(part, str) else _marked(part) for part in found))


def _marked(reference: Reference) -> str:
    return expansion(reference.name + reference.operator + reference.argument)


def explain(statement: Statement, own: str, theirs: str) -> Iterator[str]:
    """
    Yield what it does differently from workerctl.
    """
    yield from explain_expansions(own, theirs)
    if "$$" in statement.written:
        yield "reads `$$` as `$`"
    if statement.quote:
        if "\r" in theirs:
            yield "keeps the carriage returns"
        if "\\" in statement.written and own != theirs.replace("\r\n", "\n"):
            yield "reads the backslash differently"
    else:
        yield from explain_surroundings(own, theirs)


READER = Reader("docker compose", read, explain)
