"""
Async code in synchronous jobs: one event loop per process and thread, kept from call to call.

    openai = loop_cached(AsyncOpenAI)  # the connections are what is worth keeping

    @with_event_loop_cleanup
    def full_pipeline(job_id):
        analysis = run_async(analyst.analyze(text))

The loop itself is cheap. What a kept loop saves is the client: its connections live as long as the
loop does. With USE_NEW_ASYNC_HELPER=false every call is an `asyncio.run`, and clients made by
`loop_cached` work there, too, one per call.
"""

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

from workerctl.errors import ConfigurationError
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
_SWITCHED_BY_GEVENT = ("select", "socket", "thread", "threading")

_log = logging.getLogger(__name__)


class _Local(threading.local):
    in_job = False


_local = _Local()


def run_async(coro: Coroutine[Any, Any, Result], *, timeout: float | None = None) -> Result:
    """
    Run a coroutine to its end and return its result, from code that is not async.

    What it leaves running is cancelled. A job timeout of RQ's cancels it and leaves this call as
    RQ's exception. Raises TimeoutError after `timeout` seconds, NestedRunError inside async code.
    """
    if not isinstance(coro, Coroutine):
        raise TypeError(_not_a_coroutine(coro))
    name = _name(coro)
    try:
        _refuse_gevent()
        _refuse_nesting(name)
        is_kept = _keeps_loop()
    except Exception:
        coro.close()  # or Python warns that nobody awaited it
        raise
    if timeout is not None:
        coro = _within(coro, name, timeout)
    return loops.run(loops.made_for_thread(), coro, name) if is_kept else asyncio.run(coro)


def get_or_create_event_loop() -> asyncio.AbstractEventLoop:
    """
    The loop that `run_async` uses in this thread of this process.
    """
    return loops.made_for_thread().loop


def cleanup_event_loop(timeout: float = 5.0) -> bool:
    """
    Close this thread's loop, with the clients of `loop_cached`; the next call makes a new one.

    Returns whether there was a loop. What fails to close in time is logged and left.
    """
    return loops.close_current(timeout)


def with_event_loop_cleanup(job: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """
    Decorate a job so that `cleanup_event_loop` follows it; of nested ones, the outermost.

    For workers that run many jobs in one process and shall hold no connection in between.
    """
    if inspect.iscoroutinefunction(job) or inspect.isasyncgenfunction(job):
        raise TypeError(
            f"with_event_loop_cleanup decorates synchronous jobs, and {job.__qualname__} is"
            " `async def`: write it with `def`, and run_async() inside."
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
        _log.warning("A job ran inside async code: its event loop is left as it is")


def _clean_up_quietly() -> None:
    """
    The job has failed, and that is what its caller shall see.
    """
    try:
        _clean_up()
    except Exception as error:  # noqa: BLE001 -- the exception of the job's timeout
        _log.warning("The event loop is closed; that was cut short: %s", type(error).__name__)


async def _within(coroutine: Coroutine[Any, Any, Result], name: str, seconds: float) -> Result:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await coroutine
    except TimeoutError:
        if not limit.expired():
            raise
    finally:
        del limit  # it refers to the task, and the task to an exception that refers to this frame
    raise TimeoutError(f"{name}() has taken longer than {seconds:g} s.")


def _keeps_loop() -> bool:
    """
    What USE_NEW_ASYNC_HELPER says now: the environment, else the settings if this process has any.
    """
    text = os.environ.get(_FLAG)
    if not text:
        settings = get_settings.made
        return settings is None or settings.USE_NEW_ASYNC_HELPER
    try:
        return _boolean().validate_python(text)
    except ValidationError:  # holds the value
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
    if monkey is not None and any(map(monkey.is_module_patched, _SWITCHED_BY_GEVENT)):
        raise RuntimeError(
            "gevent has replaced parts of the standard library in this process, and asyncio cannot"
            " work on them: start the worker without gevent's monkey patching."
        )


def _refuse_nesting(name: str) -> None:
    if loops.is_running():
        raise NestedRunError(
            f"run_async({name}()) was called inside async code, where an event loop is running"
            f" already: write `await {name}()`."
        )


def _not_a_coroutine(given: object) -> str:
    kind = type(given).__name__
    if inspect.iscoroutinefunction(given):
        name = getattr(given, "__qualname__", kind)
        return f"run_async() needs a coroutine, and {name} is a function: call it, {name}(...)."
    if inspect.isawaitable(given):
        return f"run_async() needs a coroutine, and {kind} is none: await it in an `async def`."
    return f"run_async() needs a coroutine, and {kind} is none."


def _name(coroutine: object) -> str:
    return getattr(coroutine, "__qualname__", None) or type(coroutine).__name__
