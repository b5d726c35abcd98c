"""
What a run says: findings, results and the report, and which exit code follows.

Everything here is frozen and compares by value, so that a check's test is one equality.
"""

import enum
from collections.abc import Iterator
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


class Status(enum.Enum):
    """
    How a check ended; always visible in every format.
    """

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    CRASHED = "crashed"


class ExitCode(enum.IntEnum):
    """
    The documented exit codes, the same for every command and format.
    """

    OK = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERNAL = 70
    INTERRUPTED = 130


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


class Result(NamedTuple):
    """
    How one check ended. `reason` is set when it was skipped, deferred or crashed.
    """

    code: str
    title: str
    status: Status
    reason: str | None = None
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()


class Problem(NamedTuple):
    """
    Why there is no verdict: a usage error or an internal one.
    """

    message: str
    hint: str | None
    exit_code: ExitCode


class Report(NamedTuple):
    """
    A whole run. `fail_on` is the lowest severity that fails it, None for never.

    `env` is what the worker boots as, None when `ENV` is invalid; `judged_as` is whose rules were
    applied.
    """

    results: tuple[Result, ...] = ()
    env: str | None = None
    env_is_set: bool = True
    judged_as: str | None = None
    sources: tuple[str, ...] = ()
    fail_on: Severity | None = Severity.ERROR
    error: Problem | None = None

    def findings(self) -> Iterator[Finding]:
        """
        Every finding that counts: the suppressed ones are left out.
        """
        for result in self.results:
            yield from (finding for finding in result.findings if finding.suppressed is None)

    def fails(self, finding: Finding) -> bool:
        """
        Whether this finding alone fails the run.
        """
        counts = finding.suppressed is None and self.fail_on is not None
        return counts and finding.severity >= (self.fail_on or 0)

    def ended(self, status: Status) -> int:
        """
        How many checks ended so.
        """
        return sum(result.status is status for result in self.results)

    @property
    def exit_code(self) -> ExitCode:
        """
        The verdict: an error of the run itself, else findings, else an incomplete run, else 0.
        """
        if self.error is not None:
            return self.error.exit_code
        if any(map(self.fails, self.findings())):
            return ExitCode.FINDINGS
        return ExitCode.INCOMPLETE if self.ended(Status.CRASHED) else ExitCode.OK


def graded(columns: str, env: str) -> Severity | None:
    """
    The severity in an environment; None where the rule does not apply.

    `columns` are three letters for development, staging, production, as in the check reference:
    `e` error, `w` warning, `i` info, `-` nothing.
    """
    letter = columns[ENVIRONMENTS.index(env)]
    return {"e": Severity.ERROR, "w": Severity.WARNING, "i": Severity.INFO}.get(letter)
