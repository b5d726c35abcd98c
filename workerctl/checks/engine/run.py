"""
Running checks: each behind its own boundary, in the order of the table, all of them accounted for.
"""

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeGuard

from workerctl.checks.base import Check, Context, SkipCheck, because_invalid
from workerctl.checks.engine.select import Selection
from workerctl.report.findings import Finding, Location, Severity, Suppression
from workerctl.report.results import Result, Status
from workerctl.secrecy.masking import MASK, hidden_parts, is_credential_name
from workerctl.secrecy.redaction import Redactor
from workerctl.sources.names import Spelling

_KINDS: dict[str, Any] = {
    "severity": Severity,
    "message": str,
    "hint": str | None,
    "fields": tuple,
    "location": Location | None,
}


class Runner:
    """
    One run over one context. A check that another requires is judged even when not selected.
    """

    def __init__(self, context: Context, checks: tuple[Check, ...], selection: Selection) -> None:
        self._context = context
        self._checks = {check.code: check for check in checks}
        self._selection = selection
        self._judged: dict[str, Result] = {}
        self._redactor: Redactor | None = None

    def run(self) -> tuple[Result, ...]:
        """
        The results of the selected checks.
        """
        results: list[Result] = []
        for check in self._checks.values():
            if not self._selection.includes(check.code):
                continue
            if check.code in self._selection.ignored:
                results.append(Result(check.code, check.title, Status.SKIPPED, "ignored"))
                continue
            self._context = self._context._replace(results=tuple(results))
            results.append(self._result(check))
        return tuple(results)

    def _result(self, check: Check) -> Result:
        if check.code not in self._judged:
            started = time.perf_counter()
            result = self._obstacle(check) or self._attempt(check)
            self._judged[check.code] = result._replace(seconds=time.perf_counter() - started)
        return self._judged[check.code]

    def _obstacle(self, check: Check) -> Result | None:
        """
        Why the check cannot be judged at all: a value it reads is bad, or what it requires failed.
        """
        bad = [name for name in check.reads if name in self._context.invalid]
        if bad:
            return _ended(check, Status.SKIPPED, because_invalid(bad))
        required = self._checks.get(check.requires or "")
        if required is None:
            return None
        ground = self._result(required)
        if ground.status is Status.DEFERRED:
            return _ended(check, Status.DEFERRED, ground.reason)
        if ground.status is Status.PASSED:
            return None
        if ground.status is Status.SKIPPED:
            return _ended(check, Status.SKIPPED, ground.reason)
        return _ended(check, Status.SKIPPED, f"{required.code} {ground.status.value}")

    def _attempt(self, check: Check) -> Result:
        found: list[Finding] = []
        crash = skipped = None
        try:
            # what a check prints must not get between the lines of a report on stdout
            with contextlib.redirect_stdout(sys.stderr):
                for finding in check.run(self._context):
                    found.append(self._accepted(check, finding))  # noqa: PERF401 -- keep those before a crash
        except SkipCheck as skip:
            skipped = self._words(check, str(skip))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 -- SystemExit must not turn a run green
            crash = self._words(check, type(error).__name__)
        if crash is not None:
            return _ended(check, Status.CRASHED, crash, found)
        return self._verdict(check, found, skipped)

    def _verdict(self, check: Check, found: list[Finding], skipped: str | None) -> Result:
        awaited = self._awaited(check)
        found = [finding for finding in found if not awaited.intersection(finding.fields[:1])]
        if any(finding.suppressed is None for finding in found):
            return _ended(check, Status.FAILED, None, found)
        if awaited:
            reason = f"not set at build: {', '.join(sorted(awaited))}"
            return _ended(check, Status.DEFERRED, reason, found)
        if skipped is not None and not found:
            return _ended(check, Status.SKIPPED, skipped)
        return _ended(check, Status.PASSED, None, found)

    def _awaited(self, check: Check) -> frozenset[str]:
        """
        The secrets of this check that are not there yet while an image is built.
        """
        if self._context.phase != "build":
            return frozenset()
        secrets = self._context.secrets()
        wanted = None if check.every_secret else {*check.reads, *check.looks_at}
        return frozenset(
            name
            for name in secrets
            if (wanted is None or name in wanted) and not self._context.values.is_set(name)
        )

    def _accepted(self, check: Check, finding: object) -> Finding:
        """
        The finding as it may be shown. The words of another team's check are scrubbed.
        """
        if not _is_sound(finding, check):
            raise TypeError
        return finding._replace(
            message=self._words(check, finding.message),
            hint=None if finding.hint is None else self._words(check, finding.hint),
            fields=tuple(
                name if name in self._context.values.names.fields else self._words(check, name)
                for name in finding.fields
            ),
            suppressed=self._suppression(finding),
        )

    def _words(self, check: Check, text: str) -> str:
        if getattr(check.run, "__module__", "").startswith("workerctl.checks."):
            return text
        if self._redactor is None:  # most runs have no checks but ours
            self._redactor = Redactor(secret_texts(self._context), MASK)
        return self._redactor.redact(text)

    def _suppression(self, finding: Finding) -> Suppression | None:
        context = self._context
        for suppression in context.suppressions:
            applies = not suppression.env or context.env in suppression.env
            if suppression.code == finding.code and applies and suppression.until >= context.today:
                return suppression
        return None


def secret_texts(context: Context) -> Iterator[str]:
    """
    Whatever may be a secret.

    Texts of secret settings, also where a stronger source hides them; texts that are not valid;
    what a public URL does not show; texts of unknown variables that are called like a credential.
    """
    names = context.values.names
    for name, value in context.values.chosen.items():
        if names.is_secret(name) or name in context.invalid:
            yield value.text
        else:
            yield from hidden_parts(value.text)
    unknown = context.values.unknown
    yield from (unknown.text(name) for name in unknown.names if is_credential_name(name))
    for source in context.values.sources():
        for assignment in source.assignments:
            known = assignment.sets
            secret = names.is_secret(known) if known else is_credential_name(assignment.name)
            if secret and assignment.spelling is not Spelling.FILE:
                yield assignment.text


def _is_sound(finding: Any, check: Check) -> TypeGuard[Finding]:
    """
    Whether every format can write it: another team's check may yield anything.
    """
    return (
        isinstance(finding, Finding)
        and finding.code == check.code
        and all(isinstance(getattr(finding, name), kind) for name, kind in _KINDS.items())
        and all(isinstance(name, str) for name in finding.fields)
    )


def _ended(
    check: Check, status: Status, reason: str | None = None, found: Iterable[Finding] = ()
) -> Result:
    return Result(check.code, check.title, status, reason, findings=tuple(found))
