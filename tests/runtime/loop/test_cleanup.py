"""
Tests of cleanup_event_loop() and its decorator, and of threads and processes that do not call it.
"""

import asyncio
import contextlib
import inspect
import threading
import time

import pytest

from tests.runtime.loop.descriptors import descriptors
from workerctl.runtime.async_helpers import (
    NestedRunError,
    cleanup_event_loop,
    get_or_create_event_loop,
    loop_cached,
    run_async,
    with_event_loop_cleanup,
)

FAR = 60


async def nothing():
    pass


class Client:
    """
    A client whose `aclose` is the given function.
    """

    def __init__(self, close):
        self.aclose = close


async def use(cached):
    return cached()


def test_it_returns_whether_there_was_a_loop(every_loop):
    asyncio.new_event_loop().close()  # uvloop opens some descriptors only once
    before = descriptors()
    assert cleanup_event_loop() is False
    loop = get_or_create_event_loop()

    assert [cleanup_event_loop(), cleanup_event_loop()] == [True, False]
    assert (loop.is_closed(), descriptors()) == (True, before)


def test_a_closed_loop_does_not_count():
    get_or_create_event_loop().close()

    assert cleanup_event_loop() is False


@pytest.mark.parametrize("run", [run_async, asyncio.run], ids=["run_async", "asyncio.run"])
def test_inside_async_code_it_is_refused(run):
    async def clean_up():
        cleanup_event_loop()

    get_or_create_event_loop()
    with pytest.raises(NestedRunError, match=r"call it after run_async\(\) has returned"):
        run(clean_up())

    assert cleanup_event_loop() is True


def test_it_ends_tasks_that_were_left_in_the_loop(every_loop, messages):
    """
    Tasks that do not end are reported and abandoned.
    """
    did = []

    async def wait():
        try:
            await asyncio.sleep(FAR)
        finally:
            did.append("finally")

    async def ignore():
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(FAR)

    loop = get_or_create_event_loop()
    loop.create_task(wait())
    loop.create_task(ignore())
    loop.run_until_complete(asyncio.sleep(0))
    start = time.monotonic()
    cleanup_event_loop(timeout=0.4)

    assert (did, loop.is_closed(), time.monotonic() - start < 5) == (["finally"], True, True)
    assert len(messages()) == 1
    assert messages()[0].startswith("WARNING Tasks ignore their cancellation: test_it_ends")


def test_a_client_that_fails_to_close_is_reported_without_the_message(messages):
    async def fail():
        raise ValueError("oai_R4tq9WmZ2vB7nK5x is in this text")

    closed = []
    clients = [
        loop_cached(lambda: Client(lambda: closed.append("first"))),
        loop_cached(lambda: Client(fail)),
        loop_cached(object),
    ]
    for client in clients:
        run_async(use(client))
    loop = get_or_create_event_loop()
    cleanup_event_loop()

    assert (closed, loop.is_closed()) == (["first"], True)
    assert [line.rpartition(".")[2] for line in messages()] == [
        "Client at the end of its loop failed: ValueError"
    ]


@pytest.mark.parametrize("whose", ["ours", "its own"])
def test_a_client_that_never_closes_is_not_waited_for(whose, every_loop, messages, request):
    """
    The time limits of the clean-up and of a single client both apply.
    """
    if whose == "its own":
        request.getfixturevalue("grace")
    run_async(use(loop_cached(lambda: Client(lambda: asyncio.sleep(FAR)))))
    loop = get_or_create_event_loop()
    start = time.monotonic()
    cleanup_event_loop(timeout=0.3 if whose == "ours" else FAR)

    assert (time.monotonic() - start < 5, loop.is_closed()) == (True, True)
    expected = "did not close within 0.3 s" if whose == "ours" else "failed: TimeoutError"
    assert [line[-len(expected) :] for line in messages()] == [expected]


def test_the_decorator_cleans_up_once_after_the_outermost_job():
    loops = []

    @with_event_loop_cleanup
    def inner():
        loops.append(get_or_create_event_loop())

    @with_event_loop_cleanup
    def outer(argument, *, option):
        inner()
        inner()
        loops.append(get_or_create_event_loop())
        assert not loops[0].is_closed()
        return argument, option

    assert outer(1, option=2) == (1, 2)
    assert (len(set(loops)), loops[0].is_closed()) == (1, True)
    inner()
    assert loops[-1] is not loops[0]
    assert loops[-1].is_closed()


def test_the_decorated_job_keeps_its_name_and_signature():
    def job(document: str) -> int:
        """Return the length."""
        return len(document)

    decorated = with_event_loop_cleanup(job)

    assert (decorated.__name__, decorated.__doc__) == ("job", "Return the length.")
    assert inspect.signature(decorated) == inspect.signature(job)


def test_the_exception_of_a_decorated_job_comes_out_and_the_loop_is_closed():
    error = LookupError("the job's")
    loops = []

    @with_event_loop_cleanup
    def job():
        loops.append(get_or_create_event_loop())
        raise error

    with pytest.raises(LookupError) as caught:
        job()

    assert caught.value is error
    assert loops[0].is_closed()


def test_a_decorated_job_inside_async_code_keeps_its_result(messages):
    @with_event_loop_cleanup
    def job():
        return "result"

    async def outer():
        return job()

    assert run_async(outer()) == "result"
    assert messages() == ["WARNING A job ran inside async code, so its event loop is not closed"]
    assert run_async(asyncio.sleep(0, "next")) == "next"


def test_an_async_job_cannot_be_decorated():
    async def numbers():
        yield 1

    for job in (nothing, numbers):
        with pytest.raises(TypeError, match=rf"{job.__name__} is `async def`: write it with `def`"):
            with_event_loop_cleanup(job)


THREADS = """
import asyncio, gc, os, sys, threading, time
from workerctl.runtime.async_helpers import get_or_create_event_loop, loop_cached, run_async
{uvloop}
closed = []

class Client:
    async def aclose(self):
        closed.append(threading.current_thread() is thread)

cached = loop_cached(Client)

async def use():
    if {client}:
        cached()

def job():
    run_async(use())
    loops.append(get_or_create_event_loop())

loops = []
asyncio.new_event_loop().close()  # uvloop opens some descriptors only once
before = len(os.listdir("/dev/fd"))
for _ in range(20):
    thread = threading.Thread(target=job)
    thread.start()
    thread.join()
deadline = time.monotonic() + 20
while not all(loop.is_closed() for loop in loops) and time.monotonic() < deadline:
    time.sleep(0.01)
loops.clear()
gc.collect()
print(len(os.listdir("/dev/fd")) - before, closed == [False] * len(closed), len(closed))
"""
UVLOOP = "import uvloop; asyncio.new_event_loop = uvloop.new_event_loop"


@pytest.mark.parametrize("client", [False, True])
@pytest.mark.parametrize("uvloop", ["", UVLOOP], ids=["asyncio", "uvloop"])
def test_a_thread_that_ends_without_clean_up_leaves_nothing(script, uvloop, client):
    """
    No descriptor or ResourceWarning is left; another thread closes its clients.
    """
    output = script(THREADS.format(uvloop=uvloop, client=client))

    assert output == f"0 True {20 if client else 0}\n"


def test_a_loop_that_is_dropped_inside_async_code_has_its_clients_closed(every_loop, messages):
    """
    Its thread has ended, and an exception has kept the loop alive until another loop is running.
    """

    async def use_and_fail():
        cached()
        raise LookupError

    def job():
        found.append(get_or_create_event_loop())
        try:
            run_async(use_and_fail())
        except LookupError as error:
            kept.append(error)

    async def drop():
        kept.clear()

    closed, found, kept = [], [], []
    cached = loop_cached(lambda: Client(lambda: closed.append("client")))
    thread = threading.Thread(target=job)
    thread.start()
    thread.join()
    assert not found[0].is_closed()
    run_async(drop())
    deadline = time.monotonic() + 20
    while not found[0].is_closed() and time.monotonic() < deadline:
        time.sleep(0.01)

    assert (closed, found[0].is_closed(), messages()) == (["client"], True, [])


def test_a_process_that_ends_without_clean_up_closes_its_clients(script):
    """
    Clients are closed even if the last reference to the loop is dropped during finalization.
    """
    output = script(
        """
        import threading
        from workerctl.runtime.async_helpers import loop_cached, run_async

        class Client:
            async def aclose(self):
                print("closed")

        cached = loop_cached(Client)

        async def use():
            cached()

        def other_thread():
            run_async(use())
            ready.set()
            threading.Event().wait()

        ready = threading.Event()
        threading.Thread(target=other_thread, daemon=True).start()
        ready.wait()
        run_async(use())
        """
    )

    assert output == "closed\n"


@pytest.mark.parametrize("finalizing", [False, True])
def test_what_a_thread_leaves_while_the_interpreter_ends_is_closed_without_its_client(
    finalizing, monkeypatch
):
    """
    Otherwise, a new thread closes them, but during finalization none can be started.
    """
    closed = []
    found = []

    def job():
        run_async(use(loop_cached(lambda: Client(lambda: closed.append("client")))))
        found.append(get_or_create_event_loop())

    monkeypatch.setattr("sys.is_finalizing", lambda: finalizing)
    thread = threading.Thread(target=job)
    thread.start()
    thread.join()
    deadline = time.monotonic() + 20
    while not found[0].is_closed() and time.monotonic() < deadline:
        time.sleep(0.01)

    assert (closed, found[0].is_closed()) == ([] if finalizing else ["client"], True)
