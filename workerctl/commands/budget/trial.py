"""
What a change of settings would do: it is applied to a copy, which all checks judge.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from workerctl import checks
from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Severity
from workerctl.report.results import Status

Changes = Mapping[str, str]
"""The texts that settings should have, by their names."""

Apply = Callable[[Changes], Context]
"""The context that the configuration would make with these changes."""

_Found = Mapping[tuple[str, str], Severity]


class Trial:
    """
    Applies changes to a copy, and lets all checks judge it.
    """

    def __init__(self, context: Context, apply: Apply, table: Iterable[Check]) -> None:
        self._table = tuple(check for check in table if check.boot)
        self._before = self._findings_of(context)
        self.context = context
        self.apply = apply

    def clears(self, changes: Changes, *codes: str) -> bool:
        """
        Whether the changes clear all findings of these codes, bring no other and worsen none.
        """
        after = self._findings_of(self.apply(changes))
        return self._is_better(after) and not any(code in codes for code, _ in after)

    def is_harmless(self, changes: Changes, *codes: str) -> bool:
        """
        Whether the changes bring no finding and worsen none, but of these codes.
        """
        after = self._findings_of(self.apply(changes))
        return self._is_better({key: after[key] for key in after if key[0] not in codes})

    def _is_better(self, after: _Found) -> bool:
        before = self._before
        return all(key in before and after[key] <= before[key] for key in after)

    def _findings_of(self, context: Context) -> _Found:
        """
        The worst finding for each check and setting; a check that crashes is one.
        """
        judged: dict[tuple[str, str], Severity] = {}
        for result in checks.run(context, self._table):
            if result.status is Status.CRASHED:
                judged[result.code, ""] = Severity.ERROR
            for finding in _counted(result.findings):
                key = (finding.code, finding.fields[0] if finding.fields else "")
                judged[key] = max(finding.severity, judged.get(key, finding.severity))
        return judged


def found_by(check: Check, context: Context) -> tuple[Finding, ...]:
    """
    What a check finds, but for what somebody accepted; nothing where a value that it needs is bad.
    """
    (result,) = checks.run(context, (check,))
    return tuple(_counted(result.findings))


def _counted(findings: Iterable[Finding]) -> Iterator[Finding]:
    return (finding for finding in findings if finding.suppressed is None)
