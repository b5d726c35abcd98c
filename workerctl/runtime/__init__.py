"""
What a worker imports: one event loop, errors that say whether to try again, logs without secrets.

    from workerctl.runtime import boot, run_async, translate_errors

A guest in the worker's process: importing it starts nothing, and brings no package but pydantic's.
The classes for RQ are in `workerctl.runtime.rq`, which alone needs RQ.
"""

from workerctl.runtime.async_helpers import (
    NestedRunError,
    cleanup_event_loop,
    get_or_create_event_loop,
    loop_cached,
    run_async,
    with_event_loop_cleanup,
)
from workerctl.runtime.boot import boot
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
