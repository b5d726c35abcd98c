"""
Errors of SDKs, turned into the errors of a worker where its stages call them.
"""

from types import TracebackType
from typing import NamedTuple, TypeAlias

from workerctl.budget.runtime_stages import RUNTIME_STAGES, RuntimeStage
from workerctl.runtime import exceptions as ours
from workerctl.runtime.classification.classify import classify
from workerctl.runtime.classification.verdict import Category, Verdict, class_names

Stage: TypeAlias = RuntimeStage


class Classes(NamedTuple):
    """
    What a stage raises for errors that pass.
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
"""What each stage raises for errors that pass, by category."""

UNTOUCHED: frozenset[Category] = frozenset({"bug", "local", "job", ""})
"""Categories that stay what they are: not of the service that the stage talks to."""


class translate_errors:  # noqa: N801 -- reads as the verb it is, like contextlib.suppress
    """
    Raise the worker's own exception in the place of an SDK's: `with translate_errors("llm"): …`.

    The stage says what a timeout is a timeout of. Its message holds our words alone, its details
    are plain JSON: stage, class of the cause, status, category, and whether the request was sent.
    Left as they are: the worker's own exceptions, errors of the program and of local files, what
    is unknown, RQ's timeout, and what is no Exception (cancellation, exit).

    The original is kept as `__cause__`. Its text is the SDK's, with whatever the SDK put there (a
    URL, a body): `configure_logging` redacts the secrets of the settings from tracebacks, nobody
    redacts personal data. Not a decorator, because around an `async def` it would guard nothing.
    """

    def __init__(self, stage: Stage) -> None:
        if stage not in RUNTIME_STAGES:
            raise ValueError(f"The stage must be one of {', '.join(RUNTIME_STAGES)}.")
        self._stage = stage

    def __enter__(self) -> None:
        """
        Nothing to prepare.
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
    What a stage raises for an error that stays.
    """
    if category == "auth":
        return ours.ProviderAuthError
    if category == "quota":
        return ours.ProviderQuotaError
    if category == "answer" and stage == "llm":
        return ours.LLMParseError
    return ours.ProviderRequestError
