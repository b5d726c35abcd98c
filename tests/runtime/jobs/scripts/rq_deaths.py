"""
Kill workers, work-horses and Redis while a job runs, and print what becomes of the job.

    python rq_deaths.py URL WORKER EVENT ROUNDS

URL is not used: the script runs a Redis that it can kill.

WORKER is a class of `workerctl.runtime.rq`, or `spawn` for RQ's SpawnWorker with a decorated job.
EVENT is a key of EVENTS, or UNSTARTED. It happens in each of the first ROUNDS runs of the job;
later runs succeed.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import rq.worker
import rq_jobs
from redis import Redis
from rq import Queue
from rq.job import Job
from rq_stdout import stdout_for_answers

from tests.support.programs.durable_redis import DurableRedis, durable_redis
from workerctl.runtime import rq as ours

SECONDS = 60
ENDED = {"finished", "failed", "stopped"}
# After Redis has been restarted, a worker of RQ 1.16 with redis-py 5 cannot unsubscribe, and hangs.
EXIT_SECONDS = 10
BETWEEN_SIGNALS = 1.1  # RQ ignores a second signal within a second


class Running(NamedTuple):
    """
    The processes of a job that runs, and what it waits for.
    """

    server: DurableRedis
    worker: subprocess.Popen[bytes]
    horse: int
    directory: Path

    def release(self) -> None:
        """Let the job succeed."""
        (self.directory / "release").touch()


def kill_horse(running: Running) -> None:
    """
    Kill the process that runs the job.
    """
    os.kill(running.horse, signal.SIGKILL)


def kill_both(running: Running) -> None:
    """
    Kill the worker and its work-horse.
    """
    os.kill(running.worker.pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.horse, signal.SIGKILL)


def kill_worker(running: Running) -> None:
    """
    Kill the worker, and let its work-horse end the job.
    """
    os.kill(running.worker.pid, signal.SIGKILL)
    running.release()
    wait_until(lambda: not is_alive(running.horse))


def stop_by_force(number: signal.Signals) -> Callable[[Running], None]:
    """
    Return an event that stops the worker with two signals.
    """

    def stop(running: Running) -> None:
        for _ in range(2):
            running.worker.send_signal(number)
            time.sleep(BETWEEN_SIGNALS)

    return stop


def restart_redis(running: Running) -> None:
    """
    Kill Redis, start it again, and let the job end.
    """
    running.server.kill()
    running.server.start()
    running.release()


def end_without_redis(running: Running) -> None:
    """
    Kill Redis, let the job end, and start Redis when the worker has given up.
    """
    running.server.kill()
    running.release()
    running.worker.wait(SECONDS)
    wait_until(lambda: not is_alive(running.horse))
    running.server.start()


EVENTS = {
    "horse": kill_horse,
    "both": kill_both,
    "worker": kill_worker,
    "SIGTERM": stop_by_force(signal.SIGTERM),
    "SIGINT": stop_by_force(signal.SIGINT),
    "restart": restart_redis,
    "outage": end_without_redis,
}

UNSTARTED = "unstarted"  # the worker dies between taking the job from the queue and starting it


def take_and_die(connection: Redis, job: Job) -> None:
    """
    Leave the job as a worker does that takes it and dies, more than a minute ago.
    """
    connection.lmove("rq:queue:jobs", "rq:queue:jobs:intermediate", "LEFT", "RIGHT")
    connection.set(f"rq:queue:jobs:intermediate:first_seen:{job.id}", time.time() - 100)


def main(_url: str, kind: str, event: str, rounds: str) -> None:
    """
    Run the job until it has ended, and print its status, its runs and the calls of `on_failure`.
    """
    with durable_redis() as server, tempfile.TemporaryDirectory() as name, stdout_for_answers():
        directory = Path(name)
        connection = Redis.from_url(server.url)
        function = rq_jobs.decorated_victim if kind == "spawn" else rq_jobs.victim
        queue = Queue("jobs", connection=connection)
        job = queue.enqueue(
            function, name, int(rounds), job_timeout=50, on_failure=rq_jobs.on_failure
        )
        if event == UNSTARTED:
            take_and_die(connection, job)
        deadline = time.monotonic() + SECONDS
        while job.get_status(refresh=True) not in ENDED and time.monotonic() < deadline:
            work(server, kind, directory, EVENTS.get(event), int(rounds))
            age(connection)
        answer = outcome(connection, job, directory)
    sys.stdout.write(json.dumps(answer))


def work(
    server: DurableRedis,
    kind: str,
    directory: Path,
    event: Callable[[Running], None] | None,
    rounds: int,
) -> None:
    """
    Run a worker until its queue is empty; if the job has runs to disturb, disturb one.
    """
    before = len(runs(directory))
    command = [sys.executable, __file__, "--worker", server.url, kind]
    with subprocess.Popen(command) as worker:
        while event and before < rounds and worker.poll() is None:
            if len(found := runs(directory)) > before:
                event(Running(server, worker, found[-1], directory))
                break
            time.sleep(0.01)
        try:
            worker.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:  # see EXIT_SECONDS
            worker.kill()


def age(connection: Redis) -> None:
    """
    Let the heartbeat of an abandoned job expire, and allow the next worker to clean up.
    """
    for entry in connection.zrange("rq:wip:jobs", 0, -1):
        connection.zadd("rq:wip:jobs", {entry: 1})
    connection.delete("rq:clean_registries:jobs")
    time.sleep(0.1)


def runs(directory: Path) -> list[int]:
    """
    Return the process of each run of the job.
    """
    path = directory / "runs"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [int(line) for line in lines if line.endswith("\n")]


def outcome(connection: Redis, job: Job, directory: Path) -> dict[str, Any]:
    """
    Return what became of the job.
    """
    failures = [json.loads(text) for text in connection.lrange(f"failures:{job.id}", 0, -1)]
    status = job.get_status(refresh=True)
    return {
        "status": str(getattr(status, "value", status)),
        "runs": len(runs(directory)),
        "final": [error for error, final in failures if final],
        "left": [*map(bytes.decode, connection.lrange("rq:queue:jobs:intermediate", 0, -1))],
    }


def worker(url: str, kind: str) -> None:
    """
    Work until the queue is empty.
    """
    made = rq.worker.SpawnWorker if kind == "spawn" else getattr(ours, kind)
    connection = Redis.from_url(url)
    if kind == "spawn":
        options = connection.connection_pool.connection_kwargs
        for name in set(options) - {"host", "port", "db"}:
            del options[name]
    queues = [Queue("jobs", connection=connection)]
    made(queues, connection=connection).work(burst=True, with_scheduler=True)


def is_alive(process: int) -> bool:
    """
    Return whether the process exists and is not a zombie.
    """
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    """
    Return when the condition is met.
    """
    deadline = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        worker(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
