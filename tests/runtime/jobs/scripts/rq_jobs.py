"""
Jobs that end in every possible way; each records its runs in Redis.
"""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from rq import get_current_job

from workerctl.runtime.exceptions import (
    EmbeddingPartialFailure,
    InvalidFileError,
    LLMRateLimitError,
    LLMTimeoutError,
)
from workerctl.runtime.rq import is_final, worker_job

RETRY_AFTER = 2


class UnheardOfError(Exception):
    """
    An error that is not classified.
    """


def permanent() -> None:
    """
    Fail permanently.
    """
    _record_run()
    raise InvalidFileError("no text", {"pages": 0})


def asked_to_wait() -> str:
    """
    Fail in the first run with a requested wait, then succeed.
    """
    if _record_run() == 1:
        raise LLMRateLimitError("slow down", retry_after=RETRY_AFTER)
    return "done"


def always_failing() -> None:
    """
    Fail with a retryable error in every run.
    """
    _record_run()
    raise LLMTimeoutError("no answer")


def partial() -> None:
    """
    Fail partially.
    """
    _record_run()
    raise EmbeddingPartialFailure("2 of 9 missing", {"missing": 2, "result": {"stored": 7}})


def partial_group() -> None:
    """
    Fail with a group of two partial failures.
    """
    _record_run()
    failures = [EmbeddingPartialFailure(f"{n} missing", {"result": n}) for n in (1, 2)]
    raise ExceptionGroup("partly", failures)


def key_error() -> Any:
    """
    Fail because of a bug.
    """
    _record_run()
    return {}["missing"]


def type_error() -> Any:
    """
    Fail because of another bug.
    """
    _record_run()
    return len(5)  # type: ignore[arg-type]


def unheard_of() -> None:
    """
    Fail with an unclassified error whose message must not be shown.
    """
    _record_run()
    raise UnheardOfError("sk-live-9aB3dE7fG1hJ5kL2")


def too_slow() -> None:
    """
    Exceed the job's timeout.
    """
    _record_run()
    time.sleep(5)


def killed_once() -> str:
    """
    Kill the process in the first run, then succeed.
    """
    if _record_run() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def always_killed() -> None:
    """
    Kill the process in every run, after saving metadata.
    """
    _record_run()
    job = get_current_job()
    job.meta["stage"] = "parsing"
    job.save_meta()
    os.kill(os.getpid(), signal.SIGKILL)


def unsaved() -> None:
    """
    Fail permanently, with metadata that cannot be saved.
    """
    _record_run()

    def refuse() -> None:
        raise ConnectionError("refused")

    get_current_job().save_meta = refuse
    raise InvalidFileError("no text")


def well() -> str:
    """
    Succeed; some tests add an `on_success` that fails.
    """
    _record_run()
    return "done"


def on_success(*_: object) -> None:
    """
    Fail permanently after the job has succeeded.
    """
    raise InvalidFileError("nobody wants it")


def on_success_in_vain(*_: object) -> None:
    """
    Fail with a retryable error after the job has succeeded.
    """
    raise LLMTimeoutError("no answer")


@worker_job
def decorated_inner() -> None:
    """
    Raise an error that the caller, another decorated function, catches.
    """
    raise InvalidFileError("handled by the caller")


@worker_job
def decorated() -> None:
    """
    Fail with a retryable error under the decorator.
    """
    _record_run()
    try:
        decorated_inner()
    except InvalidFileError:
        raise LLMTimeoutError("no answer") from None


@worker_job
def decorated_well() -> str:
    """
    Succeed under the decorator; `on_success` fails.
    """
    return well()


@worker_job
def decorated_permanent() -> None:
    """
    Fail permanently under the decorator.
    """
    permanent()


@worker_job
def decorated_partial() -> None:
    """
    Fail partially under the decorator.
    """
    partial()


def endless() -> None:
    """
    Sleep until the job is stopped.
    """
    _record_run()
    time.sleep(60)


def victim(directory: str, rounds: int) -> str:
    """
    Wait to be killed or released in each of the first `rounds` runs, then succeed.
    """
    with Path(directory, "runs").open("a") as file:
        file.write(f"{os.getpid()}\n")
    count = len(Path(directory, "runs").read_text().splitlines())
    while count <= rounds and not Path(directory, "release").exists():
        time.sleep(0.02)
    return "done"


@worker_job
def decorated_victim(directory: str, rounds: int) -> str:
    """
    Be the victim under the decorator.
    """
    return victim(directory, rounds)


def on_failure(job: Any, connection: Any, kind: type[BaseException], *_: object) -> None:
    """
    Record each failure that RQ reports, and whether it is the final one.
    """
    connection.rpush(f"failures:{job.id}", json.dumps([kind.__name__, is_final(job)]))


def exception_handler(job: Any, *_: object) -> None:
    """
    Record whether each failure is final, as seen by an exception handler.

    RQ 1 calls it after it has handled the failure, later versions before.
    """
    job.connection.rpush(f"handled:{job.id}", json.dumps(is_final(job)))


def _record_run() -> int:
    job = get_current_job()
    connection = job.connection
    return int(connection.rpush(f"runs:{job.id}", time.time()))
