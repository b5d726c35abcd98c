"""
How long a call of a stage may take, by its settings and by what is left of its job.
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
from workerctl.schema.source_options import Options
from workerctl.settings import Settings


def settings(**given: Any) -> Settings:
    """
    The defaults, but for these.
    """
    return Settings(
        load(Settings, Options(env_files=(), isolated=True), environ={}).values, **given
    )


def in_job(monkeypatch: pytest.MonkeyPatch, **attributes: Any) -> None:
    """
    A current job of RQ with these attributes.
    """
    job = SimpleNamespace(**{"timeout": 100, "started_at": datetime.now(UTC), **attributes})
    monkeypatch.setitem(sys.modules, "rq.job", SimpleNamespace(get_current_job=lambda: job))


@pytest.mark.parametrize(
    ("stage", "seconds"),
    [("storage", 127), ("database", 127), ("llm", 393), ("embedding", 247), ("webhook", 47)],
)
def test_it_is_the_worst_case_of_the_budget(stage: Any, seconds: float) -> None:
    async def left() -> float:
        async with stage_deadline(settings(), stage) as found:
            return found.remaining()

    assert run_async(left()) == pytest.approx(seconds, abs=0.5)


@pytest.mark.parametrize("naive", [False, True])
def test_it_is_less_when_the_job_has_less(monkeypatch: pytest.MonkeyPatch, naive: bool) -> None:
    """RQ 1 notes the start without a time zone, in UTC all the same."""
    started = datetime.now(UTC) - timedelta(seconds=40)
    in_job(monkeypatch, started_at=started.replace(tzinfo=None) if naive else started)

    async def left() -> float:
        async with stage_deadline(settings(), "llm") as found:
            return found.remaining()

    assert run_async(left()) == pytest.approx(60 - deadline.RESERVE_SECONDS, abs=0.5)


@pytest.mark.parametrize("attributes", [{"timeout": -1}, {"timeout": None}, {"started_at": None}])
def test_a_job_without_a_limit_sets_none(
    monkeypatch: pytest.MonkeyPatch, attributes: dict[str, Any]
) -> None:
    in_job(monkeypatch, **attributes)
    assert job_seconds_left() is None


def test_outside_of_a_job_nothing_is_left_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "rq.job", raising=False)
    assert job_seconds_left() is None
    monkeypatch.setitem(sys.modules, "rq.job", SimpleNamespace(get_current_job=lambda: None))
    assert job_seconds_left() is None


def test_an_attempt_that_could_not_finish_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """11 s is the least for an LLM call: 10 to connect, and one to answer."""
    in_job(monkeypatch, timeout=10 + deadline.RESERVE_SECONDS)
    begun = []

    async def stage() -> None:
        async with stage_deadline(settings(), "llm") as found, found.attempt():
            begun.append(True)

    with pytest.raises(StageDeadlineError) as caught:
        run_async(stage())
    assert begun == []
    assert (classify(caught.value).kind, retryable(caught.value)) == ("retryable", False)


def test_an_attempt_is_cut_off_after_its_timeouts() -> None:
    """As a timeout of the stage, which is tried again."""

    async def stage() -> None:
        quick = settings(LLM_TIMEOUT_SECONDS=1, LLM_CONNECT_TIMEOUT_SECONDS=1, LLM_MAX_RETRIES=5)
        async with stage_deadline(quick, "llm") as found:
            with translate_errors("llm"):
                async with found.attempt():
                    await asyncio.sleep(60)

    with pytest.raises(LLMTimeoutError):
        run_async(stage(), timeout=20)


def test_the_stage_is_cut_off_in_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    in_job(monkeypatch, timeout=deadline.RESERVE_SECONDS + 0.5)

    async def stage() -> None:
        async with stage_deadline(settings(), "llm"):
            await asyncio.sleep(60)

    with pytest.raises(
        StageDeadlineError, match=r"llm: the limit of 0\.5 s leaves no time for an attempt"
    ):
        run_async(stage(), timeout=20)


def test_a_timeout_of_the_workers_own_is_its_own() -> None:
    async def stage() -> None:
        async with stage_deadline(settings(), "llm"):
            raise TimeoutError

    with pytest.raises(TimeoutError):
        run_async(stage())
