"""
What is wrong, how badly and where: the one thing that every check produces.

Everything here is frozen and compares by value, so that a check's test is one equality.
"""

import enum
from datetime import date
from typing import Literal, NamedTuple

ENVIRONMENTS = ("development", "staging", "production")

SourceKind = Literal["env-file", "environment", "secret-file", "default"]


class Severity(enum.IntEnum):
    """
    How bad a finding is; the order is the order of `--fail-on`.
    """

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """
        The word that users read and write: "error", "warning", "info".
        """
        return self.name.lower()


class Location(NamedTuple):
    """
    Where a value came from: the kind of source, the file as the user named it, the line from 1.
    """

    source: SourceKind
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        if self.file is None:
            return self.source
        return self.file if self.line is None else f"{self.file}:{self.line}"


class Suppression(NamedTuple):
    """
    A finding somebody accepted, with the reason, through the day `until` (inclusive, UTC).

    An empty `env` means every environment.
    """

    code: str
    reason: str
    until: date
    env: tuple[str, ...] = ()


class Finding(NamedTuple):
    """
    One thing that is wrong: `message` says what, `hint` what to do, one sentence each, no secret.

    `location` belongs to the first of `fields`.
    """

    code: str
    severity: Severity
    message: str
    hint: str | None = None
    fields: tuple[str, ...] = ()
    location: Location | None = None
    suppressed: Suppression | None = None


def by_environment(
    env: str,
    *,
    development: Severity | None = None,
    staging: Severity | None = None,
    production: Severity | None = None,
) -> Severity | None:
    """
    Return the severity of a rule in the environment `env`; None where the rule does not apply.
    """
    return {"development": development, "staging": staging, "production": production}[env]
