"""
The event loop that a thread keeps between calls: how it is made, used and closed.

A loop belongs to the process and the thread that made it. After a fork, parent and child share its
epoll object. If the child closed the loop, or let it be garbage collected, the parent would no
longer be woken up. The child therefore parks the loop: it keeps it until the process exits.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import gc
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
    A call that needs to run an event loop, made while one is running in the same thread.
    """


class KeptLoop:
    """
    An event loop, its executor, and the id of the process that made them.
    """

    def __init__(self) -> None:
        self.process = os.getpid()
        self.loop = asyncio.new_event_loop()
        # Not created by the loop, which would wait on closing for a thread that is stuck.
        self.executor = ThreadPoolExecutor(thread_name_prefix="workerctl-async")
        self.loop.set_default_executor(self.executor)
        self.has_failed = False

    def __del__(self) -> None:
        """
        Close the loop of a thread that has ended, or park it in a forked child.
        """
        if not hasattr(self, "executor") or self.loop.is_closed():
            return
        if self.process != os.getpid():
            _park(self)
        elif caching.holds(self.loop) and not sys.is_finalizing():
            # Clients can only be closed while the loop runs, in a thread that is not ending itself.
            threading.Thread(target=_close, args=(self, alarm.GRACE_SECONDS), daemon=True).start()
        else:
            _release(self)


class _Local(threading.local):
    kept: KeptLoop | None = None


_local = _Local()


def current() -> KeptLoop | None:
    """
    Return the loop that this thread keeps in this process, or None.
    """
    kept = _local.kept
    if kept is None:
        return None
    if kept.process != os.getpid():  # forked without Python's fork handlers
        _park_inherited()
        return None
    if kept.loop.is_closed():
        _local.kept = None
        return None
    return kept


def get_or_create() -> KeptLoop:
    """
    Return the loop that this thread keeps in this process; create it if necessary.
    """
    kept = current()
    if kept is None:
        _watch_process()
        kept = _local.kept = KeptLoop()
    return kept


def run(kept: KeptLoop, coroutine: Coroutine[Any, Any, Result], name: str) -> Result:
    """
    Run a coroutine and return its result; end whatever it leaves running.

    `name` is the name of the coroutine in log records.
    """
    if not alarm.is_set():  # the usual case outside of jobs, kept fast
        return _run(kept, functools.partial(settling.run, kept.loop), coroutine, name)
    with alarm.cooperative(kept.loop, functools.partial(_abandon, kept)) as run_to_end:
        return _run(kept, run_to_end, coroutine, name)


def _run(
    kept: KeptLoop, run_to_end: alarm.Run, coroutine: Coroutine[Any, Any, Result], name: str
) -> Result:
    if kept.has_failed:
        kept.has_failed = False
        _collect()
    try:
        result: Result = run_to_end(coroutine)
    except BaseException:
        kept.has_failed = True
        _settle(kept)
        raise
    _settle(kept, returned=name)
    return result


def _collect() -> None:
    """
    Free what the last call has left in reference cycles, such as those of a failed TaskGroup.

    A call creates so few objects that the garbage collector would run only after hundreds of calls.
    It must run after the exception of the last call was dropped, and therefore before the next.
    """
    if gc.isenabled():
        gc.collect(1)


def close_current(seconds: float) -> bool:
    """
    Close the loop that this thread keeps, within a time limit; return whether there was one.
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
    Return whether any event loop is running in this thread.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _settle(kept: KeptLoop, *, returned: str | None = None) -> None:
    """
    End the tasks that a call leaves running, and abandon the loop if that fails.

    `returned` is the name of a coroutine that has returned, for a warning. A coroutine that raised
    is expected to leave tasks, and does not cause one.
    """
    left = asyncio.all_tasks(kept.loop)
    if returned is not None and not left:
        return
    cancelled = settling.cancel(left)
    if returned is not None and cancelled:
        _log.warning(
            "%s() returned before its tasks had ended, so they are cancelled; await them, or start"
            " them in an asyncio.TaskGroup: %s",
            returned,
            settling.names(cancelled),
        )
    is_settled = False
    try:
        stuck = kept.loop.run_until_complete(settling.settle(cancelled, alarm.GRACE_SECONDS))
        is_settled = not stuck
        if stuck:
            _log.error(
                "Tasks ignore their cancellation, so the event loop is abandoned: %s",
                settling.names(stuck),
            )
    except RuntimeError:
        _log.error("The event loop was stopped before all tasks had ended, so it is abandoned")
    finally:
        del left, cancelled  # breaks a reference cycle: task, exception, this frame
        if not is_settled:
            _finish(kept, kept.loop.run_until_complete, _close_clients(alarm.GRACE_SECONDS))


def _abandon(kept: KeptLoop) -> None:
    """
    Close a loop in which an alarm has raised, because its state may affect later calls.
    """
    if kept.loop.is_closed():
        return
    _log.warning("A job timeout has interrupted the event loop, which is abandoned")
    kept.loop.stop()  # runs one iteration only, and with it a stop that the alarm has queued
    kept.loop.run_forever()
    _finish(kept, kept.loop.run_until_complete, _close_clients(alarm.GRACE_SECONDS))


def _close(kept: KeptLoop, seconds: float) -> None:
    with alarm.cooperative(kept.loop) as run_to_end:
        _finish(kept, run_to_end, _shut_down(seconds))


def _finish(kept: KeptLoop, run_to_end: alarm.Run, last: Coroutine[Any, Any, None]) -> None:
    """
    Run the last coroutine of a loop, and close the loop even if the coroutine fails.
    """
    if _local.kept is kept:
        _local.kept = None
    try:
        run_to_end(last)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 -- an alarm may raise anything
        _log.warning("Closing the event loop was interrupted: %s", type(error).__name__)
    finally:
        _release(kept)


async def _shut_down(seconds: float) -> None:
    """
    Cancel the tasks of the running loop, and close its async generators and clients.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    left = settling.cancel(asyncio.all_tasks() - {asyncio.current_task()})
    if stuck := await settling.settle(left, seconds / 2):
        _log.warning("Tasks ignore their cancellation: %s", settling.names(stuck))
    await _close_clients(deadline - loop.time())


async def _close_clients(seconds: float) -> None:
    """
    Close the async generators of the running loop, and with them the objects of `loop_cached`.
    """
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().shutdown_asyncgens()
    except TimeoutError:
        _log.warning("Clients and async generators did not close within %.1f s", seconds)


def _release(kept: KeptLoop) -> None:
    kept.executor.shutdown(wait=False, cancel_futures=True)
    if stuck := asyncio.all_tasks(kept.loop):
        # If they were garbage collected, GeneratorExit could resume them during another job.
        _parked.append(stuck)
    kept.loop.close()
    caching.detach(kept.loop)


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
    Keep an inherited loop until the process exits, and never close it.

    It claims to be closed already, so that no finalizer closes it at the exit of the child either.
    """
    _parked.append((kept, caching.detach(kept.loop)))
    kept.loop.is_closed = _yes  # type: ignore[method-assign]


def _yes() -> bool:
    return True
