"""
Deadlines for calls of a stage: the time that its settings allow, or that its job has left.

    async with stage_deadline(settings, "llm") as deadline:
        async for attempt in stamina.retry_context(**backoff(settings, "llm").stamina()):
            with attempt, translate_errors("llm"):
                async with deadline.attempt():
                    answer = await client.chat.completions.create(...)

The timeouts of an HTTP client do not replace them: they restart with every byte, so a server that
sends its answer slowly never exceeds them. RQ's own timeout interrupts the job at an arbitrary
point and leaves no time to clean up. A stage that ends before both gives the job an ordinary
failure, which can be retried.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from workerctl.budget.lookup import call_budget
from workerctl.runtime.classification.translation import Stage
from workerctl.runtime.exceptions import StageDeadlineError

RESERVE_SECONDS = 2.0
"""The part of a job's time that no stage uses: for recording a failure and closing clients."""

_ANSWER_SECONDS = 1.0
_GUARD_SECONDS = 0.25  # lets the timeout of the current attempt, which is more specific, come first


class StageDeadline:
    """
    The deadline of one call, for all of its attempts; `ends_at` is on the event loop's clock.

    Made by `stage_deadline`.
    """

    def __init__(self, stage: str, seconds: float, attempt: float, connect: float) -> None:
        self.ends_at = asyncio.get_running_loop().time() + seconds
        self._stage = stage
        self._seconds = seconds
        self._attempt = attempt
        # A healthy server needs this long to connect and answer. If the settings allow an attempt
        # little more than that, it may still begin with half of its time left.
        self._minimum = min(connect + _ANSWER_SECONDS, attempt / 2)

    def remaining(self) -> float:
        """
        Return the seconds until the deadline; negative once it has passed.
        """
        return self.ends_at - asyncio.get_running_loop().time()

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """
        Limit the `async with` block to the time of one attempt, its timeouts added up.

        Raises StageDeadlineError before the block if too little time is left for an attempt, and
        TimeoutError if the block takes too long.
        """
        left = self.remaining()
        if left < self._minimum:
            raise self.error()
        async with asyncio.timeout(min(left, self._attempt)):
            yield

    def error(self) -> StageDeadlineError:
        """
        Return the exception that ends the stage, for which `retryable()` is therefore false.
        """
        seconds = max(self._seconds, 0)
        return StageDeadlineError(
            f"{self._stage}: the limit of {seconds:.1f} s leaves no time for an attempt",
            {"stage": self._stage, "seconds": round(self._seconds, 3), "category": "job"},
        )


@asynccontextmanager
async def stage_deadline(settings: Any, stage: Stage) -> AsyncIterator[StageDeadline]:
    """
    Limit one call of a stage, with all of its attempts and waits, and yield its StageDeadline.

    The limit is the worst case that `workerctl budget` shows for one call, or the time that the
    current RQ job has left, if that is less. The stage is found in the pipeline of the settings, as
    for `backoff`. Raises StageDeadlineError when the limit is reached.
    """
    numbers = call_budget(settings, stage)
    seconds = float(numbers.worst)
    left = job_seconds_left()
    if left is not None:
        seconds = min(seconds, left - RESERVE_SECONDS)
    attempt = float(numbers.replace(retries=0).worst)  # retries within the SDK included
    deadline = StageDeadline(stage, seconds, attempt, float(numbers.connect))
    limit = asyncio.timeout_at(deadline.ends_at + _GUARD_SECONDS)
    try:
        async with limit:
            yield deadline
    except TimeoutError:
        if not limit.expired():
            raise
    if limit.expired():
        raise deadline.error()


def job_seconds_left() -> float | None:
    """
    Return the seconds until RQ's timeout of the current job; None without a job or a timeout.
    """
    rq_job: Any = sys.modules.get("rq.job")  # RQ is not imported here; without it, no job runs
    job = None if rq_job is None else rq_job.get_current_job()
    if job is None or job.started_at is None or not job.timeout or float(job.timeout) < 0:
        return None
    started = job.started_at
    if started.tzinfo is None:  # before RQ 2, a naive time in UTC
        started = started.replace(tzinfo=UTC)
    left: float = float(job.timeout) - (datetime.now(UTC) - started).total_seconds()
    return left
