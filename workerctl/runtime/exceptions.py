"""
What a job raises on purpose: the class says whether another run could help.

    from workerctl.runtime.exceptions import InvalidFileError
    raise InvalidFileError("The file holds no text.", {"pages": 3})

Imports next to nothing, so that every part of a worker can use it. The docstring of a class is its
entry in docs/exceptions.md.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from workerctl.runtime.plain import plain, seconds


class WorkerBaseException(Exception):  # noqa: N818 -- the established name
    """
    The root of what a worker raises on purpose: by itself, an error that stays.

    `message` is the text; `details` are shown by `to_dict` only. Put neither secrets nor personal
    data into them. `retry_after` is the least wait in seconds before another try, by default
    `details["retry_after"]`. Pickle and copy keep every class, also one with its own `__init__`.
    """

    error_code: ClassVar[str] = "WORKER_ERROR"
    retryable: ClassVar[bool] = False
    message: str
    details: dict[str, Any]
    retry_after: float | None

    def __new__(cls, *args: Any, **_kwargs: Any) -> Self:  # noqa: D102 -- see the class
        # Here, because an `__init__` of a subclass may forget to call this one.
        made = super().__new__(cls, *args)
        made.message, made.details, made.retry_after = "", {}, None
        return made

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
        Everything about the error as plain JSON; an object that JSON does not know is its type.
        """
        return {
            "error_code": self.error_code,
            "message": plain(self.message),
            "retryable": self.retryable,
            "retry_after": self.retry_after,
            "details": plain(self.details),
        }

    def __reduce__(self) -> tuple[Any, ...]:
        # By default the class is called with `args`, which suits no `__init__` but this one.
        return _rebuilt, (type(self), self.args), self.__dict__


class RetryableException(WorkerBaseException):
    """
    Something that passes: the same job may succeed later.
    """

    retryable = True


class LLMTimeoutError(RetryableException):
    """
    The language model did not answer in time.
    """

    error_code = "LLM_TIMEOUT"


class LLMRateLimitError(RetryableException):
    """
    The provider of the language model asks to slow down; not raised when the money is spent.
    """

    error_code = "LLM_RATE_LIMIT"


class LLMUnavailableError(RetryableException):
    """
    The language model could not be reached, is overloaded or failed on its own side.
    """

    error_code = "LLM_UNAVAILABLE"


class EmbeddingTimeoutError(RetryableException):
    """
    The embedding service did not answer in time, could not be reached or failed on its own side.
    """

    error_code = "EMBEDDING_TIMEOUT"


class EmbeddingRateLimitError(RetryableException):
    """
    The embedding service asks to slow down.
    """

    error_code = "EMBEDDING_RATE_LIMIT"


class StageDeadlineError(RetryableException):
    """
    A stage has used up its time, or its job has too little left for another attempt.

    The stage ends here; the job's own retry begins it anew.
    """

    error_code = "STAGE_DEADLINE"


class DatabaseConnectionError(RetryableException):
    """
    The database could not be reached, is out of connections, or gave way to another transaction.
    """

    error_code = "DB_CONNECTION_ERROR"


class StorageDownloadError(RetryableException):
    """
    A file could not be fetched from the storage this time; not raised when it is not there.
    """

    error_code = "STORAGE_DOWNLOAD_ERROR"


class WebhookDeliveryError(RetryableException):
    """
    The receiver of a webhook could not be reached or failed on its own side.

    Another run repeats the whole job: when the result is stored, catch it and raise a partial one.
    """

    error_code = "WEBHOOK_DELIVERY"


class PermanentException(WorkerBaseException):
    """
    Something that stays: the same job fails again, however often it runs.
    """


class InvalidFileError(PermanentException):
    """
    The file is of a kind that is not read, damaged, encrypted, too large or without text.
    """

    error_code = "INVALID_FILE"


class MultiIdentityError(PermanentException):
    """
    One document tells of more than one person.
    """

    error_code = "MULTI_IDENTITY"


class EncryptionError(PermanentException):
    """
    Personal data could not be encrypted or decrypted: a wrong key, or a changed token.
    """

    error_code = "ENCRYPTION_ERROR"


class ValidationError(PermanentException):
    """
    What the job was given, or what it made of it, breaks a rule.
    """

    error_code = "VALIDATION_ERROR"


class InsufficientCreditsError(PermanentException):
    """
    The customer has no credits left; an empty account with a provider is a ProviderQuotaError.
    """

    error_code = "INSUFFICIENT_CREDITS"


class ProviderAuthError(PermanentException):
    """
    A service does not accept the worker's key, or its certificate is not accepted by the worker.
    """

    error_code = "PROVIDER_AUTH"


class ProviderQuotaError(PermanentException):
    """
    The worker's account with a provider is used up; waiting does not fill it, paying does.
    """

    error_code = "PROVIDER_QUOTA"


class ProviderRequestError(PermanentException):
    """
    A service refuses the request itself (not found, too large, a broken rule of the database).
    """

    error_code = "PROVIDER_REQUEST"


class LLMParseError(PermanentException):
    """
    The language model answered, but not with the JSON that was asked for.

    Permanent, because a bad answer comes from the prompt and the document more than from chance,
    and another run pays for the whole pipeline again. A second answer is asked for in the stage.
    """

    error_code = "LLM_PARSE_ERROR"


class PartialFailureException(WorkerBaseException):
    """
    A part is missing, the rest is good: the job finishes, with a warning.

    `details["result"]` is what the job returns then.
    """

    error_code = "PARTIAL_FAILURE"


class EmbeddingPartialFailure(PartialFailureException):
    """
    Some embeddings are missing, so that the search does not find everything.
    """

    error_code = "EMBEDDING_PARTIAL_FAILURE"


class VisualAgentFailure(PartialFailureException):
    """
    The thumbnail could not be made.
    """

    error_code = "VISUAL_AGENT_FAILURE"


def _rebuilt(kind: type[WorkerBaseException], args: tuple[Any, ...]) -> WorkerBaseException:
    return kind.__new__(kind, *args)
