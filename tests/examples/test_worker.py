"""
The deployed worker, `workerctl run -- rq worker …`, with a real Redis and jobs.
"""

import json
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from resume_worker.local.machine import Local
from resume_worker.local.worker_process import COMMAND, LOG, environment, members, running_worker
from resume_worker.queueing import enqueue
from resume_worker.samples.people import PEOPLE
from resume_worker.stages.privacy import PERSONAL
from rq import Queue
from rq.job import Job

_TIMEOUT = 60
_ENDED = {"finished", "failed"}

Enqueue = Callable[..., Job]


@pytest.fixture(name="queue")
def _queue(redis_url: str) -> Iterator[Queue]:
    """
    Yield a queue that no other test uses.
    """
    with Redis.from_url(redis_url) as connection:
        yield Queue(f"queue-{uuid.uuid4().hex}", connection=connection)


@pytest.fixture(name="put")
def _put(here: Local, queue: Queue) -> Enqueue:
    def put(job_id: str, kind: str = "pdf") -> Job:
        # Other tests share the Redis, so the id of a job has to be unique.
        unique = f"{job_id}-{queue.name}"
        return enqueue(queue, unique, here.documents[kind], "test-user", timeout=60)

    return put


def _configure(here: Local, **changes: object) -> None:
    with (here.directory / ".env").open("a") as env:
        env.writelines(f"{name}={value}\n" for name, value in changes.items())


def _wait(condition: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + _TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def _run(here: Local, redis_url: str, queue: Queue, *jobs: Job) -> str:
    """
    Run a worker until the jobs have ended; return its log.
    """
    log = here.directory / LOG
    with running_worker(here.directory, environment(redis_url), queue.name):
        _wait(lambda: all(job.get_status().value in _ENDED for job in jobs), log)
    for job in jobs:
        job.refresh()
    return log.read_text()


def test_documents_become_candidates_that_the_key_opens(
    here: Local, redis_url: str, queue: Queue, put: Enqueue
):
    jobs = {kind: put(kind, kind) for kind in here.documents}
    log = _run(here, redis_url, queue, *jobs.values())
    for kind, job in jobs.items():
        assert (job.get_status().value, "warnings" in job.meta) == ("finished", False)
        (row,) = here.services.rows("candidates", job_id=job.id)
        stored = json.dumps([row, job.return_value(), job.meta], ensure_ascii=False)
        for column in PERSONAL:
            text = getattr(PEOPLE[kind], column)
            assert here.sealer.open("candidates", column, row["id"], row[column]) == text
            assert text not in stored + log


def test_every_misbehaviour_ends_as_the_taxonomy_specifies(
    here: Local, redis_url: str, queue: Queue, put: Enqueue
):
    """The meta of each job records the outcome, of which the application is notified once."""
    _configure(here, LLM_MAX_RETRIES=0)
    misbehaviours: dict[str, tuple[str, str, dict[str, Any]]] = {
        "limit": ("llm", "rate_limit", {"times": 1, "retry_after": 2}),
        "refused": ("llm", "unauthorized", {}),
        "nonsense": ("llm", "bad_json", {}),
        "silence": ("llm", "hang", {}),
        "vectors": ("embedding", "error", {}),
    }
    jobs = {}
    for name, (service, mode, more) in misbehaviours.items():
        here.services.misbehave(service, mode, job=f"{name}-{queue.name}", **more)
        jobs[name] = put(name)
    _run(here, redis_url, queue, *jobs.values())

    assert {name: _ending(job) for name, job in jobs.items()} == {
        "limit": ("finished", False, [("LLM_RATE_LIMIT", "retryable")], []),
        "refused": ("failed", True, [("PROVIDER_AUTH", "permanent")], []),
        "nonsense": ("failed", True, [("LLM_PARSE_ERROR", "permanent")], []),
        "silence": ("failed", True, [("LLM_TIMEOUT", "retryable")] * 2, []),
        "vectors": ("finished", None, [], ["EMBEDDING_PARTIAL_FAILURE"]),
    }
    assert jobs["limit"].meta["workerctl"]["attempts"][0]["retry_in"] >= 2
    assert jobs["vectors"].return_value()["embedded"] == 0
    delivered = {delivery["job_id"]: delivery for delivery in here.services.deliveries()}
    assert len(here.services.deliveries()) == len(delivered) == len(jobs)
    codes = {name: delivered[job.id].get("error_code") for name, job in jobs.items()}
    assert codes == {
        "limit": None,
        "refused": "PROVIDER_AUTH",
        "nonsense": "LLM_PARSE_ERROR",
        "silence": "LLM_TIMEOUT",
        "vectors": None,
    }


def _ending(job: Job) -> tuple[str, bool | None, list[tuple[str, str]], list[str]]:
    record = job.meta.get("workerctl", {})
    attempts = [(attempt["code"], attempt["kind"]) for attempt in record.get("attempts", [])]
    warnings = [warning["code"] for warning in job.meta.get("warnings", [])]
    return job.get_status().value, record.get("final"), attempts, warnings


def test_a_bad_configuration_is_refused_before_any_job_runs(
    here: Local, redis_url: str, queue: Queue, put: Enqueue
):
    job = put("refused")
    _configure(here, LLM_TIMEOUT_SECONDS="two")
    refused = subprocess.run(
        [*COMMAND, queue.name],
        cwd=here.directory,
        env=environment(redis_url),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "SET001 LLM_TIMEOUT_SECONDS must be" in refused.stderr
    assert (job.get_status().value, job.get_meta(refresh=True)) == ("queued", {})
    assert here.services.requests() == {}


def test_stopping_in_the_middle_of_a_job_leaves_no_process(
    here: Local, redis_url: str, queue: Queue, put: Enqueue
):
    """The worker, its scheduler and the work-horse that waits for a silent service all end."""
    _configure(here, LLM_TIMEOUT_SECONDS=60, LLM_CONNECT_TIMEOUT_SECONDS=5)
    here.services.misbehave("llm", "hang")
    job = put("stopped")
    with running_worker(here.directory, environment(redis_url), queue.name) as worker:
        waits = f"llm {job.id}"
        _wait(lambda: waits in here.services.requests(), here.directory / LOG)
        assert len(members(worker.pid)) == 3
    assert members(worker.pid) == []
    assert worker.returncode is not None


def test_a_worker_that_ignores_signals_is_killed(here: Local, redis_url: str, queue: Queue):
    with running_worker(here.directory, environment(redis_url), queue.name) as worker:
        _wait(lambda: len(members(worker.pid)) == 2, here.directory / LOG)
        worker.send_signal(signal.SIGSTOP)
    assert members(worker.pid) == []
    assert worker.returncode == -signal.SIGKILL


def test_an_application_is_notified_of_a_failure_once(
    here: Local, redis_url: str, queue: Queue, put: Enqueue
):
    """RQ calls the callback after each of two attempts, but one notification is sent."""
    here.services.misbehave("storage", "error")
    job = put("again")
    _run(here, redis_url, queue, job)
    assert len(job.meta["workerctl"]["attempts"]) == 2
    notification = {"job_id": job.id, "status": "failed", "error_code": "STORAGE_DOWNLOAD_ERROR"}
    assert here.services.deliveries() == [notification]
