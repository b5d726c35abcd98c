"""
Jobs whose coroutines exceed the job's timeout, and a job that runs after them.
"""

import asyncio
import contextlib
import signal
import time
from typing import Any

from rq import get_current_job

from workerctl.runtime.async_helpers import run_async

TIMEOUT = 1
"""The timeout of each slow job, in seconds."""


def waiting() -> None:
    """
    Wait longer than the timeout.
    """
    run_async(_slow(_pause(TIMEOUT + 0.7)))


def stubborn() -> None:
    """
    Wait longer than the timeout, and suppress every exception.
    """
    run_async(_slow(_pause_suppressing(TIMEOUT + 0.7)))


def working() -> None:
    """
    Compute longer than the timeout, and suppress every exception.
    """
    run_async(_slow(_busy(TIMEOUT + 0.7)))


def swallowing() -> str:
    """
    Suppress the timeout in a loop, and finish after it.
    """
    end = time.monotonic() + TIMEOUT + 0.7
    while time.monotonic() < end:
        with contextlib.suppress(Exception):
            time.sleep(0.05)
    return "done"


def swallowing_async() -> str:
    """
    Suppress what run_async() raises at the timeout, and finish after it.
    """
    with contextlib.suppress(Exception):
        run_async(_pause(TIMEOUT + 0.7))
    time.sleep(0.3)
    return "done"


def swallowing_and_failing() -> None:
    """
    Suppress the timeout, and fail after it for another reason.
    """
    swallowing()
    raise ConnectionResetError


def using_the_alarm() -> str:
    """
    Limit a step with SIGALRM as timeout decorators do, which cancels RQ's timer.
    """
    before = signal.getsignal(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, 5)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    time.sleep(TIMEOUT + 0.3)
    return "done"


def next_job() -> bool:
    """
    Return whether this job stays the current one while leftovers of the last could still run.
    """
    return run_async(_current_id(TIMEOUT + 0.2)) == get_current_job().id


async def _slow(pause: Any) -> None:
    job = get_current_job()
    try:
        await pause
        job.connection.rpush("side effects", job.id)
    finally:
        job.connection.rpush("finally", job.id)


async def _pause(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def _pause_suppressing(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(Exception):
            await asyncio.sleep(0.05)


async def _busy(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(Exception):
            sum(range(1000))
            await asyncio.sleep(0)


async def _current_id(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return str(get_current_job().id)


async def nested() -> str:
    """
    Call run_async() in an async job, where it is an error.
    """

    async def inner() -> str:
        return "never"

    inner.__qualname__ = "inner"
    return run_async(inner())
