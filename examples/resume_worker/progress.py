"""
How far a job is: told to whoever looks at it, to the log, and in the result.
"""

import contextlib
import time
from collections.abc import Iterator

from rq import get_current_job

from workerctl.runtime.exceptions import PartialFailureException
from workerctl.runtime.logging_config import setup_logger


class Progress:
    """
    The stages of one run of a job: the time of each, and what went missing on the way.
    """

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._log = setup_logger(__name__)  # not at import: it reads the settings
        self.seconds: dict[str, float] = {}
        self.failures: list[PartialFailureException] = []

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """
        One stage. A partial failure in it is noted, and the pipeline goes on.
        """
        _tell(name)
        start = time.perf_counter()
        try:
            yield
        except PartialFailureException as failure:
            self.note(failure)
        finally:
            self.seconds[name] = round(time.perf_counter() - start, 3)
        self._log.info("Job %s: %s took %.3f s", self._job_id, name, self.seconds[name])

    def note(self, failure: PartialFailureException) -> None:
        """
        Remember what is missing from the result.
        """
        self._log.warning("Job %s goes on without a part: %s", self._job_id, failure.error_code)
        self.failures.append(failure)


def _tell(stage: str) -> None:
    """
    Write the stage into the record of the RQ job, if this is one.
    """
    job = get_current_job()
    if job is not None:
        job.meta["stage"] = stage
        job.save_meta()  # type: ignore[no-untyped-call]
