"""
Findings: what is wrong, how severe it is and where. Every check returns them.

All types are immutable and compare by value, so that a test can compare findings with `==`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import date
from typing import Literal

from workerctl.report.records import Record
from workerctl.rules import ENVIRONMENTS as ENVIRONMENTS  # noqa: PLC0414 -- re-exported

ALWAYS = frozenset({"SET001", "ENV001"})
"""The checks that cannot be ignored or suppressed, because all other results depend on them."""

Phase = Literal["build", "run"]
"""Whether an image is being built, without its secrets, or a worker is going to run."""

SourceKind = Literal["env-file", "environment", "secret-file", "default", "other"]
State = Literal["open", "suppressed", "known", "unchanged"]
"""Whether a finding counts: only an open one does."""


class Severity(enum.IntEnum):
    """
    The severity of a finding, in ascending order.
    """

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """
        The name as users read and write it: "error", "warning" or "info".
        """
        return self.name.lower()


class Location(Record):
    """
    Where a value came from: the kind of source, the file as given by the user, the line from 1.
    """

    source: SourceKind
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        if self.file is None:
            return self.source
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def holds(self, other: Location | None) -> bool:
        """
        Return whether another location is this one, or in this file if it has no line.
        """
        if other is None or (other.source, other.file) != (self.source, self.file):
            return False
        return self.line is None or self.line == other.line


class Suppression(Record):
    """
    A check whose findings the team accepts, with the reason, until the end of a day (UTC).

    An empty `env` means every environment. With a `field`, only the findings whose first field it
    is are accepted; with a `place`, only those in that file or on that line. `written` is where the
    comment of an env file stands that makes the suppression; None if pyproject.toml does.
    """

    code: str
    reason: str
    until: date
    env: tuple[str, ...] = ()
    field: str | None = None
    place: Location | None = None
    written: Location | None = None

    def covers(self, env: str) -> bool:
        """
        Return whether the suppression applies in an environment.
        """
        return not self.env or env in self.env

    def has_expired(self, today: date) -> bool:
        """
        Return whether the last day of the suppression has passed.
        """
        return self.until < today

    def matches(self, finding: Finding) -> bool:
        """
        Return whether the finding has the code, field and place, in whatever environment.
        """
        if self.code != finding.code or self.code in ALWAYS:
            return False
        if self.place is not None and not self.place.holds(finding.location):
            return False
        return self.field is None or self.field in finding.fields[:1]


class Finding(Record):
    """
    A problem: `message` says what is wrong and `hint` what to do, in one sentence each.

    Neither contains a secret. `location` is that of the first of `fields`. `aside` is set if the
    finding does not count in this run: the baseline knows it, or its file has not changed.
    """

    code: str
    severity: Severity
    message: str
    hint: str | None = None
    fields: tuple[str, ...] = ()
    location: Location | None = None
    suppressed: Suppression | None = None
    aside: Literal["known", "unchanged"] | None = None

    @property
    def state(self) -> State:
        """
        Whether the finding counts, or why it does not.
        """
        return "suppressed" if self.suppressed is not None else self.aside or "open"


def accepting(
    suppressions: Iterable[Suppression], finding: Finding, env: str, today: date
) -> Suppression | None:
    """
    Return the first suppression that accepts a finding in the environment `env`, or None.
    """
    for suppression in suppressions:
        is_current = suppression.covers(env) and not suppression.has_expired(today)
        if is_current and suppression.matches(finding):
            return suppression
    return None


def by_environment(
    env: str,
    *,
    development: Severity | None = None,
    staging: Severity | None = None,
    production: Severity | None = None,
) -> Severity | None:
    """
    Return the severity of a rule in the environment `env`, or None if it does not apply there.
    """
    return {"development": development, "staging": staging, "production": production}[env]
