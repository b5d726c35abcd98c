"""
Jobs with coroutines that take longer than the job may, and one that comes after them.
"""

import asyncio
import contextlib
import time
from typing import Any

from rq import get_current_job

from workerctl.runtime.async_helpers import run_async

TIMEOUT = 1
"""Seconds that each of the slow jobs has."""


def waiting() -> None:
    """
    Wait longer than the job may.
    """
    run_async(_slow(_pause(TIMEOUT + 0.7)))


def stubborn() -> None:
    """
    Wait, and take no exception for an answer.
    """
    run_async(_slow(_pause_whatever_happens(TIMEOUT + 0.7)))


def working() -> None:
    """
    Work without ever waiting, and take no exception for an answer.
    """
    run_async(_slow(_busy(TIMEOUT + 0.7)))


def next_job() -> bool:
    """
    Whether the job that comes next is the current one, long enough for what was left to show.
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


async def _pause_whatever_happens(seconds: float) -> None:
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
    An async job that calls what is meant for plain ones.
    """

    async def inner() -> str:
        return "never"

    inner.__qualname__ = "inner"
    return run_async(inner())
