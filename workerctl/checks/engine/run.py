"""
Running checks in the order of the table, each behind its own error boundary.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeGuard

from workerctl.checks.base import (
    NO_PIPELINE,
    Check,
    Context,
    DeferCheck,
    NotApplicable,
    SkipCheck,
    because_at_build,
    because_invalid,
    because_later,
    titled,
)
from workerctl.checks.engine.select import Selection
from workerctl.report.findings import Finding, Location, Severity, Suppression, accepting
from workerctl.report.results import Result, Status
from workerctl.report.type_names import type_name
from workerctl.secrecy.credential_names import is_credential_name
from workerctl.secrecy.masking import MASK, hidden_parts
from workerctl.sources.names import Spelling

if TYPE_CHECKING:
    from workerctl.secrecy.redaction import Redactor

_KINDS: dict[str, Any] = {
    "severity": Severity,
    "message": str,
    "hint": str | None,
    "fields": tuple,
    "location": Location | None,
}


def run(
    context: Context, checks: Iterable[Check], selection: Selection | None = None
) -> tuple[Result, ...]:
    """
    Run the selected checks in their order, and return a result for each.

    A check that raises gets the status "crashed"; the run continues with the next one. Of several
    findings about one value, only the one that names the cause is reported.
    """
    results = Runner(context, checks, selection or Selection()).run()
    if not any(result.findings for result in results):
        return results
    from workerctl.checks.engine import causes  # the best configurations have no finding

    return causes.without_hidden(results)


class Runner:
    """
    One run of the checks over one context.

    A check that a selected one requires is run even if it is not selected, but not reported.
    """

    def __init__(self, context: Context, checks: Iterable[Check], selection: Selection) -> None:
        self._context = context.replace(shared={})
        self._checks = {check.code: check for check in checks}
        self._selection = selection
        self._finished: dict[str, Result] = {}
        self._redactor: Redactor | None = None

    def run(self) -> tuple[Result, ...]:
        """
        Return the results of the selected checks, in the order of the table.
        """
        results: list[Result] = []
        for check in self._checks.values():
            if not self._selection.includes(check.code):
                continue
            if check.code in self._selection.ignored:
                results.append(self._result_of(check, Status.SKIPPED, "ignored"))
                continue
            self._context = self._context.replace(results=tuple(results))
            results.append(self._result(check))
        return tuple(results)

    def _result(self, check: Check) -> Result:
        if check.code not in self._finished:
            started = time.perf_counter()
            result = self._obstacle(check) or self._attempt(check)
            self._finished[check.code] = result.replace(seconds=time.perf_counter() - started)
        return self._finished[check.code]

    def _obstacle(self, check: Check) -> Result | None:
        """
        Return the result of a check that cannot run, or None if it can.

        It cannot run if there is nothing that it could judge, if a field that it reads is invalid,
        or if the check that it requires did not pass.
        """
        missing = _nothing_to_judge(check, self._context)
        if missing is not None:
            return self._result_of(check, Status.NOT_APPLICABLE, missing)
        later = self._later(check) if check.pipeline else frozenset(check.reads)
        later &= self._context.later.keys()
        if later:
            return self._result_of(check, Status.DEFERRED, because_later(later))
        invalid = [name for name in check.reads if name in self._context.invalid]
        if invalid:
            return self._result_of(check, Status.SKIPPED, because_invalid(invalid))
        required = self._checks.get(check.requires or "")
        if required is None:
            return None
        prerequisite = self._result(required)
        if prerequisite.status is Status.PASSED:
            return None
        if prerequisite.status in {Status.SKIPPED, Status.DEFERRED, Status.NOT_APPLICABLE}:
            return self._result_of(check, prerequisite.status, prerequisite.reason)
        reason = f"{required.code} {prerequisite.status.value}"
        return self._result_of(check, Status.SKIPPED, reason)

    def _attempt(self, check: Check) -> Result:
        found: list[Finding] = []
        crash = skipped = missing = later = None
        try:
            # Whatever a check prints must not end up inside the report on standard output.
            with contextlib.redirect_stdout(sys.stderr):
                for finding in check.run(self._context):
                    found.append(self._reported(check, finding))  # noqa: PERF401 -- keep those before a crash
        except NotApplicable as nothing:
            missing = self._redacted(check, str(nothing))
        except DeferCheck as wait:
            later = str(wait)
        except SkipCheck as skip:
            skipped = self._redacted(check, str(skip))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 -- SystemExit must not turn a run green
            crash = type_name(error)
        if crash is not None:
            return self._result_of(check, Status.CRASHED, crash, found)
        if missing is not None and not found:
            return self._result_of(check, Status.NOT_APPLICABLE, missing)
        return self._completed(check, found, skipped, later)

    def _completed(
        self, check: Check, found: list[Finding], skipped: str | None, later: str | None
    ) -> Result:
        """
        Return the result of a check that did not crash, with the reason of a skip or a delay.
        """
        awaited = self._awaited_secrets(check)
        found = [finding for finding in found if not awaited.intersection(finding.fields[:1])]
        found, perhaps = self._without_unknown(found)
        certain = self._later(check)
        if any(finding.suppressed is None for finding in found):
            return self._result_of(check, Status.FAILED, None, found)
        if awaited:
            return self._result_of(check, Status.DEFERRED, because_at_build(awaited), found)
        if certain:
            later = because_later(certain)
        elif perhaps and later is None:
            is_certain = perhaps <= self._context.later.keys()
            later = because_later(perhaps) if is_certain else f"may be {because_later(perhaps)}"
        if later is not None:
            return self._result_of(check, Status.DEFERRED, later, found)
        if skipped is not None and not found:
            return self._result_of(check, Status.SKIPPED, skipped)
        return self._result_of(check, Status.PASSED, None, found)

    def _result_of(
        self, check: Check, status: Status, reason: str | None = None, found: Iterable[Finding] = ()
    ) -> Result:
        title = titled(check, self._context.schema)
        manual = check.run.__doc__ or ""
        return Result(
            check.code,
            title,
            status,
            reason,
            findings=tuple(found),
            manual=manual,
            is_built_in=check.run.__module__.startswith("workerctl."),
        )

    def _awaited_secrets(self, check: Check) -> frozenset[str]:
        """
        Return the secrets of a check that are not set yet because an image is being built.
        """
        awaited = self._context.secrets_to_come()
        return awaited if check.every_secret else awaited & self._context.looked_at(check)

    def _later(self, check: Check) -> frozenset[str]:
        """
        Return the variables of a check whose values come from elsewhere when a container starts.
        """
        later = self._context.later
        if not later:
            return frozenset()
        names = set(self._context.looked_at(check))
        if check.every_secret:
            names.update(self._context.secrets())
        return frozenset(names & later.keys())

    def _without_unknown(self, found: list[Finding]) -> tuple[list[Finding], set[str]]:
        """
        Return the findings without those about values that are not known here, and their variables.
        """
        later, perhaps = self._context.later, self._context.perhaps
        if not later and not perhaps:
            return found, set()
        unknown = later.keys() | perhaps.keys()
        withheld = [each for each in found if not unknown.isdisjoint(each.fields)]
        kept = [each for each in found if unknown.isdisjoint(each.fields)]
        return kept, {name for each in withheld for name in each.fields if name in unknown}

    def _reported(self, check: Check, finding: object) -> Finding:
        """
        Return the finding as it is reported: redacted, and with the suppression that accepts it.

        Raises TypeError for anything else that a team's check may yield.
        """
        if not _is_sound(finding, check):
            raise TypeError
        context = self._context
        return finding.replace(
            message=self._redacted(check, finding.message),
            hint=None if finding.hint is None else self._redacted(check, finding.hint),
            fields=tuple(
                name if name in context.values.names.fields else self._redacted(check, name)
                for name in finding.fields
            ),
            suppressed=accepting(context.suppressions, finding, context.env, context.today),
        )

    def _redacted(self, check: Check, text: str) -> str:
        """
        Return the text of a team's check without secrets. The checks of this package show none.
        """
        if getattr(check.run, "__module__", "").startswith("workerctl.checks."):
            return text
        if self._redactor is None:  # most runs need none
            from workerctl.secrecy.redaction import Redactor

            self._redactor = Redactor(secret_texts(self._context), MASK)
        return self._redactor.redact(text)


def redacted_suppressions(context: Context) -> tuple[Suppression, ...]:
    """
    Return the suppressions, with no secret in the reasons that comments of env files give.

    Besides the secrets of the configuration, these are what has the shape of one.
    """
    from workerctl.schema.secrets.texts import secrets_in  # most env files have no such comment
    from workerctl.secrecy.redaction import Redactor

    # A comment that names several codes is several suppressions.
    reasons = {each.reason for each in context.suppressions if each.written is not None}
    shaped = (secret for reason in reasons for secret in secrets_in("", reason))
    redactor = Redactor([*secret_texts(context), *shaped], MASK)
    redacted = {reason: redactor.redact(reason) for reason in reasons}
    return tuple(
        each if each.written is None else each.replace(reason=redacted[each.reason])
        for each in context.suppressions
    )


def secret_texts(context: Context) -> Iterator[str]:
    """
    Yield every text of a configuration that may be a secret.

    These are the secrets of the settings instance, and those in its sources: the values of secret
    settings, including those shadowed by a stronger source; invalid values; the masked parts of
    URLs; what has the shape of a secret; and values of unknown variables with the name of a
    credential.
    """
    from workerctl.schema.secrets import texts as secrets  # most runs need none

    yield from secrets.secret_texts(context.settings, context.schema)
    names = context.values.names
    for name, value in context.values.chosen.items():
        if names.is_secret(name) or name in context.invalid:
            yield value.text
        else:
            yield from hidden_parts(value.text)
            yield from secrets.secrets_in(name, value.text)
    unknown = context.values.unknown
    for name in unknown.names:
        if is_credential_name(name):
            yield unknown.text(name)
        else:
            yield from secrets.secrets_in(name, unknown.text(name))
    for source in context.values.sources():
        for assignment in source.assignments:
            known = assignment.sets
            secret = names.is_secret(known) if known else is_credential_name(assignment.name)
            if assignment.spelling == Spelling.FILE:
                continue
            if secret:
                yield assignment.text
            else:
                yield from secrets.secrets_in(known or assignment.name, assignment.text)


def _is_sound(finding: Any, check: Check) -> TypeGuard[Finding]:
    """
    Return whether every report format can write what a check yielded.
    """
    return (
        isinstance(finding, Finding)
        and finding.code == check.code
        and all(isinstance(getattr(finding, name), kind) for name, kind in _KINDS.items())
        and all(isinstance(name, str) for name in finding.fields)
    )


def _nothing_to_judge(check: Check, context: Context) -> str | None:
    """
    Return the reason why a check is not applicable, or None if it is.
    """
    if check.rules and not check.by_value and not any(map(context.schema.of, check.rules)):
        marks = " or ".join(f"`{rule.__name__}`" for rule in check.rules)
        return f"no field is marked {marks}"
    if check.pipeline and context.pipeline is None and not check.deploy:
        return NO_PIPELINE
    return None
