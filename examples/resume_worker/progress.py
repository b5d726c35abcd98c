"""
The progress of a job, as shown in its meta, in the log and in its result.
"""

import contextlib
import time
from collections.abc import Iterator

from rq import get_current_job

from workerctl.runtime.exceptions import PartialFailureException
from workerctl.runtime.logging_config import setup_logger


class Progress:
    """
    The stages of one run of a job: the duration of each, and the parts that failed.
    """

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._log = setup_logger(__name__)  # not at import time, because it reads the settings
        self.seconds: dict[str, float] = {}
        self.failures: list[PartialFailureException] = []

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """
        Run one stage. If it fails partially, record that and go on with the next stage.
        """
        _show(name)
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
        Record a part that is missing from the result.
        """
        self._log.warning("Job %s continues without a part: %s", self._job_id, failure.error_code)
        self.failures.append(failure)


def _show(stage: str) -> None:
    """
    Save the stage in the meta of the RQ job, if this process runs one.
    """
    job = get_current_job()
    if job is not None:
        job.meta["stage"] = stage
        job.save_meta()  # type: ignore[no-untyped-call]
