"""
Tests of tasks that a call leaves running: they are ended before the call returns.
"""

import asyncio
import contextlib
import gc

import pytest

from workerctl.runtime.async_helpers import (
    cleanup_event_loop,
    get_or_create_event_loop,
    run_async,
)

pytestmark = pytest.mark.usefixtures("every_loop")

FAR = 60


class Work:
    """
    Tasks with different behaviour, and a record of what they did.
    """

    def __init__(self):
        self.did = []

    async def send_mail(self):
        """End when cancelled."""
        try:
            await asyncio.sleep(FAR)
            self.did.append("sent")
        finally:
            self.did.append("finally")

    async def end_slowly(self):
        """Take time to end, and start another task."""
        try:
            await asyncio.sleep(FAR)
        finally:
            await asyncio.sleep(0.05)
            self.did.append("ended")
            self.more = asyncio.create_task(self.send_mail())
            await asyncio.sleep(0)

    async def fail(self):
        """Fail when cancelled."""
        try:
            await asyncio.sleep(FAR)
        finally:
            raise ValueError("oai_R4tq9WmZ2vB7nK5x is in this text")

    async def ignore(self):
        """Suppress every cancellation."""
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
                self.did.append("progress")

    async def leave(self, *names):
        """Leave tasks running."""
        self.tasks = [asyncio.create_task(getattr(self, name)()) for name in names]
        await asyncio.sleep(0)
        return "result"

    async def leave_and_fail(self, *names):
        """Leave tasks running, and fail."""
        await self.leave(*names)
        raise LookupError


def test_a_task_that_was_left_is_cancelled_and_named(messages):
    work = Work()

    assert run_async(work.leave("send_mail")) == "result"
    assert work.did == ["finally"]
    (line,) = messages()
    assert line == (
        "WARNING Work.leave() returned before its tasks had ended, so they are cancelled;"
        " await them, or start them in an asyncio.TaskGroup: Work.send_mail"
    )


def test_many_tasks_that_were_left_are_reported_in_one_line(messages):
    run_async(Work().leave(*["send_mail"] * 13))

    assert messages()[0].endswith(f": {', '.join(['Work.send_mail'] * 10)} and 3 more")


def test_a_task_does_not_continue_in_the_next_call():
    work = Work()
    run_async(work.leave("send_mail"))
    run_async(asyncio.sleep(0.05))

    assert work.did == ["finally"]


def test_a_task_gets_time_to_end_and_tasks_it_starts_are_cancelled_too():
    work = Work()
    run_async(work.leave("end_slowly"))

    assert work.did == ["ended", "finally"]
    assert work.more.cancelled()


def test_a_task_that_fails_when_cancelled_is_reported_without_the_message(messages):
    run_async(Work().leave("fail"))

    assert messages()[1] == "WARNING Work.fail failed while it was cancelled: ValueError"


def test_a_call_that_failed_gives_no_warning_about_its_tasks(messages):
    """
    Its exception is raised instead of a warning.
    """
    work = Work()
    with pytest.raises(LookupError):
        run_async(work.leave_and_fail("send_mail"))

    assert (work.did, messages()) == (["finally"], [])


@pytest.mark.parametrize("how", ["leave", "leave_and_fail"])
def test_a_loop_whose_task_ignores_cancellation_is_abandoned(how, grace, messages):
    """
    The task makes no more progress, and the next call has a new loop.
    """
    work = Work()
    loop = get_or_create_event_loop()
    with contextlib.suppress(LookupError):
        run_async(getattr(work, how)("ignore"))
    did = list(work.did)

    run_async(asyncio.sleep(0.05))
    gc.collect()
    assert (work.did, loop.is_closed()) == (did, True)
    assert get_or_create_event_loop() is not loop
    assert messages()[-1] == (
        "ERROR Tasks ignore their cancellation, so the event loop is abandoned: Work.ignore"
    )


def test_a_loop_that_is_stopped_from_within_does_not_stop_the_next_call():
    async def stop():
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0.05)

    for _ in range(3):
        with pytest.raises(RuntimeError, match="stopped before Future completed"):
            run_async(stop())
        assert run_async(asyncio.sleep(0.01, "next")) == "next"


def test_a_loop_whose_task_stops_it_when_cancelled_is_abandoned(messages):
    async def stop():
        try:
            await asyncio.sleep(FAR)
        finally:
            asyncio.get_running_loop().stop()
            await asyncio.sleep(FAR)

    async def leave():
        leave.task = asyncio.create_task(stop())
        await asyncio.sleep(0)

    loop = get_or_create_event_loop()
    run_async(leave())

    assert loop.is_closed()
    assert "ERROR The event loop was stopped before all tasks had ended, so it is abandoned" in (
        messages()
    )
    assert run_async(asyncio.sleep(0, "next")) == "next"


def test_an_async_generator_that_was_left_is_finalized_before_the_call_returns():
    """
    It may await in `finally`, and the call may fail; a hundred calls give no warning.
    """
    ends = []

    async def numbers():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0.001)
            ends.append("finally")

    async def first(*, fail):
        async for _ in numbers():
            if fail:
                raise LookupError
            break

    for count in range(1, 101):
        with contextlib.suppress(LookupError):
            run_async(first(fail=count % 2))
        assert len(ends) == count
    cleanup_event_loop()


def test_a_loop_whose_finalizer_never_ends_is_abandoned(grace, messages):
    async def numbers():
        try:
            yield 1
        finally:
            await asyncio.sleep(FAR)

    async def first():
        async for _ in numbers():
            break

    loop = get_or_create_event_loop()
    run_async(first())

    assert loop.is_closed()
    assert messages()[0].startswith("ERROR Tasks ignore their cancellation")
