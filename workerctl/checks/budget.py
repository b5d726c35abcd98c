"""
The retry budget: the worst case of a job fits its timeout, and only one layer retries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import ceil

from workerctl.budget.arithmetic import MANY, Budget, count, exact, percent, seconds, slowest
from workerctl.budget.lookup import calls_of
from workerctl.budget.pipeline import Amount, Pipeline
from workerctl.budget.runtime_stages import RuntimeStage
from workerctl.checks.base import Check, Context, NotApplicable, SkipCheck
from workerctl.report.errors import ProjectError
from workerctl.report.findings import Finding, Severity
from workerctl.schema.declarations import Schema

ON_DEFAULTS = "on defaults"
"""What is said of a budget if no source sets any of its settings."""

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
    pipeline = context.declared_pipeline()
    budget = _budget(context, pipeline.settings)
    if budget.share <= _ENOUGH:
        _require_chosen(context, Severity.WARNING)
        return
    name = pipeline.job_timeout
    severity = Severity.WARNING
    if budget.share > 1 and context.by_environment(
        staging=Severity.ERROR, production=Severity.ERROR
    ):
        severity = Severity.ERROR
    _require_chosen(context, severity)
    least = ceil(budget.worst / _ENOUGH)
    can_wait = isinstance(name, str) and least < MANY
    by_timeout = f"Set {name}={count(least)}, or see" if can_wait else "See"
    yield context.finding(
        "BUD001",
        severity,
        f"A job may take {seconds(budget.worst)}, {percent(budget)} of its timeout "
        f"({seconds(budget.job_timeout)}): {_sum(budget)}{_more(budget)}.",
        f"{by_timeout} `workerctl budget --fix`.",
        *([name] if isinstance(name, str) else []),
        *(setting for setting in pipeline.settings if setting != name),
    )


def grace(context: Context) -> Iterator[Finding]:
    """
    No deploy kills a running job before it can finish.

    Why: on SIGTERM the worker finishes its current job, but the orchestrator kills it at the end of
    the grace period. A killed job counts as failed; when it is retried, it sends every request
    again.

    Fix: set the grace period of the orchestrator, and the setting that says how long it is, to the
    longest time that a job may take.
    """
    pipeline = context.declared_pipeline()
    if pipeline.grace is None:
        raise NotApplicable("the pipeline names no grace period")
    severity = context.by_environment(staging=Severity.WARNING, production=Severity.WARNING)
    if severity is None:
        return
    budget = _budget(context, pipeline.all_settings)
    given = pipeline.grace_seconds(context.settings, context.schema.value)
    longest = min(budget.worst, exact(budget.job_timeout))
    name = pipeline.grace if isinstance(pipeline.grace, str) else "grace"
    if given is None:
        raise SkipCheck(f"{name} gives no grace period")
    _require_chosen(context, severity)
    if given >= longest:
        return
    yield context.finding(
        "BUD004",
        severity,
        f"A job may take {seconds(longest)}, but a deploy kills it after "
        f"{name} ({seconds(given)}).",
        f"Extend the orchestrator's grace period, and set {name}={count(ceil(longest))}."
        if longest < MANY
        else "See `workerctl budget --fix`.",
        *([name] if isinstance(pipeline.grace, str) else []),
    )


def llm_retries(context: Context) -> Iterator[Finding]:
    """
    Only one layer retries a failing LLM call.

    Why: retries multiply. Two retries each by the SDK, the worker and the job turn one failing call
    into 27 requests, each with its full timeout, and those of the SDK are invisible to the worker.

    Fix: set the retries of the SDK to 0 and let the worker retry, because it knows why a call
    failed.
    """
    yield from _multiplied(context, "BUD002", "llm", "LLM")


def embedding_retries(context: Context) -> Iterator[Finding]:
    """
    Only one layer retries a failing embedding call.

    Why: as for LLM calls, the retries of the SDK, the worker and the job multiply.

    Fix: set the retries of the SDK to 0 and let the worker retry, because it knows why a call
    failed.
    """
    yield from _multiplied(context, "BUD003", "embedding", "embedding")


def on_defaults(context: Context) -> bool:
    """
    Return whether nobody has chosen a number: every timeout is a setting, and no source sets any.
    """
    pipeline = context.pipeline
    if pipeline is None or any(map(context.values.is_set, pipeline.all_settings)):
        return False
    timeouts = (pipeline.job_timeout, *(stage.timeout for stage in pipeline.stages))
    return all(isinstance(timeout, str) for timeout in timeouts)


_Layers = tuple[Amount, Amount, Amount]


def _layers(pipeline: Pipeline, schema: Schema, stage: RuntimeStage) -> tuple[_Layers, ...]:
    """
    Return the retries of the SDK, of the worker and of the job for each kind of call of a stage.
    """
    calls = calls_of(pipeline, schema).get(stage, ())
    layers = ((one.sdk_retries, one.retries, pipeline.job_retries) for one in calls)
    return tuple(dict.fromkeys(layers))


def _multiplied(context: Context, code: str, stage: RuntimeStage, what: str) -> Iterator[Finding]:
    layers = _layers(context.declared_pipeline(), context.schema, stage)
    if not layers:
        raise NotApplicable(f'no stage of the pipeline declares stage = "{stage}"')
    context.require_valid(each for layer in layers for each in _named(layer))
    _require_chosen(context, Severity.WARNING)
    for layer in layers:
        sdk, own, job = (_number(context, amount) for amount in layer)
        if not sdk or not (own or job):
            continue
        requests = (sdk + 1) * (own + 1) * (job + 1)
        yield context.finding(
            code,
            Severity.WARNING,
            f"A failing {what} call is sent {count(requests)} times: {count(sdk + 1)} by the SDK x "
            f"{count(own + 1)} by the worker x {count(job + 1)} by the job; {_RETRY_AFTER}.",
            f"Set {layer[0] if isinstance(layer[0], str) else 'sdk_retries'}=0.",
            *_named(layer),
        )


def _number(context: Context, amount: float | str) -> int | float:
    value = context.value(amount) if isinstance(amount, str) else amount
    return max(value or 0, 0)


def _require_chosen(context: Context, severity: Severity) -> None:
    """
    Raise SkipCheck instead of a warning, or of passing, on numbers that nobody has chosen.
    """
    if severity < Severity.ERROR and on_defaults(context):
        raise SkipCheck(ON_DEFAULTS)


def _more(budget: Budget) -> str:
    """
    Return what the sum cannot include, because the server decides it.
    """
    sdk = any(stage.sdk_retries for step in budget.steps for stage in step)
    return f"; {_RETRY_AFTER}" if sdk else ""


def _sum(budget: Budget) -> str:
    stages = [slowest(step) for step in budget.steps]
    return " + ".join(f"{count(stage.worst)} {stage.name}" for stage in stages)


def _budget(context: Context, names: tuple[str, ...]) -> Budget:
    context.require_valid(names)
    try:
        return context.declared_pipeline().budget(context.settings, context.schema.value)
    except ProjectError as error:
        reason = error.message.rstrip(".")
    raise SkipCheck(reason)


def _named(amounts: Iterable[Amount]) -> Iterator[str]:
    yield from (amount for amount in amounts if isinstance(amount, str))


def _settings(pipeline: Pipeline, _: Schema) -> tuple[str, ...]:
    return pipeline.settings


def _all_settings(pipeline: Pipeline, _: Schema) -> tuple[str, ...]:
    return pipeline.all_settings


def _retries_of(stage: RuntimeStage) -> Callable[[Pipeline, Schema], Iterator[str]]:
    """
    Return a function that yields the settings that say how often calls of a stage are repeated.
    """

    def names(pipeline: Pipeline, schema: Schema) -> Iterator[str]:
        for layer in _layers(pipeline, schema, stage):
            yield from _named(layer)

    return names


BUD001 = Check("BUD001", "The worst case of a job fits its timeout", worst_case, pipeline=_settings)
BUD004 = Check("BUD004", "A deploy does not kill a running job", grace, pipeline=_all_settings)
BUD002 = Check("BUD002", "One layer retries LLM calls", llm_retries, pipeline=_retries_of("llm"))
BUD003 = Check(
    "BUD003",
    "One layer retries embedding calls",
    embedding_retries,
    pipeline=_retries_of("embedding"),
)
