"""
Tests of stage_deadline(): the time limit of a stage, from its settings and the job's timeout.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from workerctl.runtime import deadline, run_async
from workerctl.runtime.deadline import job_seconds_left, stage_deadline
from workerctl.runtime.exceptions import LLMTimeoutError, StageDeadlineError
from workerctl.runtime.retry import classify, retryable, translate_errors
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options


def settings(**given: Any) -> Settings:
    """
    Return the default settings, changed by the arguments.
    """
    return Settings(
        load(Settings, Options(env_files=(), isolated=True), environ={}).values, **given
    )


def in_job(monkeypatch: pytest.MonkeyPatch, **attributes: Any) -> None:
    """
    Make RQ's current job one with these attributes.
    """
    job = SimpleNamespace(**{"timeout": 100, "started_at": datetime.now(UTC), **attributes})
    monkeypatch.setitem(sys.modules, "rq.job", SimpleNamespace(get_current_job=lambda: job))


@pytest.mark.parametrize(
    ("stage", "seconds"),
    [("storage", 127), ("database", 127), ("llm", 393), ("embedding", 247), ("webhook", 47)],
)
def test_the_limit_is_the_worst_case_of_the_budget(stage: Any, seconds: float) -> None:
    async def left() -> float:
        async with stage_deadline(settings(), stage) as found:
            return found.remaining()

    assert run_async(left()) == pytest.approx(seconds, abs=0.5)


@pytest.mark.parametrize("naive", [False, True])
def test_the_limit_is_shorter_when_the_job_has_less_time_left(
    monkeypatch: pytest.MonkeyPatch, naive: bool
) -> None:
    """The remaining time of the job counts. RQ 1 stores its start as a naive UTC datetime."""
    started = datetime.now(UTC) - timedelta(seconds=40)
    in_job(monkeypatch, started_at=started.replace(tzinfo=None) if naive else started)

    async def left() -> float:
        async with stage_deadline(settings(), "llm") as found:
            return found.remaining()

    assert run_async(left()) == pytest.approx(60 - deadline.RESERVE_SECONDS, abs=0.5)


@pytest.mark.parametrize("attributes", [{"timeout": -1}, {"timeout": None}, {"started_at": None}])
def test_a_job_without_a_timeout_sets_no_limit(
    monkeypatch: pytest.MonkeyPatch, attributes: dict[str, Any]
) -> None:
    in_job(monkeypatch, **attributes)
    assert job_seconds_left() is None


def test_outside_of_a_job_there_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "rq.job", raising=False)
    assert job_seconds_left() is None
    monkeypatch.setitem(sys.modules, "rq.job", SimpleNamespace(get_current_job=lambda: None))
    assert job_seconds_left() is None


def test_an_attempt_that_could_not_finish_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt needs time to connect and to answer: at least 10 s and 1 s for an LLM call."""
    in_job(monkeypatch, timeout=10 + deadline.RESERVE_SECONDS)
    begun = []

    async def stage() -> None:
        async with stage_deadline(settings(), "llm") as found, found.attempt():
            begun.append(True)

    with pytest.raises(StageDeadlineError) as caught:
        run_async(stage())
    assert begun == []
    assert (classify(caught.value).kind, retryable(caught.value)) == ("retryable", False)


@pytest.mark.parametrize("stage", ["embedding", "llm"])
def test_an_attempt_that_takes_no_longer_than_a_healthy_server_needs_begins(stage: Any) -> None:
    """
    The only attempt of a stage has all of its time but for the microseconds before it begins.
    """
    quick = settings(
        EMBEDDING_TIMEOUT_SECONDS=1,
        EMBEDDING_MAX_RETRIES=0,
        LLM_TIMEOUT_SECONDS=1,
        LLM_CONNECT_TIMEOUT_SECONDS=1,
        LLM_MAX_RETRIES=0,
    )

    async def begins() -> bool:
        async with stage_deadline(quick, stage) as found, found.attempt():
            return True

    assert run_async(begins())


def test_an_attempt_is_cancelled_after_its_timeouts() -> None:
    """An attempt that exceeds its timeouts raises the stage's timeout error, which is retried."""

    async def stage() -> None:
        quick = settings(LLM_TIMEOUT_SECONDS=1, LLM_CONNECT_TIMEOUT_SECONDS=1, LLM_MAX_RETRIES=5)
        async with stage_deadline(quick, "llm") as found:
            with translate_errors("llm"):
                async with found.attempt():
                    await asyncio.sleep(60)

    with pytest.raises(LLMTimeoutError):
        run_async(stage(), timeout=20)


def test_the_stage_is_cancelled_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    in_job(monkeypatch, timeout=deadline.RESERVE_SECONDS + 0.5)

    async def stage() -> None:
        async with stage_deadline(settings(), "llm"):
            await asyncio.sleep(60)

    with pytest.raises(
        StageDeadlineError, match=r"llm: the limit of 0\.5 s leaves no time for an attempt"
    ):
        run_async(stage(), timeout=20)


def test_a_timeout_error_of_the_worker_itself_is_not_converted() -> None:
    async def stage() -> None:
        async with stage_deadline(settings(), "llm"):
            raise TimeoutError

    with pytest.raises(TimeoutError):
        run_async(stage())
