"""
The worker classes.
"""

from __future__ import annotations

from typing import Any

import rq.worker
from rq.version import VERSION

from workerctl.runtime.jobs import refusal, spawned
from workerctl.runtime.rq.failing import Failing
from workerctl.runtime.rq.starting import Starting

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

    def work(self, *args: Any, **kwargs: Any) -> Any:
        """
        Work as the other classes do, and hand the settings classes on to the new processes.

        Raises SystemExit, with the reason, if one of them cannot be imported there.
        """
        with refusal.without_traceback():
            spawned.hand_on()
        return super().work(*args, **kwargs)

    def main_work_horse(self, *args: Any, **kwargs: Any) -> None:
        """
        Run the job in the new process, with the settings and the logging of the worker.
        """
        spawned.take_over()
        super().main_work_horse(*args, **kwargs)
