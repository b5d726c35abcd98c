"""
The retry budget: the worst case of a job fits its timeout, and only one layer retries.
"""

from collections.abc import Iterator
from math import ceil

from workerctl.budget.arithmetic import MANY, Budget, count, exact, percent, seconds, slowest
from workerctl.budget.pipeline import PIPELINE
from workerctl.checks.base import Check, Context, SkipCheck, because_invalid
from workerctl.report.errors import ProjectError
from workerctl.report.findings import Finding, Severity

GRACE = "SHUTDOWN_GRACE_SECONDS"

_ENOUGH = exact(0.8)
# OpenAI's SDK honours a Retry-After of up to 120 s (older releases: 60 s), newer releases of
# Anthropic's SDK one of any length.
_RETRY_AFTER = "a Retry-After header can stretch each wait of the SDK to 120 s or more"


def worst_case(context: Context) -> Iterator[Finding]:
    """
    All attempts and waits of a job, added up, fit the timeout of the job.

    Why: timeouts and retries multiply, stage by stage. If the sum exceeds the job timeout, RQ kills
    the job in the middle of a retry that might have succeeded, and a retry of the job starts from
    the beginning. Above 80 % of the timeout, too little time is left for parsing and saving, which
    the sum does not include.

    Fix: `workerctl budget` draws the sum; `workerctl budget --fix` prints the smallest change that
    makes it fit.
    """
    budget = _budget(context)
    if budget.share <= _ENOUGH:
        return
    name = context.pipeline.job_timeout
    severity = (
        context.by_environment(
            development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
        )
        if budget.share > 1
        else Severity.WARNING
    )
    least = ceil(budget.worst / _ENOUGH)
    can_wait = isinstance(name, str) and least < MANY
    by_timeout = f"Set {name}={count(least)}, or see" if can_wait else "See"
    yield context.finding(
        "BUD001",
        severity or Severity.WARNING,
        f"A job may take {seconds(budget.worst)}, {percent(budget)} of its timeout "
        f"({seconds(budget.job_timeout)}): {_sum(budget)}{_more(budget)}.",
        f"{by_timeout} `workerctl budget --fix`.",
        *([name] if isinstance(name, str) else []),
        *(setting for setting in context.pipeline.settings if setting != name),
    )


def grace(context: Context) -> Iterator[Finding]:
    """
    SHUTDOWN_GRACE_SECONDS is long enough for a running job to finish.

    Why: on SIGTERM the worker finishes its current job, but the orchestrator kills it at the end of
    the grace period. A killed job counts as failed; when it is retried, it sends every request
    again.

    Fix: set the grace period of the orchestrator, and SHUTDOWN_GRACE_SECONDS, to the longest time
    that a job may take.
    """
    severity = context.by_environment(staging=Severity.WARNING, production=Severity.WARNING)
    if severity is None:
        return
    budget = _budget(context, GRACE)
    longest = min(budget.worst, exact(budget.job_timeout))
    given = getattr(context.settings, GRACE)
    if given < longest:
        yield context.finding(
            "BUD004",
            severity,
            f"A job may take {seconds(longest)}, but a deploy kills it after "
            f"{GRACE} ({seconds(given)}).",
            f"Extend the orchestrator's grace period, and set {GRACE}={count(ceil(longest))}."
            if longest < MANY
            else "See `workerctl budget --fix`.",
            GRACE,
        )


def llm_retries(context: Context) -> Iterator[Finding]:
    """
    Only one layer retries a failing LLM call.

    Why: retries multiply. Two retries each by the SDK, the worker and the job turn one failing call
    into 27 requests, each with its full timeout, and those of the SDK are invisible to the worker.

    Fix: set LLM_SDK_MAX_RETRIES to 0 and let the worker retry, because it knows why a call failed.
    """
    yield from _multiplied(context, "BUD002", "LLM")


def embedding_retries(context: Context) -> Iterator[Finding]:
    """
    Only one layer retries a failing embedding call.

    Why: as for LLM calls, the retries of the SDK, the worker and the job multiply.

    Fix: set EMBEDDING_SDK_MAX_RETRIES to 0 and let the worker retry, because it knows why a call
    failed.
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
        f"A failing {what} call is sent {count(requests)} times: {count(sdk + 1)} by the SDK x "
        f"{count(own + 1)} by the worker x {count(job + 1)} by the job; {_RETRY_AFTER}.",
        f"Set {names[0]}=0.",
        *names,
    )


def _more(budget: Budget) -> str:
    """
    Return what the sum cannot include, because the server decides it.
    """
    sdk = any(stage.sdk_retries for step in budget.steps for stage in step)
    return f"; {_RETRY_AFTER}" if sdk else ""


def _sum(budget: Budget) -> str:
    stages = [slowest(step) for step in budget.steps]
    return " + ".join(f"{count(stage.worst)} {stage.name}" for stage in stages)


def _budget(context: Context, *more: str) -> Budget:
    bad = [name for name in (*context.pipeline.settings, *more) if name in context.invalid]
    if bad:
        raise SkipCheck(because_invalid(bad))
    try:
        return context.pipeline.budget(context.settings)
    except ProjectError as error:
        reason = error.message.rstrip(".")
    raise SkipCheck(reason)


# The checks judge the settings of the configured pipeline; `looks_at` lists the built-in one's.
BUD001 = Check(
    "BUD001",
    "The worst case of a job fits its timeout",
    worst_case,
    looks_at=PIPELINE.settings,
)
BUD004 = Check(
    "BUD004",
    "A deploy does not kill a running job",
    grace,
    looks_at=(*PIPELINE.settings, GRACE),
)
BUD002 = Check(
    "BUD002",
    "One layer retries LLM calls",
    llm_retries,
    reads=("LLM_SDK_MAX_RETRIES", "LLM_MAX_RETRIES", "JOB_MAX_RETRIES"),
)
BUD003 = Check(
    "BUD003",
    "One layer retries embedding calls",
    embedding_retries,
    reads=("EMBEDDING_SDK_MAX_RETRIES", "EMBEDDING_MAX_RETRIES", "JOB_MAX_RETRIES"),
)
