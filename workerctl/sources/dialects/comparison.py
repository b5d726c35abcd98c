"""
Which readers find another value in a statement than workerctl does, and in what they differ.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.report.records import Record
from workerctl.sources.dialects import bash, compose, docker_run, python_dotenv, systemd
from workerctl.sources.dialects.statements import (
    Reader,
    Statement,
    expanded,
)

READERS = (
    python_dotenv.READER,
    compose.READER,
    docker_run.READER,
    systemd.READER,
    bash.READER,
)
"""All readers that are compared."""


class Difference(Record):
    """
    A reader and what it does, in words that begin with a verb: "keeps the quotes".
    """

    reader: str
    action: str


def differences(statement: Statement, *, literal_quotes: bool = True) -> tuple[Difference, ...]:
    """
    Return what each reader does that reads another value than workerctl.

        differences(statement) == (Difference("docker run", "keeps the quotes"),)

    With `literal_quotes`, workerctl does not expand a value in single quotes, which python-dotenv
    does.
    """
    own = text_of(statement, literal_quotes=literal_quotes)
    return tuple(
        Difference(reader.name, action)
        for reader in READERS
        for action in _actions(reader, statement, own)
    )


def text_of(statement: Statement, *, literal_quotes: bool = True) -> str:
    """
    Return the text that workerctl reads, with its expansions marked.
    """
    is_literal = literal_quotes and statement.quote == "'"
    return statement.value if is_literal else expanded(statement.value)


def _actions(reader: Reader, statement: Statement, own: str) -> Iterator[str]:
    reading = reader.read(statement)
    if reading.text is None:
        yield reading.action
    elif reading.text != own:
        found = list(dict.fromkeys(reader.explain(statement, own, reading.text)))
        yield from found or ["reads another value"]
