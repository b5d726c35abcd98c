"""
Trying a change of settings: apply it to a copy of the configuration, and run the checks on that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from workerctl.checks.base import Check, Context
from workerctl.checks.engine.run import run
from workerctl.report.findings import Finding, Severity
from workerctl.report.results import Status

Changes = Mapping[str, str]
"""The new texts of settings, by name."""

Apply = Callable[[Changes], Context]
"""Return the context of the configuration with the changes applied."""

_Severities = Mapping[tuple[str, str], Severity]


class Trial:
    """
    Compares the findings of a configuration before and after a change.

    `table` lists the checks; only those that run at boot count.
    """

    def __init__(self, context: Context, apply: Apply, table: Iterable[Check]) -> None:
        self._table = tuple(check for check in table if check.boot)
        self._before = self._findings_of(context)
        self.context = context
        self.apply = apply

    def clears(self, changes: Changes, *codes: str) -> bool:
        """
        Return whether the changes clear all findings of these codes and cause no new or worse one.
        """
        after = self._findings_of(self.apply(changes))
        return self._is_no_worse(after) and not any(code in codes for code, _ in after)

    def is_harmless(self, changes: Changes, *codes: str) -> bool:
        """
        Return whether the changes cause no new or worse finding, except of these codes.
        """
        after = self._findings_of(self.apply(changes))
        return self._is_no_worse({key: after[key] for key in after if key[0] not in codes})

    def _is_no_worse(self, after: _Severities) -> bool:
        before = self._before
        return all(key in before and after[key] <= before[key] for key in after)

    def _findings_of(self, context: Context) -> _Severities:
        """
        Return the highest severity for each check and setting; a check that crashes is an error.
        """
        severities: dict[tuple[str, str], Severity] = {}
        for result in run(context, self._table):
            if result.status is Status.CRASHED:
                severities[result.code, ""] = Severity.ERROR
            for finding in _unsuppressed(result.findings):
                key = (finding.code, finding.fields[0] if finding.fields else "")
                severities[key] = max(finding.severity, severities.get(key, finding.severity))
        return severities


def open_findings(check: Check, context: Context) -> tuple[Finding, ...]:
    """
    Return the findings of one check that are not suppressed.

    A check that is skipped, because a value that it needs is not valid, has no findings.
    """
    (result,) = run(context, (check,))
    return tuple(_unsuppressed(result.findings))


def _unsuppressed(findings: Iterable[Finding]) -> Iterator[Finding]:
    return (finding for finding in findings if finding.suppressed is None)
