"""
Run jobs that end in every possible way, with the RQ of this interpreter, and print the outcomes.

    python rq_scenarios.py URL WORKER

WORKER is a class of `workerctl.runtime.rq`, or `plain`, `simple` or `spawn` for a worker of RQ
itself, which runs decorated jobs.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import rq.worker
import rq_jobs
from redis import Redis
from rq import Queue, Retry
from rq.command import send_stop_job_command
from rq.job import Job
from rq_stdout import stdout_for_answers

from workerctl.runtime import rq as ours

SECONDS = 40
ENDED = {"finished", "failed", "stopped"}
OURS = {"Worker", "SimpleWorker"}

POLICY = {
    "permanent": {"retry": 3},
    "asked_to_wait": {"retry": 2},
    "always_failing": {"retry": 2},
    "always_failing without Retry": {},
    "always_failing with Retry(max=1)": {"retry": 1},
    "partial": {},
    "partial_group": {},
    "key_error": {"retry": 3},
    "type_error": {"retry": 3},
    "unheard_of": {"retry": 3},
    "too_slow": {"retry": 1, "timeout": 1},
    "unsaved": {"retry": 3},
    "well until on_success": {"retry": 3},
    "well until on_success_in_vain": {"retry": 1},
    "decorated": {"retry": 1},
}
KILLED = {
    "killed_once": {"retry": 3},
    "killed_once without Retry": {},
    "always_killed": {"retry": 3},
}
DECORATED = {
    "decorated": {"retry": 1},
    "decorated_permanent": {"retry": 3},
    "decorated_partial": {},
    "decorated_well until on_success": {"retry": 1},
}


class Kind(NamedTuple):
    """
    A worker class, and the jobs that it runs.
    """

    worker: type
    scenarios: dict[str, dict[str, int]]


def main(url: str, kind: str) -> None:
    """
    Enqueue all jobs, work until all have ended, and print the outcomes.
    """
    kinds = {
        "Worker": lambda: Kind(ours.Worker, {**POLICY, **KILLED}),
        "SimpleWorker": lambda: Kind(ours.SimpleWorker, POLICY),
        "SpawnWorker": lambda: Kind(ours.SpawnWorker, {"permanent": {"retry": 3}, "partial": {}}),
        "plain": lambda: Kind(rq.worker.Worker, DECORATED),
        "simple": lambda: Kind(rq.worker.SimpleWorker, DECORATED),
        "spawn": lambda: Kind(rq.worker.SpawnWorker, DECORATED),
    }
    worker, scenarios = kinds[kind]()
    handlers = {"exception_handlers": [rq_jobs.exception_handler]} if kind in OURS else {}
    connection = connected(url, kind)
    queue = Queue("jobs", connection=connection)
    jobs = {name: enqueued(queue, name, **options) for name, options in scenarios.items()}
    with stdout_for_answers():
        for _ in waiting(jobs):
            worker([queue], connection=connection, **handlers).work(burst=True, with_scheduler=True)
        answer = {name: outcome(connection, job) for name, job in jobs.items()}
        if kind == "Worker":
            answer["stopped"] = stopped(connection, queue)
    sys.stdout.write(json.dumps(answer))


def connected(url: str, kind: str) -> Redis:
    """
    Return a connection; for `spawn`, one with basic options only.

    Before 3.0, RQ's SpawnWorker writes all options into the code of its child process. Newer
    versions of redis-py keep objects among them, with which the child does not start.
    """
    connection = Redis.from_url(url)
    options = connection.connection_pool.connection_kwargs
    for name in set(options) - {"host", "port", "db"} if kind == "spawn" else ():
        del options[name]
    return connection


def enqueued(queue: Queue, name: str, retry: int = 0, timeout: int = 20) -> Job:
    """
    Enqueue a job as a producer without workerctl does.
    """
    more = {"retry": Retry(max=retry)} if retry else {}
    function = getattr(rq_jobs, name.partition(" ")[0])
    if " until " in name:
        more["on_success"] = getattr(rq_jobs, name.rpartition(" ")[2])
    return queue.enqueue(function, job_timeout=timeout, on_failure=rq_jobs.on_failure, **more)


def waiting(jobs: dict[str, Job]) -> Iterator[None]:
    """
    Yield each time that scheduled jobs may be due, until all jobs have ended.
    """
    deadline = time.monotonic() + SECONDS
    while any(job.get_status(refresh=True) not in ENDED for job in jobs.values()):
        if time.monotonic() > deadline:
            return
        yield
        time.sleep(0.1)


def outcome(connection: Redis, job: Job) -> dict[str, Any]:
    """
    Return what became of a job, without absolute times.
    """
    job = Job.fetch(job.id, connection=connection)
    runs = [float(at) for at in connection.lrange(f"runs:{job.id}", 0, -1)]
    failures = [json.loads(text) for text in connection.lrange(f"failures:{job.id}", 0, -1)]
    handled = [json.loads(text) for text in connection.lrange(f"handled:{job.id}", 0, -1)]
    status = job.get_status()
    return {
        "status": getattr(status, "value", status),
        "runs": len(runs),
        "gaps": [after - before for before, after in pairwise(runs)],
        "failures": failures,
        "handled": handled,
        "meta": job.meta,
        "result": job.return_value() if status == "finished" else None,
    }


def stopped(connection: Redis, queue: Queue) -> dict[str, Any]:
    """
    Return what becomes of a job that a command stops.
    """
    job = enqueued(queue, "endless", retry=3)
    worker = ours.Worker([queue], connection=connection)

    def stop() -> None:
        while not connection.llen(f"runs:{job.id}"):
            time.sleep(0.05)
        send_stop_job_command(connection, job.id)

    thread = threading.Thread(target=stop)
    thread.start()
    worker.work(burst=True, with_scheduler=True)
    thread.join()
    return outcome(connection, job)


if __name__ == "__main__":
    main(*sys.argv[1:])
