"""
Whether another run could help, judged of any exception whatever.

By what an error is and holds (HTTP status, SQLSTATE, the class by name along its bases), never by
looking for words such as "connection" in its text; and without importing the package it is from.
"""

import errno
import re
from collections.abc import Iterator, Sequence
from typing import get_args

from workerctl.runtime.classification.known_errors import KNOWN, UNCONNECTED, WRAPPERS
from workerctl.runtime.classification.responses import (
    classify_response,
    classify_sql,
    classify_stream,
)
from workerctl.runtime.classification.verdict import (
    Category,
    Kind,
    Verdict,
    class_names,
    look,
    text_of,
)
from workerctl.runtime.exceptions import PartialFailureException, WorkerBaseException
from workerctl.runtime.plain import seconds

_CATEGORIES: dict[str, Category] = {name: name for name in get_args(Category)}
_CODE = "[A-Z][A-Z0-9_]{0,99}"
_MOST_CAUSES = 50
_LONGEST_REASON = 250
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_OTHER_LOOP = ("Event loop is closed", "different event loop", "different loop")

# In a group the worst member decides; a partial failure alone lets the job finish.
_WORST_FIRST: tuple[Kind, ...] = ("permanent", "unknown", "retryable", "partial")


def classify(exc: BaseException) -> Verdict:
    """
    The verdict on an exception: never raises, never repeats its text, imports no SDK.

    What nothing is known of is "unknown": worth one more run and a look by a person.
    """
    try:
        return _classified(exc)
    except Exception:  # noqa: BLE001 -- whatever a foreign exception does when it is looked at
        return Verdict("unknown", "an exception that cannot be examined")


def _classified(exc: BaseException) -> Verdict:
    kind = type(exc)  # not isinstance, which asks the exception for its __class__
    if issubclass(kind, WorkerBaseException):
        return _of_ours(exc)  # type: ignore[arg-type]
    if issubclass(kind, BaseExceptionGroup):
        return _of_group(exc)  # type: ignore[arg-type]
    names = class_names(exc)
    return (
        _by_causes(exc)
        or _by_answer(exc, names)
        or _by_cause_of_wrapper(exc, names)
        or _by_class(exc, names)
        or _by_errno(exc)
        or Verdict("unknown", names[0])
    )


def _of_ours(exc: WorkerBaseException) -> Verdict:
    """
    The class decides; the rest is what `translate_errors` noted in the details.
    """
    details: object = exc.details  # which a subclass may have made anything
    noted = details if isinstance(details, dict) else {}
    status = noted.get("status")
    category = _CATEGORIES.get(str(noted.get("category")), "")
    if any(_is_of_job(class_names(cause)) for cause in _causes(exc)):
        category = "job"
    partial = issubclass(type(exc), PartialFailureException)
    return Verdict(
        kind="partial" if partial else "retryable" if exc.retryable is True else "permanent",
        reason=exc.error_code if re.fullmatch(_CODE, exc.error_code) else class_names(exc)[0],
        status=status if isinstance(status, int) else None,
        retry_after=seconds(exc.retry_after),
        category=category,
        sent="no" if noted.get("sent") == "no" else "unknown",
    )


def _of_group(group: BaseExceptionGroup[BaseException]) -> Verdict:
    verdicts = [classify(member) for member in group.exceptions]
    worst = min(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict.kind)).kind
    alike = [verdict for verdict in verdicts if verdict.kind == worst]
    chosen = max(alike, key=lambda one: (one.category == "job", one.retry_after or 0.0))
    nothing_sent = all(verdict.sent == "no" for verdict in verdicts)
    return chosen._replace(sent="no" if nothing_sent else "unknown")


def _by_causes(exc: BaseException) -> Verdict | None:
    """
    What decides wherever it stands among the causes, whatever an SDK made of it.
    """
    for cause in _causes(exc):
        names = class_names(cause)
        if "builtins.RuntimeError" in names and any(
            words in text_of(cause) for words in _OTHER_LOOP
        ):
            reason = "a client of another event loop was used: make it with loop_cached"
            return Verdict("permanent", reason, category="bug")
        if "ssl.SSLCertVerificationError" in names:
            reason = "the certificate is not accepted"
            return Verdict("permanent", reason, category="auth", sent="no")
        if _is_of_job(names):
            return _entry(names)
    return None


def _by_answer(exc: BaseException, names: Sequence[str]) -> Verdict | None:
    return classify_response(exc, names) or classify_sql(exc, names) or classify_stream(exc, names)


def _by_cause_of_wrapper(exc: BaseException, names: Sequence[str]) -> Verdict | None:
    if look(exc, "__cause__") is None or WRAPPERS.isdisjoint(names):
        return None
    causes = (cause for cause in _causes(exc) if WRAPPERS.isdisjoint(class_names(cause)))
    inner = classify(next(causes, Exception()))
    if inner.kind == "unknown":
        return None
    return inner._replace(reason=f"{names[0]} of {inner.reason}"[:_LONGEST_REASON])


def _by_class(exc: BaseException, names: Sequence[str]) -> Verdict | None:
    verdict = _entry(names)
    if verdict is not None and verdict.category == "network" and verdict.sent == "unknown":
        below = {name for cause in _causes(exc) for name in class_names(cause)}
        return verdict._replace(sent="unknown" if UNCONNECTED.isdisjoint(below) else "no")
    return verdict


def _entry(names: Sequence[str]) -> Verdict | None:
    found = next((KNOWN[name] for name in names if name in KNOWN), None)
    if found is None:
        return None
    kind, category, sent = found
    return Verdict(kind, names[0], category=category, sent=sent)


def _is_of_job(names: Sequence[str]) -> bool:
    """
    Whether it is RQ's timeout or the like, which an SDK may have taken for a failed connection.
    """
    found = _entry(names)
    return found is not None and found.category == "job"


def _by_errno(exc: BaseException) -> Verdict | None:
    if issubclass(type(exc), OSError) and look(exc, "errno") in _UNREACHABLE:
        return Verdict("retryable", "the network is unreachable", category="network", sent="no")
    return None


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """
    The exception and what it came from.

    Also what `raise … from None` hides: httpcore raises so, and a certificate would stay unseen.
    """
    seen: set[int] = set()
    while exc is not None and id(exc) not in seen and len(seen) < _MOST_CAUSES:
        seen.add(id(exc))
        yield exc
        cause = look(exc, "__cause__")
        exc = look(exc, "__context__") if cause is None else cause
