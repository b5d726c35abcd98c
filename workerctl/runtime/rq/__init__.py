"""
Worker and job classes for RQ that decide, from the error, whether a failed job runs again.

    rq worker -w workerctl.runtime.rq.Worker -j workerctl.runtime.rq.Job --with-scheduler

A job raises what it likes; `workerctl.runtime.exceptions` has classes that say what they mean:

    def full_pipeline(path):
        text = extract_text(path)
        if not text:
            raise InvalidFileError("The file holds no text.")  # fails at once
        with translate_errors("llm"):
            answer = client.responses.create(model="gpt-4o", input=text)  # a 503 runs again

Producers do not change. `Retry(max=3, interval=[30, 120])` limits the number of further runs, and
its intervals are upper bounds of the delays before them; without it, those of the pipeline apply:
JOB_MAX_RETRIES and JOB_RETRY_INTERVALS_SECONDS in the built-in schema. Delayed retries are enqueued
by RQ's scheduler, so at least one worker of each queue needs `--with-scheduler`.
`workerctl.runtime.jobs.policy` documents the rules and the record that a job keeps of them in
`job.meta["workerctl"]`.

**Settings.** The classes use `get_settings()`: the settings class that WORKERCTL_SETTINGS or
`[tool.workerctl] settings` names, else the one that a script has passed to `boot`, else the
built-in one. With another class than that, a job runs again only if a pipeline is declared or its
producer says so.

**Queues and Redis** come from RQ's command line, unless `-c workerctl.runtime.rq_settings` takes
them from the settings. If they differ from what the settings say, the worker warns at its start.

**Dead letters.** RQ calls `on_failure` after every failed run, and `is_final` finds the last one:

    def on_failure(job, connection, kind, error, traceback):
        if is_final(job):
            dead_letters.add(job.id)

    queue.enqueue(full_pipeline, "cv.pdf", on_failure=on_failure)

`on_failure` is also called, with a `WorkHorseDiedError`, when the last work-horse of a job was
killed, which RQ alone does not do.

**Partial failures.** A job that raises a `PartialFailureException` finishes with
`details["result"]`, and adds to `job.meta["warnings"]`. RQ deletes finished jobs after 500 seconds:
set a longer `result_ttl`, or copy the warnings to where they are needed.

**Timeouts.** A job that catches RQ's `JobTimeoutException`, as `except Exception` does, runs on. If
it ends after its timeout, the log and `job.meta["warnings"]` say so.

**SIGTERM** is handled by RQ: the worker takes no further job and lets the running one finish (warm
shutdown). A second signal, at least a second later, kills the work-horse (cold shutdown). A
work-horse dies of a SIGTERM, so signal the worker, not its process group. BUD004 compares the grace
period of the orchestrator with the worst case of a job.

**SIGKILL.** If only a worker is killed, its scheduler and its running work-horse live on. The
scheduler of these classes ends with its worker. With RQ's classes, it keeps the worker's
connections open, and Redis gives the next job to the dead worker: there, kill the process group or
the cgroup, as systemd (`KillMode=control-group`) and containers do.

**SpawnWorker.** Before RQ 3.0, its child processes use RQ's own classes and ignore `-w` and `-j`.
Use `rq.worker.SpawnWorker` there, and decorate the job functions with `worker_job`, which has no
effect where `Job` is in use.

This is the only module that imports RQ. It supports RQ 1.16 to 3.0.
"""

import functools
import inspect
import logging
import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import rq.job
import rq.worker
from rq.timeouts import JobTimeoutException
from rq.version import VERSION

from workerctl.runtime.jobs import failures, fingerprint, listening, orphans, policy, refusal, warm
from workerctl.runtime.jobs.failures import is_final
from workerctl.runtime.jobs.stored_texts import redact
from workerctl.runtime.logging_config import configure_logging
from workerctl.runtime.retry import classify
from workerctl.settings import get_settings

__all__ = ["Job", "SimpleWorker", "SpawnWorker", "Worker", "is_final", "worker_job"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_FIRST_PASSING_CLASSES_ON = 3  # the major version since which SpawnWorker heeds -w and -j

_log = logging.getLogger(__name__)


class WorkHorseDiedError(Exception):
    """
    The error that `on_failure` receives when the process of a job was killed.
    """


class ForcedStopError(SystemExit):
    """
    The end of a worker that was stopped by a second signal (cold shutdown).
    """


class Job(rq.job.Job):
    """
    A job that decides about another run before RQ looks at the retries that are left.
    """

    def prepare_for_execution(self, worker_name: str, pipeline: Any) -> None:
        """
        Mark the job as started, and store its retries in the same transaction.
        """
        super().prepare_for_execution(worker_name, pipeline)
        failures.grant_retries(self, pipeline)

    def perform(self) -> Any:
        """
        Call the job's function; return its result, or that of a partial failure.
        """
        return failures.perform(self, super().perform)


def worker_job(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """
    Decorate a job function with the policy of `Job`, for workers that cannot use that class.

        @worker_job
        def full_pipeline(path): ...

    Under RQ's own worker classes, failures outside the function, such as an `on_success` that
    raises, follow RQ's rules. Outside a job, the decorated function is the plain one.
    """
    if inspect.iscoroutinefunction(function):
        raise TypeError(
            f"worker_job decorates synchronous functions, and {function.__qualname__} is"
            " `async def`: write it with `def`, and call run_async() inside it."
        )

    @functools.wraps(function)
    def decorated(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        job = rq.job.get_current_job()
        if job is None:
            return function(*args, **kwargs)
        return failures.perform(job, functools.partial(function, *args, **kwargs))

    return decorated


class _Policy(rq.worker.BaseWorker):
    """
    What the worker classes add to RQ's: a mixin in front of one of them.
    """

    _forks = True
    _published: dict[Any, str] | None = None

    def work(self, *args: Any, **kwargs: Any) -> Any:
        """
        Work as RQ does; warn if it lacks the scheduler that retries need, or listens elsewhere.

        Raises SystemExit, with the reasons, if a worker must not start with this configuration.
        """
        with refusal.without_traceback():
            settings = get_settings()
        configure_logging(settings)
        if not kwargs.get("with_scheduler") and policy.limits(settings).retries:
            _log.warning(
                "This worker runs without a scheduler, which enqueues delayed retries: "
                "start at least one worker of these queues with --with-scheduler."
            )
        self._compare_places(settings)
        return super().work(*args, **kwargs)

    def _compare_places(self, settings: Any) -> None:
        """
        Warn if the settings name other queues or another Redis than those of this worker.
        """
        options = self.connection.connection_pool.connection_kwargs
        try:
            sentence = listening.warning(settings, self.queue_names(), options)
        except Exception as error:  # noqa: BLE001 -- a worker runs without the comparison, too
            sentence = f"The queues could not be compared ({type(error).__name__})."
        if sentence is not None:
            _log.warning("%s", sentence)

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        """
        Prepare the process before its first job; raise SystemExit like `work`.
        """
        with refusal.without_traceback():
            configure_logging(get_settings())
        self._choose_job_class()
        with refusal.without_traceback():
            sentences = warm.prepare() if self._forks else []
        for sentence in sentences:
            _log.warning(sentence)
        super().bootstrap(*args, **kwargs)

    def _choose_job_class(self) -> None:
        """
        Use our job class by default; warn of one that does not derive from it.
        """
        if self.job_class is rq.job.Job:
            self.job_class = Job
        elif not issubclass(self.job_class, Job):
            _log.warning(
                "The job class %s is not a subclass of workerctl.runtime.rq.Job: "
                "its partial failures count as failures.",
                self.job_class.__name__,
            )

    def _start_scheduler(self, *args: Any, **kwargs: Any) -> None:
        """
        Start RQ's scheduler so that it ends with this worker.
        """
        with orphans.ending_with_this_process(self._close_inherited):
            super()._start_scheduler(*args, **kwargs)

    def run_maintenance_tasks(self) -> None:
        """
        Clean up as RQ does; this also starts a scheduler, if the last one has ended.
        """
        with orphans.ending_with_this_process(self._close_inherited):
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]

    def _close_inherited(self) -> None:
        """
        Close this process's copies of the worker's connections, which stay open in the worker.
        """
        pool = self.connection.connection_pool
        kept = [getattr(pool, f"_{state}_connections", ()) for state in ("available", "in_use")]
        pubsub = getattr(getattr(self, "pubsub", None), "connection", None)
        for connection in (*kept[0], *kept[1], pubsub):
            if connection is not None:
                connection.disconnect()

    def register_birth(self, *args: Any, **kwargs: Any) -> None:
        """
        Register with RQ, and publish the configuration's fingerprint in RQ's record of the worker.
        """
        configure_logging(get_settings())  # `rq worker-pool` has just set the level to INFO
        super().register_birth(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._published = self._fingerprint()
        self._publish()

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:
        """
        Extend the life of RQ's record; if it had expired, publish the fingerprint again.
        """
        super().heartbeat(*args, **kwargs)
        if not args[1:] and not kwargs.get("pipeline") and not self.is_horse:
            self._publish(missing_only=True)

    def _fingerprint(self) -> dict[str, str]:
        try:
            return fingerprint.published(get_settings())
        except Exception as error:  # noqa: BLE001 -- a worker runs without publishing, too
            _log.warning("The configuration could not be published (%s).", type(error).__name__)
            return {}

    def _publish(self, *, missing_only: bool = False) -> None:
        fields = self._published
        try:
            if fields and not (
                missing_only and self.connection.hexists(self.key, fingerprint.VERSION)
            ):
                self.connection.hset(self.key, mapping=fields)
        except Exception as error:  # noqa: BLE001 -- a worker runs without publishing, too
            _log.warning("The configuration could not be published (%s).", type(error).__name__)

    def prepare_execution(self, job: rq.job.Job) -> Any:
        """
        Store the job's retries before RQ 2 and later list it as started, which they do first.
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

        Without an error, RQ handles a failure only if its clean-up has found the job in the
        intermediate queue, out of which a job is taken when it starts.
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
        Stop as RQ does, with an exception of which the policy knows that the job may run again.
        """
        try:
            super().request_force_stop(*args)
        except SystemExit as stop:
            raise ForcedStopError(stop.code) from None

    def monitor_work_horse(self, job: rq.job.Job, queue: Any, *execution: Any) -> None:
        """
        Wait for a job's process as RQ does; if the worker is stopped by force, return the job.
        """
        try:
            super().monitor_work_horse(job, queue, *execution)  # type: ignore[misc]
        except ForcedStopError as stop:
            if job.get_status() == "started":
                failures.decide(job, stop, classify(stop))
                if is_final(job):
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
        if is_final(job):
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


class Worker(_Policy, rq.worker.Worker):
    """
    RQ's default worker, which forks a child per job, with a parent prepared for forking.

    What `[tool.workerctl] preload` names is loaded once, in the parent, for all children; see
    `workerctl.runtime.jobs.warm`.
    """


class SimpleWorker(_Policy, rq.worker.SimpleWorker):
    """
    RQ's worker that runs its jobs one after the other in its own process.
    """

    _forks = False


class SpawnWorker(_Policy, getattr(rq.worker, "SpawnWorker", rq.worker.Worker)):  # type: ignore[misc]
    """
    RQ's worker that starts a new Python process per job, for systems where forking is not safe.

    Needs RQ 3.0. Raises RuntimeError with an earlier one, which would ignore the job class.
    """

    _forks = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if int(VERSION.split(".")[0]) < _FIRST_PASSING_CLASSES_ON:
            raise RuntimeError(
                f"SpawnWorker of RQ {VERSION} runs jobs with RQ's own classes: "
                "use rq.worker.SpawnWorker, and decorate the job functions with worker_job."
            )
        super().__init__(*args, **kwargs)

    def main_work_horse(self, *args: Any, **kwargs: Any) -> None:
        """
        Run the job in the new process, where logging is not configured yet.
        """
        configure_logging(get_settings())
        super().main_work_horse(*args, **kwargs)
