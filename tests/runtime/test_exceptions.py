"""
The worker's own exceptions: names, codes, and that they survive every way out of a process.
"""

import copy
import inspect
import json
import pickle
import threading
from typing import Any

import pytest
from pydantic import SecretStr

from tests.runtime.classification.stand_ins import brought
from workerctl.runtime import exceptions
from workerctl.runtime.exceptions import (
    EmbeddingPartialFailure,
    InvalidFileError,
    LLMRateLimitError,
    LLMTimeoutError,
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


class OfTheTeam(PermanentException):
    """
    Its `__init__` takes what no other does.
    """

    def __init__(self, candidate: int, *, pages: int) -> None:
        super().__init__(f"Candidate {candidate}", {"pages": pages})
        self.candidate = candidate


class Forgetful(RetryableException):
    """
    Its `__init__` does not call the one of its base.
    """

    def __init__(self, candidate: int) -> None:
        self.candidate = candidate


def drawn(kind: type[WorkerBaseException], depth: int = 0) -> str:
    """
    The tree as it really is, in the form of the table above.
    """
    name = "  " * depth + kind.__name__
    children = (drawn(child, depth + 1) for child in kind.__subclasses__() if child in CLASSES)
    return f"{name:<32}{kind.error_code}\n" + "".join(children)


# ------------------------------------------------------------------------------ the plan's tests


class TestExceptionHierarchy:
    """
    The plan's own tests of its exceptions, with the import that it forgot.
    """

    def test_retryable_flag(self) -> None:
        """Whether another try could help."""
        retryable = LLMTimeoutError("timeout")
        assert retryable.retryable is True

        permanent = InvalidFileError("invalid")
        assert permanent.retryable is False

    def test_error_code(self) -> None:
        """The code that other programs read."""
        err = LLMTimeoutError("timeout")
        assert err.error_code == "LLM_TIMEOUT"

    def test_details(self) -> None:
        """What is known beside the text."""
        err = LLMTimeoutError("timeout", details={"timeout_seconds": 120})
        assert err.details["timeout_seconds"] == 120

    def test_a_plain_handler_still_catches_them(self) -> None:
        """The way back that the plan promises."""
        assert issubclass(EmbeddingPartialFailure, Exception)


# -------------------------------------------------------------------------------------- the tree


def test_the_tree_is_the_contract() -> None:
    """Names, bases, codes and their order."""
    assert drawn(WorkerBaseException) == TREE.lstrip()


@EVERY_CLASS
def test_the_base_says_whether_another_try_could_help(kind: type[WorkerBaseException]) -> None:
    """And the verdict agrees."""
    partial = issubclass(kind, exceptions.PartialFailureException)

    assert kind.retryable is issubclass(kind, RetryableException)
    assert classify(kind("It is so.")).kind == (
        "partial" if partial else "retryable" if kind.retryable else "permanent"
    )


# ---------------------------------------------------------------------------------- the way out


def ways_out(error: WorkerBaseException) -> list[Any]:
    """
    The same error after each of them.
    """
    pickled = [
        pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 -- ours
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ]
    return [*pickled, copy.copy(error), copy.deepcopy(error)]


@EVERY_CLASS
def test_an_error_survives_pickle_and_copy(kind: type[WorkerBaseException]) -> None:
    """With everything that it holds, notes included."""
    error = kind("It is so.", {"pages": [1, 2]}, retry_after=2.5)
    error.add_note("On Monday.")

    for again in ways_out(error):
        assert type(again) is kind
        assert (str(again), again.args, vars(again)) == ("It is so.", error.args, vars(error))


def test_so_does_one_with_an_init_of_its_own() -> None:
    """Which by default would be called with the wrong arguments."""
    for again in ways_out(OfTheTeam(7, pages=3)):
        assert (type(again), again.candidate, again.details) == (OfTheTeam, 7, {"pages": 3})
        assert str(again) == "Candidate 7"


def test_an_init_that_forgets_its_base_leaves_a_whole_error() -> None:
    """Only without a message."""
    for error in (Forgetful(7), *ways_out(Forgetful(7))):
        assert (error.candidate, error.message, error.details) == (7, "", {})
        assert error.to_dict()["retry_after"] is None
        assert classify(error).kind == "retryable"


def test_a_deep_copy_shares_nothing() -> None:
    """What changes in it changes in it alone."""
    error = LLMTimeoutError("It is so.", {"pages": [1]})
    copy.deepcopy(error).details["pages"].append(2)

    assert error.details == {"pages": [1]}


def test_the_details_are_the_errors_own() -> None:
    """The dictionary that was passed may go on changing."""
    given = {"pages": 1}
    error = LLMTimeoutError("It is so.", given)
    given["pages"] = 2

    assert error.details == {"pages": 1}
    assert LLMTimeoutError().details is not LLMTimeoutError().details


@EVERY_CLASS
def test_an_error_is_plain_json(kind: type[WorkerBaseException]) -> None:
    """There and back."""
    shown = kind("It is so.", {"pages": 3}, retry_after=2).to_dict()

    assert json.loads(json.dumps(shown)) == shown
    assert shown == {
        "error_code": kind.error_code,
        "message": "It is so.",
        "retryable": kind.retryable,
        "retry_after": 2.0,
        "details": {"pages": 3},
    }


def test_what_json_does_not_know_is_shown_as_its_type() -> None:
    """Its text could be anything, a secret too."""
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


def test_a_message_that_is_no_text_is_not_shown_either() -> None:
    """An exception in its place brings a text that nobody has read."""
    error = LLMTimeoutError(ValueError("swordfish"))  # type: ignore[arg-type]

    assert error.to_dict()["message"] == "<builtins.ValueError>"


def test_the_text_of_an_error_is_its_message_alone() -> None:
    """Details are not for people who read logs."""
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
    """Given as an argument, or among the details as the plan does."""
    assert LLMRateLimitError("It is so.", retry_after=given).retry_after == seconds
    assert LLMRateLimitError("It is so.", {"retry_after": given}).retry_after == seconds


def test_the_argument_beats_the_details() -> None:
    """Zero too."""
    assert LLMRateLimitError("", {"retry_after": 60}, retry_after=0).retry_after == 0.0


def test_importing_them_brings_next_to_nothing() -> None:
    """The key ring does."""
    assert brought("import workerctl.runtime.exceptions") == "workerctl"
