"""
Jobs that end in every way a job can end; each notes its runs in Redis.
"""

import json
import os
import signal
import time
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
    An error of which nothing is known.
    """


def permanent() -> None:
    """
    Another run is no help.
    """
    _note()
    raise InvalidFileError("no text", {"pages": 0})


def asked_to_wait() -> str:
    """
    The first run is told when to come back.
    """
    if _note() == 1:
        raise LLMRateLimitError("slow down", retry_after=RETRY_AFTER)
    return "done"


def always_failing() -> None:
    """
    Another run may help, and never does.
    """
    _note()
    raise LLMTimeoutError("no answer")


def partial() -> None:
    """
    Most of it worked.
    """
    _note()
    raise EmbeddingPartialFailure("2 of 9 missing", {"missing": 2, "result": {"stored": 7}})


def partial_group() -> None:
    """
    Two parts of it did not work.
    """
    _note()
    failures = [EmbeddingPartialFailure(f"{n} missing", {"result": n}) for n in (1, 2)]
    raise ExceptionGroup("partly", failures)


def key_error() -> Any:
    """
    A mistake in the program.
    """
    _note()
    return {}["missing"]


def type_error() -> Any:
    """
    Another mistake in the program.
    """
    _note()
    return len(5)  # type: ignore[arg-type]


def unheard_of() -> None:
    """
    An error of which nothing is known, with a text that stays here.
    """
    _note()
    raise UnheardOfError("sk-live-9aB3dE7fG1hJ5kL2")


def too_slow() -> None:
    """
    Take longer than the job may.
    """
    _note()
    time.sleep(5)


def killed_once() -> str:
    """
    The first process is killed.
    """
    if _note() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def always_killed() -> None:
    """
    Every process is killed, after the job has noted something.
    """
    _note()
    job = get_current_job()
    job.meta["stage"] = "parsing"
    job.save_meta()
    os.kill(os.getpid(), signal.SIGKILL)


def unsaved() -> None:
    """
    Redis does not take the record.
    """
    _note()

    def refuse() -> None:
        raise ConnectionError("refused")

    get_current_job().save_meta = refuse
    raise InvalidFileError("no text")


def well() -> str:
    """
    Nothing is wrong with this one, until `on_success`.
    """
    _note()
    return "done"


def on_success(*_: object) -> None:
    """
    Fail, for good, where the job did not.
    """
    raise InvalidFileError("nobody wants it")


def on_success_in_vain(*_: object) -> None:
    """
    Fail, although another run may help, where the job did not.
    """
    raise LLMTimeoutError("no answer")


@worker_job
def decorated_inner() -> None:
    """
    A decorated function of which another one catches the error.
    """
    raise InvalidFileError("handled by the caller")


@worker_job
def decorated() -> None:
    """
    The decorator, and a retryable error.
    """
    _note()
    try:
        decorated_inner()
    except InvalidFileError:
        raise LLMTimeoutError("no answer") from None


@worker_job
def decorated_well() -> str:
    """
    The decorator, and nothing wrong until `on_success`.
    """
    return well()


@worker_job
def decorated_permanent() -> None:
    """
    The decorator, and a permanent error.
    """
    permanent()


@worker_job
def decorated_partial() -> None:
    """
    The decorator, and a partial failure.
    """
    partial()


def endless() -> None:
    """
    Wait to be stopped.
    """
    _note()
    time.sleep(60)


def on_failure(job: Any, connection: Any, kind: type[BaseException], *_: object) -> None:
    """
    Note each failure that RQ tells of, and whether it is the last one.
    """
    connection.rpush(f"failures:{job.id}", json.dumps([kind.__name__, is_final(job)]))


def exception_handler(job: Any, *_: object) -> None:
    """
    Note whether each failure is the last one, where RQ 1 has handled it and later ones have not.
    """
    job.connection.rpush(f"handled:{job.id}", json.dumps(is_final(job)))


def _note() -> int:
    job = get_current_job()
    connection = job.connection
    return int(connection.rpush(f"runs:{job.id}", time.time()))
