"""
The job, which turns a stored résumé into a candidate in the database.

Personal data leaves the job only encrypted, or in requests to the models and the page renderer. It
never appears in the log or in the result.
"""

import tempfile
from pathlib import Path
from typing import Any

from rq.job import Job

from workerctl.keyring import KeyRing
from workerctl.runtime.async_helpers import run_async, with_event_loop_cleanup
from workerctl.runtime.exceptions import (
    MultiIdentityError,
    PartialFailureException,
    WorkerBaseException,
)
from workerctl.runtime.rq import is_final
from workerctl.settings import get_settings

from . import rows
from .clients import JOB_ID
from .documents import Limits, extract_text
from .progress import Progress
from .stages import (
    analyst,
    chunking,
    database,
    embedding_service,
    identity_checker,
    privacy,
    storage,
    visual_agent,
    webhook,
)
from .stages.analyst import Resume

Result = dict[str, Any]


@with_event_loop_cleanup
def full_pipeline(job_id: str, file_path: str, user_id: str) -> Result:
    """
    Process one document. Return ids, counts and durations.

    Raise PartialFailureException if the candidate is stored but a part is missing: the job then
    finishes with a warning. After other exceptions, the job fails or is retried.
    """
    JOB_ID.set(job_id)
    progress = Progress(job_id)
    text = _read(file_path, progress)
    resume = _analyze(text, progress)
    result = {"success": True, "job_id": job_id, **_store(job_id, user_id, text, resume, progress)}
    with progress.stage("webhook"):
        _announce(result)
    return _finished(result, progress)


@with_event_loop_cleanup
def announce_failure(job: Job, _connection: Any, _kind: Any, error: Any, _traceback: Any) -> None:
    """
    Notify the application if a job will not be retried. RQ calls this after every failure.
    """
    if is_final(job):
        JOB_ID.set(job.id)
        code = getattr(error, "error_code", type(error).__name__)
        run_async(webhook.announce({"job_id": job.id, "status": "failed", "error_code": code}))


def _read(file_path: str, progress: Progress) -> str:
    with tempfile.TemporaryDirectory(prefix="resume-") as directory:
        file = Path(directory, "document")
        with progress.stage("download"):
            run_async(storage.download(file_path, file))
        with progress.stage("text"):
            return extract_text(file, Limits.from_settings(get_settings()))


def _analyze(text: str, progress: Progress) -> Resume:
    with progress.stage("identity"):
        identity = run_async(identity_checker.check(text))
        if identity.should_reject:
            raise MultiIdentityError(
                "The document describes several people.", identity.model_dump()
            )
    with progress.stage("analysis"):
        return run_async(analyst.analyze(text))


def _store(job_id: str, user_id: str, text: str, resume: Resume, progress: Progress) -> Result:
    candidate = rows.candidate_id(job_id)
    with progress.stage("encryption"):
        sealer = privacy.Sealer(KeyRing.from_settings(get_settings()))
        encrypted = rows.encrypted_columns(sealer, candidate, resume)
        pieces = chunking.chunks(privacy.without_personal_data(text, resume), resume)
    with progress.stage("embedding"):
        vectors, failure = run_async(embedding_service.process_candidate(pieces))
        if failure is not None:
            progress.note(failure)
    picture = None
    if resume.portfolio:
        with progress.stage("thumbnail"):
            picture = run_async(visual_agent.capture_portfolio_thumbnail(resume.portfolio))
    with progress.stage("database"):
        row = {"id": candidate, "user_id": user_id, "job_id": job_id, **encrypted}
        row |= {"skills": list(resume.skills), "thumbnail": rows.picture_column(picture)}
        run_async(database.save(row, rows.chunk_rows(sealer, candidate, pieces, vectors)))
    return {
        "candidate_id": candidate,
        "found": _value_counts(resume),
        "encrypted": [*encrypted, "chunks"],
        "chunks": len(pieces),
        "embedded": len(pieces) - vectors.count(None),
        "thumbnail": picture is not None,
    }


def _value_counts(resume: Resume) -> dict[str, int]:
    """
    Return how many values of each kind were found, but not the values.
    """
    return {
        field: len(value) if isinstance(value, tuple) else 1 for field, value in resume if value
    }


def _announce(result: Result) -> None:
    """
    Announce the result. A failure is only partial: another run would pay for the models again.
    """
    summary = {name: result[name] for name in ("job_id", "candidate_id", "chunks", "embedded")}
    try:
        run_async(webhook.announce({"status": "completed", **summary}))
    except WorkerBaseException as error:
        cause = {"cause": error.error_code}
        raise PartialFailureException("The result could not be announced.", cause) from error


def _finished(result: Result, progress: Progress) -> Result:
    result["seconds"] = progress.seconds
    result["missing"] = [failure.error_code for failure in progress.failures]
    if not progress.failures:
        return result
    if len(progress.failures) > 1:
        details = {"missing": result["missing"], "result": result}
        raise PartialFailureException("Several parts are missing.", details)
    failure = progress.failures[0]
    failure.details["result"] = result
    raise failure
