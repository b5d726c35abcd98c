"""
What a run says: which checks ended how, what they found, and which exit code follows.
"""

import enum
from collections.abc import Iterator
from typing import NamedTuple

from workerctl.report.exit_codes import ExitCode
from workerctl.report.findings import Finding, Severity


class Status(enum.Enum):
    """
    How a check ended; always visible in every format.
    """

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    CRASHED = "crashed"


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
