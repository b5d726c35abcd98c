"""
A job's timeout, delivered to a coroutine so that it arrives.

RQ's timeout is a SIGALRM whose handler raises wherever the interpreter happens to be: in the wait
of the loop, which leaves the task behind for the next job; in a callback, where asyncio logs it and
goes on; in the coroutine, where `except Exception` swallows it; and uvloop swallows it everywhere
but in running code. So the first alarm becomes a cancellation, which all of these respect, and the
handler's own exception is raised when the call has come to its end.
"""

import asyncio
import contextlib
import functools
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from types import FrameType, TracebackType
from typing import Any

from workerctl.runtime import settling

Handler = Callable[[int, FrameType | None], Any]
Run = Callable[[Coroutine[Any, Any, Any]], Any]

GRACE_SECONDS = 5.0
"""How long what was cancelled may take to end, and what blocks the loop, to let go of it."""


def _nothing() -> None:
    pass


def cooperative(
    loop: asyncio.AbstractEventLoop, interrupted: Callable[[], None] = _nothing
) -> AbstractContextManager[Run]:
    """
    Context manager that yields a run function under which an alarm cancels the coroutine.

    If cancelling was not enough, `interrupted` is called on leaving: an exception may have hit the
    loop itself, and a stop may still be queued in it. In other threads, which receive no signals,
    and where no alarm is set, the run function is `settling.run`.
    """
    handler = _waiting_handler()
    if handler is None:
        return contextlib.nullcontext(functools.partial(settling.run, loop))
    return _CooperativeAlarm(loop, handler, interrupted)


def is_set() -> bool:
    """
    Whether an alarm waits to go off in this process, whoever set it.
    """
    return hasattr(signal, "SIGALRM") and signal.getitimer(signal.ITIMER_REAL)[0] > 0


class _CooperativeAlarm:
    """
    Context manager under which the first SIGALRM cancels the coroutine that is being run.

    Later ones follow every GRACE_SECONDS. They stop a loop that has turned since the last alarm,
    because its coroutine ignores the cancellation, and raise in code that has blocked it since. On
    leaving, the original handler is restored, and called if there has been an alarm.
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
        self._turned = True  # whether the loop has turned since the last alarm
        self._raised: BaseException | None = None

    def __enter__(self) -> Run:
        self._entered = True
        signal.signal(signal.SIGALRM, self._handle)
        return self._run

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        self._task = self._loop.create_task(coroutine)
        if self._count:  # before there was anything to cancel
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
        # Both refer, through tracebacks, to frames that refer to this object: a reference cycle.
        raised, self._raised, self._task = self._raised, None, None
        # Read after the handler is restored: every alarm until then is reported here.
        if self._count > 1:
            self._interrupted()
        if self._count and not _stands(error, raised):
            self._original(signal.SIGALRM, None)
            raise TimeoutError("The job has taken longer than it may.")

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
        blocks, self._turned = not self._turned, False
        if not self._loop.is_closed():  # wakes it, if it waits
            self._loop.call_soon_threadsafe(self._turn, self._count > 1 and not blocks)
        if self._count == 1:
            if self._task is not None:
                self._task.cancel()
        elif blocks and self._loop.is_running():  # otherwise it is called on leaving alone
            try:
                self._original(number, frame)
            except BaseException as error:
                self._raised = error
                raise

    def _turn(self, stop: bool) -> None:  # noqa: FBT001 -- call_soon_threadsafe passes no keywords
        self._turned = True
        if stop and self._entered:
            self._loop.stop()


def _waiting_handler() -> Handler | None:
    """
    The handler of an alarm that is set to go off once, if this thread may replace it.

    A repeated alarm is a clock of somebody's, not a limit.
    """
    if not hasattr(signal, "SIGALRM") or threading.get_ident() != threading.main_thread().ident:
        return None
    seconds, interval = signal.getitimer(signal.ITIMER_REAL)
    if not seconds or interval:
        return None
    handler = signal.getsignal(signal.SIGALRM)
    return handler if callable(handler) else None


def _stands(error: BaseException | None, raised: BaseException | None) -> bool:
    """
    Whether what leaves the call need not be replaced by the exception of the handler.
    """
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return True
    return error is not None and error is raised
