"""
Tests of jobs whose worker, work-horse or Redis dies: no job is lost or runs too often.
"""

from typing import Any

import pytest

OLD, LONG = pytest.mark.environments, pytest.mark.long
RETRIES = 2

# What happens in every run, and how the job ends: its status, runs, and the error of `on_failure`.
ALWAYS = {
    "horse": (
        "failed",
        2,
        ["WorkHorseDiedError"],
    ),  # the guard against jobs that kill their process
    "both": ("failed", 1 + RETRIES, ["AbandonedJobError"]),
    "SIGTERM": ("failed", 1 + RETRIES, ["ForcedStopError"]),
    "SIGINT": ("failed", 1 + RETRIES, ["ForcedStopError"]),
}
# What happens in the first run, and how often the job runs until it succeeds.
ONCE = {
    **dict.fromkeys(ALWAYS, 2),
    "worker": 1,  # the work-horse ends the job
    "restart": 1,
    "outage": 2,  # the result could not be stored
    "unstarted": 1,
}
# A SimpleWorker has no work-horse: what kills the worker interrupts the job.
SIMPLE_ONCE = {**ONCE, "worker": 2}
# A worker of RQ itself leaves a job to the clean-up of the next one, except when it is alive.
PLAIN = {
    "horse": ("failed", 1, []),
    **dict.fromkeys(("both", "SIGTERM", "SIGINT"), ("failed", 1 + RETRIES, ["AbandonedJobError"])),
}

CLASSES = [
    ("rq-1.16", "Worker"),
    ("rq-1.16", "SimpleWorker"),
    ("rq-2.6", "Worker"),
    ("rq-2.6", "SimpleWorker"),
    ("rq-2.6", "spawn"),
    ("rq-3", "Worker"),
    ("rq-3", "SimpleWorker"),
    ("rq-3", "SpawnWorker"),
    ("rq-3", "spawn"),
]
# The other combinations take several minutes.
QUICK = {
    ("rq-3", "Worker", "both"),
    ("rq-3", "Worker", "SIGTERM"),
    ("rq-3", "Worker", "unstarted"),
    ("rq-3", "SimpleWorker", "SIGTERM"),
}
LIMITS = {"JOB_MAX_RETRIES": str(RETRIES), "JOB_RETRY_INTERVALS_SECONDS": "1"}


def columns(events: dict[str, Any]) -> list:
    """
    Return a parameter for each class and event that concerns it.
    """
    return [
        pytest.param(
            *(rq, worker, event),
            marks=[] if (rq, worker, event) in QUICK else OLD if rq != "rq-3" else LONG,
        )
        for rq, worker in CLASSES
        for event in events
        if not (worker == "SimpleWorker" and event == "horse")
        # RQ itself fails such a job.
        and not (worker == "spawn" and events is ONCE and event in {"horse", "unstarted"})
    ]


@pytest.mark.parametrize(("rq", "worker", "event"), columns(ALWAYS))
def test_a_job_that_is_interrupted_in_every_run_fails_after_the_runs_that_are_allowed(
    answer, rq, worker, event
):
    status, runs, final = (PLAIN if worker == "spawn" else ALWAYS)[event]
    outcome = answer(rq, "rq_deaths.py", worker, event, "9", **LIMITS)
    assert outcome == {"status": status, "runs": runs, "final": final, "left": []}


@pytest.mark.parametrize(("rq", "worker", "event"), columns(ONCE))
def test_a_job_that_is_interrupted_once_succeeds(answer, rq, worker, event):
    runs = (SIMPLE_ONCE if worker == "SimpleWorker" else ONCE)[event]
    rounds = "0" if event == "unstarted" else "1"
    outcome = answer(rq, "rq_deaths.py", worker, event, rounds, **LIMITS)
    assert outcome == {"status": "finished", "runs": runs, "final": [], "left": []}


@pytest.mark.parametrize(("rq", "worker", "event"), columns({"both": None}))
def test_without_retries_an_interrupted_job_does_not_run_again(answer, rq, worker, event):
    outcome = answer(rq, "rq_deaths.py", worker, event, "9", **{**LIMITS, "JOB_MAX_RETRIES": "0"})
    final = ["AbandonedJobError"]
    assert outcome == {"status": "failed", "runs": 1, "final": final, "left": []}
