"""
The results of a run: how each check ended, what it found, and which exit code follows.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator

from workerctl.report.exit_codes import ExitCode
from workerctl.report.findings import Finding, Severity, State
from workerctl.report.records import Record


class Status(enum.Enum):
    """
    How a check ended. Every format shows it.

    A check is not applicable if the settings class has nothing that it could judge.
    """

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    CRASHED = "crashed"
    NOT_APPLICABLE = "not_applicable"


class Result(Record):
    """
    The result of one check. `reason` is set if the check neither passed nor failed.

    `title` is the claim that is true if the check passed, and `manual` the page that explains it.
    `is_built_in` is false for a check of the project.
    """

    code: str
    title: str
    status: Status
    reason: str | None = None
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
    manual: str = ""
    is_built_in: bool = True


class Problem(Record):
    """
    A usage error or an internal error, which prevents a result.
    """

    message: str
    hint: str | None
    exit_code: int


class Report(Record):
    """
    The results of all checks of one configuration.

    `name` distinguishes the configuration from others of the run; None if there is only one.
    `settings_class` names the class that was judged, as `module:Name`; `is_built_in` is true for
    that of workerctl. `env` is the environment in which the worker would boot, None if its name is
    not known; `judged_as` is the environment whose rules were applied, and `env_from` says where
    that is from, or why it is not set. `later` names the variables that are provided at deploy.
    Findings of the severity `fail_on` and above fail the run; if it is None, no finding does.
    `baseline` is the file that knows findings; `gone` is the number of those that it knows and that
    were not found. `notes` are sentences about both, about findings in files that have not changed,
    and about what a manifest does not show.
    """

    results: tuple[Result, ...] = ()
    settings_class: str | None = None
    is_built_in: bool = True
    env: str | None = None
    judged_as: str | None = None
    env_from: str | None = None
    sources: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    fail_on: Severity | None = Severity.ERROR
    error: Problem | None = None
    name: str | None = None
    baseline: str | None = None
    gone: int = 0
    notes: tuple[str, ...] = ()

    def findings(self, state: State = "open") -> Iterator[Finding]:
        """
        Yield the findings in this state; by default, those that count.
        """
        for result in self.results:
            yield from (finding for finding in result.findings if finding.state == state)

    def fails(self, finding: Finding) -> bool:
        """
        Return whether this finding alone fails the run.
        """
        if finding.state != "open" or self.fail_on is None:
            return False
        return finding.severity >= self.fail_on

    def ended(self, status: Status) -> int:
        """
        Return how many checks ended with this status.
        """
        return sum(result.status is status for result in self.results)

    @property
    def exit_code(self) -> int:
        """
        The exit code: that of an error, or FINDINGS if the run fails, INCOMPLETE or OK.
        """
        if self.error is not None:
            return self.error.exit_code
        if any(map(self.fails, self.findings())):
            return ExitCode.FINDINGS
        return ExitCode.INCOMPLETE if self.ended(Status.CRASHED) else ExitCode.OK


_WORST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.INTERNAL,
    ExitCode.USAGE,
    ExitCode.FINDINGS,
    ExitCode.INCOMPLETE,
)


def worst(codes: Iterable[int]) -> ExitCode:
    """
    Return the exit code of a run that has several: the one that says most about what failed.

        >>> worst([ExitCode.OK, ExitCode.FINDINGS, ExitCode.INCOMPLETE])
        <ExitCode.FINDINGS: 1>
    """
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), ExitCode.OK)
