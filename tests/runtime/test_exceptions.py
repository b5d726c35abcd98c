"""
Tests of the worker's exceptions: their names and codes, copying, pickling and JSON.
"""

import copy
import inspect
import json
import pickle
import threading
from enum import Enum
from http import HTTPStatus
from typing import Any

import pytest
from pydantic import SecretStr

from tests.runtime.classification.foreign_classes import imported_packages
from workerctl.runtime import exceptions
from workerctl.runtime.exceptions import (
    EmbeddingPartialFailure,
    InvalidFileError,
    LLMRateLimitError,
    LLMTimeoutError,
    PartialFailureException,
    PermanentException,
    RetryableException,
    WorkerBaseException,
)
from workerctl.runtime.retry import classify

TREE = """
WorkerBaseException             WORKER_ERROR
  RetryableException            WORKER_ERROR
    LLMTimeoutError             LLM_TIMEOUT
    LLMRateLimitError           LLM_RATE_LIMIT
    LLMUnavailableError         LLM_UNAVAILABLE
    EmbeddingTimeoutError       EMBEDDING_TIMEOUT
    EmbeddingRateLimitError     EMBEDDING_RATE_LIMIT
    StageDeadlineError          STAGE_DEADLINE
    DatabaseConnectionError     DB_CONNECTION_ERROR
    StorageDownloadError        STORAGE_DOWNLOAD_ERROR
    WebhookDeliveryError        WEBHOOK_DELIVERY
  PermanentException            WORKER_ERROR
    InvalidFileError            INVALID_FILE
    MultiIdentityError          MULTI_IDENTITY
    EncryptionError             ENCRYPTION_ERROR
    ValidationError             VALIDATION_ERROR
    InsufficientCreditsError    INSUFFICIENT_CREDITS
    ProviderAuthError           PROVIDER_AUTH
    ProviderQuotaError          PROVIDER_QUOTA
    ProviderRequestError        PROVIDER_REQUEST
    LLMParseError               LLM_PARSE_ERROR
  PartialFailureException       PARTIAL_FAILURE
    EmbeddingPartialFailure     EMBEDDING_PARTIAL_FAILURE
    VisualAgentFailure          VISUAL_AGENT_FAILURE
"""
CLASSES: list[type[WorkerBaseException]] = [
    found
    for _, found in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(found, WorkerBaseException)
]
EVERY_CLASS = pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)


class TeamError(PermanentException):
    """
    An exception of a team whose `__init__` has a different signature.
    """

    def __init__(self, candidate: int, *, pages: int) -> None:
        super().__init__(f"Candidate {candidate}", {"pages": pages})
        self.candidate = candidate


class IncompleteError(RetryableException):
    """
    An exception whose `__init__` does not call that of its base class.
    """

    def __init__(self, candidate: int) -> None:
        self.candidate = candidate


def actual_tree(kind: type[WorkerBaseException], depth: int = 0) -> str:
    """
    Return the actual class tree in the form of `TREE`.
    """
    name = "  " * depth + kind.__name__
    children = (
        actual_tree(child, depth + 1) for child in kind.__subclasses__() if child in CLASSES
    )
    return f"{name:<32}{kind.error_code}\n" + "".join(children)


# ------------------------------------------------------------------------------ the plan's tests


class TestExceptionHierarchy:
    """
    The tests of the exceptions from the project plan, with a missing import added.
    """

    def test_retryable_flag(self) -> None:
        """`retryable` says whether another attempt could succeed."""
        retryable = LLMTimeoutError("timeout")
        assert retryable.retryable is True

        permanent = InvalidFileError("invalid")
        assert permanent.retryable is False

    def test_error_code(self) -> None:
        """Every exception has the code of its class."""
        err = LLMTimeoutError("timeout")
        assert err.error_code == "LLM_TIMEOUT"

    def test_details(self) -> None:
        """Details that are passed besides the message are kept."""
        err = LLMTimeoutError("timeout", details={"timeout_seconds": 120})
        assert err.details["timeout_seconds"] == 120

    def test_a_plain_handler_still_catches_them(self) -> None:
        """Existing `except Exception` handlers keep working, as the plan promises."""
        assert issubclass(EmbeddingPartialFailure, Exception)


# -------------------------------------------------------------------------------------- the tree


def test_the_tree_is_the_contract() -> None:
    """Names, base classes, codes and their order are fixed."""
    assert actual_tree(WorkerBaseException) == TREE.lstrip()


@EVERY_CLASS
def test_the_base_class_decides_whether_an_error_is_retryable(
    kind: type[WorkerBaseException],
) -> None:
    """`retryable` follows from the base class, and the verdict agrees with it."""
    partial = issubclass(kind, exceptions.PartialFailureException)

    assert kind.retryable is issubclass(kind, RetryableException)
    assert classify(kind("It is so.")).kind == (
        "partial" if partial else "retryable" if kind.retryable else "permanent"
    )


# ---------------------------------------------------------------------------------- copies


def copies(error: WorkerBaseException) -> list[Any]:
    """
    Return copies of the error: by each pickle protocol, copy and deepcopy.
    """
    pickled = [
        pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 -- ours
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ]
    return [*pickled, copy.copy(error), copy.deepcopy(error)]


@EVERY_CLASS
def test_an_error_survives_pickle_and_copy(kind: type[WorkerBaseException]) -> None:
    """A copy has all attributes of the error, including its notes."""
    error = kind("It is so.", {"pages": [1, 2]}, retry_after=2.5)
    error.add_note("On Monday.")

    for again in copies(error):
        assert type(again) is kind
        assert (str(again), again.args, vars(again)) == ("It is so.", error.args, vars(error))


def test_an_error_with_another_signature_survives_pickle_and_copy() -> None:
    """Exceptions with another signature are copied, too; by default, `args` would not fit it."""
    for again in copies(TeamError(7, pages=3)):
        assert (type(again), again.candidate, again.details) == (TeamError, 7, {"pages": 3})
        assert str(again) == "Candidate 7"


def test_an_error_whose_init_skips_its_base_is_complete() -> None:
    """The error works, except that its message is empty."""
    for error in (IncompleteError(7), *copies(IncompleteError(7))):
        assert (error.candidate, error.message, error.details) == (7, "", {})
        assert error.to_dict()["retry_after"] is None
        assert classify(error).kind == "retryable"


def test_a_deep_copy_shares_nothing() -> None:
    """A change to the details of a deep copy leaves the original unchanged."""
    error = LLMTimeoutError("It is so.", {"pages": [1]})
    copy.deepcopy(error).details["pages"].append(2)

    assert error.details == {"pages": [1]}


def test_the_details_are_copied() -> None:
    """An error copies the details: later changes to the argument do not affect it."""
    given = {"pages": 1}
    error = LLMTimeoutError("It is so.", given)
    given["pages"] = 2

    assert error.details == {"pages": 1}
    assert LLMTimeoutError().details is not LLMTimeoutError().details


@EVERY_CLASS
def test_an_error_is_plain_json(kind: type[WorkerBaseException]) -> None:
    """`to_dict()` returns data that JSON represents without loss."""
    shown = kind("It is so.", {"pages": 3}, retry_after=2).to_dict()

    assert json.loads(json.dumps(shown)) == shown
    assert shown == {
        "error_code": kind.error_code,
        "message": "It is so.",
        "retryable": kind.retryable,
        "retry_after": 2.0,
        "details": {"pages": 3},
    }


class Code(Enum):
    """
    Codes as a team may keep them.
    """

    CREDITS = "E_CREDITS"
    PARTIAL = 206
    ODD = (1, 2)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("E_CREDITS", "E_CREDITS"),
        (4029, "4029"),
        (Code.CREDITS, "E_CREDITS"),
        (Code.PARTIAL, "206"),
        (HTTPStatus.PAYMENT_REQUIRED, "402"),
        (Code.ODD, "WORKER_ERROR"),
        (None, "WORKER_ERROR"),
        (b"bytes", "WORKER_ERROR"),
    ],
    ids=str,
)
def test_a_code_is_text_whatever_a_class_has(code: Any, text: str) -> None:
    """A number or a member of an Enum does not change what becomes of a job."""
    kind = type("OwnError", (PermanentException,), {"error_code": code})
    partial = type("OwnFailure", (PartialFailureException,), {"error_code": code})

    assert kind().to_dict()["error_code"] == text
    assert type(kind().to_dict()["error_code"]) is str
    assert (classify(kind()).kind, classify(partial()).kind) == ("permanent", "partial")
    reason = text if text.isupper() else f"{__name__.partition('.')[0]}.OwnError"
    assert classify(kind()).reason == reason


def test_a_value_that_json_cannot_represent_is_shown_as_its_type() -> None:
    """A value that JSON cannot represent is shown as its type: its text could hold a secret."""
    loop: list[Any] = []
    loop.append(loop)
    details: Any = {
        "lock": threading.Lock(),
        "secret": SecretStr("swordfish"),
        "bytes": b"swordfish",
        "number": float("nan"),
        "digits": 10**10_000,
        "pair": (1, 2.5, None, True),
        ("a", "key"): {3: "three", 10**10_000: "many"},
    }
    shown = LLMTimeoutError("It is so.", details).to_dict()["details"]

    assert shown == {
        "lock": "<_thread.lock>",
        "secret": "<pydantic.types.SecretStr>",
        "bytes": "<builtins.bytes>",
        "number": "<builtins.float>",
        "digits": "<builtins.int>",
        "pair": [1, 2.5, None, True],
        "<builtins.tuple>": {"3": "three", "<builtins.int>": "many"},
    }
    assert "swordfish" not in json.dumps(shown)
    assert json.dumps(LLMTimeoutError("It is so.", {"loop": loop, "set": {1}}).to_dict())


def test_a_message_that_is_not_a_string_is_not_shown() -> None:
    """A message that is an exception is shown as its type: its text could hold a secret."""
    error = LLMTimeoutError(ValueError("swordfish"))  # type: ignore[arg-type]

    assert error.to_dict()["message"] == "<builtins.ValueError>"


def test_the_text_of_an_error_is_its_message_alone() -> None:
    """`str()` and `repr()`, which are written to logs, do not show the details."""
    error = LLMTimeoutError("It is so.", {"key": "swordfish"})

    assert (str(error), repr(error)) == ("It is so.", "LLMTimeoutError('It is so.')")


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (0, 0.0),
        (2.5, 2.5),
        (-1, 0.0),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        (True, None),
        ("5", None),
        (None, None),
    ],
)
def test_a_wait_is_a_number_of_seconds_or_none(given: Any, seconds: float | None) -> None:
    """`retry_after` is taken from the argument or the details; an invalid value becomes None."""
    assert LLMRateLimitError("It is so.", retry_after=given).retry_after == seconds
    assert LLMRateLimitError("It is so.", {"retry_after": given}).retry_after == seconds


def test_the_argument_has_priority_over_the_details() -> None:
    """`retry_after` as an argument has priority over the details, even if it is zero."""
    assert LLMRateLimitError("", {"retry_after": 60}, retry_after=0).retry_after == 0.0


def test_importing_the_exceptions_imports_no_other_package() -> None:
    """Importing the exceptions imports no third-party package."""
    assert imported_packages("import workerctl.runtime.exceptions") == "workerctl"
