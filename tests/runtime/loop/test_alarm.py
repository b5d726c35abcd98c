"""
Tests of RQ's job timeout during run_async(), with asyncio's loop and uvloop.
"""

import asyncio
import contextlib
import signal
import threading
import time

import pytest
from rq.timeouts import JobTimeoutException

from workerctl.runtime.async_helpers import (
    cleanup_event_loop,
    get_or_create_event_loop,
    loop_cached,
    run_async,
    with_event_loop_cleanup,
)
from workerctl.runtime.loop import alarm

pytestmark = pytest.mark.usefixtures("every_loop")

SOON = 0.1
FAR = 30


class StrictTimeoutError(BaseException):
    """
    A timeout that `except Exception` does not catch, as later versions of RQ may have it.
    """


BOTH_BASES = pytest.mark.parametrize("error", [JobTimeoutException, StrictTimeoutError])


class Job:
    """
    Coroutines of a job, and a record of what they did.
    """

    def __init__(self):
        self.did = []

    async def wait(self):
        """Wait for a long time."""
        try:
            await asyncio.sleep(FAR)
            self.did.append("side effect")
        finally:
            self.did.append("finally")

    async def go_on(self):
        """Suppress every Exception."""
        while True:
            try:
                await asyncio.sleep(0.01)
            except Exception:  # noqa: BLE001, S112
                continue

    async def ignore(self):
        """Suppress every exception, including cancellation."""
        while True:
            with contextlib.suppress(BaseException):
                await asyncio.sleep(0.01)
                self.did.append("progress")

    async def block(self):
        """Block the loop."""
        time.sleep(FAR)  # noqa: ASYNC251

    async def swallow(self):
        """Block the loop, suppress the interruption, and continue."""
        with contextlib.suppress(Exception):
            time.sleep(FAR)  # noqa: ASYNC251
        self.did.append("went on")
        await asyncio.sleep(FAR)

    async def block_in_callback(self):
        """Run a callback that is executing when the alarm comes."""
        asyncio.get_running_loop().call_soon(time.sleep, 0.3)
        await asyncio.sleep(FAR)

    async def hang_in_callback(self):
        """Block the loop in a callback."""
        asyncio.get_running_loop().call_soon(time.sleep, FAR)
        await asyncio.sleep(FAR)


class Client:
    """
    A client that is closed in its loop.
    """

    def __init__(self):
        self.closed = []

    async def aclose(self):
        """Close after two iterations of the loop."""
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.closed.append("closed")


def next_call(seconds=0.05):
    """
    Run a short call, as the next job does.
    """
    return run_async(asyncio.sleep(seconds, "next"))


@BOTH_BASES
@pytest.mark.parametrize("coroutine", [Job.wait, Job.go_on, Job.block_in_callback])
def test_the_timeout_of_the_job_leaves_the_call_at_once(limit, coroutine, error):
    """
    A coroutine that waits or suppresses every Exception is cancelled.

    So is one whose callback runs during the alarm: both loops would suppress an exception there.
    """
    start = time.monotonic()
    with pytest.raises(error, match="maximum timeout value"), limit(SOON, error):
        run_async(coroutine(Job()))

    assert time.monotonic() - start < 4
    assert not asyncio.all_tasks(get_or_create_event_loop())


def test_finally_has_run_and_nothing_resumes_in_the_next_job(limit):
    job = Job()
    with pytest.raises(JobTimeoutException), limit(SOON):
        run_async(job.wait())
    loop = get_or_create_event_loop()

    assert (next_call(), job.did) == ("next", ["finally"])
    assert get_or_create_event_loop() is loop


def test_the_traceback_shows_where_the_job_was(limit):
    with pytest.raises(JobTimeoutException) as caught, limit(SOON):
        run_async(Job().wait())

    assert isinstance(caught.value.__context__, asyncio.CancelledError)


@BOTH_BASES
@pytest.mark.parametrize("coroutine", [Job.block, Job.swallow])
def test_code_that_blocks_the_loop_is_interrupted_after_the_grace_period(
    limit, coroutine, error, grace
):
    """
    If the code suppresses the interruption, it is cancelled at its next await.
    """
    start = time.monotonic()
    with pytest.raises(error), limit(SOON, error):
        run_async(coroutine(Job()))

    assert SOON + grace / 2 < time.monotonic() - start < FAR / 2
    assert next_call() == "next"


def test_a_callback_that_hangs_is_interrupted_too(limit, grace):
    """
    The loop logs the exception that interrupts the callback, and cancellation ends the call.
    """
    with pytest.raises(JobTimeoutException), limit(SOON):
        run_async(Job().hang_in_callback())

    assert next_call() == "next"


def test_a_loop_whose_coroutine_ignores_cancellation_is_closed(limit, grace, messages):
    job = Job()
    loop = get_or_create_event_loop()
    with pytest.raises(JobTimeoutException), limit(SOON):
        run_async(job.ignore())
    done = list(job.did)

    assert (next_call(), job.did) == ("next", done)
    assert (get_or_create_event_loop() is loop, loop.is_closed()) == (False, True)


def test_a_result_that_is_ready_with_the_alarm_is_not_returned(limit):
    """
    The timeout is raised instead, because RQ sets no second alarm.
    """

    async def at_the_last_moment():
        signal.raise_signal(signal.SIGALRM)
        return "result"

    with pytest.raises(JobTimeoutException), limit(FAR):
        run_async(at_the_last_moment())


def test_an_error_of_the_cancelled_job_does_not_hide_the_timeout(limit):
    async def failing():
        try:
            await asyncio.sleep(FAR)
        finally:
            raise ValueError("while it was cancelled")

    with pytest.raises(JobTimeoutException) as caught, limit(SOON):
        run_async(failing())

    assert isinstance(caught.value.__context__, ValueError)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_process_is_not_turned_into_a_timeout(limit, kind):
    async def stop():
        signal.raise_signal(signal.SIGALRM)
        raise kind

    with pytest.raises(kind), limit(FAR):
        run_async(stop())


def test_an_alarm_during_the_end_of_the_call_is_not_lost(limit):
    """
    It is raised when it comes after the coroutine has returned, while a task is being cancelled.
    """

    async def slow_to_end():
        try:
            await asyncio.sleep(FAR)
        finally:
            await asyncio.sleep(SOON * 2)

    async def leaving():
        leaving.task = asyncio.create_task(slow_to_end())
        await asyncio.sleep(0)

    with pytest.raises(JobTimeoutException), limit(SOON):
        run_async(leaving())

    assert leaving.task.done()


def test_a_handler_that_does_not_raise_is_followed_by_a_timeout():
    """
    The coroutine was cancelled, so there is no result to return.
    """
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        signal.setitimer(signal.ITIMER_REAL, SOON)
        with pytest.raises(TimeoutError, match="exceeded its timeout"):
            run_async(Job().wait())
    finally:
        signal.signal(signal.SIGALRM, before)


def test_an_alarm_that_does_not_go_off_is_restored(limit):
    """
    RQ's handler is restored, and its timer has continued to run.
    """
    with limit(FAR):
        handler = signal.getsignal(signal.SIGALRM)
        run_async(asyncio.sleep(0.05))

        assert signal.getsignal(signal.SIGALRM) is handler
        assert FAR - 10 < signal.getitimer(signal.ITIMER_REAL)[0] < FAR


def test_after_a_timeout_no_alarm_is_left(limit):
    with limit(FAR):
        handler = signal.getsignal(signal.SIGALRM)
        signal.setitimer(signal.ITIMER_REAL, SOON)
        with pytest.raises(JobTimeoutException):
            run_async(Job().wait())

        assert signal.getsignal(signal.SIGALRM) is handler
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_handler_that_was_installed_during_the_call_stays(limit):
    def theirs(*_):
        pass

    async def install():
        signal.signal(signal.SIGALRM, theirs)

    with limit(FAR):
        run_async(install())
        assert signal.getsignal(signal.SIGALRM) is theirs


@pytest.mark.parametrize("where", ["no alarm", "no handler", "a clock", "a thread", "Windows"])
def test_without_a_timeout_no_handler_is_changed(where, limit, monkeypatch):
    """
    A repeating timer is not a job timeout either.
    """
    before = signal.getsignal(signal.SIGALRM)

    def act():
        def changed(*_):
            raise AssertionError

        with monkeypatch.context() as patch:
            patch.setattr(signal, "signal", changed)
            if where == "Windows":
                for name in ("SIGALRM", "getitimer", "setitimer", "ITIMER_REAL"):
                    patch.delattr(signal, name)
            found.append(run_async(asyncio.sleep(0, "ran")))

    found = []
    if where == "no alarm":
        signal.signal(signal.SIGALRM, lambda *_: None)
    elif where != "no handler":
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, FAR, FAR if where == "a clock" else 0)
    else:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, FAR)
    try:
        if where == "a thread":
            thread = threading.Thread(target=act)
            thread.start()
            thread.join()
        else:
            act()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert found == ["ran"]


def test_an_alarm_during_the_clean_up_leaves_it_as_the_timeout(limit, grace):
    """
    The clean-up raises the timeout, and the loop is closed nevertheless.
    """
    loop = get_or_create_event_loop()

    async def slow_to_end():
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(FAR)

    loop.create_task(slow_to_end())
    with pytest.raises(JobTimeoutException), limit(SOON):
        cleanup_event_loop(timeout=FAR)

    assert loop.is_closed()


def test_the_error_of_a_job_is_not_replaced_by_a_timeout_of_its_clean_up(limit, messages):
    """
    The alarm comes when the clean-up cancels what the job has left.
    """

    @with_event_loop_cleanup
    def job():
        async def late():
            try:
                await asyncio.sleep(FAR)
            finally:
                signal.raise_signal(signal.SIGALRM)

        loop = get_or_create_event_loop()
        loop.create_task(late())
        loop.run_until_complete(asyncio.sleep(0))
        raise ValueError("the job's own")

    with pytest.raises(ValueError, match="the job's own"), limit(FAR):
        job()

    assert messages()[-1] == ("WARNING Closing the event loop was interrupted: JobTimeoutException")


def test_an_alarm_before_the_coroutine_starts_prevents_its_start(limit):
    def act():
        with limit(FAR), alarm.cooperative(get_or_create_event_loop()) as run:
            signal.raise_signal(signal.SIGALRM)
            run(job.wait())

    job = Job()
    with pytest.raises(JobTimeoutException):
        act()

    assert job.did == []


def test_an_alarm_after_the_loop_is_closed_is_raised(limit):
    def act():
        loop = get_or_create_event_loop()
        with limit(FAR), alarm.cooperative(loop):
            loop.close()
            signal.raise_signal(signal.SIGALRM)

    with pytest.raises(JobTimeoutException):
        act()


def test_alarms_do_not_stop_what_runs_after_them(limit):
    """
    The alarms after the first one stop the current run of the loop only.
    """

    def act():
        with limit(FAR), alarm.cooperative(loop):
            signal.raise_signal(signal.SIGALRM)
            loop.run_until_complete(asyncio.sleep(0.05))
            for _ in range(3):
                signal.raise_signal(signal.SIGALRM)

    loop = get_or_create_event_loop()
    with pytest.raises(JobTimeoutException):
        act()

    assert loop.run_until_complete(asyncio.sleep(0.05, "result")) == "result"


def test_alarms_that_come_while_the_handler_is_restored_are_raised_afterwards(limit, monkeypatch):
    """
    If raised at once, they would leave our handler installed and the alarm set.
    """

    def late(number):
        monkeypatch.undo()
        for _ in range(3):
            signal.raise_signal(signal.SIGALRM)
        return signal.getsignal(number)

    def act():
        with alarm.cooperative(get_or_create_event_loop()):
            monkeypatch.setattr(signal, "getsignal", late)

    with limit(FAR):
        handler = signal.getsignal(signal.SIGALRM)
        with pytest.raises(JobTimeoutException):
            act()

        assert signal.getsignal(signal.SIGALRM) is handler
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@pytest.fixture(name="quiet_handler")
def _quiet_handler():
    """
    Set an alarm in the distant future, and a handler that does not raise.
    """
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, FAR)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("quiet_handler")
@pytest.mark.parametrize("where", ["coroutine", "callback"])
def test_alarms_at_the_end_of_a_run_do_not_stop_the_next_one(where):
    """
    Their call of stop() comes too late, and uvloop would keep it in its queue.
    """

    def alarms():
        for _ in range(2):
            signal.raise_signal(signal.SIGALRM)

    async def end_with_alarms():
        closed.append(loop_cached(Client)().closed)
        signal.raise_signal(signal.SIGALRM)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(FAR)
        if where == "callback":
            asyncio.get_running_loop().call_soon(alarms)
        else:
            alarms()

    closed = []
    loop = get_or_create_event_loop()
    with pytest.raises(TimeoutError, match="exceeded its timeout"):
        run_async(end_with_alarms())

    assert (loop.is_closed(), closed) == (True, [["closed"]])
    assert [next_call(), next_call()] == ["next", "next"]


@pytest.mark.parametrize(("iterates", "calls"), [(True, 1), (False, 2)])
def test_an_alarm_raises_only_if_the_loop_has_not_iterated_since_the_last_one(iterates, calls):
    """
    A loop that iterates is stopped instead, because an exception could damage it.

    The handler is then called once, at the end of the call. The alarms are sent here instead of
    timed: on a loaded machine, a loop may not get to iterate within a short grace period.
    """

    async def ignore():
        signal.raise_signal(signal.SIGALRM)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(FAR)
        signal.raise_signal(signal.SIGALRM)
        await asyncio.sleep(FAR)

    async def block():
        for _ in range(2):
            signal.raise_signal(signal.SIGALRM)

    called = []
    before = signal.signal(signal.SIGALRM, lambda *_: called.append("called"))
    try:
        signal.setitimer(signal.ITIMER_REAL, FAR)
        with pytest.raises(TimeoutError, match="exceeded its timeout"):
            run_async(ignore() if iterates else block())
    finally:
        signal.signal(signal.SIGALRM, before)

    assert called == ["called"] * calls
    assert next_call() == "next"


def test_a_loop_in_which_an_alarm_has_raised_is_abandoned(limit, messages):
    """
    The exception may have interrupted the loop itself. Its clients are closed.
    """

    async def block():
        closed.append(loop_cached(Client)().closed)
        for _ in range(2):
            signal.raise_signal(signal.SIGALRM)

    closed = []
    loop = get_or_create_event_loop()
    with pytest.raises(JobTimeoutException), limit(FAR):
        run_async(block())

    assert (loop.is_closed(), closed) == (True, [["closed"]])
    assert next_call() == "next"
    assert messages() == [
        "WARNING A job timeout has interrupted the event loop, which is abandoned"
    ]


def test_later_alarms_of_a_handler_that_does_not_raise_end_the_call_too(grace):
    """
    They stop the loop.
    """
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        signal.setitimer(signal.ITIMER_REAL, SOON)
        with pytest.raises(TimeoutError, match="exceeded its timeout"):
            run_async(Job().ignore())
    finally:
        signal.signal(signal.SIGALRM, before)

    assert next_call() == "next"
