"""
Classification of any exception: whether another run could help.

    >>> classify(ConnectionRefusedError())
    Verdict(kind='retryable', reason='builtins.ConnectionRefusedError', status=None,
            retry_after=None, category='network', sent='no')

It looks at the structure of an error (HTTP status, SQLSTATE, names of its class and base classes)
rather than for words such as "connection" in its text, and imports no SDK.
"""

from __future__ import annotations

import errno
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import get_args

from workerctl.runtime.classification.known_errors import (
    KNOWN,
    PERMISSIONS,
    UNCONNECTED,
    WRAPPERS,
)
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
    get_attribute,
    text_of,
)
from workerctl.runtime.exceptions import PartialFailureException, WorkerBaseException, code_of
from workerctl.runtime.plain import seconds

_CATEGORIES: dict[str, Category] = {name: name for name in get_args(Category)}
_CODE = "[A-Z][A-Z0-9_]{0,99}"
_MAX_CAUSES = 50
_MAX_REASON = 250
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_OTHER_LOOP = ("Event loop is closed", "different event loop", "different loop")

# The worst member decides about a group: a job finishes only if all of them are partial failures.
_WORST_FIRST: tuple[Kind, ...] = ("permanent", "unknown", "retryable", "partial")


def classify(exc: BaseException) -> Verdict:
    """
    Return the verdict on an exception. Never raises, and repeats nothing of the exception's text.

        verdict = classify(error)
        if verdict.kind == "retryable":
            ...

    An exception that no rule applies to is "unknown", which is worth one more run.
    """
    try:
        return _classify(exc)
    except Exception:  # noqa: BLE001 -- attributes of a foreign exception may raise anything
        return Verdict("unknown", "an exception that cannot be examined")


def _classify(exc: BaseException) -> Verdict:
    kind = type(exc)  # not isinstance(), which asks the exception for its __class__
    if issubclass(kind, WorkerBaseException):
        return _classify_own(exc)  # type: ignore[arg-type]
    if issubclass(kind, BaseExceptionGroup):
        return _classify_group(exc)  # type: ignore[arg-type]
    names = class_names(exc)
    return (
        _by_causes(exc)
        or _with_setting(exc, names, _by_answer(exc, names))
        or _by_cause_of_wrapper(exc, names)
        or _with_setting(exc, names, _by_class(exc, names))
        or _by_errno(exc)
        or Verdict("unknown", names[0])
    )


def _classify_own(exc: WorkerBaseException) -> Verdict:
    """
    Return the verdict that the class declares, with the details that `translate_errors` added.
    """
    attribute: object = exc.details  # of any type, if a subclass overrides it
    details = attribute if isinstance(attribute, dict) else {}
    status = details.get("status")
    category = _CATEGORIES.get(str(details.get("category")), "")
    if any(_is_interruption(class_names(cause)) for cause in _causes(exc)):
        category = "job"
    code = code_of(exc)
    partial = issubclass(type(exc), PartialFailureException)
    return Verdict(
        kind="partial" if partial else "retryable" if exc.retryable is True else "permanent",
        reason=code if re.fullmatch(_CODE, code) else class_names(exc)[0],
        status=status if isinstance(status, int) else None,
        retry_after=seconds(exc.retry_after),
        category=category,
        sent="no" if details.get("sent") == "no" else "unknown",
    )


def _classify_group(group: BaseExceptionGroup[BaseException]) -> Verdict:
    verdicts = [classify(member) for member in group.exceptions]
    worst = min(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict.kind)).kind
    alike = [verdict for verdict in verdicts if verdict.kind == worst]
    chosen = max(alike, key=lambda one: (one.category == "job", one.retry_after or 0.0))
    nothing_sent = all(verdict.sent == "no" for verdict in verdicts)
    return chosen.replace(sent="no" if nothing_sent else "unknown")


def _by_causes(exc: BaseException) -> Verdict | None:
    """
    Return a verdict if a cause at any depth decides, whatever exception an SDK raised from it.
    """
    for cause in _causes(exc):
        names = class_names(cause)
        if "builtins.RuntimeError" in names and any(
            words in text_of(cause) for words in _OTHER_LOOP
        ):
            reason = "a client of another event loop was used: create it with loop_cached"
            return Verdict("permanent", reason, category="bug")
        if "ssl.SSLCertVerificationError" in names:
            reason = "the certificate is not trusted"
            return Verdict("permanent", reason, category="auth", sent="no")
        if _is_interruption(names):
            return _verdict_by_name(names)
        if setting := _named(functools.partial(_unsendable, cause)):
            return Verdict("permanent", setting[:_MAX_REASON], category="request", sent="no")
    return None


def _unsendable(cause: BaseException) -> str | None:
    from workerctl.runtime.classification import carriers  # most workers start without a failure

    return carriers.in_unsendable_header(cause)


def _with_setting(
    exc: BaseException, names: Sequence[str], verdict: Verdict | None
) -> Verdict | None:
    """
    Add the setting that holds rejected credentials to the reason of a verdict.
    """
    if verdict is None or verdict.category != "auth":
        return verdict
    if not PERMISSIONS.isdisjoint((verdict.reason, *names)):
        return verdict
    from workerctl.runtime.classification import carriers

    setting = _named(lambda: carriers.rejected(_causes(exc)))
    if setting is None:
        return verdict
    return verdict.replace(reason=f"{verdict.reason}: {setting}"[:_MAX_REASON])


def _named(find: Callable[[], str | None]) -> str | None:
    """
    Return what is known of the setting behind an error; None if the search fails.
    """
    try:
        return find()
    except Exception:  # noqa: BLE001 -- the verdict matters more
        return None


def _by_answer(exc: BaseException, names: Sequence[str]) -> Verdict | None:
    return classify_response(exc, names) or classify_sql(exc, names) or classify_stream(exc, names)


def _by_cause_of_wrapper(exc: BaseException, names: Sequence[str]) -> Verdict | None:
    if get_attribute(exc, "__cause__") is None or WRAPPERS.isdisjoint(names):
        return None
    causes = (cause for cause in _causes(exc) if WRAPPERS.isdisjoint(class_names(cause)))
    inner = classify(next(causes, Exception()))
    if inner.kind == "unknown":
        return None
    return inner.replace(reason=f"{names[0]} caused by {inner.reason}"[:_MAX_REASON])


def _by_class(exc: BaseException, names: Sequence[str]) -> Verdict | None:
    verdict = _verdict_by_name(names)
    if verdict is not None and verdict.category == "network" and verdict.sent == "unknown":
        below = {name for cause in _causes(exc) for name in class_names(cause)}
        return verdict.replace(sent="unknown" if UNCONNECTED.isdisjoint(below) else "no")
    return verdict


def _verdict_by_name(names: Sequence[str]) -> Verdict | None:
    entry = next((KNOWN[name] for name in names if name in KNOWN), None)
    if entry is None:
        return None
    kind, category, sent = entry
    return Verdict(kind, names[0], category=category, sent=sent)


def _is_interruption(names: Sequence[str]) -> bool:
    """
    Return whether RQ interrupted the job, which an SDK may report as a failed connection.
    """
    verdict = _verdict_by_name(names)
    return verdict is not None and verdict.category == "job"


def _by_errno(exc: BaseException) -> Verdict | None:
    if issubclass(type(exc), OSError) and get_attribute(exc, "errno") in _UNREACHABLE:
        return Verdict("retryable", "the network is unreachable", category="network", sent="no")
    return None


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """
    Yield the exception and its causes.

    They include a context that `raise … from None` suppresses, because httpcore suppresses errors
    of certificates that way.
    """
    seen: set[int] = set()
    while exc is not None and id(exc) not in seen and len(seen) < _MAX_CAUSES:
        seen.add(id(exc))
        yield exc
        cause = get_attribute(exc, "__cause__")
        exc = get_attribute(exc, "__context__") if cause is None else cause
