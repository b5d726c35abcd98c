"""
Results in which one fault has one finding. `report/causes.py` decides which one.

A check whose findings are all hidden is skipped, with their cause as the reason, and so is every
check that has waited for it. If a tool renders the value later, they are deferred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workerctl.checks.base import because_invalid
from workerctl.report.causes import Causes, cause_of, causes, reason, with_raised_severity
from workerctl.report.findings import Severity
from workerctl.report.results import Result, Status

Skips = Mapping[str | None, tuple[Status, str]]
"""By the reason of a skip that a hidden finding has caused, the status and reason to report."""


def without_hidden(results: Iterable[Result]) -> tuple[Result, ...]:
    """
    Return the results without the findings that a cause hides.
    """
    found = tuple(results)
    known = causes(finding for result in found for finding in result.findings)
    if not known:
        return found
    reported = [_reported(result, known) for result in found]
    skips: dict[str | None, tuple[Status, str]] = {
        because_invalid([name]): _skip(known, name) for name in known
    }
    for before, after in zip(found, reported, strict=True):
        has_changed = before.status is Status.FAILED and after.status is not Status.FAILED
        if after.reason is not None and has_changed:
            skips[f"{before.code} failed"] = (after.status, after.reason)
    return tuple(_waiting(result, skips) for result in reported)


def _reported(result: Result, known: Causes) -> Result:
    hidden = [cause for each in result.findings if (cause := cause_of(each, known)) is not None]
    findings = tuple(
        with_raised_severity(each, known)
        for each in result.findings
        if cause_of(each, known) is None
    )
    result = result.replace(findings=findings)
    has_failed = any(each.suppressed is None for each in findings)
    if not hidden or has_failed or result.status is not Status.FAILED:
        return result
    status, why = _skip(known, hidden[0].fields[0])
    return result.replace(status=status, reason=why)


def _skip(known: Causes, name: str) -> tuple[Status, str]:
    cause = known[name]
    is_later = cause.severity is Severity.INFO
    return Status.DEFERRED if is_later else Status.SKIPPED, reason(cause)


def _waiting(result: Result, skips: Skips) -> Result:
    if result.status is not Status.SKIPPED or result.reason not in skips:
        return result
    status, why = skips[result.reason]
    return result.replace(status=status, reason=why)
