"""
The smallest changes of settings that clear the findings of the retry budget.

Each suggested value was tried on a copy of the configuration: it clears its finding, no check that
runs at boot reports a new one, and a value closer by one unit would not clear it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from math import floor
from typing import Any

from pydantic import BaseModel

from workerctl.budget.arithmetic import Number
from workerctl.budget.pipeline import Pipeline
from workerctl.checks import budget
from workerctl.checks.base import Check, Context
from workerctl.commands.budget.search import StepRange, nearest, step_range_of
from workerctl.commands.budget.trial import Apply, Changes, Trial, open_findings
from workerctl.report.findings import Finding, Location
from workerctl.report.records import Record
from workerctl.schema.declarations import Path
from workerctl.sources.values import Value

# The order in which findings are cleared together: clearing the first often clears the others.
CHECKS = (budget.BUD002, budget.BUD003, budget.BUD001, budget.BUD004)
CODES = tuple(check.code for check in CHECKS)

# Fields of StageSettings that may be reduced if no single setting is enough, preferred ones first.
_REDUCIBLE = (
    "retries", "sdk_retries", "side_by_side", "calls", "connect", "timeout", "base", "cap",
)  # fmt: skip

# Seconds: the largest recommended value of a setting without an upper bound, one day.
_LONGEST = 86_400


class Change(Record):
    """
    The name of a setting and its new text.
    """

    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.name}={self.text}"


class Remedies(Record):
    """
    The findings of a budget and the changes that clear them.

    `alone` maps the code of each finding to the single changes that clear it; the tuple is empty if
    no single change does. `together` holds the changes that clear all findings at once; it is empty
    if no changes do.
    """

    findings: tuple[Finding, ...]
    alone: Mapping[str, tuple[Change, ...]]
    together: tuple[Change, ...]


def remedies(context: Context, apply: Apply, table: Iterable[Check]) -> Remedies:
    """
    Return the remedies for a configuration, each tried with all checks of the table.

    Suppressed findings need no remedy.
    """
    by_check = {check: open_findings(check, context) for check in CHECKS}
    if not any(by_check.values()):
        return Remedies((), {}, ())
    trial = Trial(context, apply, table)
    return Remedies(
        tuple(finding for findings in by_check.values() for finding in findings),
        {check.code: tuple(_alone(trial, check)) for check in CHECKS if by_check[check]},
        _together(trial),
    )


def recommended(context: Context, apply: Apply, table: Iterable[Check]) -> tuple[Change, ...]:
    """
    Return the changes that clear all findings at once.

    This skips the longer search for single changes, which `remedies` also makes.
    """
    if not any(open_findings(check, context) for check in CHECKS):
        return ()
    return _together(Trial(context, apply, table))


def _alone(trial: Trial, check: Check) -> Iterator[Change]:
    context = trial.context
    pipeline = context.declared_pipeline()
    for name in dict.fromkeys((*_multiplying(context, check), *pipeline.all_settings)):
        for change in _nearest_changes(context, name, check):
            if trial.clears({name: change.text}, check.code):
                yield change


def _together(trial: Trial) -> tuple[Change, ...]:
    changes: Changes = {}
    for check in CHECKS:
        changes = _extended(trial, changes, check)
    if not trial.clears(changes, *CODES):
        return ()
    changes = _minimized(trial, _without_redundant(trial, changes))
    return tuple(Change(name, text) for name, text in changes.items())


def _extended(trial: Trial, changes: Changes, check: Check) -> Changes:
    """
    Return the changes, extended by one or more that clear the finding of one check.
    """
    context = trial.apply(changes)
    if not open_findings(check, context):
        return changes
    names = tuple(dict.fromkeys(_candidates(context, check)))
    for name in names:
        for change in _nearest_changes(context, name, check):
            if trial.is_harmless({**changes, name: change.text}, *CODES):
                return {**changes, name: change.text}
    # No single change is enough: change one setting after another as far as possible.
    for name in names:
        for change in _furthest_changes(trial, changes, name):
            changes = {**changes, name: change.text}
        if not open_findings(check, trial.apply(changes)):
            break
    return changes


def _without_redundant(trial: Trial, changes: Changes) -> Changes:
    """
    Return the changes without those that the others make redundant.
    """
    for name in reversed(tuple(changes)):
        rest = _without(changes, name)
        if trial.clears(rest, *CODES):
            changes = rest
    return changes


def _minimized(trial: Trial, changes: Changes) -> Changes:
    """
    Return the changes, each reduced to the smallest that still clears all findings.
    """
    before: Changes = {}
    while changes != before:  # reducing one change may allow another to be reduced
        before = changes
        for name in reversed(tuple(changes)):
            now = trial.apply(_without(changes, name))
            for change in _nearest_changes(now, name, *CHECKS):
                reduced = {**changes, name: change.text}
                if reduced != changes and trial.clears(reduced, *CODES):
                    changes = reduced
    return changes


def _without(changes: Changes, name: str) -> Changes:
    return {other: text for other, text in changes.items() if other != name}


def _candidates(context: Context, check: Check) -> Iterator[str]:
    """
    Yield the settings to change, preferred ones first.
    """
    if check not in {budget.BUD001, budget.BUD004}:
        yield from dict.fromkeys(
            finding.fields[0] for finding in open_findings(check, context) if finding.fields
        )
        return
    pipeline = context.declared_pipeline()
    limit = pipeline.grace if check is budget.BUD004 else pipeline.job_timeout
    for amount in (limit, *_reducible(pipeline)):
        if isinstance(amount, str):
            yield amount


def _multiplying(context: Context, check: Check) -> Iterator[str]:
    """
    Yield the settings of the layers whose retries multiply, if the check is about these.
    """
    if check in {budget.BUD002, budget.BUD003}:
        for finding in open_findings(check, context):
            yield from finding.fields


def _reducible(pipeline: Pipeline) -> Iterator[object]:
    for key in _REDUCIBLE:
        yield from (getattr(stage, key) for stage in pipeline.stages)


def _nearest_changes(context: Context, name: str, *to_clear: Check) -> Iterator[Change]:
    """
    Yield the values of a setting closest to the current one that clear the checks.

    There is at most one below, and one above if a larger value can help.
    """

    def clears(value: object) -> bool:
        changed = _with_value(context, name, value)
        return not any(open_findings(check, changed) for check in to_clear)

    value = context.value(name)
    if isinstance(value, bool):
        if clears(not value):
            yield Change(name, str(not value).lower())
    elif isinstance(value, int | float):
        steps = _steps(context, name, value)
        for path in _paths(context, name, steps, value):
            step = nearest(path, lambda step: clears(steps.number(step)))
            if step is not None:
                yield Change(name, steps.text(step))


def _furthest_changes(trial: Trial, changes: Changes, name: str) -> Iterator[Change]:
    """
    Yield the largest change of a setting that causes no finding other than those of the budget.
    """
    context = trial.apply(changes)
    value = context.value(name)
    if isinstance(value, bool):
        if not value:
            yield Change(name, "true")
        return
    if not isinstance(value, int | float):
        return
    steps = _steps(context, name, value)
    *_, (start, end) = _paths(context, name, steps, value)
    if end > start and not steps.has_maximum:
        end = max(start, floor(_LONGEST / steps.unit))

    def is_harmless(step: int) -> bool:
        return trial.is_harmless({**changes, name: steps.text(step)}, *CODES)

    step = nearest((end, start), is_harmless) if not is_harmless(end) else end
    if step not in {None, start}:
        yield Change(name, steps.text(step))


def _paths(
    context: Context, name: str, steps: StepRange, value: Number
) -> Iterator[tuple[int, int]]:
    yield steps.below(value)
    pipeline = context.declared_pipeline()
    if name in {pipeline.job_timeout, pipeline.grace}:  # only of these, a larger value helps
        yield steps.above(value)


def _steps(context: Context, name: str, value: Number) -> StepRange:
    """
    Return the values that a setting may be given: a timeout only those above 0.
    """
    steps = step_range_of(context.schema.variables[name].info, value)
    pipeline = context.declared_pipeline()
    timeouts = {pipeline.job_timeout}.union(
        amount for stage in pipeline.stages for amount in (stage.timeout, stage.connect)
    )
    return steps.replace(least=max(steps.least, 1)) if name in timeouts else steps


def _with_value(context: Context, name: str, value: object) -> Context:
    settings = _changed(context.settings, context.schema.variables[name].path, value)
    chosen = {**context.values.chosen, name: Value("", Location("default"))}
    return context.replace(settings=settings, values=context.values.replace(chosen=chosen))


def _changed(holder: Any, path: Path, value: object) -> Any:
    """
    Return a copy of an instance or a mapping with another value at a path; its parts are copied.
    """
    name, *rest = path
    if isinstance(holder, Mapping):
        return {**holder, name: _changed(holder[name], tuple(rest), value) if rest else value}
    new = _changed(getattr(holder, name), tuple(rest), value) if rest else value
    if isinstance(holder, BaseModel):
        return holder.model_copy(update={name: new})
    made = copy(holder)  # a dataclass, which may be frozen
    object.__setattr__(made, name, new)
    return made
