"""
The worker classes.
"""

from typing import Any

import rq.worker
from rq.version import VERSION

from workerctl.runtime.logging_config import configure_logging
from workerctl.runtime.rq.failing import Failing
from workerctl.runtime.rq.starting import Starting
from workerctl.settings import get_settings

_FIRST_PASSING_CLASSES_ON = 3  # the major version since which SpawnWorker heeds -w and -j


class Worker(Starting, Failing, rq.worker.Worker):
    """
    RQ's default worker, which forks a child per job, with a parent prepared for forking.

    What `[tool.workerctl] preload` names is loaded once, in the parent, for all children; see
    `workerctl.runtime.jobs.warm`.
    """


class SimpleWorker(Starting, Failing, rq.worker.SimpleWorker):
    """
    RQ's worker that runs its jobs one after the other in its own process.
    """

    _forks = False


class SpawnWorker(Starting, Failing, getattr(rq.worker, "SpawnWorker", rq.worker.Worker)):  # type: ignore[misc]
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
