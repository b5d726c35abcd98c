"""
Tests of the retry policy: which failures are retried, after which wait, and what is recorded.
"""

import json
import math
import pickle
from enum import Enum
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leaks.oracle import Mint, Oracle
from workerctl.runtime.exceptions import (
    EmbeddingPartialFailure,
    InvalidFileError,
    PartialFailureException,
)
from workerctl.runtime.jobs import policy
from workerctl.runtime.jobs.policy import Limits
from workerctl.runtime.retry import Verdict
from workerctl.secrecy.redaction import LOG_MASK, Redactor
from workerctl.settings import Settings

LIMITS = Limits(3, (10, 60))
RETRYABLE = Verdict("retryable", "HTTP 503")

draws = st.floats(0, 1, exclude_max=True)
intervals = st.lists(st.integers(1, 10_000), max_size=5).map(tuple)


def record(*kinds: str) -> dict:
    """
    Return the record of a job that has had failures of these kinds.
    """
    found = policy.ensure_record({})
    for kind in kinds:
        policy.note_failure(found, KeyError("k"), Verdict(kind, "why"), 1, now=0)
    return found


@pytest.mark.parametrize(
    ("verdict", "before", "left", "again"),
    [
        (RETRYABLE, (), 3, True),
        (RETRYABLE, ("retryable",) * 5, 1, True),
        (RETRYABLE, (), 0, False),
        (Verdict("permanent", "why"), (), 3, False),
        (Verdict("permanent", "why", retry_after=1), (), 3, False),
        (Verdict("partial", "why"), (), 3, False),
        (Verdict("unknown", "why"), (), 3, True),
        (Verdict("unknown", "why"), (), 0, False),
        (Verdict("unknown", "why"), ("unknown",), 3, False),
        (Verdict("unknown", "why"), ("retryable",), 3, True),
        (Verdict("unknown", "why"), ("unknown", "retryable"), 3, False),
        (RETRYABLE, ("unknown",), 3, True),
    ],
)
def test_a_failure_leads_to_another_run_or_not(verdict, before, left, again):
    delay = policy.retry_in(verdict, record(*before), Limits(left, (10,)))
    assert (delay is not None) == again


@given(draws, intervals, st.integers(0, 8))
def test_a_wait_is_between_one_second_and_its_interval(draw, intervals, failures):
    found = record(*["retryable"] * failures)
    delay = policy.retry_in(RETRYABLE, found, Limits(1, intervals), lambda: draw)
    ceiling = intervals[min(failures, len(intervals) - 1)] if intervals else 1
    assert 1 <= delay <= ceiling


@given(draws, intervals, st.floats(0, policy.LONGEST))
def test_a_run_is_never_earlier_than_requested_although_rq_drops_fractions(draw, intervals, asked):
    verdict = RETRYABLE.replace(retry_after=asked)
    delay = policy.retry_in(verdict, record(), Limits(1, intervals), lambda: draw)
    for now in (1_000_000.0, 1_000_000.999):
        assert math.floor(now + delay) >= now + asked
    assert delay <= asked + 5 + 2


@pytest.mark.parametrize(
    ("asked", "shortest"),
    [
        (7200.0, 7201),  # longer than the limit for headers
        (policy.LONGEST, 86_401),
        (policy.LONGEST * 2, 86_401),
        (1.796e9, 86_401),
        (1_796_000_000_000, 86_401),
        (1e300, 86_401),
        (math.inf, 1),
        (math.nan, 1),
        (10**400, 1),
        (-5.0, 1),
    ],
)
def test_a_wait_is_bounded_whatever_is_requested(asked, shortest):
    """Without a usable number, the interval counts."""
    delay = policy.retry_in(RETRYABLE.replace(retry_after=asked), record(), Limits(1, (10,)))
    assert shortest <= delay <= shortest + 10


def test_waits_of_jobs_that_failed_together_differ():
    waits = {policy.retry_in(RETRYABLE, record(), Limits(1, (1000,))) for _ in range(50)}
    assert len(waits) > 20


def test_the_limits_are_those_of_the_settings():
    settings = Settings(JOB_MAX_RETRIES=4, JOB_RETRY_INTERVALS_SECONDS=[5, 6])
    assert policy.limits(settings) == Limits(4, (5, 6))


def test_the_second_killed_work_horse_is_the_last():
    found = record()
    assert policy.count_horse_death(found, 9) == Verdict(
        "retryable", "the work-horse was killed by signal 9", category="job"
    )
    assert policy.count_horse_death(found, None) == Verdict(
        "permanent", "the work-horse died", category="job"
    )
    assert found["horse_deaths"] == 2


def test_an_attempt_is_recorded_without_the_text_of_a_foreign_exception():
    found = record()
    policy.note_failure(found, KeyError("sk-live"), Verdict("permanent", "a bug"), None, 12.3456)
    error = InvalidFileError("no text")
    policy.note_failure(found, error, Verdict("permanent", "x" * 900), None, now=13)
    first, second = found["attempts"]
    assert first == {
        "at": 12.346,
        "error": "KeyError",
        "code": None,
        "kind": "permanent",
        "reason": "a bug",
        "retry_in": None,
    }
    assert (second["code"], len(second["reason"])) == ("INVALID_FILE", 500)
    assert found["final"] is True


def test_a_foreign_error_code_attribute_is_not_recorded():
    class ForeignError(Exception):
        error_code = "sk-live"

    found = record()
    policy.note_failure(found, ForeignError(), Verdict("unknown", "why"), 5, now=1)
    assert found["attempts"][0]["code"] is None
    assert found["final"] is False


class Code(Enum):
    """
    Codes as a team may keep them.
    """

    PARTIAL = 206


@pytest.mark.parametrize(("code", "text"), [(4029, "4029"), (Code.PARTIAL, "206"), (None, ANY)])
def test_a_code_that_is_not_text_is_recorded_as_text(code, text):
    kind = type("OwnError", (InvalidFileError,), {"error_code": code})
    partial = type("OwnFailure", (PartialFailureException,), {"error_code": code})
    redact = Redactor(["secret-of-another"]).redact
    found, meta = record(), {}
    policy.note_failure(found, kind(), Verdict("permanent", "x"), None, 1, redact=redact)
    result = policy.note_warnings(meta, partial("x", {"result": [1, 2]}), 1, redact)

    codes = found["attempts"][0]["code"], meta["warnings"][0]["code"]
    assert codes == (text, text)
    assert all(type(each) is str for each in codes)
    assert result == [1, 2]


def test_a_partial_failure_without_details_is_a_warning():
    error = PartialFailureException("x")
    error.details = None
    meta: dict = {}
    assert policy.note_warnings(meta, error, now=1) is None
    assert meta["warnings"][0]["details"] == {}


def test_the_record_keeps_the_last_ten_attempts():
    found = record(*["retryable"] * 25)
    assert (found["failures"], len(found["attempts"])) == (25, 10)


def test_the_last_twenty_warnings_are_kept_in_a_form_that_can_be_stored():
    meta: dict = {"warnings": "of the job itself"}
    for number in range(25):
        details = {"number": number, "result": object(), "odd": lambda: None}
        error = EmbeddingPartialFailure("m" * 900, details)
        assert policy.note_warnings(meta, error, now=number) is details["result"]
    assert [warning["details"]["number"] for warning in meta["warnings"]] == list(range(5, 25))
    assert set(meta["warnings"][0]) == {"code", "message", "details", "at"}
    assert len(meta["warnings"][0]["message"]) == 500
    assert "result" not in meta["warnings"][0]["details"]
    pickle.dumps(meta)


def test_a_group_of_partial_failures_gives_its_first_result():
    inner = ExceptionGroup("b", [PartialFailureException("2", {"result": None})])
    group = ExceptionGroup("a", [PartialFailureException("1"), inner, OSError("ignored")])
    meta: dict = {}
    assert policy.note_warnings(meta, group, now=1) is None
    assert [warning["message"] for warning in meta["warnings"]] == ["1", "2"]


def test_a_job_that_ends_after_its_timeout_leaves_a_warning():
    meta: dict = {}
    message = policy.note_overrun(meta, 60, 75.26, now=1)
    assert message == (
        "The job finished 15.3 s after its timeout of 60 s: its code or a library catches RQ's "
        "JobTimeoutException, as `except Exception` does, or uses SIGALRM itself (signal.alarm, "
        "setitimer, a timeout decorator), which cancels RQ's timer."
    )
    assert meta["warnings"] == [
        {
            "code": "JOB_TIMEOUT_SUPPRESSED",
            "message": message,
            "details": {"timeout": 60, "seconds": 75.3},
            "at": 1,
        }
    ]
    assert policy.note_overrun(meta, 1, 2, now=2, failed=True).startswith("The job failed 1.0 s")


def test_a_work_horse_that_its_worker_killed_ignored_its_timeout():
    verdict = policy.count_horse_death(policy.ensure_record({}), None, overdue=True)
    assert verdict.reason == (
        "the work-horse was killed by its worker, because the job ignored its timeout"
    )


def test_a_value_that_the_job_stored_instead_of_the_record_is_replaced():
    assert policy.ensure_record({"workerctl": "mine"})["failures"] == 0
    assert policy.ensure_record({"workerctl": {"failures": 3}})["failures"] == 3


@pytest.mark.parametrize(
    ("meta", "closed"),
    [
        ({}, False),
        ({"workerctl": "mine"}, False),
        ({"workerctl": {"final": False}}, False),
        ({"workerctl": {"final": True}}, True),
    ],
)
def test_a_job_that_is_run_again_is_no_longer_final(meta, closed):
    assert policy.reopen(meta) is closed
    assert not policy.ensure_record(meta)["final"]


def test_no_record_holds_a_secret():
    mint = Mint(23)
    secret = mint.token()
    redact = Redactor([secret]).redact
    named = type(secret, (PartialFailureException,), {"error_code": secret})
    error = named(secret, {"text": secret, secret: [secret], "count": 3})
    meta = {}
    policy.note_failure(
        policy.ensure_record(meta), error, Verdict("unknown", f"why {secret}"), 1, 0, redact=redact
    )
    policy.note_warnings(meta, error, 0, redact)
    assert Oracle([secret]).leaks(json.dumps(meta)) == []
    (attempt,) = meta["workerctl"]["attempts"]
    assert (attempt["error"], attempt["code"]) == ("PartialFailureException", LOG_MASK)
    assert attempt["reason"] == f"why {LOG_MASK}"
    assert meta["warnings"][0]["details"] == {"text": LOG_MASK, LOG_MASK: [LOG_MASK], "count": 3}
