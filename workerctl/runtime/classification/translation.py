"""
Translation of SDK exceptions into the worker's own, where a stage calls the SDK.
"""

from __future__ import annotations

from types import TracebackType
from typing import TypeAlias

from workerctl.budget.runtime_stages import RUNTIME_STAGES, RuntimeStage
from workerctl.report.records import Record
from workerctl.runtime import exceptions as ours
from workerctl.runtime.classification.classify import classify
from workerctl.runtime.classification.verdict import Category, Verdict, class_names

Stage: TypeAlias = RuntimeStage


class Classes(Record):
    """
    The exception classes of a stage for temporary errors, by category.
    """

    timeout: type[ours.RetryableException]
    rate_limit: type[ours.RetryableException]
    other: type[ours.RetryableException]


RETRYABLE: dict[Stage, Classes] = {
    "llm": Classes(ours.LLMTimeoutError, ours.LLMRateLimitError, ours.LLMUnavailableError),
    "embedding": Classes(
        ours.EmbeddingTimeoutError, ours.EmbeddingRateLimitError, ours.EmbeddingTimeoutError
    ),
    "storage": Classes(*[ours.StorageDownloadError] * 3),
    "database": Classes(*[ours.DatabaseConnectionError] * 3),
    "webhook": Classes(*[ours.WebhookDeliveryError] * 3),
}
"""The exception classes of every stage for temporary errors."""

UNTOUCHED: frozenset[Category] = frozenset({"bug", "local", "job", ""})
"""Categories of errors that are not the service's, and are not translated."""


class translate_errors:  # noqa: N801 -- reads as the verb it is, like contextlib.suppress
    """
    Context manager that raises the worker's own exception in place of an SDK's.

        with translate_errors("llm"):
            answer = client.chat.completions.create(...)  # a 429 raises LLMRateLimitError

    The stage determines the class. The message contains nothing of the original text. The details
    are JSON types: stage, class of the cause, HTTP status, category, and whether the request was
    sent. Other exceptions pass unchanged: the worker's own, errors of the program and of local
    files, unknown errors, RQ's job timeout, and any that does not derive from Exception.

    The original exception is kept as `__cause__`. Its text may contain whatever the SDK put there,
    such as a URL or a body. In tracebacks, `configure_logging` redacts the secrets of the settings,
    but not personal data.

    It cannot be used as a decorator, which would have no effect on a coroutine function.
    """

    def __init__(self, stage: Stage) -> None:
        if stage not in RUNTIME_STAGES:
            raise ValueError(f"The stage must be one of {', '.join(RUNTIME_STAGES)}.")
        self._stage = stage

    def __enter__(self) -> None:
        """
        Do nothing: all the work is done on exit.
        """

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if exc is None or not issubclass(type(exc), Exception):
            return
        if issubclass(type(exc), ours.WorkerBaseException):
            return
        verdict = classify(exc)
        kind = _class_for(self._stage, verdict)
        if kind is not None:
            details = {
                "stage": self._stage,
                "cause": class_names(exc)[0],
                "status": verdict.status,
                "category": verdict.category,
                "sent": verdict.sent,
            }
            message = f"{self._stage}: {verdict.reason}"
            raise kind(message, details, retry_after=verdict.retry_after) from exc


def _class_for(stage: Stage, verdict: Verdict) -> type[ours.WorkerBaseException] | None:
    if verdict.category in UNTOUCHED or verdict.kind not in {"retryable", "permanent"}:
        return None
    if verdict.kind == "retryable":
        classes = RETRYABLE[stage]
        fitting = {"timeout": classes.timeout, "rate_limit": classes.rate_limit}
        return fitting.get(verdict.category, classes.other)
    return permanent_class(stage, verdict.category)


def permanent_class(stage: Stage, category: Category) -> type[ours.PermanentException]:
    """
    Return the exception class of a stage for a lasting error.
    """
    if category == "auth":
        return ours.ProviderAuthError
    if category == "quota":
        return ours.ProviderQuotaError
    if category == "answer" and stage == "llm":
        return ours.LLMParseError
    return ours.ProviderRequestError
