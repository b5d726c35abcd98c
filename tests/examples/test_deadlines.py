"""
With a server that sends single bytes, a stage ends at its deadline, before RQ's job timeout.
"""

import time
import uuid

import pytest
from redis import Redis
from resume_worker.local.machine import Local
from resume_worker.local.worker_process import LOG, environment, running_worker
from resume_worker.queueing import enqueue
from resume_worker.tasks import full_pipeline
from rq import Queue

from workerctl.runtime.deadline import RESERVE_SECONDS
from workerctl.runtime.exceptions import EmbeddingPartialFailure
from workerctl.settings import get_settings

_TIMEOUT = 40


def _change(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(name, str(value))
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("retries", "deadline"), [(0, 2.0), pytest.param(1, 5.0, marks=pytest.mark.long)]
)
def test_a_slow_response_is_cancelled_at_the_deadline_of_the_stage(
    here: Local, monkeypatch: pytest.MonkeyPatch, retries: int, deadline: float
):
    """An attempt takes 2 s although bytes arrive; a retry adds a wait of 1 s and another 2 s."""
    _change(
        monkeypatch,
        EMBEDDING_TIMEOUT_SECONDS=2,
        EMBEDDING_MAX_RETRIES=retries,
        EMBEDDING_RETRY_BASE_WAIT=1,
    )
    here.services.misbehave("embedding", "dribble")
    with pytest.raises(EmbeddingPartialFailure) as caught:
        full_pipeline(job_id="slow", file_path=here.documents["pdf"], user_id="test-user")

    took = caught.value.details["result"]["seconds"]["embedding"]
    # Jitter shortens a wait by up to half.
    assert deadline - 0.5 * (retries + 1) <= took <= deadline + 0.5
    assert caught.value.details["cause"] == "EMBEDDING_TIMEOUT"


def test_a_stage_ends_before_the_job_would(here: Local, redis_url: str):
    """A job limit of 5 s ends a stage whose settings allow minutes, just before RQ would."""
    limit = 5
    with (here.directory / ".env").open("a") as env:
        env.write("JOB_MAX_RETRIES=0\nLLM_TIMEOUT_SECONDS=60\n")
    here.services.misbehave("llm", "dribble")
    with Redis.from_url(redis_url) as connection:
        queue = Queue(f"queue-{uuid.uuid4().hex}", connection=connection)
        name = f"slow-{queue.name}"
        job = enqueue(queue, name, here.documents["pdf"], "test-user", timeout=limit)
        with running_worker(here.directory, environment(redis_url), queue.name):
            end = time.monotonic() + _TIMEOUT
            while job.get_status() != "failed":
                assert time.monotonic() < end, (here.directory / LOG).read_text()
                time.sleep(0.05)
        job.refresh()
    (attempt,) = job.meta["workerctl"]["attempts"]
    assert (attempt["code"], attempt["kind"]) == ("STAGE_DEADLINE", "retryable")
    took = attempt["at"] - job.started_at.timestamp()
    assert abs(took - (limit - RESERVE_SECONDS)) <= 0.5
