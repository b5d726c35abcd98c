"""
Tests of loop_cached(): clients that live as long as their loop, in both modes of run_async().
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import workerctl
from tests.runtime.loop.descriptors import descriptors
from tests.support.programs.environments import interpreter
from workerctl.runtime.async_helpers import (
    cleanup_event_loop,
    get_or_create_event_loop,
    loop_cached,
    run_async,
)
from workerctl.runtime.loop import caching

PROGRAM = Path(__file__).parent / "client_calls.py"


class Client:
    """
    A client that records its loop and how often it was closed.
    """

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.closed = 0

    async def aclose(self):
        """Count the call, which must happen in the client's loop."""
        assert asyncio.get_running_loop() is self.loop
        self.closed += 1


async def use(cached):
    return cached()


def six_calls(python):
    """
    Run the program and return its results.
    """
    package = str(Path(workerctl.__file__).parents[1])
    done = subprocess.run(
        [python, "-W", "error::ResourceWarning", PROGRAM],
        env={**os.environ, "PYTHONPATH": package},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return json.loads(done.stdout)


def expected(clients):
    """
    Return the expected results: one connection for each client, and nothing left open.
    """
    return {
        "answers": ["answer"] * 6,
        "clients": clients,
        "connections": clients,
        "closed": True,
        "left": 0,
    }


EXPECTED = {
    f"{kind} {order}": expected(clients)
    for kind in ("httpx", "openai")
    for order, clients in {"kept": 1, "run": 6, "turns": 4}.items()
}


def test_six_calls_of_httpx_and_openai_succeed_in_every_order_of_modes():
    """
    All calls on the kept loop share a connection; each call of asyncio.run has its own.
    """
    answer = six_calls(sys.executable)

    assert answer.pop("openai") >= "2"
    assert answer == EXPECTED


@pytest.mark.environments
def test_six_calls_of_an_older_openai_succeed_too():
    answer = six_calls(interpreter("sdk-old"))

    assert answer.pop("openai").startswith("1.")
    assert answer == EXPECTED


def test_a_kept_loop_has_one_object_for_all_calls(every_loop):
    """
    It is closed once, by the clean-up; afterwards a new one is created.
    """
    cached = loop_cached(Client)
    first = run_async(use(cached))

    assert run_async(use(cached)) is first
    assert (first.closed, first.loop is get_or_create_event_loop()) == (0, True)
    cleanup_event_loop()
    assert first.closed == 1
    assert run_async(use(cached)) is not first


def test_every_asyncio_run_has_its_own_object_and_closes_it(every_loop):
    """
    Any call of asyncio.run closes its object, even if it fails.
    """

    async def twice():
        assert cached() is cached()
        found.append(cached())
        raise LookupError

    found = []
    cached = loop_cached(Client)
    for _ in range(3):
        with pytest.raises(LookupError):
            asyncio.run(twice())

    assert len(set(found)) == 3
    assert [client.closed for client in found] == [1, 1, 1]


def test_two_threads_have_two_objects():
    cached = loop_cached(Client)
    found = []

    def job():
        found.append(run_async(use(cached)))
        cleanup_event_loop()

    threads = [threading.Thread(target=job) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == 2
    assert [client.closed for client in found] == [1, 1]


def test_a_factory_has_one_object_even_if_it_is_wrapped_twice():
    """
    `loop_cached(Client)()` may also be called inside the coroutine.
    """

    async def inline():
        return loop_cached(Client)()

    assert run_async(inline()) is run_async(inline())
    assert run_async(use(loop_cached(Client))) is run_async(inline())
    assert run_async(use(loop_cached(lambda: Client() or None))) is not run_async(inline())


def test_objects_are_closed_in_reverse_order():
    """
    A later object may depend on an earlier one.
    """
    order = []

    def named(name):
        class Named:
            def close(self):
                order.append(name)

        return loop_cached(Named)

    first, second = named("first"), named("second")
    run_async(use(first))
    run_async(use(second))
    cleanup_event_loop()

    assert order == ["second", "first"]


def test_a_factory_that_fails_is_called_again():
    def fail():
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError
        return "object"

    attempts = []
    cached = loop_cached(fail)
    with pytest.raises(ValueError, match=r"^$"):
        run_async(use(cached))

    assert [run_async(use(cached)), run_async(use(cached))] == ["object", "object"]


def test_calling_it_outside_a_coroutine_is_an_error():
    with pytest.raises(RuntimeError) as caught:
        loop_cached(Client)()

    assert str(caught.value) == (
        "The function from loop_cached(Client) needs a running event loop: call it inside"
        " the coroutine that is passed to run_async()."
    )


def test_a_factory_that_is_async_is_refused():
    async def connect():
        pass

    with pytest.raises(TypeError, match="connect is `async def`: write it with `def`"):
        loop_cached(connect)


def test_the_function_has_the_name_of_its_factory():
    assert loop_cached(Client).__name__ == "Client"
    assert loop_cached(Client).__doc__ == Client.__doc__
    assert "aclose" not in vars(loop_cached(Client))


def test_a_loop_that_was_closed_without_its_generators_is_released_with_its_objects():
    """
    Some helpers create a loop per call; otherwise, each loop would keep its connections forever.
    """
    cached = loop_cached(Client)
    before = len(caching._by_loop)
    for _ in range(5):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(use(cached))
        loop.close()
        del loop
    gc.collect()
    run_async(use(cached))

    assert len(caching._by_loop) == before + 1


def test_a_loop_without_asyncgen_hooks_does_not_close_its_objects(every_loop):
    """
    Without these hooks, closing is impossible, but this is not an error.
    """

    async def use_without_hooks():
        sys.set_asyncgen_hooks(None, None)
        return cached()

    cached = loop_cached(Client)

    assert asyncio.run(use_without_hooks()).closed == 0


def test_in_asyncio_debug_mode_objects_are_closed_silently(caplog):
    """
    In debug mode, the loop reports unexpected async generators.
    """
    cached = loop_cached(Client)

    assert asyncio.run(use(cached), debug=True).closed == 1
    assert [record for record in caplog.records if record.levelname != "DEBUG"] == []


def test_hundreds_of_asyncio_runs_with_a_client_leak_no_descriptor(monkeypatch):
    monkeypatch.setenv("USE_NEW_ASYNC_HELPER", "false")
    cached = loop_cached(Client)
    run_async(use(cached))
    before = (descriptors(), len(caching._by_loop))
    for _ in range(100):
        run_async(use(cached))

    assert (descriptors(), len(caching._by_loop)) == before
