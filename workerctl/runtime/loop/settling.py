"""
The end of a call: nothing that it started may run in a later one, or stay in memory.
"""

import asyncio
import inspect
import logging
from collections.abc import Coroutine, Iterable
from typing import Any

_log = logging.getLogger(__name__)

Tasks = set[asyncio.Task[Any]]


def run(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """
    Run a coroutine to its end in the loop, and return its result or raise its exception.
    """
    return complete(loop, loop.create_task(coroutine))


def complete(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> Any:
    """
    Run the loop until the task has ended, and return its result or raise its exception.

    As `loop.run_until_complete`, except that a failed call is freed with its exception. There, the
    exception refers to the frame, the frame to the task, and the task to the exception: a reference
    cycle, which keeps all locals of the call until the garbage collector finds it.
    """
    task.add_done_callback(_stop_loop)
    try:
        loop.run_forever()
        if task.done():
            return task.result()
    except BaseException:
        if task.done() and not task.cancelled():
            task.exception()  # marks it as retrieved, or asyncio would log that it never was
        raise
    finally:
        task.remove_done_callback(_stop_loop)
        del task  # breaks the cycle
    raise RuntimeError("Event loop stopped before Future completed.")


def _stop_loop(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and isinstance(task.exception(), KeyboardInterrupt | SystemExit):
        return  # these have ended the run already, and a stop would end the next one
    task.get_loop().stop()


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
