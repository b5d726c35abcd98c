"""
What is said of exceptions whose classes Python has, and of those that nobody foresaw.
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

from tests.runtime.classification.stand_ins import MARK, Evil, brought, foreign
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
    An error with a cause.
    """
    error.__cause__ = cause
    return error


def while_handling(error: BaseException, context: BaseException) -> BaseException:
    """
    An error that came while another was handled, which it hides.
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
    """By its class; what is not in the table is unknown, not permanent."""
    verdict = classify(error)

    assert (verdict.kind, verdict.category, verdict.sent) == (kind, category, sent)
    assert (verdict.status, verdict.retry_after) == (None, None)
    assert verdict.reason


# --------------------------------------------------------------------------------- own exceptions


def test_our_own_say_it_themselves() -> None:
    """And what translate_errors noted is read again."""
    noted = {"status": 429, "category": "rate_limit", "sent": "no"}

    assert classify(LLMRateLimitError("x", noted, retry_after=7)) == Verdict(
        "retryable", "LLM_RATE_LIMIT", 429, 7.0, "rate_limit", "no"
    )
    assert classify(InvalidFileError("x")) == Verdict("permanent", "INVALID_FILE")
    assert classify(EmbeddingPartialFailure("x")).kind == "partial"


@pytest.mark.parametrize("noted", [{"status": "x", "category": 3, "sent": ["no"]}, {}])
def test_details_of_another_meaning_are_left_alone(noted: dict[str, Any]) -> None:
    """A worker may use the same words."""
    assert classify(LLMTimeoutError("x", noted)) == Verdict("retryable", "LLM_TIMEOUT")


def test_a_class_of_the_team_is_judged_by_its_flag() -> None:
    """Whatever its base."""
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
    """And the longest wait, when all could be tried again."""
    verdict = classify(BaseExceptionGroup("x", members))

    assert (verdict.kind, verdict.retry_after) == (kind, retry_after)


def test_of_a_group_nothing_was_sent_only_when_that_is_so_of_all() -> None:
    """One request that may have taken effect is enough."""
    refused = ConnectionRefusedError()

    assert classify(ExceptionGroup("x", [refused, refused])).sent == "no"
    assert classify(ExceptionGroup("x", [refused, TimeoutError()])).sent == "unknown"


def test_a_group_that_ran_out_of_the_jobs_time_says_so() -> None:
    """Though another member asks for a longer wait."""
    group = ExceptionGroup("x", [LLMRateLimitError(retry_after=9), RQ_TIMEOUT()])

    assert classify(group).category == "job"
    assert not retryable(group)


# ------------------------------------------------------------ what it came from


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
def test_some_causes_decide_whatever_is_around_them(
    link: Callable[[BaseException, BaseException], BaseException],
    cause: BaseException,
    category: str,
) -> None:
    """Shown or hidden: httpcore raises "from None"."""
    wrapped = link(TimeoutError(), link(OSError(), cause))

    assert classify(wrapped).category == category


def test_our_own_exception_around_rqs_timeout_ends_the_stage() -> None:
    """The job is tried again, its time is over."""
    error = raised_from(LLMTimeoutError("x"), RQ_TIMEOUT())

    assert classify(error).kind == "retryable"
    assert not retryable(error)
    assert retryable(LLMTimeoutError("x"))


def test_other_causes_do_not_count() -> None:
    """Whoever raises another error on purpose means it."""
    assert classify(raised_from(TimeoutError(), TypeError())).kind == "retryable"
    assert classify(raised_from(Exception(), TimeoutError())).kind == "unknown"


def test_a_refused_connection_among_the_causes_proves_that_nothing_was_sent() -> None:
    """Of errors of the network; a timeout may have come after another address refused."""
    refused = ConnectionRefusedError()

    assert classify(raised_from(ConnectionError(), refused)).sent == "no"
    assert classify(raised_from(TimeoutError(), refused)).sent == "unknown"


# ---------------------------------------------------------------------- names and packages


def test_the_class_counts_with_its_package() -> None:
    """A subclass of the team matches, a class of the same bare name does not."""
    base = foreign("httpx._exceptions.TimeoutException")
    real = foreign("httpx._exceptions.ReadTimeout", base)

    assert classify(foreign("team.errors.Slow", real)()).category == "timeout"
    assert classify(foreign("team.httpx.ReadTimeout")()).kind == "unknown"
    assert classify(foreign("httpxtras.ReadTimeout")()).kind == "unknown"


def test_a_status_means_something_only_where_it_is_one() -> None:
    """Elsewhere `status` and `code` are words of other trades."""
    attributes = {"status": 503, "code": 503}

    assert classify(foreign("team.Machine", **attributes)()).kind == "unknown"
    assert classify(foreign("storage3.StorageApiError", **attributes)()).status == 503
    assert classify(foreign("team.Refused", status_code=503)()).status == 503
    assert classify(foreign("team.Refused", status_code=1003)()).kind == "unknown"


def test_classifying_imports_nothing_foreign() -> None:
    """Not even what could be imported."""
    code = """
from workerctl.runtime.retry import classify, translate_errors
kinds = {name: type(name.rpartition(".")[2], (Exception,), {
    "__module__": name.rpartition(".")[0], "status_code": 429,
    "headers": {"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}}) for name in
    ("openai.RateLimitError", "httpx.ReadTimeout", "redis.ConnectionError", "rq.X")}
assert all(classify(kind("x")).retry_after == 0.0 for kind in kinds.values())
"""
    assert brought(code) == "workerctl"


def test_the_table_holds_together() -> None:
    """What wraps others is in it, and what proves anything is not vague."""
    assert set(KNOWN) >= WRAPPERS
    assert "builtins.ConnectionRefusedError" in UNCONNECTED
    assert all(KNOWN[name][2] == "no" for name in UNCONNECTED)
    for name in (name for name in KNOWN if name.startswith("builtins.")):
        assert issubclass(getattr(builtins, name.removeprefix("builtins.")), Exception)


# ------------------------------------------------------------------------------- odd exceptions


def failing(_self: object) -> Any:
    """
    A property that fails.
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
    | st.builds(Evil),
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
def odd_exceptions(draw: st.DrawFn) -> BaseException:
    """
    Exceptions of known and unknown classes whose attributes hold anything, or fail.
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
        made.__cause__ = causes[draw(st.integers(0, 2))]  # sampled_from would look at them
        made.__cause__.__context__ = made
    return made


@given(odd_exceptions())
def test_classifying_never_fails_and_never_repeats_a_text(exc: BaseException) -> None:
    """Alone, and in a group."""
    for one in (exc, BaseExceptionGroup(MARK, [exc, TimeoutError(MARK)])):
        verdict = classify(one)

        assert verdict.kind in {"retryable", "permanent", "partial", "unknown"}
        assert MARK not in repr(verdict)
        assert len(repr(verdict)) < 1000
        assert isinstance(retryable(one), bool)
        assert json.dumps(verdict)


def test_a_class_that_cannot_be_examined_is_unknown() -> None:
    """The last resort."""

    class Meta(type):
        @property
        def __mro__(cls) -> Any:
            raise OSError(MARK)

    error = Meta("Odd", (Exception,), {})("x")

    assert classify(error) == Verdict("unknown", "an exception that cannot be examined")


def test_groups_and_causes_without_end_are_no_trouble() -> None:
    """Deeper than Python's own stack."""
    group: Exception = TimeoutError()
    chain: BaseException = ssl.SSLCertVerificationError(1, "x")
    for _ in range(sys.getrecursionlimit() * 2):
        group = ExceptionGroup("x", [group])
        chain = raised_from(Exception(), chain)

    assert classify(group).kind == "unknown"
    assert classify(chain).kind == "unknown"


def test_a_connection_error_that_is_its_own_cause_is_one_of_the_network() -> None:
    """Directly, or by way of a group."""
    error: BaseException = foreign("openai.APIConnectionError")("x")
    for cause in (error, ExceptionGroup("x", [error])):  # type: ignore[type-var]
        verdict = classify(raised_from(error, cause))

        assert (verdict.kind, verdict.category) == ("retryable", "network")
        assert len(verdict.reason) <= 250
