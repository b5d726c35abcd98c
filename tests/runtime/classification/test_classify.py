"""
Tests of classify() with built-in exceptions, groups, causes and unusual objects.
"""

import asyncio
import builtins
import errno
import json
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.classification.foreign_classes import MARK, Unusable, foreign, imported_packages
from workerctl.runtime.async_helpers import NestedRunError
from workerctl.runtime.classification.known_errors import KNOWN, UNCONNECTED, WRAPPERS
from workerctl.runtime.exceptions import (
    EmbeddingPartialFailure,
    InvalidFileError,
    LLMRateLimitError,
    LLMTimeoutError,
    WorkerBaseException,
)
from workerctl.runtime.retry import Verdict, classify, retryable


def raised_from(error: BaseException, cause: BaseException | None) -> BaseException:
    """
    Return an error with a cause.
    """
    error.__cause__ = cause
    return error


def while_handling(error: BaseException, context: BaseException) -> BaseException:
    """
    Return an error that was raised `from None` while another was handled.
    """
    error.__context__ = context
    error.__suppress_context__ = True
    return error


RQ_TIMEOUT = foreign("rq.timeouts.JobTimeoutException", foreign("rq.timeouts.BaseTimeoutException"))

# Exception, kind, category, sent.
PYTHON = [
    (TimeoutError(), "retryable", "timeout", "unknown"),
    (ConnectionRefusedError(), "retryable", "network", "no"),
    (ConnectionResetError(), "retryable", "network", "unknown"),
    (BrokenPipeError(), "retryable", "network", "unknown"),
    (socket.gaierror(-2, "x"), "retryable", "network", "no"),
    (OSError(errno.EHOSTUNREACH, "x"), "retryable", "network", "no"),
    (OSError(errno.ENOSPC, "x"), "unknown", "", "unknown"),
    (asyncio.IncompleteReadError(b"", 1), "retryable", "network", "unknown"),
    (ssl.SSLError(1, "x"), "retryable", "network", "unknown"),
    (ssl.SSLCertVerificationError(1, "x"), "permanent", "auth", "no"),
    (FileNotFoundError(), "permanent", "local", "no"),
    (PermissionError(), "permanent", "local", "no"),
    (json.JSONDecodeError("x", "{", 0), "permanent", "answer", "unknown"),
    (TypeError(), "permanent", "bug", "unknown"),
    (NestedRunError(), "permanent", "bug", "unknown"),
    (AttributeError(), "permanent", "bug", "unknown"),
    (KeyError(), "permanent", "bug", "unknown"),
    (NameError(), "permanent", "bug", "unknown"),
    (ImportError(), "permanent", "bug", "unknown"),
    (AssertionError(), "permanent", "bug", "unknown"),
    (ZeroDivisionError(), "permanent", "bug", "unknown"),
    (RecursionError(), "permanent", "bug", "unknown"),
    (NotImplementedError(), "permanent", "bug", "unknown"),
    (UnicodeDecodeError("utf-8", b"x", 0, 1, "x"), "permanent", "bug", "unknown"),
    (ValueError(), "permanent", "bug", "unknown"),
    (RuntimeError("x"), "unknown", "", "unknown"),
    (Exception(), "unknown", "", "unknown"),
    (asyncio.CancelledError(), "unknown", "", "unknown"),
    (KeyboardInterrupt(), "unknown", "", "unknown"),
    (SystemExit(1), "unknown", "", "unknown"),
    (RuntimeError("Event loop is closed"), "permanent", "bug", "unknown"),
    (
        RuntimeError("Task got Future attached to a different loop"),
        "permanent",
        "bug",
        "unknown",
    ),
    (RQ_TIMEOUT(), "retryable", "job", "unknown"),
    (foreign("supabase_auth.errors.AuthRetryableError")(), "retryable", "unavailable", "unknown"),
]


@pytest.mark.parametrize(
    ("error", "kind", "category", "sent"),
    PYTHON,
    ids=[f"{number}-{type(row[0]).__name__}" for number, row in enumerate(PYTHON)],
)
def test_what_python_raises_is_known(
    error: BaseException, kind: str, category: str, sent: str
) -> None:
    """The class decides; a class that is not in the table is unknown, not permanent."""
    verdict = classify(error)

    assert (verdict.kind, verdict.category, verdict.sent) == (kind, category, sent)
    assert (verdict.status, verdict.retry_after) == (None, None)
    assert verdict.reason


# --------------------------------------------------------------------------------- own exceptions


def test_our_own_exceptions_state_their_verdict() -> None:
    """Our exceptions contain their kind, and the details that translate_errors() stored."""
    details = {"status": 429, "category": "rate_limit", "sent": "no"}

    assert classify(LLMRateLimitError("x", details, retry_after=7)) == Verdict(
        "retryable", "LLM_RATE_LIMIT", 429, 7.0, "rate_limit", "no"
    )
    assert classify(InvalidFileError("x")) == Verdict("permanent", "INVALID_FILE")
    assert classify(EmbeddingPartialFailure("x")).kind == "partial"


@pytest.mark.parametrize("details", [{"status": "x", "category": 3, "sent": ["no"]}, {}])
def test_details_of_another_form_are_ignored(details: dict[str, Any]) -> None:
    """Details with the same names are ignored if their values have another form."""
    assert classify(LLMTimeoutError("x", details)) == Verdict("retryable", "LLM_TIMEOUT")


def test_a_class_of_the_team_is_judged_by_its_flag() -> None:
    """`retryable` decides about a team's class, whatever its base class is."""
    ours = type("Ours", (WorkerBaseException,), {"retryable": True, "error_code": "OURS"})

    assert classify(ours("x")) == Verdict("retryable", "OURS")


# ----------------------------------------------------------------------------------------- groups


@pytest.mark.parametrize(
    ("members", "kind", "retry_after"),
    [
        ([TimeoutError(), TypeError()], "permanent", None),
        ([TimeoutError(), Exception(), EmbeddingPartialFailure()], "unknown", None),
        ([TimeoutError(), EmbeddingPartialFailure()], "retryable", None),
        ([EmbeddingPartialFailure()], "partial", None),
        (
            [LLMRateLimitError(retry_after=3), LLMRateLimitError(retry_after=9), TimeoutError()],
            "retryable",
            9.0,
        ),
        ([ExceptionGroup("x", [TypeError()]), TimeoutError()], "permanent", None),
        ([KeyboardInterrupt(), TimeoutError()], "unknown", None),
    ],
)
def test_the_worst_of_a_group_decides(
    members: list[BaseException], kind: str, retry_after: float | None
) -> None:
    """The least retryable member decides; if all members are retryable, the longest wait counts."""
    verdict = classify(BaseExceptionGroup("x", members))

    assert (verdict.kind, verdict.retry_after) == (kind, retry_after)


def test_a_group_is_unsent_only_if_all_members_are() -> None:
    """A group is unsent only if all members are: one request may have taken effect."""
    refused = ConnectionRefusedError()

    assert classify(ExceptionGroup("x", [refused, refused])).sent == "no"
    assert classify(ExceptionGroup("x", [refused, TimeoutError()])).sent == "unknown"


def test_a_group_with_the_timeout_of_the_job_has_its_category() -> None:
    """RQ's timeout in a group ends the stage, even if another member requests a wait."""
    group = ExceptionGroup("x", [LLMRateLimitError(retry_after=9), RQ_TIMEOUT()])

    assert classify(group).category == "job"
    assert not retryable(group)


# ------------------------------------------------------------------------------------ causes


@pytest.mark.parametrize("link", [raised_from, while_handling])
@pytest.mark.parametrize(
    ("cause", "category"),
    [
        (RuntimeError("Event loop is closed"), "bug"),
        (ssl.SSLCertVerificationError(1, "x"), "auth"),
        (RQ_TIMEOUT(), "job"),
    ],
    ids=["loop", "certificate", "RQ"],
)
def test_some_causes_decide_whatever_wraps_them(
    link: Callable[[BaseException, BaseException], BaseException],
    cause: BaseException,
    category: str,
) -> None:
    """Some causes decide, even if the context is suppressed: httpcore raises `from None`."""
    wrapped = link(TimeoutError(), link(OSError(), cause))

    assert classify(wrapped).category == category


def test_our_own_exception_around_rqs_timeout_ends_the_stage() -> None:
    """The job is retried, but not the stage, because the job's time is over."""
    error = raised_from(LLMTimeoutError("x"), RQ_TIMEOUT())

    assert classify(error).kind == "retryable"
    assert not retryable(error)
    assert retryable(LLMTimeoutError("x"))


def test_other_causes_are_ignored() -> None:
    """All other causes are ignored: code that raises another error does so on purpose."""
    assert classify(raised_from(TimeoutError(), TypeError())).kind == "retryable"
    assert classify(raised_from(Exception(), TimeoutError())).kind == "unknown"


def test_a_refused_connection_among_the_causes_proves_that_nothing_was_sent() -> None:
    """A refusal proves it for network errors; a timeout may follow one of another address."""
    refused = ConnectionRefusedError()

    assert classify(raised_from(ConnectionError(), refused)).sent == "no"
    assert classify(raised_from(TimeoutError(), refused)).sent == "unknown"


# ---------------------------------------------------------------------- names and packages


def test_a_class_is_known_by_its_name_and_package() -> None:
    """A team's subclass matches; a class of another package with the same name does not."""
    base = foreign("httpx._exceptions.TimeoutException")
    real = foreign("httpx._exceptions.ReadTimeout", base)

    assert classify(foreign("team.errors.Slow", real)()).category == "timeout"
    assert classify(foreign("team.httpx.ReadTimeout")()).kind == "unknown"
    assert classify(foreign("httpxtras.ReadTimeout")()).kind == "unknown"


def test_a_status_counts_only_in_known_packages() -> None:
    """`status` and `code` count only for known packages: elsewhere, they have other meanings."""
    attributes = {"status": 503, "code": 503}

    assert classify(foreign("team.Machine", **attributes)()).kind == "unknown"
    assert classify(foreign("storage3.StorageApiError", **attributes)()).status == 503
    assert classify(foreign("team.Refused", status_code=503)()).status == 503
    assert classify(foreign("team.Refused", status_code=1003)()).kind == "unknown"


def test_classifying_imports_nothing_foreign() -> None:
    """classify() imports no third-party package, even if it is installed."""
    code = """
from workerctl.runtime.retry import classify, translate_errors
kinds = {name: type(name.rpartition(".")[2], (Exception,), {
    "__module__": name.rpartition(".")[0], "status_code": 429,
    "headers": {"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}}) for name in
    ("openai.RateLimitError", "httpx.ReadTimeout", "redis.ConnectionError", "rq.X")}
assert all(classify(kind("x")).retry_after == 0.0 for kind in kinds.values())
"""
    assert imported_packages(code) == "workerctl"


def test_the_table_is_consistent() -> None:
    """Wrappers are in the table, and all classes that mean "not connected" count as unsent."""
    assert set(KNOWN) >= WRAPPERS
    assert "builtins.ConnectionRefusedError" in UNCONNECTED
    assert all(KNOWN[name][2] == "no" for name in UNCONNECTED)
    for name in (name for name in KNOWN if name.startswith("builtins.")):
        assert issubclass(getattr(builtins, name.removeprefix("builtins.")), Exception)


# ---------------------------------------------------------------------------- unusual exceptions


def failing(_self: object) -> Any:
    """
    Raise an error; the getter of a property.
    """
    raise ValueError(MARK)


NAMES = (
    *("status_code", "status", "code", "type", "body", "details", "headers", "response"),
    *("sqlstate", "pgcode", "errno", "__cause__", "__context__", "exceptions", "__class__"),
    *("retry_after", "error_code", "retryable", "__str__", "__notes__"),
)
TEXTS = st.sampled_from([MARK, MARK * 10_000, f"insufficient_quota {MARK}", "x\ud800"]) | st.text()
VALUES = st.recursive(
    TEXTS
    | st.integers()
    | st.builds(pow, st.just(10), st.just(5000))
    | st.sampled_from([429, 503, "429", float("nan"), None, True, b"\xff"])
    | st.builds(Unusable),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "details", "code", "type", "@type", "retryDelay", "Retry-After"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
BASES = st.sampled_from(
    [
        *(Exception, BaseException, ValueError, OSError, RuntimeError, TimeoutError),
        *(LLMTimeoutError, EmbeddingPartialFailure, WorkerBaseException),
        *(foreign(name) for name in sorted(KNOWN) if not name.startswith("builtins.")),
        *(foreign("openai.APIError"), foreign("postgrest.APIError"), foreign("google.genai.E")),
    ]
)


@st.composite
def unusual_exceptions(draw: st.DrawFn) -> tuple[BaseException]:
    """
    Generate exceptions of known and unknown classes whose attributes have any value, or fail.

    Each is in a tuple, because Hypothesis inspects what a strategy returns.
    """
    base: Any = draw(BASES)
    attributes: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5)):
        attributes[name] = (
            property(failing, lambda _self, _value: None) if draw(st.booleans()) else draw(VALUES)
        )
    if "__str__" in attributes:
        attributes["__str__"] = failing
    kind: Any = type("Odd", (base,), attributes)
    made: BaseException = kind.__new__(kind, draw(TEXTS))
    BaseException.__init__(made, draw(TEXTS))
    if draw(st.booleans()) and not {"__cause__", "__context__"} & set(attributes):
        causes = (made, TimeoutError(MARK), ConnectionError(MARK))
        made.__cause__ = causes[draw(st.integers(0, 2))]  # sampled_from would inspect them
        made.__cause__.__context__ = made
    return (made,)


@given(unusual_exceptions())
def test_classifying_never_fails_and_never_repeats_a_text(made: tuple[BaseException]) -> None:
    """classify() accepts any exception, alone or in a group, and never shows its text."""
    (exc,) = made
    for one in (exc, BaseExceptionGroup(MARK, [exc, TimeoutError(MARK)])):
        verdict = classify(one)

        assert verdict.kind in {"retryable", "permanent", "partial", "unknown"}
        assert MARK not in repr(verdict)
        assert len(repr(verdict)) < 1000
        assert isinstance(retryable(one), bool)
        assert json.dumps(vars(verdict))


def test_a_class_that_cannot_be_examined_is_unknown() -> None:
    """An exception whose class fails to be examined is unknown."""

    class Meta(type):
        @property
        def __mro__(cls) -> Any:
            raise OSError(MARK)

    error = Meta("Odd", (Exception,), {})("x")

    assert classify(error) == Verdict("unknown", "an exception that cannot be examined")


def test_deeply_nested_groups_and_causes_are_classified() -> None:
    """Groups and causes may be nested more deeply than Python's stack."""
    group: Exception = TimeoutError()
    chain: BaseException = ssl.SSLCertVerificationError(1, "x")
    for _ in range(sys.getrecursionlimit() * 2):
        group = ExceptionGroup("x", [group])
        chain = raised_from(Exception(), chain)

    assert classify(group).kind == "unknown"
    assert classify(chain).kind == "unknown"


def test_a_connection_error_that_is_its_own_cause_is_a_network_error() -> None:
    """A cycle of causes, direct or through a group, does not affect the verdict."""
    error: BaseException = foreign("openai.APIConnectionError")("x")
    for cause in (error, ExceptionGroup("x", [error])):  # type: ignore[type-var]
        verdict = classify(raised_from(error, cause))

        assert (verdict.kind, verdict.category) == ("retryable", "network")
        assert len(verdict.reason) <= 250
