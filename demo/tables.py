"""
Tables of what the jobs found in the documents and how they ended, at most 60 columns wide.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from resume_worker.stages import STAGES
from resume_worker.stages.privacy import PERSONAL, Sealer
from rich.console import Console
from rich.table import Table
from rq.job import Job
from watch import status

_SHOWN_CHARACTERS = 4

Row = dict[str, Any]


class Expected(NamedTuple):
    """
    The expected end of a job: its status, the code and kind of its error, and its number of runs.
    """

    status: str
    code: str
    kind: str
    runs: int


def results(
    console: Console, jobs: Mapping[str, Job], rows: Mapping[str, Row], sealer: Sealer
) -> bool:
    """
    Print what was found and how it is stored. Return whether the key decrypts every stored value.
    """
    table = Table("document", "found", "encrypted", "stored name", "opens", box=None)
    all_open = True
    for name, job in jobs.items():
        result, row = _result(job), rows[name]
        opens = _opens(row, sealer)
        found = " ".join(
            kind if count == 1 else f"{count} {kind}" for kind, count in result["found"].items()
        )
        stored = f"{row['name'][:_SHOWN_CHARACTERS]}…{row['name'][-_SHOWN_CHARACTERS:]}"
        table.add_row(name, found, " ".join(result["encrypted"]), stored, "yes" if opens else "NO")
        all_open = all_open and opens
    console.print(table)
    return all_open


def seconds(console: Console, jobs: Mapping[str, Job]) -> None:
    """
    Print how long each stage took.
    """
    table = Table("seconds", box=None)
    for name in jobs:
        table.add_column(name, justify="right")
    took = [_result(job)["seconds"] for job in jobs.values()]
    for stage in STAGES:
        table.add_row(stage, *(f"{times[stage]:.3f}" for times in took))
    console.print()
    console.print(table)


def endings(console: Console, jobs: Mapping[str, Job], expected: Mapping[str, Expected]) -> bool:
    """
    Print how each job ended. Return whether all of them ended as expected.
    """
    table = Table("misbehaviour", "ended", "code", "kind", "runs", box=None)
    table.columns[2].overflow = "fold"
    all_expected = True
    for name, job in jobs.items():
        ending = ended(job)
        table.add_row(name, ending.status, ending.code, ending.kind, str(ending.runs))
        all_expected = all_expected and ending == expected[name]
    console.print(table)
    return all_expected


def ended(job: Job) -> Expected:
    """
    Return how a job has ended, from RQ's status and the record in its meta.
    """
    meta = job.get_meta(refresh=True)
    now = status(job)
    attempts = meta.get("workerctl", {}).get("attempts", [])
    if attempts:
        last = attempts[-1]
        return Expected(now, last["code"], last["kind"], len(attempts) + (now == "finished"))
    codes = [warning["code"] for warning in meta.get("warnings", [])]
    return Expected(now, ", ".join(codes), "partial" if codes else "", 1)


def _result(job: Job) -> Row:
    result: Row = job.return_value() or {}
    return result


def _opens(row: Row, sealer: Sealer) -> bool:
    """
    Return whether the personal data of a row is encrypted, and whether the key decrypts it.
    """
    texts = [sealer.open("candidates", column, row["id"], row[column]) for column in PERSONAL]
    return all(text and text not in str(row) for text in texts)
