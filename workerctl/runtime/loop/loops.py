"""
The event loop that a thread keeps from call to call, and the end of one.

A loop belongs to the process and the thread that made it. What came through a fork shares its epoll
object with the parent: a child that closes it, or only drops it, takes the parent's wake-ups away.
So a child parks it, where it stays.
"""

import asyncio
import atexit
import functools
import logging
import os
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from workerctl.runtime.loop import alarm, caching, settling

Result = TypeVar("Result")

_log = logging.getLogger(__name__)
_parked: list[object] = []


class NestedRunError(RuntimeError):
    """
    A call that would need an event loop of its own, made where one is running.
    """


class KeptLoop:
    """
    A loop, its executor, and the process that made them. Of a thread, see `made_for_thread`.
    """

    def __init__(self) -> None:
        self.process = os.getpid()
        self.loop = asyncio.new_event_loop()
        # Our own, so that closing never waits for a thread that is stuck.
        self.executor = ThreadPoolExecutor(thread_name_prefix="workerctl-async")
        self.loop.set_default_executor(self.executor)

    def __del__(self) -> None:
        """
        Close what a thread leaves behind when it ends; in a forked child, what others left.
        """
        if not hasattr(self, "executor") or self.loop.is_closed():
            return
        if self.process != os.getpid():
            _park(self)
        elif caching.holds(self.loop) and not sys.is_finalizing():
            # Closing clients takes a running loop, and a thread that is not at its own end.
            threading.Thread(target=_close, args=(self, alarm.GRACE_SECONDS), daemon=True).start()
        else:
            _release(self)


class _Local(threading.local):
    kept: KeptLoop | None = None


_local = _Local()


def current() -> KeptLoop | None:
    """
    What this thread of this process keeps, if it does.
    """
    kept = _local.kept
    if kept is None:
        return None
    if kept.process != os.getpid():  # a fork that Python did not see
        _park_inherited()
        return None
    if kept.loop.is_closed():
        _local.kept = None
        return None
    return kept


def made_for_thread() -> KeptLoop:
    """
    What this thread of this process keeps, made now if need be.
    """
    kept = current()
    if kept is None:
        _watch_process()
        kept = _local.kept = KeptLoop()
    return kept


def run(kept: KeptLoop, coroutine: Coroutine[Any, Any, Result], name: str) -> Result:
    """
    The result of the coroutine; whatever it leaves running is ended before this returns.
    """
    if not alarm.is_set():  # most calls outside of a job, and they need not pay for one
        return _run(kept, functools.partial(settling.run, kept.loop), coroutine, name)
    with alarm.cooperative(kept.loop, functools.partial(_give_up, kept)) as run_to_end:
        return _run(kept, run_to_end, coroutine, name)


def _run(
    kept: KeptLoop, run_to_end: alarm.Run, coroutine: Coroutine[Any, Any, Result], name: str
) -> Result:
    try:
        result: Result = run_to_end(coroutine)
    except BaseException:
        _settle(kept)
        raise
    _settle(kept, returned=name)
    return result


def close_current(seconds: float) -> bool:
    """
    Close what this thread keeps, within that time; whether there was anything.
    """
    kept = current()
    if kept is None:
        return False
    if is_running():
        raise NestedRunError(
            "cleanup_event_loop() was called while an event loop is running in this thread: call it"
            " after run_async() has returned."
        )
    _close(kept, seconds)
    return True


def is_running() -> bool:
    """
    Whether an event loop runs in this thread, whoever made it.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _settle(kept: KeptLoop, *, returned: str | None = None) -> None:
    """
    End what a call leaves behind. One that failed is expected to leave some, and is not blamed.
    """
    left = asyncio.all_tasks(kept.loop)
    if returned is not None and not left:
        return
    cancelled = settling.cancel(left)
    if returned is not None and cancelled:
        _log.warning(
            "%s() has returned and left tasks running, which are cancelled; await them, or start"
            " them in an asyncio.TaskGroup: %s",
            returned,
            settling.names(cancelled),
        )
    is_settled = False
    try:
        stuck = kept.loop.run_until_complete(settling.settled(cancelled, alarm.GRACE_SECONDS))
        is_settled = not stuck
        if stuck:
            _log.error(
                "Tasks ignore that they are cancelled, and the event loop is given up: %s",
                settling.names(stuck),
            )
    except RuntimeError:
        _log.error("The event loop was stopped before all tasks had ended, and is given up")
    finally:
        del left, cancelled  # through exception and frames, a task refers to this frame
        if not is_settled:
            _finish(kept, kept.loop.run_until_complete, _clients_closed(alarm.GRACE_SECONDS))


def _give_up(kept: KeptLoop) -> None:
    """
    Close a loop in which an alarm has raised, so that no later call meets what this left in it.
    """
    if kept.loop.is_closed():
        return
    _log.warning("A job's timeout has interrupted the event loop, which is given up")
    kept.loop.stop()  # a run of one turn, which a stop of the alarm that is still queued ends, too
    kept.loop.run_forever()
    _finish(kept, kept.loop.run_until_complete, _clients_closed(alarm.GRACE_SECONDS))


def _close(kept: KeptLoop, seconds: float) -> None:
    with alarm.cooperative(kept.loop) as run_to_end:
        _finish(kept, run_to_end, _wound_up(seconds))


def _finish(kept: KeptLoop, run_to_end: alarm.Run, last: Coroutine[Any, Any, None]) -> None:
    """
    Run the last coroutine of a loop and close it, whatever that coroutine does.
    """
    if _local.kept is kept:
        _local.kept = None
    try:
        run_to_end(last)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 -- an alarm, or a foreign loop's
        _log.warning("Closing the event loop was cut short: %s", type(error).__name__)
    finally:
        _release(kept)


async def _wound_up(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    left = settling.cancel(asyncio.all_tasks() - {asyncio.current_task()})
    if stuck := await settling.settled(left, seconds / 2):
        _log.warning("Tasks ignore that they are cancelled: %s", settling.names(stuck))
    await _clients_closed(deadline - loop.time())


async def _clients_closed(seconds: float) -> None:
    """
    Finalize the loop's async generators, and with them close what loop_cached made.
    """
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().shutdown_asyncgens()
    except TimeoutError:
        _log.warning("Clients and async generators did not close within %.1f s", seconds)


def _release(kept: KeptLoop) -> None:
    kept.executor.shutdown(wait=False, cancel_futures=True)
    if stuck := asyncio.all_tasks(kept.loop):
        # Dropped, they would be told to exit, and could go on in the middle of another job.
        _parked.append(stuck)
    kept.loop.close()
    caching.take(kept.loop)


@functools.cache
def _watch_process() -> None:
    os.register_at_fork(after_in_child=_park_inherited)
    atexit.register(close_current, alarm.GRACE_SECONDS)


def _park_inherited() -> None:
    kept, _local.kept = _local.kept, None
    if kept is not None:
        _park(kept)


def _park(kept: KeptLoop) -> None:
    """
    Keep an inherited loop for good; at the exit of the child, too, nobody shall close it.
    """
    _parked.append((kept, caching.take(kept.loop)))
    kept.loop.is_closed = _yes  # type: ignore[method-assign]


def _yes() -> bool:
    return True
