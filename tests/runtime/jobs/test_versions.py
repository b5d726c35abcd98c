"""
What becomes of a failed job: the same on every RQ, of the forking worker and of the simple one.
"""

import json
from typing import Any

import pytest

RETRY_AFTER = 2
OLD = pytest.mark.environments
RQS = [pytest.param("rq-1.16", marks=OLD), pytest.param("rq-2.6", marks=OLD), "rq-3"]

# status, runs, what on_failure was told: the error, and whether it is the last; result
ENDS = {
    "permanent": ("failed", 1, [["InvalidFileError", True]], None),
    "asked_to_wait": ("finished", 2, [["LLMRateLimitError", False]], "done"),
    "always_failing": (
        *("failed", 3),
        [["LLMTimeoutError", False], ["LLMTimeoutError", False], ["LLMTimeoutError", True]],
        None,
    ),
    "always_failing without Retry": (
        *("failed", 3),
        [["LLMTimeoutError", False], ["LLMTimeoutError", False], ["LLMTimeoutError", True]],
        None,
    ),
    "always_failing with Retry(max=1)": (
        *("failed", 2),
        [["LLMTimeoutError", False], ["LLMTimeoutError", True]],
        None,
    ),
    "partial": ("finished", 1, [], {"stored": 7}),
    "partial_group": ("finished", 1, [], 1),
    "key_error": ("failed", 1, [["KeyError", True]], None),
    "type_error": ("failed", 1, [["TypeError", True]], None),
    "unheard_of": ("failed", 2, [["UnheardOfError", False], ["UnheardOfError", True]], None),
    "too_slow": (
        *("failed", 2),
        [["JobTimeoutException", False], ["JobTimeoutException", True]],
        None,
    ),
    "unsaved": ("failed", 1, [["InvalidFileError", True]], None),
    "well until on_success": ("failed", 1, [["InvalidFileError", True]], None),
    "well until on_success_in_vain": (
        *("failed", 2),
        [["LLMTimeoutError", False], ["LLMTimeoutError", True]],
        None,
    ),
    "decorated": ("failed", 2, [["LLMTimeoutError", False], ["LLMTimeoutError", True]], None),
}
KILLED = {
    "killed_once": ("finished", 2, [], "done"),
    "killed_once without Retry": ("finished", 2, [], "done"),
    "always_killed": ("failed", 2, [["WorkHorseDiedError", True]], None),
    "stopped": ("stopped", 1, [], None),
}
DECORATED = {
    "decorated": ENDS["decorated"],
    "decorated_permanent": ENDS["permanent"],
    "decorated_partial": ENDS["partial"],
    # after the function, RQ's own worker decides by itself
    "decorated_well until on_success": (
        *("failed", 2),
        [["InvalidFileError", False], ["InvalidFileError", True]],
        None,
    ),
}
LIMITS = {"JOB_MAX_RETRIES": "2", "JOB_RETRY_INTERVALS_SECONDS": "1"}


def ends(told: dict[str, Any]) -> dict[str, Any]:
    """
    The columns of the tables above.
    """
    columns = ("status", "runs", "failures", "result")
    return {name: tuple(job[column] for column in columns) for name, job in told.items()}


def attempts(job: dict[str, Any]) -> list[tuple[Any, ...]]:
    """
    The attempts of a job, without times.
    """
    columns = ("error", "code", "kind", "reason")
    return [
        tuple(attempt[column] for column in columns)
        for attempt in job["meta"]["workerctl"]["attempts"]
    ]


def check_records(told: dict[str, Any]) -> None:
    """
    What the jobs' `meta` says of their ends.
    """
    assert attempts(told["permanent"]) == [
        ("InvalidFileError", "INVALID_FILE", "permanent", "INVALID_FILE")
    ]
    assert attempts(told["key_error"]) == [
        ("KeyError", None, "permanent", "builtins.KeyError"),
    ]
    record = told["always_failing"]["meta"]["workerctl"]
    assert (record["failures"], record["final"], record["horse_deaths"]) == (3, True, 0)
    assert [attempt["retry_in"] for attempt in record["attempts"]] == [1, 1, None]
    record = told["well until on_success"]["meta"]["workerctl"]
    assert (record["failures"], record["final"]) == (1, True)
    record = told["well until on_success_in_vain"]["meta"]["workerctl"]
    assert (record["failures"], record["final"]) == (2, True)
    for name in ENDS:
        assert told[name]["handled"] == [final for _, final in told[name]["failures"]], name
    (warning,) = told["partial"]["meta"]["warnings"]
    del warning["at"]
    assert warning == {
        "code": "EMBEDDING_PARTIAL_FAILURE",
        "message": "2 of 9 missing",
        "details": {"missing": 2},
    }
    assert len(told["partial_group"]["meta"]["warnings"]) == 2
    assert told["unsaved"]["meta"] == {}
    # the text of an exception of which nothing is known may hold anything
    assert "sk-live" not in json.dumps(told)


@pytest.mark.parametrize("rq", RQS)
@pytest.mark.parametrize("worker", ["Worker", "SimpleWorker"])
def test_every_job_ends_as_the_policy_says(answer, rq, worker):
    told = answer(rq, "rq_scenarios.py", worker, **LIMITS)
    assert ends(told) == {**ENDS, **(KILLED if worker == "Worker" else {})}
    check_records(told)
    (gap,) = told["asked_to_wait"]["gaps"]
    assert gap >= RETRY_AFTER
    if worker == "Worker":
        meta = told["always_killed"]["meta"]
        assert meta["stage"] == "parsing"  # what the killed job had noted is kept
        assert (meta["workerctl"]["horse_deaths"], meta["workerctl"]["final"]) == (2, True)
        assert told["stopped"]["meta"] == {}


@pytest.mark.parametrize(
    ("rq", "worker"),
    [
        pytest.param("rq-1.16", "plain", marks=OLD),
        pytest.param("rq-2.6", "plain", marks=OLD),
        pytest.param("rq-2.6", "spawn", marks=OLD),
        ("rq-3", "plain"),
        ("rq-3", "simple"),
        ("rq-3", "spawn"),
    ],
)
def test_the_decorator_does_the_same_under_workers_of_rq_itself(answer, rq, worker):
    assert ends(answer(rq, "rq_scenarios.py", worker, **LIMITS)) == DECORATED


def test_the_spawn_worker_of_rq_3_passes_the_job_class_on(answer):
    told = answer("rq-3", "rq_scenarios.py", "SpawnWorker", **LIMITS)
    assert ends(told) == {name: ENDS[name] for name in ("permanent", "partial")}


@pytest.mark.environments
@pytest.mark.parametrize("rq", ["rq-1.16", "rq-2.6"])
def test_the_spawn_worker_is_refused_where_rq_would_ignore_the_job_class(answer, rq):
    with pytest.raises(AssertionError, match=r"decorate the job functions with worker_job\."):
        answer(rq, "rq_scenarios.py", "SpawnWorker", **LIMITS)


@pytest.mark.parametrize(
    ("rq", "worker"),
    [
        pytest.param("rq-1.16", "SimpleWorker", marks=OLD),
        pytest.param("rq-2.6", "SimpleWorker", marks=OLD),
        pytest.param("rq-3", "SimpleWorker", marks=pytest.mark.long),
        ("rq-3", "Worker"),
    ],
)
def test_a_timeout_reaches_the_coroutine_and_leaves_the_next_job_alone(answer, rq, worker):
    check_timeouts(answer(rq, "rq_timeouts.py", worker, JOB_MAX_RETRIES="0"))


@pytest.mark.parametrize("worker", [pytest.param("Worker", marks=pytest.mark.long), "SimpleWorker"])
def test_a_timeout_reaches_the_coroutine_on_uvloop(answer, worker):
    check_timeouts(answer("rq-3", "rq_timeouts.py", worker, "uvloop", JOB_MAX_RETRIES="0"))


def check_timeouts(told: dict[str, Any]) -> None:
    """
    RQ's own timeout failed each job, its `finally` ran, and nothing of it went on later.
    """
    timed_out = ["failed", ["JobTimeoutException"], True]
    assert told == {
        **dict.fromkeys(("waiting", "stubborn", "working"), timed_out),
        "side effects": 0,
        "next job": True,
    }
