"""
`docker run --env-file`: a line is a name, `=` and a value, in which nothing has a meaning.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.sources.dialects.statements import (
    MARK,
    REFUSES_FILE,
    SPACE,
    Reader,
    Reading,
    Statement,
)

_LINE_LIMIT = 64 * 1024


def read(statement: Statement) -> Reading:
    """
    Return what docker run reads. It refuses a file in which white space is in front of a `=`.
    """
    lines = statement.text.split("\n")
    if refuses(statement.text):
        return Reading(None, REFUSES_FILE)
    if statement.end == "\r":
        return Reading(None, "reads on past the carriage return")
    name, _, value = lines[0].removesuffix("\r").lstrip(SPACE).partition("=")
    if name != statement.name:
        return Reading(None, "reads another name")
    return Reading(value)


def refuses(text: str) -> bool:
    """
    Return whether docker run refuses a file that contains these lines.
    """
    return any(_is_refused(line) for line in text.split("\n"))


def _is_refused(line: str) -> bool:
    text = line.lstrip(SPACE)
    if len(line.encode(errors="surrogatepass")) >= _LINE_LIMIT:
        return True
    name = text.partition("=")[0]
    return bool(text) and text[0] != "#" and (not name or " " in name or "\t" in name)


def explain(statement: Statement, own: str, theirs: str) -> Iterator[str]:
    """
    Yield what it does differently from workerctl.
    """
    if statement.quote:
        yield "keeps the quotes"
    if "\n" in statement.text:
        yield "reads only the first line"
    elif _has_comment(statement, theirs):
        yield "keeps the comment"
    elif theirs != theirs.strip():
        yield "keeps the blanks around the value"
    if MARK in own:
        yield "does not expand `${…}`"


def _has_comment(statement: Statement, theirs: str) -> bool:
    if statement.quote:
        return not theirs.rstrip().endswith(statement.quote)
    return "#" in theirs[len(statement.value) :]


READER = Reader("docker run", read, explain)
