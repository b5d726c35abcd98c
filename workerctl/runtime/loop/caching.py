"""
Clients that live as long as their event loop.

An async client holds connections, and these belong to the loop that opened them. So a client in a
module variable fails with "Event loop is closed" as soon as its loop is gone, and a client per call
pays for a new TLS connection every time.
"""

import asyncio
import functools
import inspect
import logging
import sys
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from workerctl.runtime.loop import alarm

Object = TypeVar("Object")

_log = logging.getLogger(__name__)


class _Kept:
    """
    What one loop keeps, by the factory that made it. The loop closes it like an async generator.
    """

    def __init__(self) -> None:
        self.objects: dict[Callable[[], Any], Any] = {}

    async def aclose(self) -> None:
        try:
            for made in reversed(self.objects.values()):
                await _close(made)
        finally:
            take(asyncio.get_running_loop())


_by_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Kept] = weakref.WeakKeyDictionary()


def loop_cached(factory: Callable[[], Object]) -> Callable[[], Object]:
    """
    A function that returns one object per event loop, made by the factory at its first call.

        openai = loop_cached(lambda: AsyncOpenAI(max_retries=0))

        async def analyze(text): return await openai().responses.create(...)

    To be called inside a coroutine. The loop closes the object (`aclose()` or `close()`) at its own
    end: that of `run_async` in `cleanup_event_loop`, that of `asyncio.run` when it returns. Do not
    close it yourself, and do not enter it with `async with`.
    """
    name = getattr(factory, "__qualname__", type(factory).__name__)
    if inspect.iscoroutinefunction(factory):
        raise TypeError(
            f"loop_cached() needs a function that returns the object, and {name} is `async def`:"
            " write it with `def`."
        )

    @functools.partial(functools.update_wrapper, wrapped=factory, updated=())
    def cached() -> Object:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        if loop is None:
            raise RuntimeError(
                f"What loop_cached({name}) returns belongs to an event loop, and none is running"
                " here: call it inside the coroutine that is given to run_async()."
            )
        kept = _by_loop.get(loop) or _attached(loop)
        if factory not in kept.objects:
            kept.objects[factory] = factory()
        made: Object = kept.objects[factory]
        return made

    return cached


def holds(loop: asyncio.AbstractEventLoop) -> bool:
    """
    Whether the loop keeps anything that has to be closed in it.
    """
    return loop in _by_loop


def take(loop: asyncio.AbstractEventLoop) -> object:
    """
    What the loop keeps, no longer known here: it will not be closed, and not be found again.
    """
    return _by_loop.pop(loop, None)


def _attached(loop: asyncio.AbstractEventLoop) -> _Kept:
    """
    Return an empty record for the running loop, which closes it when it shuts down.

    Every loop ends with `shutdown_asyncgens()`, which awaits `aclose()` of what its hook has been
    given; so the objects are closed by whoever closes the loop, `asyncio.run` among them.
    """
    for reference in _by_loop.keyrefs():
        other = reference()
        if other is not None and other.is_closed():  # without shutdown_asyncgens()
            take(other)
    kept = _by_loop[loop] = _Kept()
    register: Callable[[Any], None] | None = sys.get_asyncgen_hooks().firstiter
    if register is not None:  # the running loop's
        register(kept)
    return kept


async def _close(made: object) -> None:
    close = getattr(made, "aclose", None) or getattr(made, "close", None)
    try:
        async with asyncio.timeout(alarm.GRACE_SECONDS):
            answer = close() if callable(close) else None
            if inspect.isawaitable(answer):
                await answer
    except Exception as error:  # noqa: BLE001 -- somebody's client; its text may hold a value
        what = f"{type(made).__module__}.{type(made).__qualname__}"
        _log.warning("Closing %s at the end of its loop failed: %s", what, type(error).__name__)
