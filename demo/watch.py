"""
Show the progress of jobs until they have ended.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from subprocess import Popen

from resume_worker.stages import STAGES
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rq.job import Job

_PATIENCE_SECONDS = 60
_ENDED = ("finished", "failed")
_WAITING = {"queued": "waiting", "scheduled": "waiting for a retry"}
_LAST_CHARACTERS = 2000


class StuckError(Exception):
    """
    The worker ended, makes no progress, or failed although no service misbehaved.
    """


def follow(console: Console, jobs: Mapping[str, Job], worker: Popen[bytes], log: Path) -> None:
    """
    Show the progress of each job until all have ended.

    If standard output is not a terminal, only the final state is printed. Raises StuckError, with
    the end of the log, if the worker ends or takes too long.
    """
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=16),
        TextColumn("{task.fields[stage]}"),
        console=console,
        transient=False,
    ) as progress:
        rows = {name: progress.add_task(name, total=len(STAGES), stage="waiting") for name in jobs}
        deadline = time.monotonic() + _PATIENCE_SECONDS
        running = set(jobs)
        while running:
            running = {name for name in running if not _update(progress, rows[name], jobs[name])}
            if worker.poll() is not None or time.monotonic() > deadline:
                text = log.read_text("utf-8", "replace")[-_LAST_CHARACTERS:]
                raise StuckError(f"The worker makes no progress. The end of its log:\n{text}")
            time.sleep(0.05)


def status(job: Job) -> str:
    """
    Return RQ's current status of a job: queued, started, scheduled, finished, or failed.
    """
    return str(job.get_status(refresh=True).value)


def _update(progress: Progress, row: TaskID, job: Job) -> bool:
    """
    Update the row of a job. Return whether the job has ended.
    """
    now = status(job)
    stage = job.get_meta(refresh=True).get("stage", "starting")
    done = STAGES.index(stage) if stage in STAGES else 0
    text = now if now in _ENDED else _WAITING.get(now, stage)
    progress.update(row, completed=len(STAGES) if now == "finished" else done, stage=text)
    return now in _ENDED
