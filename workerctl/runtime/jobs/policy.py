"""
What happens to a failed job: whether it runs again, after which delay, and what its record says.

This module does not depend on RQ; `workerctl.runtime.rq` calls it and passes the decision on.

| Verdict on the failure | Another run? |
|---|---|
| permanent | no |
| retryable | yes, while retries are left |
| partial | no: the job finishes, with a warning |
| unknown | once, with a warning in the log |
| the work-horse was killed | once: a job that killed two would probably kill a third |

**Delays.** The delay before run *n* + 1 is drawn uniformly between 1 s and the *n*th interval
("full jitter"), so that jobs that failed together do not retry together; the last interval is used
for all further runs. An interval is therefore an upper bound. With
JOB_RETRY_INTERVALS_SECONDS=[30,120], a job waits up to 30 s before its second run and up to 120 s
before each run after that.

**Limits.** The producer's `Retry` counts, else `job_retries` and `intervals` of the pipeline, which
are JOB_MAX_RETRIES and JOB_RETRY_INTERVALS_SECONDS in the built-in schema. For a settings class
without a pipeline, no job runs again unless its producer says so.

An error's `retry_after` is a lower bound of the delay: a random part of the interval, at most 5 s,
is added to it. It is reduced to LONGEST, a day, because a longer one is rather a point in time or a
number of milliseconds, and a warning in the log says so.

**The record.** `job.meta["workerctl"]` holds the decisions, for dashboards and for support:

    {
        "failures": 1,
        "final": False,  # True once the job has failed and does not run again
        "horse_deaths": 0,
        "attempts": [  # the last ten
            {
                "at": 1767225600.123,  # Unix time
                "error": "LLMRateLimitError",
                "code": "LLM_RATE_LIMIT",
                "kind": "retryable",
                "reason": "LLM_RATE_LIMIT",
                "retry_in": 33,  # seconds; None after the last run
            }
        ],
    }

No text of a foreign exception gets into it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, MutableMapping
from secrets import SystemRandom
from typing import Any

from workerctl.budget.lookup import pipeline_for
from workerctl.report.records import Record
from workerctl.report.type_names import type_name
from workerctl.runtime.exceptions import PartialFailureException, WorkerBaseException, code_of
from workerctl.runtime.plain import seconds, with_texts
from workerctl.runtime.retry import Verdict

MAX_ATTEMPTS = 10
"""How many attempts a record keeps: the most recent ones."""

MAX_WARNINGS = 20
"""How many warnings a job keeps: the most recent ones."""

MAX_CHARACTERS = 500
"""The length to which reasons and messages are cut."""

LONGEST = 86_400.0
"""The upper limit, in seconds, to which the `retry_after` of an error is reduced."""

OVERRUN = "JOB_TIMEOUT_SUPPRESSED"
"""The code of the warning about a job that ended after its timeout."""

_SPREAD_SECONDS = 5.0
_UNKNOWN_RUNS = 1
_HORSE_DEATHS = 1
_RECORD = "workerctl"

# Not the `random` module: work-horses are forks, and would all draw the same numbers.
_random = SystemRandom().random

Meta = MutableMapping[str, Any]


class Limits(Record):
    """
    How many more times a job may run, and the longest delay before each of these runs.
    """

    retries: int
    intervals: tuple[int | float, ...]


def limits(settings: Any) -> Limits:
    """
    Return the limits of a job whose producer did not set any, from the pipeline of the settings.

    Without a pipeline, there are no further runs.
    """
    pipeline = pipeline_for(settings)
    if pipeline is None:
        return Limits(0, ())
    return Limits(*pipeline.job_limits(settings))


def read_record(meta: Meta) -> dict[str, Any]:
    """
    Return a copy of the record in a job's `meta`, with a default for every missing entry.
    """
    record = meta.get(_RECORD)
    defaults = {"failures": 0, "final": False, "attempts": [], "horse_deaths": 0}
    return defaults | (record if isinstance(record, dict) else {})


def ensure_record(meta: Meta) -> dict[str, Any]:
    """
    Return the record in a job's `meta` for modification, after adding whatever it lacks.
    """
    record = meta.get(_RECORD)
    if not isinstance(record, dict):
        record = meta[_RECORD] = {}
    record.update(read_record(meta))
    return record


def reopen(meta: Meta) -> bool:
    """
    Clear the `final` mark when a job is run again; return whether it was set.
    """
    was_final = bool(read_record(meta)["final"])
    if was_final:
        ensure_record(meta)["final"] = False
    return was_final


def runs_again(verdict: Verdict, record: dict[str, Any], retries_left: int) -> bool:
    """
    Return whether a failure with this verdict leads to another run.

    `record` describes the failures before this one.
    """
    if retries_left <= 0:
        return False
    if verdict.kind == "unknown":
        kinds = [attempt["kind"] for attempt in record["attempts"]]
        return kinds.count("unknown") < _UNKNOWN_RUNS
    return verdict.kind == "retryable"


def retry_in(
    verdict: Verdict,
    record: dict[str, Any],
    limits: Limits,
    draw: Callable[[], float] = _random,
) -> int | None:
    """
    Return the whole seconds until the next run, or None if the job does not run again.

    `record` describes the failures before this one; `draw` returns a number in [0, 1).
    """
    if not runs_again(verdict, record, limits.retries):
        return None
    failures: int = record["failures"]
    intervals = limits.intervals or (1,)
    ceiling = intervals[min(failures, len(intervals) - 1)]
    requested = seconds(verdict.retry_after)
    if requested is None:
        return max(1, math.ceil(draw() * ceiling))
    spread = draw() * min(ceiling, _SPREAD_SECONDS)
    # RQ truncates the time of the next run to whole seconds, hence the additional one.
    return math.ceil(min(requested, LONGEST) + spread) + 1


def count_horse_death(
    record: dict[str, Any], signal: int | None, *, overdue: bool = False
) -> Verdict:
    """
    Count the death of a job's work-horse and return the verdict on it.

    `signal` is the number of the signal that killed the process, if one did; `overdue` says that
    its worker has killed it, which RQ's worker does one minute after the timeout of the job.
    """
    record["horse_deaths"] += 1
    again = record["horse_deaths"] <= _HORSE_DEATHS
    cause = "died" if signal is None else f"was killed by signal {signal}"
    if overdue:
        cause = "was killed by its worker, because the job ignored its timeout"
    return Verdict("retryable" if again else "permanent", f"the work-horse {cause}", category="job")


def note_failure(  # noqa: PLR0913 -- each has its place in the record
    record: dict[str, Any],
    error: BaseException,
    verdict: Verdict,
    delay: int | None,
    now: float,
    *,
    redact: Callable[[str], str] = str,
) -> None:
    """
    Add a failed attempt to the record.

    `delay` is the answer of `retry_in`. Of a foreign exception, only the type is recorded. `redact`
    removes secrets from the reason.
    """
    record["failures"] += 1
    record["final"] = delay is None
    record["attempts"].append(
        {
            "at": round(now, 3),
            "error": redact(type_name(error)),
            "code": redact(code_of(error)) if isinstance(error, WorkerBaseException) else None,
            "kind": verdict.kind,
            "reason": redact(verdict.reason)[:MAX_CHARACTERS],
            "retry_in": delay,
        }
    )
    del record["attempts"][:-MAX_ATTEMPTS]


def note_warnings(
    meta: Meta, error: BaseException, now: float, redact: Callable[[str], str] = str
) -> Any:
    """
    Add a partial failure, or a group of them, to `meta["warnings"]`; return the job's result.

    The result is the first `details["result"]` of the failures, or None. It is not repeated in the
    warnings, because RQ stores it. `redact` removes secrets from all texts.
    """
    failures = list(_partial_failures(error))
    _add_warnings(meta, [_warning(one, now, redact) for one in failures])
    all_details: Iterator[object] = (one.details for one in failures)  # a subclass may lack them
    details = (each for each in all_details if isinstance(each, dict))
    return next((each["result"] for each in details if "result" in each), None)


def note_overrun(
    meta: Meta, timeout: float, seconds: float, now: float, *, failed: bool = False
) -> str:
    """
    Add to `meta["warnings"]` that a job ended after its timeout; return the message.

    Either the exception that RQ raised in it was caught, or RQ's timer was cancelled: a process has
    only one for SIGALRM.
    """
    message = (
        f"The job {'failed' if failed else 'finished'} {seconds - timeout:.1f} s after its timeout "
        f"of {timeout:g} s: its code or a library catches RQ's JobTimeoutException, as `except "
        "Exception` does, or uses SIGALRM itself (signal.alarm, setitimer, a timeout decorator), "
        "which cancels RQ's timer."
    )
    details = {"timeout": timeout, "seconds": round(seconds, 1)}
    found = {"code": OVERRUN, "message": message, "details": details, "at": round(now, 3)}
    _add_warnings(meta, [found])
    return message


def _add_warnings(meta: Meta, found: list[dict[str, Any]]) -> None:
    warnings = meta.get("warnings")
    kept = warnings if isinstance(warnings, list) else []
    meta["warnings"] = [*kept, *found][-MAX_WARNINGS:]


def _partial_failures(error: BaseException) -> Iterator[PartialFailureException]:
    if isinstance(error, PartialFailureException):
        yield error
    elif isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _partial_failures(member)


def _warning(
    error: PartialFailureException, now: float, redact: Callable[[str], str]
) -> dict[str, Any]:
    plain = with_texts(error.to_dict(), redact)
    details = plain["details"] if isinstance(plain["details"], dict) else {}
    return {
        "code": plain["error_code"],
        "message": str(plain["message"])[:MAX_CHARACTERS],
        "details": {name: value for name, value in details.items() if name != "result"},
        "at": round(now, 3),
    }
