"""
Suppressions: in date, and still needed. Runs last, because it looks at the other results.
"""

from collections.abc import Iterator

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Severity, Suppression
from workerctl.report.results import Status


def suppressions(context: Context) -> Iterator[Finding]:
    """
    Every suppression in pyproject.toml is in date and hides something.

    Why: a suppression is a decision for a time. One past its date no longer counts, so its
    finding is back; one that hides nothing would hide tomorrow's problem.

    Fix: decide anew and move `until`, or delete the entry.
    """
    for suppression in context.suppressions:
        if suppression.until < context.today:
            yield _finding(
                f"The suppression of {suppression.code} ended on {suppression.until}.",
                "Fix the finding, or decide anew and move `until`.",
            )
        elif _is_unused(context, suppression):
            yield _finding(
                f"The suppression of {suppression.code} suppresses nothing.",
                "Delete it from pyproject.toml.",
            )


def _finding(message: str, hint: str) -> Finding:
    return Finding("SUP001", Severity.WARNING, message, hint)


def _is_unused(context: Context, suppression: Suppression) -> bool:
    """
    Whether its check ran, in an environment it is meant for, and found nothing to suppress.
    """
    if suppression.env and context.env not in suppression.env:
        return False
    results = [result for result in context.results if result.code == suppression.code]
    ran = any(result.status in {Status.PASSED, Status.FAILED} for result in results)
    used = any(finding.suppressed for result in results for finding in result.findings)
    return ran and not used


SUP001 = Check("SUP001", "Suppressions are in date and in use", suppressions)
