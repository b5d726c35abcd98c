"""
RQ's scheduler process, which must not outlive the worker that started it.

The scheduler is a fork of the worker and inherits its connections to Redis. If the worker alone is
killed, they stay open. To Redis, the dead worker still waits for a job, and Redis gives it the next
one: the job then stays in the intermediate queue, or is lost if the worker had several queues.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

from workerctl.report.records import Record

SECONDS = 1.0
"""How often the scheduler looks for its worker."""


class _Parent(Record):
    """
    A worker that is starting its scheduler, and what closes its connections in a fork.
    """

    process: int
    disconnect: Callable[[], None]


_starting: list[_Parent] = []


@contextlib.contextmanager
def ending_with_this_process(disconnect: Callable[[], None]) -> Iterator[None]:
    """
    Let processes that are forked in the block end when this process does.

    `disconnect` is called in each of them; it closes the inherited connections. The process gets
    SIGTERM within SECONDS after its parent has died.
    """
    _watch_forks()
    _starting.append(_Parent(os.getpid(), disconnect))
    try:
        yield
    finally:
        _starting.clear()


@functools.cache
def _watch_forks() -> None:
    os.register_at_fork(after_in_child=_after_fork)


def _after_fork() -> None:
    for parent in _starting:
        parent.disconnect()
        threading.Thread(target=_end_without, args=(parent.process,), daemon=True).start()
    _starting.clear()


def _end_without(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
