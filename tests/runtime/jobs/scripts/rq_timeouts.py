"""
Run jobs that exceed their timeout in run_async(), then another job, and print the outcomes.

    python rq_timeouts.py URL WORKER [uvloop]
"""

import asyncio
import json
import sys
from typing import Any

import rq_jobs_async
from redis import Redis
from rq import Queue
from rq.job import Job
from rq_stdout import stdout_for_answers

from workerctl.runtime import rq as ours

SLOW = ("waiting", "stubborn", "working")
OVERRUN = ("swallowing", "swallowing_async", "swallowing_and_failing", "using_the_alarm")


def main(url: str, kind: str, loop: str = "") -> None:
    """
    Run the slow jobs and one more, and print what each left behind.
    """
    if loop:
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    connection = Redis.from_url(url)
    queue = Queue("jobs", connection=connection)
    slow = {name: enqueued(queue, name, rq_jobs_async.TIMEOUT) for name in SLOW}
    overrun = {name: enqueued(queue, name, rq_jobs_async.TIMEOUT) for name in OVERRUN}
    after = enqueued(queue, "next_job", 20)
    with stdout_for_answers():
        getattr(ours, kind)([queue], connection=connection).work(burst=True)
    answer: dict[str, Any] = {
        name: [status(connection, job), errors(connection, job), ended(connection, job)]
        for name, job in slow.items()
    }
    answer["overrun"] = {
        name: [status(connection, job), warnings(connection, job)] for name, job in overrun.items()
    }
    answer["side effects"] = connection.llen("side effects")
    answer["next job"] = Job.fetch(after.id, connection=connection).return_value()
    sys.stdout.write(json.dumps(answer))


def enqueued(queue: Queue, name: str, timeout: int) -> Job:
    """
    Enqueue a job of `rq_jobs_async`.
    """
    return queue.enqueue(getattr(rq_jobs_async, name), job_timeout=timeout)


def status(connection: Redis, job: Job) -> str:
    """
    Return the final status of the job.
    """
    found = Job.fetch(job.id, connection=connection).get_status()
    return str(getattr(found, "value", found))


def errors(connection: Redis, job: Job) -> list[str]:
    """
    Return the errors in the job's record.
    """
    record = Job.fetch(job.id, connection=connection).meta["workerctl"]
    return [attempt["error"] for attempt in record["attempts"]]


def warnings(connection: Redis, job: Job) -> list[str]:
    """
    Return the codes of the warnings that the job has kept.
    """
    meta = Job.fetch(job.id, connection=connection).meta
    return [warning["code"] for warning in meta.get("warnings", ())]


def ended(connection: Redis, job: Job) -> bool:
    """
    Return whether the coroutine's `finally` block has run.
    """
    return job.id.encode() in connection.lrange("finally", 0, -1)


if __name__ == "__main__":
    main(*sys.argv[1:])
