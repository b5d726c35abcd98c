"""
What becomes of a failed job: another run or none, after which wait, and what its record says.

Knows nothing of RQ: `workerctl.runtime.rq` asks here, and tells RQ the answer.

| Verdict | Another run |
|---|---|
| permanent | none |
| retryable | while retries are left |
| partial | none: the job finishes, with a warning |
| unknown | one, with a warning in the log |
| a killed work-horse | one: a job that killed two horses would kill a third |

**The wait** before run *n* + 1 is drawn evenly between 1 s and the *n*th interval ("full jitter"),
so that jobs that failed together do not come back together; the last interval repeats. An interval
is therefore a ceiling, and their sum stays the most that a job waits. `retry_after` is a floor: the
wait is longer than it, by up to the interval, but by no more than 5 s.
"""

import math
from collections.abc import Callable, Iterator, MutableMapping
from secrets import SystemRandom
from typing import Any, NamedTuple

from workerctl.runtime.exceptions import PartialFailureException, WorkerBaseException
from workerctl.runtime.retry import Verdict
from workerctl.settings import Settings

MOST_ATTEMPTS = 10
"""How many attempts a record keeps, the last ones."""

MOST_WARNINGS = 20
"""How many warnings a job keeps, the last ones."""

MOST_CHARACTERS = 500
"""How much of a message a record keeps."""

_SPREAD_SECONDS = 5.0
_UNKNOWN_RUNS = 1
_HORSE_DEATHS = 1
_OWN = "workerctl"

# Not the module random: every work-horse is a fork, and would draw the same numbers.
_random = SystemRandom().random

Meta = MutableMapping[str, Any]


class Limits(NamedTuple):
    """
    How often a job is run again, and the longest wait before each of these runs.
    """

    retries: int
    intervals: tuple[int, ...]


def limits(settings: Settings) -> Limits:
    """
    What holds for a job whose producer said nothing.
    """
    return Limits(settings.JOB_MAX_RETRIES, tuple(settings.JOB_RETRY_INTERVALS_SECONDS))


def record_of(meta: Meta) -> dict[str, Any]:
    """
    What workerctl noted of a job, in its `meta["workerctl"]`, which is made when it is missing.
    """
    record = meta.get(_OWN)
    if not isinstance(record, dict):
        record = meta[_OWN] = {}
    for name, first in (("failures", 0), ("final", False), ("attempts", []), ("horse_deaths", 0)):
        record.setdefault(name, first)
    return record


def reopen(meta: Meta) -> bool:
    """
    Take back that a job has failed for good, because someone runs it again. Whether there was any.
    """
    record = meta.get(_OWN)
    closed = isinstance(record, dict) and bool(record.get("final"))
    if closed:
        record_of(meta)["final"] = False
    return closed


def retry_in(
    verdict: Verdict,
    record: dict[str, Any],
    limits: Limits,
    draw: Callable[[], float] = _random,
) -> int | None:
    """
    The seconds until the next run; None when there is none.

    `record` is that of the failures before this one, `limits.retries` how many runs are left.
    """
    if limits.retries <= 0 or not _worth_another(verdict, record):
        return None
    failures: int = record["failures"]
    intervals = limits.intervals or (1,)
    ceiling = intervals[min(failures, len(intervals) - 1)]
    if verdict.retry_after is None:
        return max(1, math.ceil(draw() * ceiling))
    # RQ cuts the time of a run down to whole seconds, hence one more.
    return math.ceil(verdict.retry_after + draw() * min(ceiling, _SPREAD_SECONDS)) + 1


def killed(record: dict[str, Any], signal: int | None) -> Verdict:
    """
    The verdict on a job whose work-horse died, which is counted.
    """
    record["horse_deaths"] += 1
    again = record["horse_deaths"] <= _HORSE_DEATHS
    cause = "died" if signal is None else f"was killed by signal {signal}"
    return Verdict("retryable" if again else "permanent", f"the work-horse {cause}", category="job")


def note_failure(
    record: dict[str, Any],
    error: BaseException | None,
    verdict: Verdict,
    delay: int | None,
    now: float,
) -> None:
    """
    Add an attempt to the record; no text of a foreign exception gets into it.
    """
    record["failures"] += 1
    record["final"] = delay is None
    record["attempts"].append(
        {
            "at": round(now, 3),
            "error": None if error is None else type(error).__name__,
            "code": error.error_code if isinstance(error, WorkerBaseException) else None,
            "kind": verdict.kind,
            "reason": verdict.reason[:MOST_CHARACTERS],
            "retry_in": delay,
        }
    )
    del record["attempts"][:-MOST_ATTEMPTS]


def note_warnings(meta: Meta, error: BaseException, now: float) -> Any:
    """
    Add a partial failure, or a group of them, to the job's warnings. Returns what the job returns.

    The result is left out of the warnings: RQ keeps it by itself.
    """
    failures = list(_partial_failures(error))
    warnings = meta.get("warnings")
    kept = warnings if isinstance(warnings, list) else []
    meta["warnings"] = [*kept, *(_warning(one, now) for one in failures)][-MOST_WARNINGS:]
    return next((one.details["result"] for one in failures if "result" in one.details), None)


def _partial_failures(error: BaseException) -> Iterator[PartialFailureException]:
    if isinstance(error, PartialFailureException):
        yield error
    elif isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _partial_failures(member)


def _warning(error: PartialFailureException, now: float) -> dict[str, Any]:
    told = error.to_dict()
    return {
        "code": told["error_code"],
        "message": str(told["message"])[:MOST_CHARACTERS],
        "details": {name: value for name, value in told["details"].items() if name != "result"},
        "at": round(now, 3),
    }


def _worth_another(verdict: Verdict, record: dict[str, Any]) -> bool:
    if verdict.kind == "unknown":
        kinds = [attempt["kind"] for attempt in record["attempts"]]
        return kinds.count("unknown") < _UNKNOWN_RUNS
    return verdict.kind == "retryable"
