"""
The library for workers: a kept event loop, exceptions that decide about retries, redacted logs.

    from workerctl.runtime import boot, run_async, translate_errors

Importing the package has no side effects. Each name is loaded on first use, so a module that needs
only the exceptions loads nothing else; no name loads a third-party package other than pydantic's.
The worker and job classes for RQ are in `workerctl.runtime.rq`, the only module that imports RQ.
"""

from __future__ import annotations

from workerctl import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from workerctl.runtime.async_helpers import (
        NestedRunError,
        cleanup_event_loop,
        get_or_create_event_loop,
        loop_cached,
        run_async,
        with_event_loop_cleanup,
    )
    from workerctl.runtime.booting import boot
    from workerctl.runtime.deadline import StageDeadline, job_seconds_left, stage_deadline
    from workerctl.runtime.exceptions import (
        DatabaseConnectionError,
        EmbeddingPartialFailure,
        EmbeddingRateLimitError,
        EmbeddingTimeoutError,
        EncryptionError,
        InsufficientCreditsError,
        InvalidFileError,
        LLMParseError,
        LLMRateLimitError,
        LLMTimeoutError,
        LLMUnavailableError,
        MultiIdentityError,
        PartialFailureException,
        PermanentException,
        ProviderAuthError,
        ProviderQuotaError,
        ProviderRequestError,
        RetryableException,
        StageDeadlineError,
        StorageDownloadError,
        ValidationError,
        VisualAgentFailure,
        WebhookDeliveryError,
        WorkerBaseException,
    )
    from workerctl.runtime.logging_config import configure_logging, setup_logger
    from workerctl.runtime.retry import Verdict, backoff, classify, retryable, translate_errors

__all__ = [
    "DatabaseConnectionError",
    "EmbeddingPartialFailure",
    "EmbeddingRateLimitError",
    "EmbeddingTimeoutError",
    "EncryptionError",
    "InsufficientCreditsError",
    "InvalidFileError",
    "LLMParseError",
    "LLMRateLimitError",
    "LLMTimeoutError",
    "LLMUnavailableError",
    "MultiIdentityError",
    "NestedRunError",
    "PartialFailureException",
    "PermanentException",
    "ProviderAuthError",
    "ProviderQuotaError",
    "ProviderRequestError",
    "RetryableException",
    "StageDeadline",
    "StageDeadlineError",
    "StorageDownloadError",
    "ValidationError",
    "Verdict",
    "VisualAgentFailure",
    "WebhookDeliveryError",
    "WorkerBaseException",
    "backoff",
    "boot",
    "classify",
    "cleanup_event_loop",
    "configure_logging",
    "get_or_create_event_loop",
    "job_seconds_left",
    "loop_cached",
    "retryable",
    "run_async",
    "setup_logger",
    "stage_deadline",
    "translate_errors",
    "with_event_loop_cleanup",
]

# The submodules that define the names; all other names are defined in `exceptions`.
_HOMES = {
    "NestedRunError": "async_helpers",
    "cleanup_event_loop": "async_helpers",
    "get_or_create_event_loop": "async_helpers",
    "loop_cached": "async_helpers",
    "run_async": "async_helpers",
    "with_event_loop_cleanup": "async_helpers",
    "boot": "booting",
    "StageDeadline": "deadline",
    "job_seconds_left": "deadline",
    "stage_deadline": "deadline",
    "configure_logging": "logging_config",
    "setup_logger": "logging_config",
    "Verdict": "retry",
    "backoff": "retry",
    "classify": "retry",
    "retryable": "retry",
    "translate_errors": "retry",
}
__getattr__ = lazy(__name__, dict.fromkeys(__all__, "exceptions") | _HOMES)
