"""
Exceptions for jobs to raise, whose class says whether another run could help.

    from workerctl.runtime.exceptions import InvalidFileError

    raise InvalidFileError("The file holds no text.", {"pages": 3})

The module imports very little, so any part of a worker can use it. The docstring of a class is its
entry in docs/exceptions.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar, Self

from workerctl.runtime.plain import plain, seconds


class WorkerBaseException(Exception):  # noqa: N818 -- the established name
    """
    The base class of all exceptions of a worker; raised itself, it is permanent.

    `message` is the text of the exception; `details` is a dictionary, which only `to_dict()` shows.
    Put neither secrets nor personal data into them. `retry_after` is the minimum delay in seconds
    before another run, up to a day, by default `details["retry_after"]`. Instances can be copied
    and pickled, even those of a subclass with a different `__init__`.
    """

    error_code: ClassVar[str] = "WORKER_ERROR"
    retryable: ClassVar[bool] = False
    message: str
    details: dict[str, Any]
    retry_after: float | None

    def __new__(cls, *args: Any, **_kwargs: Any) -> Self:  # noqa: D102 -- see the class
        # Not in `__init__`, which that of a subclass may forget to call.
        error = super().__new__(cls, *args)
        error.message, error.details, error.retry_after = "", {}, None
        return error

    def __init__(
        self,
        message: str = "",
        details: Mapping[str, Any] | None = None,
        *,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})
        given = self.details.get("retry_after") if retry_after is None else retry_after
        self.retry_after = seconds(given)

    def to_dict(self) -> dict[str, Any]:
        """
        Return the error as a dictionary of JSON types; other objects are replaced by their type.

            >>> InvalidFileError("The file holds no text.", {"pages": 3}).to_dict()["details"]
            {'pages': 3}

        The keys are `error_code`, `message`, `retryable`, `retry_after` and `details`.
        """
        return {
            "error_code": code_of(self),
            "message": plain(self.message),
            "retryable": self.retryable,
            "retry_after": self.retry_after,
            "details": plain(self.details),
        }

    def __reduce__(self) -> tuple[Any, ...]:
        # The default calls the class with `args`, which do not fit a different `__init__`.
        return _rebuild, (type(self), self.args), self.__dict__


class RetryableException(WorkerBaseException):
    """
    A temporary problem: the same job may succeed later.
    """

    retryable = True


class LLMTimeoutError(RetryableException):
    """
    The language model did not answer in time.
    """

    error_code = "LLM_TIMEOUT"


class LLMRateLimitError(RetryableException):
    """
    The provider of the language model limits the rate of requests.

    A used-up account is a ProviderQuotaError instead.
    """

    error_code = "LLM_RATE_LIMIT"


class LLMUnavailableError(RetryableException):
    """
    The language model could not be reached, is overloaded or had an internal error.
    """

    error_code = "LLM_UNAVAILABLE"


class EmbeddingTimeoutError(RetryableException):
    """
    The embedding service did not answer in time, could not be reached or had an internal error.
    """

    error_code = "EMBEDDING_TIMEOUT"


class EmbeddingRateLimitError(RetryableException):
    """
    The embedding service limits the rate of requests.
    """

    error_code = "EMBEDDING_RATE_LIMIT"


class StageDeadlineError(RetryableException):
    """
    A stage has used up its time, or its job has too little left for another attempt.

    The stage does not retry; another run of the job may.
    """

    error_code = "STAGE_DEADLINE"


class DatabaseConnectionError(RetryableException):
    """
    The database could not be reached, had no free connection, or aborted a conflicting transaction.
    """

    error_code = "DB_CONNECTION_ERROR"


class StorageDownloadError(RetryableException):
    """
    A file could not be downloaded from the storage.

    A file that does not exist is a ProviderRequestError instead.
    """

    error_code = "STORAGE_DOWNLOAD_ERROR"


class WebhookDeliveryError(RetryableException):
    """
    The receiver of a webhook could not be reached or had an internal error.

    Another run repeats the whole job. Once the result is stored, catch this exception and raise a
    PartialFailureException instead.
    """

    error_code = "WEBHOOK_DELIVERY"


class PermanentException(WorkerBaseException):
    """
    A lasting problem: the same job would fail again.
    """


class InvalidFileError(PermanentException):
    """
    The file has an unsupported format, is damaged, encrypted or too large, or contains no text.
    """

    error_code = "INVALID_FILE"


class MultiIdentityError(PermanentException):
    """
    One document describes more than one person.
    """

    error_code = "MULTI_IDENTITY"


class EncryptionError(PermanentException):
    """
    Personal data could not be encrypted or decrypted: the key is wrong, or the token was altered.
    """

    error_code = "ENCRYPTION_ERROR"


class ValidationError(PermanentException):
    """
    The input or the result of the job breaks a rule.
    """

    error_code = "VALIDATION_ERROR"


class InsufficientCreditsError(PermanentException):
    """
    The customer has no credits left.

    An empty account of the worker at a provider is a ProviderQuotaError instead.
    """

    error_code = "INSUFFICIENT_CREDITS"


class ProviderAuthError(PermanentException):
    """
    A service rejects the worker's credentials, or the worker rejects the service's certificate.
    """

    error_code = "PROVIDER_AUTH"


class ProviderQuotaError(PermanentException):
    """
    The worker's account at a provider is used up, and waiting does not help.
    """

    error_code = "PROVIDER_QUOTA"


class ProviderRequestError(PermanentException):
    """
    A service rejects the request: for example, the object is missing or a constraint is violated.
    """

    error_code = "PROVIDER_REQUEST"


class LLMParseError(PermanentException):
    """
    The language model answered, but not with the requested JSON.

    Permanent, because the prompt and the document cause a bad answer more often than chance does,
    and another run pays for the whole pipeline again. Ask again within the stage instead.
    """

    error_code = "LLM_PARSE_ERROR"


class PartialFailureException(WorkerBaseException):
    """
    Part of the work failed, and the rest is useful: the job finishes, with a warning.

    The job returns `details["result"]`.
    """

    error_code = "PARTIAL_FAILURE"


class EmbeddingPartialFailure(PartialFailureException):
    """
    Some embeddings are missing, so searches are incomplete.
    """

    error_code = "EMBEDDING_PARTIAL_FAILURE"


class VisualAgentFailure(PartialFailureException):
    """
    The thumbnail could not be created.
    """

    error_code = "VISUAL_AGENT_FAILURE"


def code_of(error: WorkerBaseException) -> str:
    """
    Return the text of an error's code, which a subclass may give as a number or an Enum member.

    That of the base class stands for anything else.
    """
    code: object = error.error_code
    if isinstance(code, Enum):
        code = code.value
    if isinstance(code, int):
        return str(code)
    return str(code) if isinstance(code, str) else WorkerBaseException.error_code


def _rebuild(kind: type[WorkerBaseException], args: tuple[Any, ...]) -> WorkerBaseException:
    return kind.__new__(kind, *args)
