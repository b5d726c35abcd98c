"""
Tests of backoff(): the waits of a stage, as applied by stamina and tenacity.
"""

import asyncio
import math
import time
from collections.abc import Callable

import httpx
import pytest
import stamina
import tenacity
from hypothesis import given
from hypothesis import strategies as st

from workerctl.runtime.exceptions import LLMParseError, LLMRateLimitError, LLMTimeoutError
from workerctl.runtime.retry import Backoff, Stage, backoff, retryable, translate_errors
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options

NOT_SENT = httpx.ConnectTimeout("x")
PERHAPS_SENT = httpx.ReadTimeout("x")


def settings(**given: float) -> Settings:
    """
    Return the default settings, changed by the arguments.
    """
    values = load(Settings, Options(env_files=(), isolated=True), environ={}).values
    return Settings(values, **given)


class Clock:
    """
    Records the waits instead of sleeping.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waits: list[float] = []
        monkeypatch.setattr(time, "sleep", self.waits.append)
        monkeypatch.setattr("tenacity.nap.time.sleep", self.waits.append)


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def with_stamina(policy: Backoff, call: Callable[[], object]) -> None:
    """
    Call with the context manager of stamina.
    """
    for attempt in stamina.retry_context(**policy.stamina()):
        with attempt:
            call()


def with_stamina_decorator(policy: Backoff, call: Callable[[], object]) -> None:
    """
    Call with the decorator of stamina.
    """
    stamina.retry(**policy.stamina())(call)()


def with_tenacity(policy: Backoff, call: Callable[[], object]) -> None:
    """
    Call with the decorator of tenacity.
    """
    tenacity.retry(**policy.tenacity())(call)()


LIBRARIES = pytest.mark.parametrize(
    "run", [with_stamina, with_stamina_decorator, with_tenacity], ids=lambda run: run.__name__
)


def failing(*errors: Exception) -> Callable[[], object]:
    """
    Return a function that raises these errors in turn, then succeeds. `call.count` counts calls.
    """
    left = list(errors)

    def call() -> None:
        call.count += 1  # type: ignore[attr-defined]
        if left:
            raise left.pop(0)

    call.count = 0  # type: ignore[attr-defined]
    return call


# ------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("stage", "attempts", "waits"),
    [
        ("llm", 3, [1.0, 2.0]),
        ("embedding", 4, [1.0, 2.0, 4.0]),
        ("storage", 4, [1.0, 2.0, 4.0]),
        ("database", 4, [1.0, 2.0, 4.0]),
        ("webhook", 4, [1.0, 2.0, 4.0]),
    ],
)
def test_the_retries_of_each_stage_come_from_its_settings(
    stage: Stage, attempts: int, waits: list[float]
) -> None:
    """The setting is the number of retries. The database stage uses the storage settings."""
    policy = backoff(settings(), stage)

    assert policy.attempts == attempts
    assert [policy.longest(number) for number in range(1, attempts)] == waits


def test_each_stage_reads_its_own_settings() -> None:
    """Each stage has its own retries and base wait, and a maximum wait where one is defined."""
    given = {
        "LLM_MAX_RETRIES": 5,
        "LLM_RETRY_BASE_WAIT": 3,
        "LLM_RETRY_MAX_WAIT": 7,
        "EMBEDDING_MAX_RETRIES": 6,
        "EMBEDDING_RETRY_BASE_WAIT": 0.5,
        "EMBEDDING_RETRY_MAX_WAIT": 9,
        "STORAGE_MAX_RETRIES": 7,
        "STORAGE_RETRY_DELAY_SECONDS": 0.25,
        "WEBHOOK_MAX_RETRIES": 8,
        "WEBHOOK_RETRY_DELAY_SECONDS": 0.125,
    }

    assert [backoff(settings(**given), stage) for stage in ("llm", "embedding")] == [
        Backoff(6, 3.0, 7.0),
        Backoff(7, 0.5, 9.0),
    ]
    others = [backoff(settings(**given), stage) for stage in ("storage", "webhook")]
    assert [(each.attempts, each.base) for each in others] == [(8, 0.25), (9, 0.125)]
    assert Backoff(6, 3.0, 7.0).longest(3) == 7.0
    assert Backoff(6, 3.0, 7.0).longest(10_000) == 7.0


def test_an_unknown_stage_is_reported_immediately() -> None:
    """The error lists the valid stages."""
    with pytest.raises(ValueError, match="llm, embedding"):
        backoff(settings(), "lmm")  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------ predicate


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LLMTimeoutError("x"), True),
        (PERHAPS_SENT, True),
        (LLMParseError("x"), False),
        (TypeError("x"), False),
        (Exception("nobody knows"), False),
        (asyncio.CancelledError(), False),
    ],
)
def test_a_stage_retries_what_is_known_to_be_transient(
    error: BaseException, expected: bool
) -> None:
    """A stage retries only known transient errors; the job retries unknown ones, once."""
    assert retryable(error) is expected


def test_a_call_that_is_not_idempotent_is_retried_only_if_it_was_not_sent() -> None:
    """Without idempotence, only a request that was not sent is retried; translation keeps this."""
    for error, expected in ((NOT_SENT, True), (PERHAPS_SENT, False)):
        with pytest.raises(LLMTimeoutError) as caught, translate_errors("llm"):
            raise error
        for one in (error, caught.value):
            assert retryable(one)
            assert retryable(one, idempotent=False) is expected
            assert backoff(settings(), "llm", idempotent=False).allows(one) is expected


# ----------------------------------------------------------------------------------- libraries


@LIBRARIES
def test_a_stage_that_always_fails_waits_within_the_formula(
    clock: Clock, run: Callable[..., None]
) -> None:
    """The last error is raised unchanged, and every wait is within the bounds."""
    errors = [LLMTimeoutError(str(number)) for number in range(9)]
    call = failing(*errors)

    with pytest.raises(LLMTimeoutError, match=r"\A3\Z"):
        run(Backoff(4, 2.0, 5.0), call)
    assert call.count == 4  # type: ignore[attr-defined]
    assert len(clock.waits) == 3
    for wait, longest in zip(clock.waits, (2.0, 4.0, 5.0), strict=True):
        assert longest / 2 - 1e-9 <= wait <= longest


@LIBRARIES
def test_the_requested_wait_is_kept(clock: Clock, run: Callable[..., None]) -> None:
    """The wait lies between the requested and the maximum wait."""
    run(Backoff(3, 4.0, 8.0), failing(LLMRateLimitError(retry_after=3.5)))

    (wait,) = clock.waits
    assert 3.5 <= wait <= 4.0


@LIBRARIES
def test_a_longer_wait_ends_the_stage(clock: Clock, run: Callable[..., None]) -> None:
    """If the requested wait exceeds the maximum, the stage ends: the job's retry waits for it."""
    call = failing(LLMRateLimitError(retry_after=4.5))

    with pytest.raises(LLMRateLimitError) as caught:
        run(Backoff(3, 4.0, 8.0), call)
    assert caught.value.retry_after == 4.5
    assert call.count == 1  # type: ignore[attr-defined]
    assert clock.waits == []


@LIBRARIES
def test_permanent_and_unknown_errors_are_raised_at_once(
    clock: Clock, run: Callable[..., None]
) -> None:
    """Permanent and unknown errors are raised without a wait or a second call."""
    for error in (LLMParseError("x"), TypeError("x"), RuntimeError("x")):
        call = failing(error)
        with pytest.raises(type(error)):
            run(Backoff(3, 4.0, 8.0), call)
        assert call.count == 1  # type: ignore[attr-defined]
    assert clock.waits == []


@LIBRARIES
def test_zero_retries_mean_one_attempt(clock: Clock, run: Callable[..., None]) -> None:
    """With zero retries there is one attempt."""
    call = failing(LLMTimeoutError("x"))

    with pytest.raises(LLMTimeoutError):
        run(backoff(settings(LLM_MAX_RETRIES=0), "llm"), call)
    assert (call.count, clock.waits) == (1, [])  # type: ignore[attr-defined]


def test_tenacity_knows_the_attempt_and_waits_longer_later(clock: Clock) -> None:
    """Tenacity passes the attempt number, so later waits may be longer; stamina ends the stage."""
    errors = (LLMTimeoutError("x"), LLMRateLimitError(retry_after=7))
    with_tenacity(Backoff(3, 4.0, 8.0), failing(*errors))
    assert 7.0 <= clock.waits[1] <= 8.0

    with pytest.raises(LLMRateLimitError):
        with_stamina(Backoff(3, 4.0, 8.0), failing(*errors))


def test_a_coroutine_is_retried_too() -> None:
    """Coroutines are retried, too, with the SDK's error translated within the attempt."""
    seen = []

    async def stage() -> str:
        policy = backoff(settings(LLM_RETRY_BASE_WAIT=0.01), "llm")
        async for attempt in stamina.retry_context(**policy.stamina()):
            with attempt, translate_errors("llm"):
                seen.append(attempt.num)
                if len(seen) < 3:
                    raise httpx.ReadTimeout("x")  # a new exception each time, as in practice
        return "done"

    assert asyncio.run(stage()) == "done"
    assert seen == [1, 2, 3]


WAITS = st.floats(0, 1e6)


@given(WAITS, WAITS | st.just(math.inf), st.integers(1, 12), st.none() | WAITS)
def test_a_wait_is_never_longer_than_the_formula_nor_shorter_than_requested(
    base: float, cap: float, attempt: int, asked: float | None
) -> None:
    """The bounds hold for all settings, and for the wait that stamina computes itself."""
    policy = Backoff(13, base, cap)
    error = LLMRateLimitError(retry_after=asked)
    longest = min(base * 2 ** (attempt - 1), cap)
    slack = longest * 1e-9

    assert policy.longest(attempt) == longest
    assert policy.allows(error, attempt) is ((asked or 0.0) <= longest)
    if policy.allows(error, attempt):
        assert (asked or 0.0) - slack <= policy.wait(error, attempt) <= longest + slack
    given = policy.stamina()
    most = given["wait_initial"] * 2 ** (attempt - 1) + given["wait_jitter"]
    assert min(given["wait_max"], most) <= longest + slack
