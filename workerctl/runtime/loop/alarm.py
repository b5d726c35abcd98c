"""
RQ's job timeout, turned into the cancellation of the coroutine that is running.

RQ's timeout is a SIGALRM whose handler raises an exception wherever the interpreter happens to be.
In async code that does not work. While the loop waits for events, the exception ends the loop's run
but leaves the task for the next job. In a callback, asyncio logs it and continues. In a coroutine,
`except Exception` may catch it. And uvloop ignores it except in Python code that is running.

Therefore the first alarm cancels the task, which works in all of these places, and the handler's
exception is raised once the call has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from types import FrameType, TracebackType
from typing import Any

from workerctl.runtime.loop import settling

Handler = Callable[[int, FrameType | None], Any]
Run = Callable[[Coroutine[Any, Any, Any]], Any]

GRACE_SECONDS = 5.0
"""The seconds between alarms: for a cancelled task to end, and for blocking code to return."""


def _nothing() -> None:
    pass


def cooperative(
    loop: asyncio.AbstractEventLoop, interrupted: Callable[[], None] = _nothing
) -> AbstractContextManager[Run]:
    """
    Context manager that yields a run function under which an alarm cancels the coroutine.

    If cancelling was not enough, `interrupted` is called on exit: an exception may have hit the
    loop itself, and a stop may still be queued in it. If no alarm is pending, and in threads other
    than the main thread, which receive no signals, the run function is `settling.run`.
    """
    handler = _pending_handler()
    if handler is None:
        return contextlib.nullcontext(functools.partial(settling.run, loop))
    return _CooperativeAlarm(loop, handler, interrupted)


def is_set() -> bool:
    """
    Return whether an alarm is pending in this process.
    """
    return hasattr(signal, "SIGALRM") and signal.getitimer(signal.ITIMER_REAL)[0] > 0


class _CooperativeAlarm:
    """
    Context manager under which the first SIGALRM cancels the coroutine that is being run.

    Later alarms follow every GRACE_SECONDS. If the loop has completed an iteration since the
    previous alarm, the coroutine ignores the cancellation, and the loop is stopped; otherwise the
    handler raises in the code that blocks it. On exit, the original handler is restored, and called
    if there has been an alarm.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, handler: Handler, interrupted: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._original = handler
        self._interrupted = interrupted
        self._entered = False
        self._task: asyncio.Task[Any] | None = None
        self._count = 0
        self._iterated = True  # whether the loop has completed an iteration since the last alarm
        self._raised: BaseException | None = None

    def __enter__(self) -> Run:
        self._entered = True
        signal.signal(signal.SIGALRM, self._handle)
        return self._run

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        self._task = self._loop.create_task(coroutine)
        if self._count:  # an alarm came before there was a task to cancel
            self._task.cancel()
        return settling.complete(self._loop, self._task)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._entered = False
        if signal.getsignal(signal.SIGALRM) == self._handle:
            signal.signal(signal.SIGALRM, self._original)
            if self._count:
                signal.setitimer(signal.ITIMER_REAL, 0)
        # Clear both to break a reference cycle through tracebacks and frames to this object.
        raised, self._raised, self._task = self._raised, None, None
        # Read after the handler is restored: every alarm until then is reported here.
        if self._count > 1:
            self._interrupted()
        if self._count and not _takes_precedence(error, raised):
            self._original(signal.SIGALRM, None)
            raise TimeoutError("The job exceeded its timeout.")

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
        blocks, self._iterated = not self._iterated, False
        if not self._loop.is_closed():  # call_soon_threadsafe() wakes a waiting loop
            self._loop.call_soon_threadsafe(self._iterate, self._count > 1 and not blocks)
        if self._count == 1:
            if self._task is not None:
                self._task.cancel()
        elif blocks and self._loop.is_running():  # otherwise __exit__ calls the handler
            try:
                self._original(number, frame)
            except BaseException as error:
                self._raised = error
                raise

    def _iterate(self, stop: bool) -> None:  # noqa: FBT001 -- call_soon_threadsafe passes no keywords
        self._iterated = True
        if stop and self._entered:
            self._loop.stop()


def _pending_handler() -> Handler | None:
    """
    Return the handler of a pending alarm that this thread may replace, or None.

    A repeating alarm is not a timeout, and is left alone.
    """
    if not hasattr(signal, "SIGALRM") or threading.get_ident() != threading.main_thread().ident:
        return None
    seconds, interval = signal.getitimer(signal.ITIMER_REAL)
    if not seconds or interval:
        return None
    handler = signal.getsignal(signal.SIGALRM)
    return handler if callable(handler) else None


def _takes_precedence(error: BaseException | None, raised: BaseException | None) -> bool:
    """
    Return whether the exception that ends the call is kept instead of the handler's.

    `raised` is the one that the handler has raised in place.
    """
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return True
    return error is not None and error is raised
