"""
RQ's classes with the policy of this package: what runs again is decided by what went wrong.

    rq worker -w workerctl.runtime.rq.Worker -j workerctl.runtime.rq.Job --with-scheduler

Producers change nothing. `Retry(max=...)` of a producer counts, and so does its `interval`, as
ceilings of the waits; without them JOB_MAX_RETRIES and JOB_RETRY_INTERVALS_SECONDS do. Retries
wait in RQ's scheduler, so some worker of the queue must run with `--with-scheduler`.
`workerctl.runtime.jobs.policy` tells what is decided and how.

**Dead letters.** RQ calls `on_failure` after every attempt. This is called once per job:

    def on_failure(job, connection, kind, error, traceback):
        if is_final(job):
            dead_letters.add(job.id)

It is called for a job whose work-horse was killed for good, too, which RQ alone never tells.

**Partial failures** finish, with `job.meta["warnings"]`. RQ keeps a finished job for 500 seconds:
give `result_ttl`, or copy the warnings to where they are needed.

**RQ's SpawnWorker** before RQ 3.0 starts its children with RQ's own classes, whatever `-w` and `-j`
say. Decorate the functions with `worker_job` there; it does nothing where the classes work.

This module alone imports RQ: 1.16 to 3.0.
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

from workerctl.runtime.jobs import failures, fingerprint, policy, warm
from workerctl.runtime.jobs.failures import is_final
from workerctl.runtime.logging_config import configure_logging
from workerctl.schema.secrets import secret_texts
from workerctl.secrecy.redaction import Redactor
from workerctl.settings import get_settings

__all__ = ["Job", "SimpleWorker", "SpawnWorker", "Worker", "is_final", "worker_job"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_FIRST_SPAWNING_OURS = 3

_log = logging.getLogger(__name__)


class WorkHorseDiedError(Exception):
    """
    What `on_failure` gets for a job whose work-horse was killed: there is no other exception.
    """


class Job(rq.job.Job):
    """
    A job that judges its own failure before RQ looks at how many retries are left.
    """

    def perform(self) -> Any:
        """
        Run the function; a partial failure is a result, any other failure RQ's to handle.
        """
        return failures.performed(self, super().perform)


def worker_job(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """
    The same policy as a decorator, for workers whose children know nothing of `Job`.
    """
    if inspect.iscoroutinefunction(function):
        raise TypeError("worker_job decorates plain functions: call run_async() inside one.")

    @functools.wraps(function)
    def decorated(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        job = rq.job.get_current_job()
        if job is None:
            return function(*args, **kwargs)
        return failures.performed(job, functools.partial(function, *args, **kwargs))

    return decorated


class _Policy(rq.worker.BaseWorker):
    """
    What the worker classes have in common, over any worker class of RQ.
    """

    _told: dict[str, str]
    _forks = True

    def work(self, *args: Any, **kwargs: Any) -> Any:
        """
        Work as RQ does; without a scheduler, say what will not happen.
        """
        settings = get_settings()
        configure_logging(settings)
        if not kwargs.get("with_scheduler") and settings.JOB_MAX_RETRIES:
            _log.warning(
                "No scheduler runs in this worker, and a retry that waits is only run by one: "
                "start a worker of these queues with --with-scheduler."
            )
        return super().work(*args, **kwargs)

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        """
        Make everything ready once, before the first job; a bad configuration ends the start here.
        """
        settings = get_settings()
        configure_logging(settings)
        self._complete()
        for sentence in warm.prepare() if self._forks else ():
            _log.warning(sentence)
        super().bootstrap(*args, **kwargs)

    def _complete(self) -> None:
        """
        Take our job class where none is named; one of the team's own should be made of ours.
        """
        if self.job_class is rq.job.Job:
            self.job_class = Job
        elif not issubclass(self.job_class, Job):
            name = self.job_class.__name__
            _log.warning("%s is not made of workerctl's Job: partial failures fail.", name)

    def register_birth(self, *args: Any, **kwargs: Any) -> None:
        """
        Register with RQ, whose record then tells of the configuration, too.
        """
        configure_logging(get_settings())  # `rq worker-pool` has just forced INFO
        super().register_birth(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._told = self._fingerprint()
        self._publish()

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:
        """
        Prolong the life of RQ's record; one that had expired is made anew, and told of again.
        """
        super().heartbeat(*args, **kwargs)
        if not args[1:] and not kwargs.get("pipeline") and not self.is_horse:
            self._publish(missing_only=True)

    def _fingerprint(self) -> dict[str, str]:
        try:
            return fingerprint.published(get_settings())
        except Exception as error:  # noqa: BLE001 -- publishing never stops a worker
            _log.warning("The configuration is not published (%s).", type(error).__name__)
            return {}

    def _publish(self, *, missing_only: bool = False) -> None:
        told = getattr(self, "_told", None)
        try:
            if told and not (
                missing_only and self.connection.hexists(self.key, fingerprint.VERSION)
            ):
                self.connection.hset(self.key, mapping=told)
        except Exception as error:  # noqa: BLE001 -- publishing never stops a worker
            _log.warning("The configuration is not published (%s).", type(error).__name__)

    def handle_job_failure(self, job: rq.job.Job, *args: Any, **kwargs: Any) -> None:
        """
        Judge what `Job.perform` does not see, such as an `on_success` that fails; redact the rest.
        """
        failures.decide_late(job)
        if kwargs.get("exc_string"):  # RQ stores the traceback, with whatever its causes said
            redactor = Redactor(secret_texts(get_settings()))
            kwargs["exc_string"] = redactor.redact(kwargs["exc_string"])
        super().handle_job_failure(job, *args, **kwargs)

    def handle_work_horse_killed(
        self, job: rq.job.Job, retpid: Any, ret_val: Any, rusage: Any
    ) -> None:
        """
        Judge a job whose process was killed, by the system for want of memory for one.
        """
        try:
            job.get_meta(refresh=True)  # what the job itself has noted meanwhile
        except Exception as error:  # noqa: BLE001 -- the decision is made without it
            _log.warning("Job %s: its record is not read (%s).", job.id, type(error).__name__)
        signal = os.WTERMSIG(ret_val) if ret_val and os.WIFSIGNALED(ret_val) else None
        verdict = policy.killed(policy.record_of(job.meta), signal)
        death = WorkHorseDiedError(verdict.reason)
        failures.decide(job, death, verdict)
        if is_final(job):
            self._tell_of_death(job, death)
        super().handle_work_horse_killed(  # type: ignore[no-untyped-call]
            job, retpid, ret_val, rusage
        )

    def _tell_of_death(self, job: rq.job.Job, death: WorkHorseDiedError) -> None:
        """
        Call `on_failure` in a child: what it opens, or breaks, is not the next job's.
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

    def _call_on_failure(self, job: rq.job.Job, death: WorkHorseDiedError) -> None:
        try:
            callback, seconds = job.failure_callback, job.failure_callback_timeout
            if callback is not None:
                with self.death_penalty_class(seconds, JobTimeoutException, job_id=job.id):
                    callback(job, job.connection, type(death), death, None)
        except Exception as error:  # noqa: BLE001 -- whatever the team's function raises
            _log.warning("Job %s: on_failure failed (%s).", job.id, type(error).__name__)


class Worker(_Policy, rq.worker.Worker):
    """
    RQ's default worker: a forked child per job, of a parent that has prepared what children need.
    """


class SimpleWorker(_Policy, rq.worker.SimpleWorker):
    """
    RQ's worker that runs its jobs in its own process, one after the other.
    """

    _forks = False


class SpawnWorker(_Policy, getattr(rq.worker, "SpawnWorker", rq.worker.Worker)):  # type: ignore[misc]
    """
    RQ's worker that starts a new Python per job, where forking is not safe; from RQ 3.0 on.
    """

    _forks = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if int(VERSION.split(".")[0]) < _FIRST_SPAWNING_OURS:
            raise RuntimeError(
                f"SpawnWorker of RQ {VERSION} runs jobs with RQ's own classes: "
                "take rq.worker.SpawnWorker, and decorate the job functions with worker_job."
            )
        super().__init__(*args, **kwargs)

    def main_work_horse(self, *args: Any, **kwargs: Any) -> None:
        """
        Run the job in the new Python, whose logging nobody has set up yet.
        """
        configure_logging(get_settings())
        super().main_work_horse(*args, **kwargs)
