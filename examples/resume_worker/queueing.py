"""
The application's side: enqueueing a document for the worker.
"""

from rq import Callback, Queue
from rq.job import Job

_TASK = "resume_worker.tasks.full_pipeline"
_ON_FAILURE = "resume_worker.tasks.announce_failure"
_RESULT_SECONDS = 7 * 24 * 3600


def enqueue(queue: Queue, job_id: str, file_path: str, user_id: str, *, timeout: int) -> Job:
    """
    Enqueue a document.

    `timeout` is JOB_TIMEOUT_SECONDS. Set no retries here: the worker decides whether a failed job
    is run again, because it knows the reason of the failure.
    """
    return queue.enqueue(
        _TASK,
        kwargs={"job_id": job_id, "file_path": file_path, "user_id": user_id},
        job_id=job_id,
        job_timeout=timeout,
        on_failure=Callback(_ON_FAILURE),
        # By default, RQ deletes a finished job, with its warnings, after 500 seconds.
        result_ttl=_RESULT_SECONDS,
    )
