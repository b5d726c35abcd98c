"""
The end of a call: nothing that it started runs during a later call or stays in memory.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Coroutine, Iterable
from typing import Any

_log = logging.getLogger(__name__)

Tasks = set[asyncio.Task[Any]]


def run(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """
    Run a coroutine in the loop, and return its result or raise its exception.
    """
    return complete(loop, loop.create_task(coroutine))


def complete(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> Any:
    """
    Run the loop until the task has ended, and return its result or raise its exception.

    Like `loop.run_until_complete()`, but without its reference cycle: there, the exception of a
    failed call refers to a frame, the frame to the task, and the task to the exception. All local
    variables of the call then stay in memory until the garbage collector runs.
    """
    task.add_done_callback(_stop_loop)
    try:
        loop.run_forever()
        if task.done():
            return task.result()
    except BaseException:
        if task.done() and not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not log that it never was
        raise
    finally:
        task.remove_done_callback(_stop_loop)
        del task  # breaks the cycle
    raise RuntimeError("Event loop stopped before Future completed.")


def _stop_loop(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and isinstance(task.exception(), KeyboardInterrupt | SystemExit):
        return  # these end the run themselves; a stop would also end the next run
    task.get_loop().stop()


def cancel(tasks: Iterable[asyncio.Task[Any]]) -> Tasks:
    """
    Cancel the tasks and return the cancelled ones.

    Tasks that finalize an async generator for asyncio are spared: it would remain half closed.
    """
    cancelled = {task for task in tasks if inspect.iscoroutine(task.get_coro())}
    for task in cancelled:
        task.cancel()
    return cancelled


async def settle(cancelled: Tasks, seconds: float) -> Tasks:
    """
    Wait until all tasks of this loop have ended, and return those that have not within the time.

    `cancelled` are the tasks that the caller has cancelled. New tasks are cancelled, too.
    """
    this = asyncio.current_task()
    await asyncio.sleep(0)  # in this iteration, asyncio creates tasks for abandoned generators
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
            # Only its type, because its text may hold a secret.
            _log.warning("%s failed while it was cancelled: %s", name(task), type(error).__name__)
    return left


def names(tasks: Iterable[asyncio.Task[Any]]) -> str:
    """
    Return the names of up to ten coroutines of the tasks, for a log line.
    """
    shown = sorted(map(name, tasks))
    more = len(shown) - 10
    return ", ".join(shown[:10]) + (f" and {more} more" if more > 0 else "")


def name(task: asyncio.Task[Any]) -> str:
    """
    Return the name of a task's coroutine; the name of the task itself may hold data.
    """
    coroutine = task.get_coro()
    return getattr(coroutine, "__qualname__", None) or type(coroutine).__name__
