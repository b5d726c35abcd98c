"""
Tests of the outcome of a failed job, which is the same with every RQ and worker class.
"""

import json
from typing import Any

import pytest

RETRY_AFTER = 2
OLD = pytest.mark.environments
RQS = [pytest.param("rq-1.16", marks=OLD), pytest.param("rq-2.6", marks=OLD), "rq-3"]

# Status, runs, what on_failure received (the error and whether it is the final one), result.
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
    # After the function has returned, RQ's own worker decides.
    "decorated_well until on_success": (
        *("failed", 2),
        [["InvalidFileError", False], ["InvalidFileError", True]],
        None,
    ),
}
LIMITS = {"JOB_MAX_RETRIES": "2", "JOB_RETRY_INTERVALS_SECONDS": "1"}


def table_of(outcomes: dict[str, Any]) -> dict[str, Any]:
    """
    Return the columns of the tables above.
    """
    columns = ("status", "runs", "failures", "result")
    return {name: tuple(job[column] for column in columns) for name, job in outcomes.items()}


def attempts(job: dict[str, Any]) -> list[tuple[Any, ...]]:
    """
    Return the attempts of a job, without times.
    """
    columns = ("error", "code", "kind", "reason")
    return [
        tuple(attempt[column] for column in columns)
        for attempt in job["meta"]["workerctl"]["attempts"]
    ]


def check_records(outcomes: dict[str, Any]) -> None:
    """
    Check what the jobs' `meta` records about their outcomes.
    """
    assert attempts(outcomes["permanent"]) == [
        ("InvalidFileError", "INVALID_FILE", "permanent", "INVALID_FILE")
    ]
    assert attempts(outcomes["key_error"]) == [
        ("KeyError", None, "permanent", "builtins.KeyError"),
    ]
    record = outcomes["always_failing"]["meta"]["workerctl"]
    assert (record["failures"], record["final"], record["horse_deaths"]) == (3, True, 0)
    assert [attempt["retry_in"] for attempt in record["attempts"]] == [1, 1, None]
    record = outcomes["well until on_success"]["meta"]["workerctl"]
    assert (record["failures"], record["final"]) == (1, True)
    record = outcomes["well until on_success_in_vain"]["meta"]["workerctl"]
    assert (record["failures"], record["final"]) == (2, True)
    for name in ENDS:
        assert outcomes[name]["handled"] == [final for _, final in outcomes[name]["failures"]], name
    (warning,) = outcomes["partial"]["meta"]["warnings"]
    del warning["at"]
    assert warning == {
        "code": "EMBEDDING_PARTIAL_FAILURE",
        "message": "2 of 9 missing",
        "details": {"missing": 2},
    }
    assert len(outcomes["partial_group"]["meta"]["warnings"]) == 2
    assert outcomes["unsaved"]["meta"] == {}
    # The text of an unknown exception could hold a secret.
    assert "sk-live" not in json.dumps(outcomes)


@pytest.mark.parametrize("rq", RQS)
@pytest.mark.parametrize("worker", ["Worker", "SimpleWorker"])
def test_every_job_ends_as_the_policy_requires(answer, rq, worker):
    outcomes = answer(rq, "rq_scenarios.py", worker, **LIMITS)
    assert table_of(outcomes) == {**ENDS, **(KILLED if worker == "Worker" else {})}
    check_records(outcomes)
    (gap,) = outcomes["asked_to_wait"]["gaps"]
    assert gap >= RETRY_AFTER
    if worker == "Worker":
        meta = outcomes["always_killed"]["meta"]
        assert meta["stage"] == "parsing"  # what the killed job has saved is kept
        assert (meta["workerctl"]["horse_deaths"], meta["workerctl"]["final"]) == (2, True)
        assert outcomes["stopped"]["meta"] == {}


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
    assert table_of(answer(rq, "rq_scenarios.py", worker, **LIMITS)) == DECORATED


def test_the_spawn_worker_of_rq_3_passes_on_the_job_class(answer):
    outcomes = answer("rq-3", "rq_scenarios.py", "SpawnWorker", **LIMITS)
    assert table_of(outcomes) == {name: ENDS[name] for name in ("permanent", "partial")}


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


def check_timeouts(outcomes: dict[str, Any]) -> None:
    """
    Check that RQ's timeout failed each job, `finally` ran, and nothing continued afterwards.
    """
    timed_out = ["failed", ["JobTimeoutException"], True]
    assert outcomes == {
        **dict.fromkeys(("waiting", "stubborn", "working"), timed_out),
        # A job that suppresses its timeout is not stopped, but leaves a warning.
        "overrun": {
            "swallowing": ["finished", ["JOB_TIMEOUT_SUPPRESSED"]],
            "swallowing_async": ["finished", ["JOB_TIMEOUT_SUPPRESSED"]],
            "swallowing_and_failing": ["failed", ["JOB_TIMEOUT_SUPPRESSED"]],
            "using_the_alarm": ["finished", ["JOB_TIMEOUT_SUPPRESSED"]],
        },
        "side effects": 0,
        "next job": True,
    }
