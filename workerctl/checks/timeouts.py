"""
Timeouts and retries: each is sound by itself, and only one layer retries.
"""

from collections.abc import Iterator
from itertools import chain

from workerctl.checks.base import Check, Context
from workerctl.findings import Finding, Severity

_BACKOFFS = (
    ("LLM_RETRY_BASE_WAIT", "LLM_RETRY_MAX_WAIT"),
    ("EMBEDDING_RETRY_BASE_WAIT", "EMBEDDING_RETRY_MAX_WAIT"),
)

_MANY = 1_000_000_000


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


def llm_retries(context: Context) -> Iterator[Finding]:
    """
    Only one layer retries a failing LLM call.

    Why: retries multiply. Two in the SDK, two of the worker and two of the job make 27 requests
    of one failing call, each with its full timeout, and the SDK's own cannot be seen from outside.

    Fix: set LLM_SDK_MAX_RETRIES to 0 and let the worker retry, which knows the reason.
    """
    yield from _multiplied(context, "BUD002", "LLM")


def embedding_retries(context: Context) -> Iterator[Finding]:
    """
    Only one layer retries a failing embedding call.

    Why: retries multiply, as for LLM calls: those of the SDK, of the worker and of the job.

    Fix: set EMBEDDING_SDK_MAX_RETRIES to 0 and let the worker retry, which knows the reason.
    """
    yield from _multiplied(context, "BUD003", "EMBEDDING")


def _multiplied(context: Context, code: str, stage: str) -> Iterator[Finding]:
    names = (f"{stage}_SDK_MAX_RETRIES", f"{stage}_MAX_RETRIES", "JOB_MAX_RETRIES")
    sdk, own, job = (getattr(context.settings, name) for name in names)
    if not sdk or not (own or job):
        return
    requests = (sdk + 1) * (own + 1) * (job + 1)
    what = "LLM" if stage == "LLM" else "embedding"
    yield context.finding(
        code,
        Severity.WARNING,
        f"A failing {what} call is sent {_count(requests)} times: {_count(sdk + 1)} by the SDK x "
        f"{_count(own + 1)} by the worker x {_count(job + 1)} by the job.",
        f"Set {names[0]}=0.",
        *names,
    )


def _count(number: int) -> str:
    # no bound keeps a setting from having more digits than Python writes
    return str(number) if number < _MANY else f"over {_MANY}"


CONNECT = Check(
    "TMO001",
    "Connect timeouts are shorter than the timeouts they precede",
    connect_timeouts,
    reads=("LLM_CONNECT_TIMEOUT_SECONDS", "LLM_TIMEOUT_SECONDS"),
)
BACKOFF = Check(
    "TMO002",
    "Backoff bases do not exceed their caps",
    backoffs,
    looks_at=tuple(chain.from_iterable(_BACKOFFS)),
)
INTERVALS = Check(
    "TMO003",
    "Retry intervals match the number of job retries",
    retry_intervals,
    reads=("JOB_RETRY_INTERVALS_SECONDS", "JOB_MAX_RETRIES"),
)
LLM_RETRIES = Check(
    "BUD002",
    "One layer retries LLM calls",
    llm_retries,
    reads=("LLM_SDK_MAX_RETRIES", "LLM_MAX_RETRIES", "JOB_MAX_RETRIES"),
)
EMBEDDING_RETRIES = Check(
    "BUD003",
    "One layer retries embedding calls",
    embedding_retries,
    reads=("EMBEDDING_SDK_MAX_RETRIES", "EMBEDDING_MAX_RETRIES", "JOB_MAX_RETRIES"),
)
