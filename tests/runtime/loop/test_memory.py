"""
A failed call is freed with its exception: without the garbage collector, which is off here.
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
    What a coroutine holds in a local variable; a weak set cannot hold a list.
    """


class Calls:
    """
    Coroutines that fail in different ways, and their locals that are still in memory.
    """

    def __init__(self):
        self.alive = weakref.WeakSet()

    def local(self):
        """Return a new object, which is counted as long as it lives."""
        made = Local()
        self.alive.add(made)
        return made

    async def fail(self):
        """Fail after a turn of the loop."""
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
        """Fail, and leave a task running that holds something, too."""
        _local = self.local()
        self.task = asyncio.create_task(self.wait())
        await asyncio.sleep(0)
        del self.task
        raise ConnectionError

    async def wait(self):
        """Wait for something that does not come."""
        _local = self.local()
        await asyncio.sleep(FAR)

    async def block(self):
        """Block the loop."""
        _local = self.local()
        time.sleep(FAR)  # noqa: ASYNC251

    async def be_cancelled(self):
        """Be cancelled."""
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
    A job timeout that does not go off, or none.
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
    Nor does one that succeeds. Fewer objects than calls, because other threads may leave some.
    """
    calls = Calls()
    with armed(alarm):
        run_async(asyncio.sleep(0))
        gc.collect()
        for _ in range(20):
            with contextlib.suppress(ConnectionError):
                run_async(calls.fail())
            run_async(asyncio.sleep(0))
        found = gc.collect()

    assert found < 20


@pytest.mark.parametrize("coroutine", [Calls.wait, Calls.block], ids=["cancelled", "interrupted"])
def test_those_of_a_job_that_ran_out_of_time_are_freed(limit, grace, coroutine):
    calls = Calls()
    for _ in range(3):
        with contextlib.suppress(JobTimeoutException), limit(0.05):
            run_async(coroutine(calls))

        assert len(calls.alive) == 0


@BOTH_ALARMS
def test_a_kept_exception_keeps_its_frames_and_no_longer_than_it_is_kept(armed, alarm):
    """
    As RQ keeps it from the job to its handlers; classifying and translating it changes nothing.
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
