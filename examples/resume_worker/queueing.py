"""
The other side: how an application hands a document to the worker.
"""

from rq import Callback, Queue
from rq.job import Job

_TASK = "resume_worker.tasks.full_pipeline"
_ON_FAILURE = "resume_worker.tasks.announce_failure"
_RESULT_SECONDS = 7 * 24 * 3600


def enqueue(queue: Queue, job_id: str, file_path: str, user_id: str, *, timeout: int) -> Job:
    """
    Put a document into a queue.

    `timeout` is JOB_TIMEOUT_SECONDS. How often a failed job is run again is the worker's business:
    it knows the reason.
    """
    return queue.enqueue(
        _TASK,
        kwargs={"job_id": job_id, "file_path": file_path, "user_id": user_id},
        job_id=job_id,
        job_timeout=timeout,
        on_failure=Callback(_ON_FAILURE),
        # RQ forgets a finished job after 500 seconds, and its warnings with it.
        result_ttl=_RESULT_SECONDS,
    )
