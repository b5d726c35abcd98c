"""
Timeouts and waits: each pair of settings makes sense by itself, before they are added up.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.budget.pipeline import Pipeline
from workerctl.checks.base import Check, Context, NotApplicable
from workerctl.report.findings import Finding, Severity
from workerctl.rules import AtMost, ShorterThan
from workerctl.schema.declarations import Schema


def connect_timeouts(context: Context) -> Iterator[Finding]:
    """
    Every field marked `ShorterThan` is smaller than the field that it names.

    Why: the timeout for the answer starts when the connection is established. With a longer connect
    timeout, most of the time that a call may take is spent waiting for a server that is down.

    Fix: lower the connect timeout. A healthy server accepts a connection in well under a second.
    """
    for one in context.declared(ShorterThan):
        other = one.others["than"]
        short, long = context.value(one.name), context.value(other)
        if None not in {short, long} and short >= long:
            yield context.finding(
                "TMO001",
                Severity.ERROR,
                f"{one.name} ({_plain(short)} s) is not shorter than {other} ({_plain(long)} s).",
                f"Set {one.name} to {min(10, long - 1)}." if long > 1 else f"Raise {other}.",
                one.name,
                other,
            )


def _plain(number: object) -> str:
    return f"{number:g}" if isinstance(number, float) else str(number)


def backoffs(context: Context) -> Iterator[Finding]:
    """
    No field marked `AtMost` exceeds the field that it names, such as the maximum wait of retries.

    Why: the wait starts at the base and doubles up to the maximum. If the base is longer, every
    wait is the maximum and the base has no effect.

    Fix: lower the base, or raise the maximum.
    """
    for one in context.declared(AtMost):
        other = one.others["than"]
        first, longest = context.value(one.name), context.value(other)
        if None not in {first, longest} and first > longest:
            yield context.finding(
                "TMO002",
                Severity.ERROR,
                f"{one.name} ({first:g} s) exceeds {other} ({longest:g} s).",
                f"Set {one.name} to at most {longest:g}, or raise {other}.",
                one.name,
                other,
            )


def retry_intervals(context: Context) -> Iterator[Finding]:
    """
    There is one interval for each retry of a job, in the settings that the pipeline names.

    Why: RQ uses the intervals in order and repeats the last one. A surplus interval is never used:
    its author expected a retry that does not happen. The check applies only if both settings are
    set.

    Fix: list as many intervals as the job has retries.
    """
    pipeline = context.declared_pipeline()
    names = _of_retries(pipeline, context.schema)
    if len(names) < 2:  # noqa: PLR2004 -- the intervals and their number
        raise NotApplicable("the pipeline names no settings for the retries of a job")
    context.require_valid(names)
    if not all(map(context.values.is_set, names)):
        return
    limits = pipeline.job_limits(context.settings, context.schema.value)
    retries, intervals = limits[0], len(limits[1])
    if intervals > retries:
        severity, effect = Severity.WARNING, "the surplus is never used"
    elif intervals < retries:
        severity, effect = Severity.INFO, "RQ repeats the last one"
    else:
        return
    yield context.finding(
        "TMO003",
        severity,
        f"The number of {names[0]} ({intervals}) differs from {names[1]} ({retries}): {effect}.",
        f"List as many intervals as retries, or set {names[1]} to {intervals}.",
        *names,
    )


def _of_retries(pipeline: Pipeline, _: Schema) -> tuple[str, ...]:
    amounts = (pipeline.intervals, pipeline.job_retries)
    return tuple(amount for amount in amounts if isinstance(amount, str))


TMO001 = Check(
    "TMO001",
    "Connect timeouts are shorter than response timeouts",
    connect_timeouts,
    rules=(ShorterThan,),
)
TMO002 = Check(
    "TMO002",
    "Base waits do not exceed maximum waits",
    backoffs,
    rules=(AtMost,),
)
TMO003 = Check(
    "TMO003",
    "Retry intervals match the number of job retries",
    retry_intervals,
    pipeline=_of_retries,
)
