"""
Looking on while jobs run.
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
_WAITING = {"queued": "waits", "scheduled": "waits for its retry"}
_LAST_CHARACTERS = 2000


class StuckError(Exception):
    """
    The worker ended, does not get on, or failed where nothing was in its way.
    """


def follow(console: Console, jobs: Mapping[str, Job], worker: Popen[bytes], log: Path) -> None:
    """
    Show how far each job is until all have ended. Raises StuckError with the end of the log.

    Off a terminal, the last picture alone is printed.
    """
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=16),
        TextColumn("{task.fields[stage]}"),
        console=console,
        transient=False,
    ) as progress:
        rows = {name: progress.add_task(name, total=len(STAGES), stage="waits") for name in jobs}
        deadline = time.monotonic() + _PATIENCE_SECONDS
        running = set(jobs)
        while running:
            running = {name for name in running if not _shown(progress, rows[name], jobs[name])}
            if worker.poll() is not None or time.monotonic() > deadline:
                text = log.read_text("utf-8", "replace")[-_LAST_CHARACTERS:]
                raise StuckError(f"The worker does not get on. Its log ends:\n{text}")
            time.sleep(0.05)


def status(job: Job) -> str:
    """
    What RQ says of a job now: queued, started, scheduled, finished, failed.
    """
    return str(job.get_status(refresh=True).value)


def _shown(progress: Progress, row: TaskID, job: Job) -> bool:
    """
    Bring the row of a job up to date; whether the job has ended.
    """
    now = status(job)
    stage = job.get_meta(refresh=True).get("stage", "starts")
    done = STAGES.index(stage) if stage in STAGES else 0
    text = now if now in _ENDED else _WAITING.get(now, stage)
    progress.update(row, completed=len(STAGES) if now == "finished" else done, stage=text)
    return now in _ENDED
