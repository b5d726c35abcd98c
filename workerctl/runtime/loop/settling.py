"""
The end of a call: nothing that it started may run in a later one.
"""

import asyncio
import inspect
import logging
from collections.abc import Iterable
from typing import Any

_log = logging.getLogger(__name__)

Tasks = set[asyncio.Task[Any]]


def cancel(tasks: Iterable[asyncio.Task[Any]]) -> Tasks:
    """
    Cancel the tasks, and return those that were.

    Not those that asyncio made to finalize an async generator, which would be left half closed.
    """
    cancelled = {task for task in tasks if inspect.iscoroutine(task.get_coro())}
    for task in cancelled:
        task.cancel()
    return cancelled


async def settled(cancelled: Tasks, seconds: float) -> Tasks:
    """
    Wait until all tasks of this loop have ended, cancelling new ones too; return those that do not.
    """
    this = asyncio.current_task()
    await asyncio.sleep(0)  # the turn in which abandoned async generators get their task
    left, seen = asyncio.all_tasks() - {this}, set(cancelled)
    try:
        async with asyncio.timeout(seconds):
            while left:
                cancel(left - seen)
                seen |= left
                await asyncio.wait(left)
                left = asyncio.all_tasks() - {this}
    except TimeoutError:
        left = asyncio.all_tasks() - {this}
    for task in seen - left:
        if not task.cancelled() and (error := task.exception()) is not None:
            # its text may hold a value
            _log.warning("%s failed while it was cancelled: %s", name(task), type(error).__name__)
    return left


def names(tasks: Iterable[asyncio.Task[Any]]) -> str:
    """
    The coroutines of the tasks, for a log line.
    """
    shown = sorted(map(name, tasks))
    more = len(shown) - 10
    return ", ".join(shown[:10]) + (f" and {more} more" if more > 0 else "")


def name(task: asyncio.Task[Any]) -> str:
    """
    The coroutine of a task; not the name of the task, which may hold data.
    """
    coroutine = task.get_coro()
    return getattr(coroutine, "__qualname__", None) or type(coroutine).__name__
