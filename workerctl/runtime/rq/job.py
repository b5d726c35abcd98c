"""
The job class, and its policy as a decorator.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import rq.job

from workerctl.runtime.jobs import failures, spawned

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_log = logging.getLogger(__name__)


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
    raises, follow RQ's rules, and RQ logs and stores tracebacks as they are, with any secret in
    them. RQ's SpawnWorker runs a job in a process that has not run the worker's script: name the
    settings class in WORKERCTL_SETTINGS, or call `boot` in the module of the job. Outside a job,
    the decorated function is the plain one.
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
        if sentence := spawned.warning(job.id):
            _log.warning("Job %s: %s", job.id, sentence)
        return failures.perform(job, functools.partial(function, *args, **kwargs))

    return decorated
