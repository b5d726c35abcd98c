"""
Timeouts and waits: each pair of settings makes sense by itself, before they are added up.
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
    LLM_CONNECT_TIMEOUT_SECONDS is shorter than LLM_TIMEOUT_SECONDS.

    Why: the timeout for the answer starts when the connection is established. With a longer connect
    timeout, most of the time that a call may take is spent waiting for a server that is down.

    Fix: lower LLM_CONNECT_TIMEOUT_SECONDS. A healthy server accepts a connection in well under a
    second.
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
    No base wait before a retry is longer than its maximum wait.

    Why: the wait starts at the base and doubles up to the maximum. If the base is longer, every
    wait is the maximum and the base has no effect.

    Fix: lower the base, or raise the maximum.
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
    JOB_RETRY_INTERVALS_SECONDS has one interval for each retry of a job.

    Why: RQ uses the intervals in order and repeats the last one. A surplus interval is never used:
    its author expected a retry that does not happen. The check applies only if both settings are
    set.

    Fix: list as many intervals in JOB_RETRY_INTERVALS_SECONDS as JOB_MAX_RETRIES allows retries.
    """
    names = ("JOB_RETRY_INTERVALS_SECONDS", "JOB_MAX_RETRIES")
    if not all(map(context.values.is_set, names)):
        return
    intervals = len(context.settings.JOB_RETRY_INTERVALS_SECONDS)
    retries = context.settings.JOB_MAX_RETRIES
    if intervals > retries:
        severity, effect = Severity.WARNING, "the surplus is never used"
    elif intervals < retries:
        severity, effect = Severity.INFO, "RQ repeats the last one"
    else:
        return
    yield context.finding(
        "TMO003",
        severity,
        f"The number of JOB_RETRY_INTERVALS_SECONDS ({intervals}) differs from JOB_MAX_RETRIES "
        f"({retries}): {effect}.",
        f"List as many intervals as retries, or set JOB_MAX_RETRIES to {intervals}.",
        *names,
    )


TMO001 = Check(
    "TMO001",
    "Connect timeouts are shorter than response timeouts",
    connect_timeouts,
    reads=("LLM_CONNECT_TIMEOUT_SECONDS", "LLM_TIMEOUT_SECONDS"),
)
TMO002 = Check(
    "TMO002",
    "Base waits do not exceed maximum waits",
    backoffs,
    looks_at=tuple(chain.from_iterable(_BACKOFFS)),
)
TMO003 = Check(
    "TMO003",
    "Retry intervals match the number of job retries",
    retry_intervals,
    reads=("JOB_RETRY_INTERVALS_SECONDS", "JOB_MAX_RETRIES"),
)
