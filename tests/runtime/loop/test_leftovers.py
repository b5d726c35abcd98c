"""
What a call leaves running, and what becomes of it before the call returns.
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
    Tasks of several characters, and what they did.
    """

    def __init__(self):
        self.did = []

    async def send_mail(self):
        """End when told."""
        try:
            await asyncio.sleep(FAR)
            self.did.append("sent")
        finally:
            self.did.append("finally")

    async def end_slowly(self):
        """Take time to end, and start more."""
        try:
            await asyncio.sleep(FAR)
        finally:
            await asyncio.sleep(0.05)
            self.did.append("ended")
            self.more = asyncio.create_task(self.send_mail())
            await asyncio.sleep(0)

    async def fail(self):
        """Fail in the end."""
        try:
            await asyncio.sleep(FAR)
        finally:
            raise ValueError("oai_R4tq9WmZ2vB7nK5x is in this text")

    async def ignore(self):
        """Never end."""
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
        """Leave them, and fail."""
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


def test_many_that_were_left_are_told_in_one_line(messages):
    run_async(Work().leave(*["send_mail"] * 13))

    assert messages()[0].endswith(f": {', '.join(['Work.send_mail'] * 10)} and 3 more")


def test_it_does_not_go_on_in_the_next_call():
    work = Work()
    run_async(work.leave("send_mail"))
    run_async(asyncio.sleep(0.05))

    assert work.did == ["finally"]


def test_one_that_takes_time_to_end_gets_it_and_what_it_starts_is_cancelled_too():
    work = Work()
    run_async(work.leave("end_slowly"))

    assert work.did == ["ended", "finally"]
    assert work.more.cancelled()


def test_one_that_fails_meanwhile_is_told_without_the_words_of_the_exception(messages):
    run_async(Work().leave("fail"))

    assert messages()[1] == "WARNING Work.fail failed while it was cancelled: ValueError"


def test_a_call_that_failed_is_not_blamed_for_what_it_left(messages):
    """
    Its exception is what is to be told.
    """
    work = Work()
    with pytest.raises(LookupError):
        run_async(work.leave_and_fail("send_mail"))

    assert (work.did, messages()) == (["finally"], [])


@pytest.mark.parametrize("how", ["leave", "leave_and_fail"])
def test_one_that_ignores_cancellation_costs_the_loop(how, grace, messages):
    """
    It makes no more progress, and the next call has a loop of its own.
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


def test_a_task_that_stops_the_loop_when_it_is_cancelled_costs_it(messages):
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
    Also when it awaits in the end, also when the call fails; a hundred times without a warning.
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


def test_a_finalizer_that_never_ends_costs_the_loop(grace, messages):
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
