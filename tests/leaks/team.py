"""
Checks and settings of another team that output every value they can reach.

Tests copy this module into a project.
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
    Return all values of every source.
    """
    texts = [value.text for value in context.values.chosen.values()]
    for source in context.values.sources():
        texts += [assignment.text for assignment in source.assignments]
    return texts


def reports(context: Context) -> Iterator[Finding]:
    """
    Yield a finding for each value, with the value in its message, its hint and its fields.
    """
    for text in _known(context):
        yield Finding("TEAM001", Severity.ERROR, f"It is {text}.", f"Not {text!r}?", (text, "ENV"))


def raises(context: Context) -> Iterator[Finding]:
    """
    Yield a finding, then raise an exception; the values are in its text and its cause.
    """
    text = " ".join(_known(context))
    yield Finding("TEAM002", Severity.WARNING, text)
    raise ValueError(text) from LookupError(text)


def is_named(context: Context) -> Iterator[Finding]:
    """
    Raise an exception whose class is named after a value.
    """
    raise type(context.values.text("OPENAI_API_KEY"), (Exception,), {})


def exits(context: Context) -> Iterator[Finding]:
    """
    Exit the process with the values as the message.
    """
    sys.exit(" ".join(_known(context)))


def skips(context: Context) -> Iterator[Finding]:
    """
    Raise SkipCheck with the values in the reason.
    """
    raise SkipCheck(" ".join(_known(context)))


def yields_anything(context: Context) -> Iterator[Any]:
    """
    Yield values that are not findings.
    """
    yield from _known(context)


CHECKS = tuple(
    Check(f"TEAM{number:03}", "No value is shown", run)
    for number, run in enumerate((reports, raises, is_named, exits, skips, yields_anything), 1)
)


class Table:
    """
    A table of checks that raises an exception when it is iterated.
    """

    def __iter__(self) -> Iterator[Check]:
        raise ValueError(Path("secrets.env").read_text(encoding="utf-8"))


TABLE = Table()


class Refusing(settings.Settings):
    """
    Settings whose validators quote the value that they reject, or all of them.
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
    Settings whose validator raises a KeyError with all values.
    """

    @model_validator(mode="before")
    @classmethod
    def _all(cls, values: Any) -> Any:
        raise KeyError(str(values))


class Open(settings.Settings):
    """
    Settings with a secret that is not declared as one.
    """

    PARTNER_TOKEN: str = ""


def __getattr__(name: str) -> object:
    raise RuntimeError(Path("secrets.env").read_text(encoding="utf-8"))
