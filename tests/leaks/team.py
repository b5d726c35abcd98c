"""
Checks and settings of another team, which say everything they know. Written into a project.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import field_validator, model_validator

from workerctl import settings
from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.report.findings import Finding, Severity


def _known(context: Context) -> list[str]:
    """
    All values there are, of every source.
    """
    texts = [value.text for value in context.values.chosen.values()]
    for source in context.values.sources():
        texts += [assignment.text for assignment in source.assignments]
    return texts


def tells(context: Context) -> Iterator[Finding]:
    """
    A finding for each value, in its message, its hint and its fields.
    """
    for text in _known(context):
        yield Finding("TEAM001", Severity.ERROR, f"It is {text}.", f"Not {text!r}?", (text, "ENV"))


def raises(context: Context) -> Iterator[Finding]:
    """
    An exception with the values in its text and its cause, and a finding before it.
    """
    text = " ".join(_known(context))
    yield Finding("TEAM002", Severity.WARNING, text)
    raise ValueError(text) from LookupError(text)


def is_named(context: Context) -> Iterator[Finding]:
    """
    An exception that is called like a value.
    """
    raise type(context.values.text("OPENAI_API_KEY"), (Exception,), {})


def exits(context: Context) -> Iterator[Finding]:
    """
    The end of the process, with the values as its last words.
    """
    sys.exit(" ".join(_known(context)))


def skips(context: Context) -> Iterator[Finding]:
    """
    A reason to skip, with the values in it.
    """
    raise SkipCheck(" ".join(_known(context)))


def yields_anything(context: Context) -> Iterator[Any]:
    """
    What is no finding.
    """
    yield from _known(context)


CHECKS = tuple(
    Check(f"TEAM{number:03}", "Nobody talks", run)
    for number, run in enumerate((tells, raises, is_named, exits, skips, yields_anything), 1)
)


class Table:
    """
    A table of checks that cannot be read.
    """

    def __iter__(self) -> Iterator[Check]:
        raise ValueError(Path("secrets.env").read_text(encoding="utf-8"))


TABLE = Table()


class Refusing(settings.Settings):
    """
    Settings that quote what they refuse, one by one and as a whole.
    """

    PARTNER_TOKEN: str = ""

    @field_validator("SUPABASE_SERVICE_ROLE_KEY", "WEBHOOK_SECRET", "QUEUES", mode="before")
    @classmethod
    def _one(cls, value: object) -> object:
        raise ValueError(f"{value} is not good enough")

    @model_validator(mode="before")
    @classmethod
    def _all(cls, values: Any) -> Any:
        if "GEMINI_API_KEY" in values:
            raise ValueError(f"{values} is not good enough")
        return values


class Crashing(settings.Settings):
    """
    Settings that crash with what they were given.
    """

    @model_validator(mode="before")
    @classmethod
    def _all(cls, values: Any) -> Any:
        raise KeyError(str(values))


class Open(settings.Settings):
    """
    Settings with a secret that nobody declared.
    """

    PARTNER_TOKEN: str = ""


def __getattr__(name: str) -> object:
    raise RuntimeError(Path("secrets.env").read_text(encoding="utf-8"))
