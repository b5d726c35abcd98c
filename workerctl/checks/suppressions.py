"""
Suppressions: which one accepts a finding, and SUP001, which reports the expired and the unused.

`sources/project.py` parses them from `[[tool.workerctl.ignore]]` in pyproject.toml. The engine
calls `accepting` for every finding. An accepted finding stays in the report but fails nothing.
"""

from collections.abc import Iterator

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Severity, Suppression
from workerctl.report.results import Status


def accepting(context: Context, finding: Finding) -> Suppression | None:
    """
    Return the first suppression that accepts a finding of this run, or None.

    It has the finding's code, covers the environment, and counts through its last day (UTC).
    """
    for suppression in context.suppressions:
        is_same = suppression.code == finding.code
        if is_same and _covers(context, suppression) and not _has_expired(context, suppression):
            return suppression
    return None


def suppressions(context: Context) -> Iterator[Finding]:
    """
    Every suppression in pyproject.toml is in date and still suppresses a finding.

    Why: a suppression is a decision for a limited time. After its date it no longer applies, and
    the finding fails the run again. One that suppresses nothing today would hide a new problem
    tomorrow.

    Fix: resolve the finding, or decide again and extend `until`. Delete an entry that is not used.
    """
    for suppression in context.suppressions:
        if _has_expired(context, suppression):
            yield _finding(
                f"The suppression of {suppression.code} expired on {suppression.until}.",
                "Resolve the finding, or decide again and extend `until`.",
            )
        elif _is_unused(context, suppression):
            yield _finding(
                f"The suppression of {suppression.code} suppresses nothing.",
                "Delete it from pyproject.toml.",
            )


def _finding(message: str, hint: str) -> Finding:
    return Finding("SUP001", Severity.WARNING, message, hint)


def _covers(context: Context, suppression: Suppression) -> bool:
    return not suppression.env or context.env in suppression.env


def _has_expired(context: Context, suppression: Suppression) -> bool:
    return suppression.until < context.today


def _is_unused(context: Context, suppression: Suppression) -> bool:
    """
    Return whether the check ran in an environment that is covered, and nothing was suppressed.
    """
    if not _covers(context, suppression):
        return False
    results = [result for result in context.results if result.code == suppression.code]
    has_run = any(result.status in {Status.PASSED, Status.FAILED} for result in results)
    is_used = any(finding.suppressed for result in results for finding in result.findings)
    return has_run and not is_used


SUP001 = Check("SUP001", "Suppressions are in date and in use", suppressions)
