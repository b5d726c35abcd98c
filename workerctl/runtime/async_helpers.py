"""
Async code in synchronous jobs, on one event loop per thread that is kept between calls.

    from openai import AsyncOpenAI
    from workerctl.runtime import loop_cached, run_async, with_event_loop_cleanup

    openai = loop_cached(AsyncOpenAI)

    async def analyze(text):
        answer = await openai().responses.create(model="gpt-4o", input=text)
        return answer.output_text

    @with_event_loop_cleanup
    def full_pipeline(text):
        return run_async(analyze(text))

A new event loop is cheap, but the connections of a client are lost with the old one. The kept loop
lets a client from `loop_cached` reuse its connections in later calls.

With USE_NEW_ASYNC_HELPER=false, each call uses `asyncio.run()` instead, and `loop_cached` makes one
client per call.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from pydantic import TypeAdapter, ValidationError

from workerctl.report.errors import ConfigurationError
from workerctl.report.findings import Finding, Location, Severity
from workerctl.runtime.loop import loops
from workerctl.runtime.loop.caching import loop_cached
from workerctl.runtime.loop.loops import NestedRunError
from workerctl.settings import get_settings

__all__ = [
    "NestedRunError",
    "cleanup_event_loop",
    "get_or_create_event_loop",
    "loop_cached",
    "run_async",
    "with_event_loop_cleanup",
]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_FLAG = "USE_NEW_ASYNC_HELPER"
_PATCHED_BY_GEVENT = ("select", "socket", "thread", "threading")

_log = logging.getLogger(__name__)


class _Local(threading.local):
    in_job = False


_local = _Local()


def run_async(coro: Coroutine[Any, Any, Result], *, timeout: float | None = None) -> Result:
    """
    Run a coroutine from synchronous code and return its result.

        analysis = run_async(analyze(text), timeout=60)

    Tasks that are still running when the coroutine returns are cancelled. When RQ's job timeout
    expires, the coroutine is cancelled, and RQ's exception is raised after it has ended.

    Raises TimeoutError if the coroutine takes longer than `timeout` seconds, and NestedRunError if
    an event loop is already running in this thread.
    """
    if not isinstance(coro, Coroutine):
        raise TypeError(_not_a_coroutine(coro))
    name = _name(coro)
    try:
        _refuse_gevent()
        _refuse_nesting(name)
        is_kept = _keeps_loop()
    except Exception:
        coro.close()  # otherwise Python warns that it was never awaited
        raise
    if timeout is not None:
        coro = _await_within(coro, name, timeout)
    return loops.run(loops.get_or_create(), coro, name) if is_kept else asyncio.run(coro)


def get_or_create_event_loop() -> asyncio.AbstractEventLoop:
    """
    Return the event loop that `run_async` uses in this thread; create it if necessary.

    Do not close it: call `cleanup_event_loop()`.
    """
    return loops.get_or_create().loop


def cleanup_event_loop(timeout: float = 5.0) -> bool:
    """
    Close this thread's event loop and its clients from `loop_cached`; return whether there was one.

    The next `run_async` creates a new loop. After `timeout` seconds, whatever has not ended is
    logged and abandoned. Raises NestedRunError if an event loop is running in this thread.
    """
    return loops.close_current(timeout)


def with_event_loop_cleanup(job: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """
    Decorate a job function so that `cleanup_event_loop()` is called after it.

        @with_event_loop_cleanup
        def full_pipeline(text):
            return run_async(analyze(text))

    For workers that run many jobs in one process and should not hold connections between them. If
    one decorated function calls another, only the outermost call cleans up. Raises TypeError for a
    coroutine function.
    """
    if inspect.iscoroutinefunction(job) or inspect.isasyncgenfunction(job):
        raise TypeError(
            f"with_event_loop_cleanup decorates synchronous functions, and {job.__qualname__} is"
            " `async def`: write it with `def`, and call run_async() inside it."
        )

    @functools.wraps(job)
    def decorated(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        if _local.in_job:
            return job(*args, **kwargs)
        _local.in_job = True
        try:
            result = job(*args, **kwargs)
        except BaseException:
            _clean_up_quietly()
            raise
        finally:
            _local.in_job = False
        _clean_up()
        return result

    return decorated


def _clean_up() -> None:
    try:
        cleanup_event_loop()
    except NestedRunError:
        _log.warning("A job ran inside async code, so its event loop is not closed")


def _clean_up_quietly() -> None:
    """
    Clean up after a failed job, whose exception no other may replace.
    """
    try:
        _clean_up()
    except Exception as error:  # noqa: BLE001 -- such as the one of the job's timeout
        _log.warning("Closing the event loop was interrupted: %s", type(error).__name__)


async def _await_within(coro: Coroutine[Any, Any, Result], name: str, seconds: float) -> Result:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await coro
    except TimeoutError:
        if not limit.expired():
            raise
    finally:
        del limit  # breaks a reference cycle: limit, task, exception, this frame
    raise TimeoutError(f"{name}() did not finish within {seconds:g} s.")


def _keeps_loop() -> bool:
    """
    Return USE_NEW_ASYNC_HELPER as it is now: from the environment, else from settings already made.

    Raises ConfigurationError for a value that is not a boolean.
    """
    text = os.environ.get(_FLAG)
    if not text:
        return bool(getattr(get_settings.made, _FLAG, True))  # not every settings class has it
    try:
        return _boolean().validate_python(text)
    except ValidationError:  # not chained, because it holds the value
        del text
    message, hint = f"{_FLAG} must be true or false.", f"The default is {_FLAG}=true."
    raise ConfigurationError(
        [
            Finding(
                code="SET001",
                severity=Severity.ERROR,
                message=message,
                hint=hint,
                fields=(_FLAG,),
                location=Location("environment"),
            )
        ]
    )


@functools.cache
def _boolean() -> TypeAdapter[bool]:
    return TypeAdapter(bool)


def _refuse_gevent() -> None:
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and any(map(monkey.is_module_patched, _PATCHED_BY_GEVENT)):
        raise RuntimeError(
            "asyncio cannot work in this process, because gevent has patched the standard library:"
            " start the worker without gevent's monkey patching."
        )


def _refuse_nesting(name: str) -> None:
    if loops.is_running():
        raise NestedRunError(
            f"run_async({name}()) was called inside async code, where an event loop is already"
            f" running: write `await {name}()`."
        )


def _not_a_coroutine(given: object) -> str:
    """
    Return the message for an argument that is not a coroutine.
    """
    kind = type(given).__name__
    if inspect.iscoroutinefunction(given):
        name = getattr(given, "__qualname__", kind)
        return f"run_async() expects a coroutine, got the function {name}: call it, {name}(...)."
    if inspect.isawaitable(given):
        return f"run_async() expects a coroutine, got {kind}: await it in an `async def` function."
    return f"run_async() expects a coroutine, got {kind}."


def _name(coroutine: object) -> str:
    return getattr(coroutine, "__qualname__", None) or type(coroutine).__name__
