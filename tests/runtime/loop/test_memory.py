"""
Tests of memory: a failed call is freed with its exception, without the garbage collector.
"""

import asyncio
import contextlib
import gc
import signal
import time
import weakref

import pytest
from rq.timeouts import JobTimeoutException

from workerctl.runtime.async_helpers import run_async, with_event_loop_cleanup
from workerctl.runtime.exceptions import LLMUnavailableError
from workerctl.runtime.retry import classify, translate_errors

pytestmark = pytest.mark.usefixtures("every_loop", "_no_collector")

FAR = 60
BOTH_ALARMS = pytest.mark.parametrize("alarm", [False, True], ids=["no alarm", "alarm"])


@pytest.fixture(name="_no_collector")
def _without_collector():
    gc.disable()
    yield
    gc.enable()


class Local:
    """
    The value of a coroutine's local variable, of a type that supports weak references.
    """


class Calls:
    """
    Coroutines that fail in different ways, and a weak set of their local values.
    """

    def __init__(self):
        self.alive = weakref.WeakSet()

    def local(self):
        """Return a new object, which is counted as long as it lives."""
        made = Local()
        self.alive.add(made)
        return made

    async def fail(self):
        """Fail after an iteration of the loop."""
        _local = self.local()
        await asyncio.sleep(0)
        raise ConnectionError

    async def fail_at_once(self):
        """Fail in the first step."""
        _local = self.local()
        raise ConnectionError

    async def fail_in_depth(self):
        """Fail in a coroutine that is awaited, and replace its exception."""
        _local = self.local()
        try:
            await self.fail()
        except ConnectionError as error:
            raise LookupError from error

    async def leave_and_fail(self):
        """Fail, and leave a task running that has a local value, too."""
        _local = self.local()
        self.task = asyncio.create_task(self.wait())
        await asyncio.sleep(0)
        del self.task
        raise ConnectionError

    async def fail_in_a_group(self):
        """Fail in a task of a group, which leaves a reference cycle."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.fail())

    async def fail_while_waited_for(self):
        """Fail under wait_for()."""
        await asyncio.wait_for(self.fail(), FAR)

    async def wait(self):
        """Wait for a long time."""
        _local = self.local()
        await asyncio.sleep(FAR)

    async def block(self):
        """Block the loop."""
        _local = self.local()
        time.sleep(FAR)  # noqa: ASYNC251

    async def be_cancelled(self):
        """Raise CancelledError."""
        _local = self.local()
        raise asyncio.CancelledError


WAYS = [
    (Calls.fail, ConnectionError, None),
    (Calls.fail, ConnectionError, FAR),
    (Calls.fail_at_once, ConnectionError, None),
    (Calls.fail_in_depth, LookupError, None),
    (Calls.fail_in_depth, LookupError, FAR),
    (Calls.leave_and_fail, ConnectionError, None),
    (Calls.wait, TimeoutError, 0.001),
    (Calls.be_cancelled, asyncio.CancelledError, None),
]


@pytest.fixture(name="armed")
def _armed(limit):
    """
    Return a function that sets a distant job timeout if its argument is true.
    """
    return lambda alarm: limit(FAR) if alarm else contextlib.nullcontext()


@BOTH_ALARMS
@pytest.mark.parametrize(
    ("coroutine", "error", "timeout"),
    WAYS,
    ids=[f"{way.__name__} {timeout}" for way, _, timeout in WAYS],
)
def test_the_locals_of_a_failed_call_are_freed_when_its_exception_is(
    armed, alarm, coroutine, error, timeout
):
    calls = Calls()
    alive = []
    with armed(alarm):
        for _ in range(20):
            with contextlib.suppress(error):
                run_async(coroutine(calls), timeout=timeout)
            alive.append(len(calls.alive))

    assert alive == [0] * 20


@BOTH_ALARMS
def test_a_failed_call_leaves_nothing_at_all_to_the_collector(armed, alarm):
    """
    Nor does a call that succeeds.

    The best of three rounds counts: other threads and earlier tests may leave objects in one of
    them, a call that leaves any does so in each.
    """
    calls = Calls()
    found = []
    with armed(alarm):
        run_async(asyncio.sleep(0))
        for _ in range(3):
            gc.collect()
            for _ in range(20):
                with contextlib.suppress(ConnectionError):
                    run_async(calls.fail())
                run_async(asyncio.sleep(0))
            found.append(gc.collect())

    assert min(found) < 20


@BOTH_ALARMS
@pytest.mark.parametrize("coroutine", [Calls.fail_in_a_group, Calls.fail_while_waited_for])
def test_reference_cycles_of_a_failed_call_last_until_the_next_call(armed, alarm, coroutine):
    gc.enable()
    calls = Calls()
    alive = []
    with armed(alarm):
        for _ in range(50):
            with contextlib.suppress(ConnectionError, ExceptionGroup):
                run_async(coroutine(calls))
            alive.append(len(calls.alive))

    assert max(alive) <= 1


@pytest.mark.parametrize("coroutine", [Calls.wait, Calls.block], ids=["cancelled", "interrupted"])
def test_the_locals_of_a_job_that_exceeded_its_timeout_are_freed(limit, grace, coroutine):
    calls = Calls()
    for _ in range(3):
        with contextlib.suppress(JobTimeoutException), limit(0.05):
            run_async(coroutine(calls))

        assert len(calls.alive) == 0


@BOTH_ALARMS
def test_an_exception_keeps_its_frames_only_as_long_as_it_is_referenced(armed, alarm):
    """
    RQ keeps the exception for its handlers; classifying and translating it has no effect on this.
    """

    @with_event_loop_cleanup
    def job():
        with translate_errors("llm"):
            run_async(calls.fail_at_once())

    calls = Calls()
    kept = []
    with armed(alarm):
        for count in range(1, 6):
            try:
                job()
            except LLMUnavailableError as error:
                kept.append((error, classify(error)))
            assert len(calls.alive) == count
    assert {verdict.kind for _, verdict in kept} == {"retryable"}
    kept.pop()
    assert len(calls.alive) == 4
    kept.clear()

    assert len(calls.alive) == 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
