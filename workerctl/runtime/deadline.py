"""
The time that a call of a stage may take: what its settings allow, and what its job has left.

    async with stage_deadline(settings, "llm") as deadline:
        async for attempt in stamina.retry_context(**backoff(settings, "llm").stamina()):
            with attempt, translate_errors("llm"):
                async with deadline.attempt():
                    answer = await client.chat.completions.create(...)

The timeouts of an HTTP client begin anew at every byte, so that a server that dribbles is never
left by them; and RQ's timeout comes at any moment, with no time to put anything right. A stage that
ends before both leaves the job a clean failure, and a retry of its own.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from workerctl.budget.lookup import call_budget
from workerctl.runtime.classification.translation import Stage
from workerctl.runtime.exceptions import StageDeadlineError
from workerctl.settings import Settings

RESERVE_SECONDS = 2.0
"""What a job keeps of its time for its own end: to note the failure, to close its clients."""

_TO_ANSWER_SECONDS = 1.0
_GUARD_SECONDS = 0.25  # the attempt at hand ends by itself first, and says what it was


class StageDeadline:
    """
    The end of one call with all its attempts, on the clock of the event loop.
    """

    def __init__(self, stage: str, seconds: float, attempt: float, connect: float) -> None:
        self.ends_at = asyncio.get_running_loop().time() + seconds
        self._stage = stage
        self._seconds = seconds
        self._attempt = attempt
        # less than this is not enough to connect and get an answer, even of a server in good health
        self._least = min(connect + _TO_ANSWER_SECONDS, attempt)

    def remaining(self) -> float:
        """
        The seconds that are left; negative when the time is over.
        """
        return self.ends_at - asyncio.get_running_loop().time()

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """
        One attempt: no longer in all than its timeouts, and not begun when it could not finish.

        Raises StageDeadlineError for one that is not begun, TimeoutError for one that is cut off.
        """
        left = self.remaining()
        if left < self._least:
            raise self.error()
        async with asyncio.timeout(min(left, self._attempt)):
            yield

    def error(self) -> StageDeadlineError:
        """
        What tells that the time is over; `retryable` says no, because the stage itself has ended.
        """
        return StageDeadlineError(
            f"{self._stage}: no time is left of {max(self._seconds, 0):.1f} s",
            {"stage": self._stage, "seconds": round(self._seconds, 3), "category": "job"},
        )


@asynccontextmanager
async def stage_deadline(settings: Settings, stage: Stage) -> AsyncIterator[StageDeadline]:
    """
    A deadline for one call of a stage, all its attempts and waits included.

    It is the worst case of `workerctl budget` for one call, or what the job has left if that is
    less. Raises StageDeadlineError when it passes. The stage of the team's own pipeline counts, as
    for `backoff`.
    """
    numbers = call_budget(settings, stage)
    seconds = float(numbers.worst)
    left = job_seconds_left()
    if left is not None:
        seconds = min(seconds, left - RESERVE_SECONDS)
    one = float(numbers._replace(retries=0).worst)  # those of the SDK are within an attempt
    deadline = StageDeadline(stage, seconds, one, float(numbers.connect))
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
    The seconds until RQ ends the current job; None outside of one, or when it may run for ever.
    """
    rq_job: Any = sys.modules.get("rq.job")  # a job without it there is none
    job = None if rq_job is None else rq_job.get_current_job()
    if job is None or job.started_at is None or not job.timeout or float(job.timeout) < 0:
        return None
    started = job.started_at
    if started.tzinfo is None:  # before RQ 2, in UTC all the same
        started = started.replace(tzinfo=UTC)
    left: float = float(job.timeout) - (datetime.now(UTC) - started).total_seconds()
    return left
