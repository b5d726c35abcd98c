"""
What a worker does when it starts, and what it publishes of its configuration.
"""

from __future__ import annotations

import logging
from typing import Any

import rq.job
import rq.worker

from workerctl.runtime.jobs import fingerprint, listening, orphans, policy, refusal, warm
from workerctl.runtime.logging_config import configure_logging
from workerctl.runtime.rq.job import Job
from workerctl.settings import get_settings

_log = logging.getLogger(__name__)


class Starting(rq.worker.BaseWorker):
    """
    The start of a worker: a mixin in front of one of RQ's classes.
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
            retries = policy.limits(settings).retries
        configure_logging(settings)
        if retries and not kwargs.get("with_scheduler"):
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
