"""
Processes that fork after the first call, as RQ's worker does for every job.

Each test is a program of its own: what it breaks is the loop of a parent.
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
    "Whether a call from another thread wakes the loop at once, and not only its next timer."
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
    Run the code behind the prelude; each line it prints is one answer.
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
SAID = {
    "nothing": [],
    "works": ["True True"],
    "cleans up": ["False True"],
    "works and cleans up": ["True True"],
    "forks again": ["True True", "0 True"],
}


@BOTH_LOOPS
@pytest.mark.parametrize("leave", ["os._exit", "sys.exit"])
def test_a_child_has_a_loop_of_its_own_and_the_parent_keeps_its(program, leave, uvloop):
    """
    However the child ends: a garbage collector at its exit must not close the parent's loop.
    """
    acts = "".join(f"    lambda: {act},\n" for act in ACTS.values())
    said = program(
        f"""
loop = run_async(running_loop())
for act in (
{acts}):
    print(child(act, {leave}))
    print(wakes(), run_async(running_loop()) is loop)
""",
        uvloop=uvloop,
    )

    assert said == [line for act in ACTS for line in (*SAID[act], "0", "True True")]


def test_a_loop_that_was_set_for_the_thread_is_kept_too(program):
    """
    Newer Pythons drop that reference in the child.
    """
    said = program("""
asyncio.set_event_loop(get_or_create_event_loop())
print(child(lambda: print(wakes(), gc.collect() >= 0), sys.exit))
print(wakes())
asyncio.set_event_loop(None)
""")

    assert said == ["True True", "0", "True"]


@pytest.mark.parametrize("leave", ["os._exit", "sys.exit"])
def test_a_fork_that_python_does_not_see_is_noticed(program, leave):
    """
    As from C: nothing tells us, but the process has another number.

    Nor does the end of that child close the loop, although it frees it.
    """
    said = program(f"""
warnings.simplefilter("ignore", ResourceWarning)  # sockets that such a child never closes
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

    assert said == ["False True True", "0", "True"]


def test_the_loops_of_other_threads_are_left_alone_by_a_child(program):
    """
    They end with their threads, which a fork does not copy; their clients are not closed.
    """
    said = program("""
warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads is what this is about

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

    assert said == ["True True", "0", "closed in parent", "True True"]


def test_what_a_thread_of_another_process_left_is_parked(monkeypatch):
    """
    The same in this process, which only takes itself for another.
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


def test_a_child_closes_its_clients_and_not_those_it_inherited(program):
    said = program("""
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
    assert said == [own, "True True", "0", own, "True True"]


def test_a_child_that_sleeps_does_not_spin_on_what_its_siblings_have_to_read(program):
    """
    With the parent's loop, and its epoll object, it would be woken all the time.
    """
    said = program("""
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

    assert said == ["True", "0"]


def test_a_job_in_a_child_may_be_decorated_in_both_processes(program):
    said = program("""
@with_event_loop_cleanup
def job():
    return wakes()

print(job())
print(child(lambda: print(job(), job())))
print(job())
""")

    assert said == ["True", "True True", "0", "True"]
