"""
The waits of a stage, in the hands of the two retry libraries.
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
from workerctl.schema.source_options import Options
from workerctl.settings import Settings

NOT_SENT = httpx.ConnectTimeout("x")
PERHAPS_SENT = httpx.ReadTimeout("x")


def settings(**given: float) -> Settings:
    """
    The defaults, but for these.
    """
    values = load(Settings, Options(env_files=(), isolated=True), environ={}).values
    return Settings(values, **given)


class Clock:
    """
    What was waited for, instead of waiting.
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
    A block.
    """
    for attempt in stamina.retry_context(**policy.stamina()):
        with attempt:
            call()


def with_stamina_decorator(policy: Backoff, call: Callable[[], object]) -> None:
    """
    A function.
    """
    stamina.retry(**policy.stamina())(call)()


def with_tenacity(policy: Backoff, call: Callable[[], object]) -> None:
    """
    A function.
    """
    tenacity.retry(**policy.tenacity())(call)()


LIBRARIES = pytest.mark.parametrize(
    "run", [with_stamina, with_stamina_decorator, with_tenacity], ids=lambda run: run.__name__
)


def failing(*errors: Exception) -> Callable[[], object]:
    """
    A call that fails so, one after the other, then succeeds; `call.count` tells how often it ran.
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
def test_the_settings_of_each_stage_are_its_retries(
    stage: Stage, attempts: int, waits: list[float]
) -> None:
    """Retries and not attempts; the database has those of the storage."""
    policy = backoff(settings(), stage)

    assert policy.attempts == attempts
    assert [policy.longest(number) for number in range(1, attempts)] == waits


def test_each_stage_reads_its_own_settings() -> None:
    """And the longest wait, where there is one."""
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
    assert [backoff(settings(**given), stage)[:2] for stage in ("storage", "webhook")] == [
        (8, 0.25),
        (9, 0.125),
    ]
    assert Backoff(6, 3.0, 7.0).longest(3) == 7.0
    assert Backoff(6, 3.0, 7.0).longest(10_000) == 7.0


def test_a_wrong_stage_is_told_at_once() -> None:
    """With the right ones."""
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
def test_a_stage_tries_again_what_is_known_to_pass(error: BaseException, expected: bool) -> None:
    """The unknown is the job's to try again, once."""
    assert retryable(error) is expected


def test_what_must_not_happen_twice_is_tried_again_only_when_it_did_not_begin() -> None:
    """The same of the translated exception."""
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
    """And raises the last error as it is."""
    errors = [LLMTimeoutError(str(number)) for number in range(9)]
    call = failing(*errors)

    with pytest.raises(LLMTimeoutError, match=r"\A3\Z"):
        run(Backoff(4, 2.0, 5.0), call)
    assert call.count == 4  # type: ignore[attr-defined]
    assert len(clock.waits) == 3
    for wait, longest in zip(clock.waits, (2.0, 4.0, 5.0), strict=True):
        assert longest / 2 - 1e-9 <= wait <= longest


@LIBRARIES
def test_the_wait_that_was_asked_for_is_kept(clock: Clock, run: Callable[..., None]) -> None:
    """Between it and the longest wait."""
    run(Backoff(3, 4.0, 8.0), failing(LLMRateLimitError(retry_after=3.5)))

    (wait,) = clock.waits
    assert 3.5 <= wait <= 4.0


@LIBRARIES
def test_a_longer_wait_ends_the_stage(clock: Clock, run: Callable[..., None]) -> None:
    """The job's own retry waits for it."""
    call = failing(LLMRateLimitError(retry_after=4.5))

    with pytest.raises(LLMRateLimitError) as caught:
        run(Backoff(3, 4.0, 8.0), call)
    assert caught.value.retry_after == 4.5
    assert call.count == 1  # type: ignore[attr-defined]
    assert clock.waits == []


@LIBRARIES
def test_what_stays_and_what_is_unknown_is_raised_at_once(
    clock: Clock, run: Callable[..., None]
) -> None:
    """No wait, no second call."""
    for error in (LLMParseError("x"), TypeError("x"), RuntimeError("x")):
        call = failing(error)
        with pytest.raises(type(error)):
            run(Backoff(3, 4.0, 8.0), call)
        assert call.count == 1  # type: ignore[attr-defined]
    assert clock.waits == []


@LIBRARIES
def test_no_retries_are_one_attempt(clock: Clock, run: Callable[..., None]) -> None:
    """Of a setting of zero."""
    call = failing(LLMTimeoutError("x"))

    with pytest.raises(LLMTimeoutError):
        run(backoff(settings(LLM_MAX_RETRIES=0), "llm"), call)
    assert (call.count, clock.waits) == (1, [])  # type: ignore[attr-defined]


def test_tenacity_knows_the_attempt_and_waits_longer_later(clock: Clock) -> None:
    """Stamina does not, and ends the stage."""
    errors = (LLMTimeoutError("x"), LLMRateLimitError(retry_after=7))
    with_tenacity(Backoff(3, 4.0, 8.0), failing(*errors))
    assert 7.0 <= clock.waits[1] <= 8.0

    with pytest.raises(LLMRateLimitError):
        with_stamina(Backoff(3, 4.0, 8.0), failing(*errors))


def test_a_coroutine_is_tried_again_too() -> None:
    """The sdk's error is translated within the attempt."""
    seen = []

    async def stage() -> str:
        policy = backoff(settings(LLM_RETRY_BASE_WAIT=0.01), "llm")
        async for attempt in stamina.retry_context(**policy.stamina()):
            with attempt, translate_errors("llm"):
                seen.append(attempt.num)
                if len(seen) < 3:
                    raise httpx.ReadTimeout("x")  # a new one, as in life
        return "done"

    assert asyncio.run(stage()) == "done"
    assert seen == [1, 2, 3]


WAITS = st.floats(0, 1e6)


@given(WAITS, WAITS | st.just(math.inf), st.integers(1, 12), st.none() | WAITS)
def test_a_wait_is_never_longer_than_the_formula_and_never_shorter_than_asked(
    base: float, cap: float, attempt: int, asked: float | None
) -> None:
    """Whatever the settings; nor does stamina's own computation leave the bounds."""
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
