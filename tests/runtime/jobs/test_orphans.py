"""
Tests of RQ's scheduler process after its worker was killed.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue

from tests.runtime.jobs.conftest import KEY
from tests.support.programs.environments import interpreter
from workerctl.runtime.jobs import orphans

OLD = pytest.mark.environments
SECONDS = 30


def wait_until(condition: Callable[[], object]) -> None:
    """
    Wait until the condition is met.
    """
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def waiting(connection: Redis) -> list[dict]:
    """
    Return the clients that wait for a job.
    """
    return [one for one in connection.client_list() if one["cmd"] in {"blmove", "blpop"}]


def is_alive(process: int) -> bool:
    """
    Return whether the process exists; an orphan is reaped by the system when it ends.
    """
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("environment", "queues"),
    [
        pytest.param("rq-1.16", ["one", "two"], marks=OLD),
        pytest.param("rq-2.6", ["one", "two"], marks=OLD),
        pytest.param("rq-3", ["one"], marks=pytest.mark.long),
        ("rq-3", ["one", "two"]),
    ],
)
def test_a_killed_worker_takes_no_job_and_its_scheduler_ends(
    environ, directory, database, connection, environment, queues
):
    """With RQ alone, Redis gives the next job to the connection that the scheduler keeps open."""
    python = interpreter(environment) if environment != "rq-3" else sys.executable
    command = [python, "-m", "rq.cli", "worker", "-w", "workerctl.runtime.rq.Worker"]
    with subprocess.Popen(
        [*command, "--url", database, "--with-scheduler", *queues],
        env={**environ, "ENCRYPTION_KEY": KEY},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as worker:
        wait_until(lambda: waiting(connection))
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        worker.kill()
    (scheduler,) = map(int, children)
    try:
        wait_until(lambda: not waiting(connection))
        job = Queue("one", connection=connection).enqueue("builtins.len", "four")
        assert Queue("one", connection=connection).job_ids == [job.id]
        wait_until(lambda: not is_alive(scheduler))
    finally:
        if is_alive(scheduler):
            os.kill(scheduler, signal.SIGKILL)


def test_only_forks_in_the_block_end_with_the_process(directory):
    calls = Path("calls")

    def fork() -> None:
        if not os.fork():
            os._exit(0)
        os.wait()

    with orphans.ending_with_this_process(lambda: calls.open("a").write("x")):
        fork()
    fork()
    assert calls.read_text() == "x"
