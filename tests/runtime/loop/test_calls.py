"""
Tests of calls of run_async(), and of what one call passes to the next.
"""

import asyncio
import contextvars
import sys
import threading
import time
import traceback
import types

import pytest

from tests.runtime.loop.descriptors import descriptors
from workerctl.runtime.async_helpers import (
    NestedRunError,
    cleanup_event_loop,
    get_or_create_event_loop,
    run_async,
)

BOTH_MODES = pytest.mark.parametrize("flag", ["true", "false"])
VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="nothing")


async def running_loop():
    return asyncio.get_running_loop()


async def nothing():
    pass


def test_calls_of_a_thread_share_one_loop(every_loop):
    loops = {run_async(running_loop()), run_async(running_loop()), get_or_create_event_loop()}

    assert len(loops) == 1
    assert (every_loop == "uvloop") == type(loops.pop()).__module__.startswith("uvloop")


def test_every_thread_has_its_own_loop():
    barrier = threading.Barrier(4)
    found = []

    async def meet():
        await asyncio.to_thread(barrier.wait, 30)  # all four are running now
        return asyncio.get_running_loop()

    threads = [threading.Thread(target=lambda: found.append(run_async(meet()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == 4


def test_a_closed_loop_is_replaced():
    loop = get_or_create_event_loop()
    loop.close()

    assert run_async(running_loop()) is not loop


def test_every_call_sees_the_context_of_its_caller_and_does_not_change_it():
    async def read_and_set():
        before = VARIABLE.get()
        VARIABLE.set("the coroutine's")
        return before

    seen = [run_async(read_and_set())]
    token = VARIABLE.set("the second job's")
    seen.append(run_async(read_and_set()))
    after = VARIABLE.get()
    VARIABLE.reset(token)

    assert (seen, after) == (["nothing", "the second job's"], "the second job's")


@BOTH_MODES
def test_a_call_inside_async_code_names_the_coroutine_and_says_what_to_write(flag, monkeypatch):
    """
    The coroutine is closed without a warning, and the outer call continues.
    """
    monkeypatch.setenv("USE_NEW_ASYNC_HELPER", flag)

    async def outer():
        with pytest.raises(NestedRunError) as caught:
            run_async(nothing())
        await asyncio.sleep(0)
        return str(caught.value)

    assert run_async(outer()) == (
        "run_async(nothing()) was called inside async code, where an event loop is already running:"
        " write `await nothing()`."
    )


def test_a_call_inside_a_foreign_loop_is_refused_too():
    """
    RQ runs a job that is `async def` in such a loop.
    """

    async def job():
        run_async(nothing())

    with pytest.raises(NestedRunError, match="write `await nothing"):
        asyncio.run(job())


@BOTH_MODES
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (nothing, "got the function nothing: call it, nothing(...)."),
        (3, "got int."),
        (None, "got NoneType."),
        (asyncio.Future, "got type."),
        (asyncio.sleep, "got the function sleep: call it, sleep(...)."),
    ],
    ids=["function", "number", "None", "class", "library"],
)
def test_an_argument_that_is_not_a_coroutine_is_refused_with_what_to_write(
    flag, given, words, monkeypatch
):
    monkeypatch.setenv("USE_NEW_ASYNC_HELPER", flag)
    with pytest.raises(TypeError) as caught:
        run_async(given)

    assert str(caught.value) == f"run_async() expects a coroutine, {words}"


def test_a_future_is_refused_too():
    future = get_or_create_event_loop().create_future()
    with pytest.raises(TypeError, match=r"got Future: await it in an `async def` function\."):
        run_async(future)


def test_a_coroutine_of_another_kind_runs():
    """
    Compiled modules have such coroutines, which have no name.
    """

    class Compiled:
        def __init__(self):
            self._inner = nothing()

        def send(self, value):
            return self._inner.send(value)

        def throw(self, *error):
            return self._inner.throw(*error)

        def close(self):
            self._inner.close()

        def __await__(self):
            return self._inner.__await__()

    assert run_async(Compiled()) is None


@BOTH_MODES
@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt])
def test_an_exception_is_raised_unchanged_and_the_loop_is_kept(flag, kind, every_loop, monkeypatch):
    """
    It is the same object, and its traceback shows the line that raised it.
    """
    monkeypatch.setenv("USE_NEW_ASYNC_HELPER", flag)
    error = kind("out")

    async def raising():
        await asyncio.sleep(0)
        raise error

    run_async(nothing())
    loop = get_or_create_event_loop()
    with pytest.raises(kind) as caught:
        run_async(raising())

    assert caught.value is error
    assert "raising" in [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert get_or_create_event_loop() is loop
    assert run_async(running_loop()) is loop or flag == "false"


def test_the_current_event_loop_is_neither_used_nor_changed():
    """
    run_async() neither sets the thread's current loop nor depends on it.
    """
    mine = asyncio.new_event_loop()
    asyncio.set_event_loop(mine)
    try:
        loop = run_async(running_loop())
        assert asyncio.get_event_loop_policy().get_event_loop() is mine
        asyncio.run(nothing())
        assert run_async(running_loop()) is loop
        cleanup_event_loop()
    finally:
        mine.close()
        asyncio.set_event_loop(None)


def test_hundreds_of_calls_leak_no_descriptor_and_no_thread(every_loop):
    run_async(asyncio.to_thread(time.sleep, 0))
    before = (descriptors(), threading.active_count())
    for _ in range(300):
        run_async(asyncio.sleep(0))

    assert (descriptors(), threading.active_count()) == before


@BOTH_MODES
def test_a_timeout_ends_the_coroutine_and_names_it(flag, monkeypatch):
    monkeypatch.setenv("USE_NEW_ASYNC_HELPER", flag)
    ends = []

    async def slow():
        try:
            await asyncio.sleep(60)
        finally:
            ends.append("finally")

    with pytest.raises(TimeoutError, match=r"slow\(\) did not finish within 0\.01 s\."):
        run_async(slow(), timeout=0.01)

    assert ends == ["finally"]
    assert not asyncio.all_tasks(get_or_create_event_loop())


@BOTH_MODES
def test_within_its_timeout_a_coroutine_is_left_alone(flag, monkeypatch):
    """
    A TimeoutError that the coroutine itself raises is not replaced.
    """
    monkeypatch.setenv("USE_NEW_ASYNC_HELPER", flag)
    own = TimeoutError("of a client")

    async def failing():
        raise own

    assert run_async(asyncio.sleep(0, "result"), timeout=60) == "result"
    with pytest.raises(TimeoutError) as caught:
        run_async(failing(), timeout=60)
    assert caught.value is own


def test_a_stuck_thread_delays_neither_the_call_nor_the_clean_up(every_loop):
    release = threading.Event()
    ran = []

    async def wait_in_thread():
        loop = asyncio.get_running_loop()
        for _ in range(40):  # more than the executor has threads
            loop.run_in_executor(None, release.wait, 60)
        await loop.run_in_executor(None, ran.append, "the work behind")

    start = time.monotonic()
    with pytest.raises(TimeoutError):
        run_async(wait_in_thread(), timeout=0.1)
    assert cleanup_event_loop(timeout=1)
    took = time.monotonic() - start
    release.set()

    assert took < 10
    assert ran == []


@BOTH_MODES
@pytest.mark.parametrize("module", ["select", "socket", "thread", "threading"])
def test_a_process_that_gevent_has_patched_is_refused(flag, module, monkeypatch):
    """
    Gevent's own functions answer this, as soon as its module is imported.
    """
    monkeypatch.setenv("USE_NEW_ASYNC_HELPER", flag)
    monkey = types.ModuleType("gevent.monkey")
    patched = set()
    monkey.is_module_patched = patched.__contains__
    monkeypatch.setitem(sys.modules, "gevent.monkey", monkey)
    run_async(nothing())
    patched.add(module)

    with pytest.raises(RuntimeError, match="start the worker without gevent's monkey patching"):
        run_async(nothing())
