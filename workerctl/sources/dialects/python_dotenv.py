"""
python-dotenv, and with it pydantic-settings: expands `${NAME}` whatever the quotes are.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.sources.dialects.statements import (
    Reader,
    Reading,
    Statement,
    expanded,
    explain_expansions,
)


def read(statement: Statement) -> Reading:
    """
    Return what python-dotenv reads.
    """
    return Reading(expanded(statement.value))


def explain(statement: Statement, own: str, theirs: str) -> Iterator[str]:
    """
    Yield what it does differently from workerctl.
    """
    if statement.quote == "'":
        yield "expands `${…}` in single quotes"
    else:
        yield from explain_expansions(own, theirs)


READER = Reader("python-dotenv", read, explain)
