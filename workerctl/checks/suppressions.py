"""
SUP001, which reports the expired and the unused suppressions.

`sources/project.py` parses them from `[[tool.workerctl.ignore]]` in pyproject.toml, and
`sources/dialects/instructions.py` from comments of env files. The engine and `get_settings` call
`report.findings.accepting` for every finding. An accepted finding stays in the
report but fails nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Severity, Suppression
from workerctl.report.results import Status


def suppressions(context: Context) -> Iterator[Finding]:
    """
    Every suppression in pyproject.toml and in the env files is in date and suppresses a finding.

    Why: a suppression is a decision for a limited time. After its date it no longer applies, and
    the finding fails the run again. One that suppresses nothing today would hide a new problem
    tomorrow.

    Fix: resolve the finding, or decide again and extend `until`. Delete an entry that is not used.
    """
    for suppression in context.suppressions:
        if suppression.has_expired(context.today):
            yield _finding(
                suppression,
                f"{_named(suppression)} expired on {suppression.until}.",
                "Resolve the finding, or decide again and extend `until`.",
            )
        elif _is_unused(context, suppression):
            in_comment = suppression.written is not None
            yield _finding(
                suppression,
                f"{_named(suppression)} suppresses nothing.",
                "Delete the comment." if in_comment else "Delete it from pyproject.toml.",
            )


def _finding(suppression: Suppression, message: str, hint: str) -> Finding:
    return Finding("SUP001", Severity.WARNING, message, hint, location=suppression.written)


def _named(suppression: Suppression) -> str:
    of = f"The suppression of {suppression.code}"
    if suppression.written is not None:
        return f"{of} in a comment"
    return of if suppression.field is None else f"{of} for {suppression.field}"


def _is_unused(context: Context, suppression: Suppression) -> bool:
    """
    Return whether the check ran in an environment that is covered, and nothing was suppressed.
    """
    if not suppression.covers(context.env):
        return False
    results = [result for result in context.results if result.code == suppression.code]
    has_run = any(result.status in {Status.PASSED, Status.FAILED} for result in results)
    findings = (finding for result in results for finding in result.findings)
    is_used = any(finding.suppressed and suppression.matches(finding) for finding in findings)
    return has_run and not is_used


SUP001 = Check("SUP001", "Suppressions are in date and in use", suppressions)
