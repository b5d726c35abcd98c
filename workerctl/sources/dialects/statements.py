"""
A statement of an env file, and what a reader makes of it.

In the text of a reading, what is expanded stands between NUL characters, which no env file
contains. The readings of `${HOME}/x` by a reader that expands it and by one that does not can
therefore be compared without knowing any variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from workerctl.report.records import Record
from workerctl.sources.envfile import Entry

MARK = "\0"
"""The character around an expansion."""

SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
)
SPACE += "\u2028\u2029\u202f\u205f\u3000"
"""White space as Go defines it: for docker run and docker compose."""

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
"""A name that a shell and systemd accept."""

_DOTENV_EXPANSION = r"\$\{([^}:]*)(:-[^}]*)?\}"
_LEADING_LINES = r"(?:[^\S\r\n]*[\r\n])*"


class Statement(Record):
    """
    An assignment as written, from the beginning of its line and without its line end.

    `value` is what python-dotenv reads before it expands anything, `quote` the quotation mark
    around the value, or "".
    """

    text: str
    end: str
    name: str
    value: str
    quote: str

    def __repr__(self) -> str:
        return f"Statement({len(self.text)} characters)"

    @property
    def written(self) -> str:
        """
        The text after the equals sign, without surrounding white space.
        """
        return self.text.partition("=")[2].strip()


class Reading(Record):
    """
    The text that a reader finds, with its expansions marked; or what it does instead.
    """

    text: str | None
    action: str = ""

    def __repr__(self) -> str:
        return f"Reading({self.action!r})"


class Reader(Record):
    """
    A program that reads env files.

    `read` returns its reading of a statement. If that is another text than workerctl reads,
    `explain` yields in words what it does differently: a verb in the third person and an object.
    """

    name: str
    read: Callable[[Statement], Reading]
    explain: Callable[[Statement, str, str], Iterator[str]]


REFUSES_FILE = "refuses the whole file"
"""The action of a reader that fails at the statement."""


def statement(entry: Entry) -> Statement:
    """
    Return an entry as a statement.
    """
    text = re.sub(rf"\A{_LEADING_LINES}", "", entry.raw)
    body = text.removesuffix("\n").removesuffix("\r")
    return Statement(
        text=body,
        end=text[len(body) :],
        name=entry.name or "",
        value=entry.value or "",
        quote=entry.quote,
    )


def expansion(inner: str) -> str:
    """
    Return the mark of an expansion, given what stands between its braces.
    """
    return f"{MARK}{inner}{MARK}"


def expanded(value: str) -> str:
    """
    Return a value with the expansions marked that python-dotenv makes in it.
    """
    return re.sub(_DOTENV_EXPANSION, lambda found: expansion(found[1] + (found[2] or "")), value)


def explain_expansions(own: str, theirs: str) -> Iterator[str]:
    """
    Yield what a reader does with a dollar sign, given the text of workerctl and its own.
    """
    before, after = own.count(MARK), theirs.count(MARK)
    if after > before:
        yield "expands the `$`"
    elif after < before:
        yield "does not expand `${…}`"
    elif after and own.split(MARK)[1::2] != theirs.split(MARK)[1::2]:
        yield "reads `${…}` differently"


def explain_surroundings(own: str, theirs: str) -> Iterator[str]:
    """
    Yield what a reader does with the comment, or else the white space, around a value.
    """
    if "#" in theirs.replace(own, "", 1):
        yield "keeps the comment" if own else "reads the comment as the value"
    elif theirs != own and theirs.strip() == own.strip():
        yield f"{'keeps' if len(theirs) > len(own) else 'removes'} the white space around the value"
