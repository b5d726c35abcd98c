"""
Tests of processes that fork after the first call, as RQ's worker does for every job.

Each test runs a separate program, because a failure would break the loop of the parent.
"""

import os

import pytest

from workerctl.runtime.loop import loops

PRELUDE = """
import asyncio, gc, os, sys, threading, time, traceback, warnings
from workerctl.runtime.async_helpers import *

if {uvloop}:
    import uvloop
    asyncio.new_event_loop = uvloop.new_event_loop

def child(act, leave=os._exit):
    sys.stdout.flush()
    number = os.fork()
    if number:
        return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    code = 1
    try:
        act()
        code = 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    leave(code)

def wakes(loop=None):
    "Return whether a call from another thread wakes the loop before its next timer."
    async def wait():
        woken = asyncio.Event()
        loop = asyncio.get_running_loop()
        thread = threading.Timer(0.1, loop.call_soon_threadsafe, (woken.set,))
        thread.start()
        start = time.monotonic()
        await asyncio.wait_for(woken.wait(), 8)
        thread.join()
        return time.monotonic() - start < 4
    return run_async(wait())

async def running_loop():
    return asyncio.get_running_loop()
"""
BOTH_LOOPS = pytest.mark.parametrize("uvloop", [False, True], ids=["asyncio", "uvloop"])


@pytest.fixture(name="program")
def _program(script):
    """
    Return a function that runs the prelude and the code, and returns the lines printed.
    """

    def run(code, *, uvloop=False):
        return script(PRELUDE.format(uvloop=uvloop) + code).split("\n")[:-1]

    return run


ACTS = {
    "nothing": "None",
    "works": "print(run_async(running_loop()) is not loop, wakes())",
    "cleans up": "print(cleanup_event_loop(), gc.collect() >= 0)",
    "works and cleans up": "print(wakes(), cleanup_event_loop())",
    "forks again": "print(child(lambda: print(wakes(), cleanup_event_loop())), wakes())",
}
LINES = {
    "nothing": [],
    "works": ["True True"],
    "cleans up": ["False True"],
    "works and cleans up": ["True True"],
    "forks again": ["True True", "0 True"],
}


@BOTH_LOOPS
@pytest.mark.parametrize("leave", ["os._exit", "sys.exit"])
def test_a_child_has_its_own_loop_and_the_parent_keeps_its_loop(program, leave, uvloop):
    """
    However the child ends, garbage collection at its exit must not close the parent's loop.
    """
    acts = "".join(f"    lambda: {act},\n" for act in ACTS.values())
    lines = program(
        f"""
loop = run_async(running_loop())
for act in (
{acts}):
    print(child(act, {leave}))
    print(wakes(), run_async(running_loop()) is loop)
""",
        uvloop=uvloop,
    )

    assert lines == [line for act in ACTS for line in (*LINES[act], "0", "True True")]


def test_a_loop_that_was_set_for_the_thread_is_kept_too(program):
    """
    Newer versions of Python drop that reference in the child.
    """
    lines = program("""
asyncio.set_event_loop(get_or_create_event_loop())
print(child(lambda: print(wakes(), gc.collect() >= 0), sys.exit))
print(wakes())
asyncio.set_event_loop(None)
""")

    assert lines == ["True True", "0", "True"]


@pytest.mark.parametrize("leave", ["os._exit", "sys.exit"])
def test_a_fork_without_hooks_is_detected(program, leave):
    """
    A fork from C calls no hook, but the process ID differs.

    The end of that child does not close the parent's loop, although it frees the object.
    """
    lines = program(f"""
warnings.simplefilter("ignore", ResourceWarning)  # such a child never closes some sockets
os.register_at_fork = lambda **_: None
loop = run_async(running_loop())

def act():
    print(cleanup_event_loop(), run_async(running_loop()) is not loop, wakes())

def leave(code):
    global loop
    del loop
    {leave}(code)

print(child(act, leave))
print(wakes())
""")

    assert lines == ["False True True", "0", "True"]


def test_the_loops_of_other_threads_are_left_alone_by_a_child(program):
    """
    A fork does not copy their threads, and the child does not close their clients.
    """
    lines = program("""
warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is intended

class Client:
    async def aclose(self):
        print("closed in", "parent" if os.getpid() == parent else "child")

parent, cached = os.getpid(), loop_cached(Client)

async def use():
    return cached()

def other():
    run_async(use())
    ready.set()
    go_on.wait()
    print(wakes(), cleanup_event_loop())

ready, go_on = threading.Event(), threading.Event()
thread = threading.Thread(target=other)
thread.start()
ready.wait()
print(child(lambda: print(gc.collect() >= 0, wakes()), sys.exit))
go_on.set()
thread.join()
""")

    assert lines == ["True True", "0", "closed in parent", "True True"]


def test_what_a_thread_of_another_process_left_is_parked(monkeypatch):
    """
    The same, in this process with a changed process ID.
    """
    kept = loops.KeptLoop()
    loop = kept.loop
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 1)
        del kept
    (parked, _) = loops._parked.pop()

    assert (parked.loop is loop, loop.is_closed()) == (True, True)
    del loop.is_closed
    assert not loop.is_closed()
    del parked
    loop.close()


def test_a_child_closes_its_own_clients_but_not_inherited_ones(program):
    lines = program("""
class Client:
    def __init__(self):
        self.process = os.getpid()

    async def aclose(self):
        print("closed by its own process:", self.process == os.getpid())

cached = loop_cached(Client)

async def use():
    return cached()

mine = run_async(use())
print(child(lambda: print(run_async(use()) is not mine, cleanup_event_loop())))
print(run_async(use()) is mine, cleanup_event_loop())
""")

    own = "closed by its own process: True"
    assert lines == [own, "True True", "0", own, "True True"]


def test_a_sleeping_child_is_not_woken_by_data_for_the_parents_loop(program):
    """
    With the epoll object of the parent's loop, it would be woken all the time.
    """
    lines = program("""
import socket
near, far = socket.socketpair()

async def register():
    asyncio.get_running_loop().add_reader(near, lambda: None)

run_async(register())
far.send(b"unread")

def sleep():
    before = time.process_time()
    run_async(asyncio.sleep(1))
    print(time.process_time() - before < 0.25)

print(child(sleep))
near.close()
far.close()
""")

    assert lines == ["True", "0"]


def test_a_job_in_a_child_may_be_decorated_in_both_processes(program):
    lines = program("""
@with_event_loop_cleanup
def job():
    return wakes()

print(job())
print(child(lambda: print(job(), job())))
print(job())
""")

    assert lines == ["True", "True True", "0", "True"]
