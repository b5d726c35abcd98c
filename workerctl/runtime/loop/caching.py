"""
Objects, such as clients, that live as long as their event loop.

An async client holds connections, which belong to the loop that opened them. A client in a module
variable therefore fails with "Event loop is closed" once its loop is closed, and a client per call
needs a new TLS connection for every call.
"""

from __future__ import annotations

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


class _Cache:
    """
    The objects of one loop, by factory. The loop closes it as if it were an async generator.
    """

    def __init__(self) -> None:
        self.objects: dict[Callable[[], Any], Any] = {}

    async def aclose(self) -> None:
        try:
            for made in reversed(self.objects.values()):
                await _close(made)
        finally:
            detach(asyncio.get_running_loop())


_by_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Cache] = weakref.WeakKeyDictionary()


def loop_cached(factory: Callable[[], Object]) -> Callable[[], Object]:
    """
    Return a function that returns one object per event loop, made by `factory` on its first call.

        openai = loop_cached(lambda: AsyncOpenAI(max_retries=0))

        async def analyze(text):
            return await openai().responses.create(model="gpt-4o", input=text)

    Call the function in a coroutine. The object is closed, with `aclose()` or `close()`, together
    with its loop: by `cleanup_event_loop()` for the loop of `run_async`, and on return from
    `asyncio.run()`. Do not close it yourself, and do not use it in `async with`.

    Raises TypeError for a coroutine function; the returned function raises RuntimeError outside a
    running loop.
    """
    name = getattr(factory, "__qualname__", type(factory).__name__)
    if inspect.iscoroutinefunction(factory):
        raise TypeError(
            f"loop_cached() expects a function that returns the object, and {name} is `async def`:"
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
                f"The function from loop_cached({name}) needs a running event loop: call it inside"
                " the coroutine that is passed to run_async()."
            )
        cache = _by_loop.get(loop) or _attach(loop)
        if factory not in cache.objects:
            cache.objects[factory] = factory()
        made: Object = cache.objects[factory]
        return made

    return cached


def holds(loop: asyncio.AbstractEventLoop) -> bool:
    """
    Return whether the loop has a cache, whose objects must be closed while it runs.
    """
    return loop in _by_loop


def detach(loop: asyncio.AbstractEventLoop) -> object:
    """
    Remove and return the cache of a loop, or None; its objects are not found again.
    """
    return _by_loop.pop(loop, None)


def _attach(loop: asyncio.AbstractEventLoop) -> _Cache:
    """
    Return a new cache for the running loop, which closes it when it shuts down.

    A loop is shut down with `shutdown_asyncgens()`, which awaits `aclose()` of everything that was
    passed to its `firstiter` hook. Thus the objects are closed even by code that does not know of
    them, such as `asyncio.run()`.
    """
    for reference in _by_loop.keyrefs():
        other = reference()
        if other is not None and other.is_closed():  # without shutdown_asyncgens()
            detach(other)
    cache = _by_loop[loop] = _Cache()
    register: Callable[[Any], None] | None = sys.get_asyncgen_hooks().firstiter
    if register is not None:  # the hook of the running loop
        register(cache)
    return cache


async def _close(made: object) -> None:
    close = getattr(made, "aclose", None) or getattr(made, "close", None)
    try:
        async with asyncio.timeout(alarm.GRACE_SECONDS):
            result = close() if callable(close) else None
            if inspect.isawaitable(result):
                await result
    except Exception as error:  # noqa: BLE001 -- a foreign client; its text may hold a secret
        client = f"{type(made).__module__}.{type(made).__qualname__}"
        _log.warning("Closing %s at the end of its loop failed: %s", client, type(error).__name__)
