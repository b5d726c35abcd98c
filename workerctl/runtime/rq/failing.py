"""
What a worker does with a job that fails, or whose process dies.
"""

from __future__ import annotations

import logging
import os
from typing import Any

import rq.job
import rq.worker
from rq.timeouts import JobTimeoutException

from workerctl.runtime.jobs import failures, policy
from workerctl.runtime.jobs.stored_texts import redact
from workerctl.runtime.retry import classify

_log = logging.getLogger(__name__)


class WorkHorseDiedError(Exception):
    """
    The error that `on_failure` receives when the process of a job was killed.
    """


class ForcedStopError(SystemExit):
    """
    The end of a worker that was stopped by a second signal (cold shutdown).
    """


class Failing(rq.worker.BaseWorker):
    """
    The decisions about failed jobs: a mixin in front of one of RQ's classes.
    """

    def prepare_execution(self, job: rq.job.Job) -> Any:
        """
        Store the job's retries first, because RQ 2 and later begin by listing the job as started.
        """
        failures.grant_retries(job, self.connection)
        return super().prepare_execution(job)

    def perform_job(self, job: rq.job.Job, *args: Any, **kwargs: Any) -> bool:
        """
        Run a job as RQ does; `handle_job_failure` decides about failures outside its function.
        """
        failures.supervise(job)
        return super().perform_job(job, *args, **kwargs)

    def handle_job_failure(self, job: rq.job.Job, queue: Any, *args: Any, **kwargs: Any) -> None:
        """
        Decide about a failure that `Job.perform` did not see, and redact the stored traceback.
        """
        failures.decide_late(job)
        if not failures.is_decided(job) and self._stopped_job_id != job.id:
            self._return_unstarted(job, queue)
            return
        if kwargs.get("exc_string"):  # holds the texts of all causes, whatever they contain
            kwargs["exc_string"] = redact(kwargs["exc_string"])
        super().handle_job_failure(job, queue, *args, **kwargs)

    def _return_unstarted(self, job: rq.job.Job, queue: Any) -> None:
        """
        Put a job back whose worker died between taking it from the queue and starting it.

        RQ calls `handle_job_failure` without a decision on an error only if its clean-up has found
        the job in the intermediate queue, which a job leaves when it starts.
        """
        if job.get_status() != "queued" or queue.get_job_position(job.id) is not None:
            return
        intermediate = queue.intermediate_queue
        with self.connection.pipeline() as pipeline:
            pipeline.lrem(intermediate.key, 1, job.id)
            pipeline.delete(intermediate.get_first_seen_key(job.id))
            queue.push_job_id(job.id, pipeline=pipeline, at_front=True)
            pipeline.execute()
        _log.warning("Job %s is in its queue again: a worker took it and died.", job.id)

    def request_force_stop(self, *args: Any) -> None:
        """
        Stop as RQ does, but raise ForcedStopError, after which the policy lets the job run again.
        """
        try:
            super().request_force_stop(*args)
        except SystemExit as stop:
            code = stop.code
        else:
            return
        raise ForcedStopError(code)

    def monitor_work_horse(self, job: rq.job.Job, queue: Any, *execution: Any) -> None:
        """
        Wait for a job's process as RQ does; if the worker is stopped by force, return the job.
        """
        try:
            super().monitor_work_horse(job, queue, *execution)  # type: ignore[misc]
        except ForcedStopError as stop:
            if job.get_status() == "started":
                failures.decide(job, stop, classify(stop))
                if failures.is_final(job):
                    self._report_death(job, stop)
                more = {"execution": execution[0]} if execution else {}  # since RQ 3.0
                text = "The worker was stopped by force, and with it the work-horse."
                self.handle_job_failure(job, queue=queue, exc_string=text, **more)
            raise

    def handle_work_horse_killed(
        self, job: rq.job.Job, retpid: Any, ret_val: Any, rusage: Any
    ) -> None:
        """
        Decide about a job whose process was killed, for example by the out-of-memory killer.
        """
        try:
            job.get_meta(refresh=True)  # what the job has saved since this worker fetched it
        except Exception as error:  # noqa: BLE001 -- the decision is made without it
            _log.warning("Job %s: could not read its record (%s).", job.id, type(error).__name__)
        signal = os.WTERMSIG(ret_val) if ret_val and os.WIFSIGNALED(ret_val) else None
        record = policy.ensure_record(job.meta)
        # RQ does not wait for a work-horse that it kills itself.
        verdict = policy.count_horse_death(record, signal, overdue=ret_val is None)
        death = WorkHorseDiedError(verdict.reason)
        failures.decide(job, death, verdict)
        if failures.is_final(job):
            self._report_death(job, death)
        super().handle_work_horse_killed(  # type: ignore[no-untyped-call]
            job, retpid, ret_val, rusage
        )

    def _report_death(self, job: rq.job.Job, death: BaseException) -> None:
        """
        Call `on_failure` in a child process, so that nothing it opens or breaks affects later jobs.
        """
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            return
        try:
            self.setup_work_horse_signals()  # type: ignore[no-untyped-call]
            self._call_on_failure(job, death)
        finally:
            os._exit(0)

    def _call_on_failure(self, job: rq.job.Job, death: BaseException) -> None:
        try:
            callback, seconds = job.failure_callback, job.failure_callback_timeout
            if callback is not None:
                with self.death_penalty_class(seconds, JobTimeoutException, job_id=job.id):
                    callback(job, job.connection, type(death), death, None)
        except Exception as error:  # noqa: BLE001 -- foreign code may raise anything
            _log.warning("Job %s: on_failure failed (%s).", job.id, type(error).__name__)
