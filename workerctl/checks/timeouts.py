"""
Timeouts and waits: each is sound by itself.
"""

from collections.abc import Iterator
from itertools import chain

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Severity

_BACKOFFS = (
    ("LLM_RETRY_BASE_WAIT", "LLM_RETRY_MAX_WAIT"),
    ("EMBEDDING_RETRY_BASE_WAIT", "EMBEDDING_RETRY_MAX_WAIT"),
)


def connect_timeouts(context: Context) -> Iterator[Finding]:
    """
    The time allowed for connecting is shorter than the time allowed for the answer.

    Why: the timeout starts once the connection stands, so a longer connect timeout means that
    most of the budget of a call is spent on a server that is not even there.

    Fix: lower LLM_CONNECT_TIMEOUT_SECONDS; connecting takes well under a second where it works.
    """
    settings = context.settings
    if settings.LLM_CONNECT_TIMEOUT_SECONDS >= settings.LLM_TIMEOUT_SECONDS:
        yield context.finding(
            "TMO001",
            Severity.ERROR,
            f"LLM_CONNECT_TIMEOUT_SECONDS ({settings.LLM_CONNECT_TIMEOUT_SECONDS} s) is not "
            f"shorter than LLM_TIMEOUT_SECONDS ({settings.LLM_TIMEOUT_SECONDS} s).",
            f"Set LLM_CONNECT_TIMEOUT_SECONDS to {min(10, settings.LLM_TIMEOUT_SECONDS - 1)}."
            if settings.LLM_TIMEOUT_SECONDS > 1
            else "Raise LLM_TIMEOUT_SECONDS.",
            "LLM_CONNECT_TIMEOUT_SECONDS",
            "LLM_TIMEOUT_SECONDS",
        )


def backoffs(context: Context) -> Iterator[Finding]:
    """
    The first wait before a retry is not longer than the longest one.

    Why: the wait doubles from the base up to the cap. A base above its cap means that the cap
    decides every wait, so one of the two numbers does nothing.

    Fix: lower the base, or raise the cap.
    """
    for base, cap in context.groups_of_valid(_BACKOFFS):
        first, longest = getattr(context.settings, base), getattr(context.settings, cap)
        if first > longest:
            yield context.finding(
                "TMO002",
                Severity.ERROR,
                f"{base} ({first:g} s) exceeds {cap} ({longest:g} s).",
                f"Set {base} to at most {longest:g}, or raise {cap}.",
                base,
                cap,
            )


def retry_intervals(context: Context) -> Iterator[Finding]:
    """
    There are as many waits between the runs of a job as there are retries.

    Why: RQ takes the waits in order and repeats the last one. A wait too many is never used, so
    whoever wrote it expects a retry that does not come. Judged only when both are set.

    Fix: give JOB_RETRY_INTERVALS_SECONDS one number for each of JOB_MAX_RETRIES.
    """
    names = ("JOB_RETRY_INTERVALS_SECONDS", "JOB_MAX_RETRIES")
    if not all(map(context.values.is_set, names)):
        return
    intervals = len(context.settings.JOB_RETRY_INTERVALS_SECONDS)
    retries = context.settings.JOB_MAX_RETRIES
    if intervals > retries:
        severity, effect = Severity.WARNING, "the last ones are never used"
    elif intervals < retries:
        severity, effect = Severity.INFO, "RQ repeats the last one"
    else:
        return
    yield context.finding(
        "TMO003",
        severity,
        f"JOB_RETRY_INTERVALS_SECONDS has {intervals} for {retries} job retries: {effect}.",
        f"Give {retries}, or set JOB_MAX_RETRIES to {intervals}.",
        *names,
    )


TMO001 = Check(
    "TMO001",
    "Connect timeouts are shorter than the timeouts they precede",
    connect_timeouts,
    reads=("LLM_CONNECT_TIMEOUT_SECONDS", "LLM_TIMEOUT_SECONDS"),
)
TMO002 = Check(
    "TMO002",
    "Backoff bases do not exceed their caps",
    backoffs,
    looks_at=tuple(chain.from_iterable(_BACKOFFS)),
)
TMO003 = Check(
    "TMO003",
    "Retry intervals match the number of job retries",
    retry_intervals,
    reads=("JOB_RETRY_INTERVALS_SECONDS", "JOB_MAX_RETRIES"),
)
