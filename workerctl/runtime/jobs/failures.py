"""
The policy applied to a job of RQ: its retries, its next delay and its record are updated in place.

After a failure, every version of RQ reads `retries_left` and `retry_intervals` of the job in
memory, and stores them. Changing them before that is the only way that works in all versions.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from workerctl.report.errors import WorkerctlError
from workerctl.report.type_names import type_name
from workerctl.runtime.jobs import policy
from workerctl.runtime.jobs.stored_texts import redact
from workerctl.runtime.retry import Verdict, classify
from workerctl.schema.loading import names_settings
from workerctl.settings import Settings, get_settings

Result = TypeVar("Result")

# Attributes that are set on a job in memory; RQ does not store them.
_STATE = "workerctl_state"
_RUNNING, _RETURNED, _DECIDED = "running", "returned", "decided"
_SUPERVISED = "workerctl_supervised"

_log = logging.getLogger(__name__)


class RunningJob(Protocol):
    """
    The part of RQ's job class that the policy uses.
    """

    connection: Any
    meta: dict[str, Any]
    retries_left: int | None
    retry_intervals: list[int] | None

    @property
    def id(self) -> str:
        """
        The id of the job.
        """

    @property
    def key(self) -> str:
        """
        The key of the job's record in Redis.
        """

    def get_status(self) -> Any:
        """
        Read the status from Redis.
        """

    def save_meta(self) -> None:
        """
        Write `meta` to Redis.
        """


def perform(job: RunningJob, function: Callable[[], Result]) -> Result:
    """
    Call a job's function and return its result; decide about another run if it fails.

    A partial failure counts as a result, and adds warnings to `job.meta`. So does a job that ends
    after its timeout, because it caught RQ's exception or cancelled RQ's timer. A nested call, from
    a function of the same job, only calls: what the job catches itself is not a failure of the job.
    """
    if vars(job).get(_STATE) == _RUNNING:
        return function()
    vars(job)[_STATE] = _RUNNING
    if policy.reopen(job.meta):
        _save(job)
    grant_retries(job, job.connection)
    start = time.monotonic()
    try:
        result = function()
    except BaseException as error:
        verdict = classify(error)
        if verdict.kind != "partial":
            if verdict.category != "job":
                _note_overrun(job, time.monotonic() - start, failed=True)
            decide(job, error, verdict)
            raise
        result = policy.note_warnings(job.meta, error, time.time(), redact)
        _save(job)
    if _note_overrun(job, time.monotonic() - start):
        _save(job)
    vars(job)[_STATE] = _RETURNED
    return result


def _note_overrun(job: RunningJob, seconds: float, *, failed: bool = False) -> bool:
    """
    Warn if a job has ended after its timeout; return whether it has.
    """
    timeout = getattr(job, "timeout", None)
    if not isinstance(timeout, int | float) or not 0 < timeout < seconds:
        return False
    message = policy.note_overrun(job.meta, timeout, seconds, time.time(), failed=failed)
    _log.warning("Job %s: %s", job.id, message)
    return True


def grant_retries(job: RunningJob, connection: Any) -> None:
    """
    Store the retries of a job whose producer has not set any; to be called when the job starts.

    If its worker is killed, another worker cleans up, and RQ considers only the stored number
    there. `connection` may be a pipeline.
    """
    try:
        if job.retries_left is None and (retries := _default_limits().retries):
            connection.hset(job.key, "retries_left", retries)
            job.retries_left = retries
    except Exception as error:  # noqa: BLE001 -- they matter only if the worker is killed
        _log.warning("Job %s: could not store its retries (%s).", job.id, type_name(error))


def supervise(job: RunningJob) -> None:
    """
    Note that the worker calls `decide_late` if this job fails; `is_final` relies on it.
    """
    vars(job)[_SUPERVISED] = True


def decide(job: RunningJob, error: BaseException, verdict: Verdict) -> None:
    """
    Decide whether a failed job runs again, and write the decision to the job and its record.
    """
    vars(job)[_STATE] = _DECIDED
    record = policy.ensure_record(job.meta)
    if intervals := _producer_intervals(job, record):
        record["intervals"] = intervals
    limits = _limits(job, record)
    if _is_cancelled(job):
        limits = limits.replace(retries=0)
    delay = policy.retry_in(verdict, record, limits)
    if delay is None:
        job.retries_left = 0
    else:
        job.retries_left = limits.retries
        job.retry_intervals = [delay]  # RQ uses the last interval for all further retries
    try:
        policy.note_failure(record, error, verdict, delay, time.time(), redact=redact)
    except Exception as failure:  # noqa: BLE001 -- the decision holds even if it cannot be recorded
        _log.warning("Job %s: could not record its failure (%s).", job.id, type_name(failure))
    _save(job)
    if delay is None:
        return
    if verdict.retry_after is not None and verdict.retry_after > policy.LONGEST:
        _log.warning(
            "Job %s failed with %s, whose retry_after of %g s is reduced to %d s: it is a delay in "
            "seconds, not a point in time.",
            job.id,
            type_name(error),
            verdict.retry_after,
            policy.LONGEST,
        )
    if verdict.kind == "unknown":
        _log.warning(
            "Job %s failed with %s, which is not a known error: it runs once more, in %d s.",
            job.id,
            type_name(error),
            delay,
        )


def _is_cancelled(job: RunningJob) -> bool:
    """
    Return whether someone has cancelled the job while it ran, which RQ does not consider.
    """
    try:
        return bool(job.get_status() == "canceled")
    except Exception:  # noqa: BLE001 -- Redis may be down; the decision holds without it
        return False


def decide_late(job: RunningJob) -> None:
    """
    Decide about a failure outside the job's function, such as an `on_success` that raises.

    Called by the worker while it handles the exception. Does nothing if `perform` has decided.
    """
    error = sys.exception()
    if error is not None and not is_decided(job):
        decide(job, error, classify(error))


def is_decided(job: RunningJob) -> bool:
    """
    Return whether this process has decided about a failure of the job.
    """
    return bool(vars(job).get(_STATE) == _DECIDED)


def is_final(job: RunningJob) -> bool:
    """
    Return whether a failed job has failed for good; for `on_failure` and exception handlers.

        def on_failure(job, connection, kind, error, traceback):
            if is_final(job):
                dead_letters.add(job.id)

    Changes neither the job nor Redis. Call it outside `except` blocks of your own: if the failure
    came after the job's function, the decision has not been made yet, and the answer depends on the
    exception that is being handled.
    """
    record = policy.read_record(job.meta)
    if is_decided(job):
        return bool(record["final"])
    error = sys.exception()
    if error is not None and vars(job).get(_SUPERVISED):
        return not policy.runs_again(classify(error), record, _limits(job, record).retries)
    # No worker of this package decides later, for instance because the job's worker has died:
    # RQ considers only this number.
    return not job.retries_left


def _limits(job: RunningJob, record: dict[str, Any]) -> policy.Limits:
    """
    Return the limits that the producer set, completed from the settings.
    """
    default = _default_limits()
    retries = default.retries if job.retries_left is None else job.retries_left
    return policy.Limits(retries, tuple(_producer_intervals(job, record) or default.intervals))


def _producer_intervals(job: RunningJob, record: dict[str, Any]) -> list[int]:
    """
    Return the intervals that the producer set, if any.

    The job's own are overwritten at the first failure, so the record keeps them.
    """
    if record["failures"] == 0 and any(job.retry_intervals or ()):
        return list(job.retry_intervals or ())
    return list(record.get("intervals", ()))


def _default_limits() -> policy.Limits:
    """
    Return the limits of the settings.

    Under a worker that did not check the configuration, the settings or the project's pipeline may
    be invalid. The defaults of the built-in class apply then. With another class, or a project that
    cannot be read, no job runs again.
    """
    with contextlib.suppress(WorkerctlError):
        return policy.limits(get_settings())
    with contextlib.suppress(WorkerctlError):
        if isinstance(get_settings.made, Settings | None) and not names_settings():
            return policy.limits(Settings.model_construct())
    return policy.Limits(0, ())


def _save(job: RunningJob) -> None:
    try:
        job.save_meta()
    except Exception as error:  # noqa: BLE001 -- the decision holds even if it cannot be recorded
        _log.warning("Job %s: could not save its record (%s).", job.id, type_name(error))
