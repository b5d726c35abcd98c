"""
What a failure changes in the job itself: the retries that are left, the next wait, the record.

RQ looks at `retries_left` and `retry_intervals` of the job in memory after it has failed, in every
version alike, and stores them. Changing them in between is the one way that works in all.
"""

import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from workerctl.errors import ConfigurationError
from workerctl.runtime.jobs import policy
from workerctl.runtime.retry import Verdict, classify
from workerctl.settings import Settings, get_settings

Result = TypeVar("Result")

_STATE = "workerctl_state"
_RUNNING, _RETURNED, _JUDGED = "running", "returned", "judged"

_log = logging.getLogger(__name__)


class RunningJob(Protocol):
    """
    What is used of a job of RQ.
    """

    meta: dict[str, Any]
    retries_left: int | None
    retry_intervals: list[int] | None

    @property
    def id(self) -> str:
        """
        The name of the job.
        """

    def save_meta(self) -> None:
        """
        Write `meta` to Redis.
        """


def performed(job: RunningJob, run: Callable[[], Result]) -> Result:
    """
    What the function of the job returns; a partial failure is a result, with a warning.

    Within itself it only runs: what a job catches of its own functions is no failure of the job.
    """
    if vars(job).get(_STATE) == _RUNNING:
        return run()
    vars(job)[_STATE] = _RUNNING
    if policy.reopen(job.meta):
        _save(job)
    try:
        result = run()
    except BaseException as error:
        verdict = classify(error)
        if verdict.kind != "partial":
            decide(job, error, verdict)
            raise
        result = policy.note_warnings(job.meta, error, time.time())
        _save(job)
    vars(job)[_STATE] = _RETURNED
    return result


def decide(job: RunningJob, error: BaseException, verdict: Verdict) -> None:
    """
    Decide about another run, and note it.
    """
    vars(job)[_STATE] = _JUDGED
    record = policy.record_of(job.meta)
    delay = policy.retry_in(verdict, record, _limits(job, record))
    if delay is None:
        job.retries_left = 0
    else:
        job.retry_intervals = [delay]  # RQ takes the only one, however many retries are left
    policy.note_failure(record, error, verdict, delay, time.time())
    _save(job)
    if verdict.kind == "unknown" and delay is not None:
        _log.warning(
            "Job %s failed with %s, of which nothing is known: it runs once more, in %d s.",
            job.id,
            type(error).__name__,
            delay,
        )


def decide_late(job: RunningJob) -> None:
    """
    Decide about a failure that came after the function, such as a failing `on_success`.
    """
    error = sys.exception()  # RQ asks while it handles it
    if error is not None and vars(job).get(_STATE) != _JUDGED:
        decide(job, error, classify(error))


def is_final(job: RunningJob) -> bool:
    """
    Whether the failure at hand is the job's last: for `on_failure` and exception handlers.
    """
    if vars(job).get(_STATE) == _RETURNED:
        decide_late(job)
    if vars(job).get(_STATE) == _JUDGED:
        return bool(policy.record_of(job.meta)["final"])
    # The worker itself died, and another one clears up: RQ looks at nothing else.
    return not job.retries_left


def _limits(job: RunningJob, record: dict[str, Any]) -> policy.Limits:
    """
    What the producer allows, and what the settings say where it said nothing.
    """
    default = policy.limits(_settings())
    if job.retries_left is None:
        job.retries_left = default.retries
    if record["failures"] == 0 and any(job.retry_intervals or ()):
        # Kept, because the job's own are overwritten at every failure.
        record["intervals"] = list(job.retry_intervals or ())
    return policy.Limits(job.retries_left, tuple(record.get("intervals", default.intervals)))


def _settings() -> Settings:
    try:
        return get_settings()
    except ConfigurationError:
        # Where no worker of ours has refused to start, the job's own error matters more.
        return Settings.model_construct()


def _save(job: RunningJob) -> None:
    try:
        job.save_meta()
    except Exception as error:  # noqa: BLE001 -- the decision holds, whatever fails to be written
        _log.warning("Job %s: its record is not saved (%s).", job.id, type(error).__name__)
