"""
The smallest fix for a retry budget that does not add up.

Every value that is offered was applied to a copy of the configuration and judged by all checks that
a starting worker runs: it clears its finding, brings no other, and one unit less would not do.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import floor
from typing import NamedTuple

from workerctl import checks
from workerctl.budget.arithmetic import Number
from workerctl.budget.pipeline import Pipeline
from workerctl.checks import budget
from workerctl.checks.base import Check, Context
from workerctl.commands.budget.search import Scale, nearest, scale_of
from workerctl.commands.budget.trial import Apply, Changes, Trial, found_by
from workerctl.report.findings import Finding

# In the order in which they are cleared together: the first ones often clear the others, too.
CHECKS = (budget.BUD002, budget.BUD003, budget.BUD001, budget.BUD004)
CODES = tuple(check.code for check in CHECKS)

# What may be less where one setting does not do, the first ones rather than the last.
_REDUCIBLE = (
    "retries", "sdk_retries", "side_by_side", "calls", "connect", "timeout", "base", "cap",
)  # fmt: skip

# Seconds: the most that is recommended where a setting has no bound. A day is long for a job.
_LONG = 86_400


class Change(NamedTuple):
    """
    A setting and the text that it should have.
    """

    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.name}={self.text}"


class Remedies(NamedTuple):
    """
    What clears the findings of the budget.

    `alone` are, by the code of a finding, the changes each of which clears it; a code that has none
    takes several. `together` clears all of them at once; it is empty when nothing does.
    """

    findings: tuple[Finding, ...]
    alone: Mapping[str, tuple[Change, ...]]
    together: tuple[Change, ...]


def remedies(context: Context, apply: Apply, table: Iterable[Check] = checks.CHECKS) -> Remedies:
    """
    The remedies for a configuration, each of them judged by all checks of the table.

    A finding that is suppressed was accepted, and takes none.
    """
    found = {check: found_by(check, context) for check in CHECKS}
    if not any(found.values()):
        return Remedies((), {}, ())
    trial = Trial(context, apply, table)
    return Remedies(
        tuple(finding for findings in found.values() for finding in findings),
        {check.code: tuple(_alone(trial, check)) for check in CHECKS if found[check]},
        _together(trial),
    )


def recommended(
    context: Context, apply: Apply, table: Iterable[Check] = checks.CHECKS
) -> tuple[Change, ...]:
    """
    What clears all findings at once, without the longer search for what clears each of them alone.
    """
    if not any(found_by(check, context) for check in CHECKS):
        return ()
    return _together(Trial(context, apply, table))


def _alone(trial: Trial, check: Check) -> Iterator[Change]:
    context = trial.context
    for name in dict.fromkeys((*check.reads, *context.pipeline.settings, budget.GRACE)):
        for change in _nearest_changes(context, name, check):
            if trial.clears({name: change.text}, check.code):
                yield change


def _together(trial: Trial) -> tuple[Change, ...]:
    changes: Changes = {}
    for check in CHECKS:
        changes = _cleared(trial, changes, check)
    if not trial.clears(changes, *CODES):
        return ()
    changes = _least(trial, _needed(trial, changes))
    return tuple(Change(name, text) for name, text in changes.items())


def _cleared(trial: Trial, changes: Changes, check: Check) -> Changes:
    """
    The changes with those that clear the finding of one check: one if one does, or else several.
    """
    context = trial.apply(changes)
    if not found_by(check, context):
        return changes
    names = tuple(dict.fromkeys(_preferred(context, check)))
    for name in names:
        for change in _nearest_changes(context, name, check):
            if trial.is_harmless({**changes, name: change.text}, *CODES):
                return {**changes, name: change.text}
    for name in names:  # as much as there can be of each, until it is enough
        for change in _furthest_changes(trial, changes, name):
            changes = {**changes, name: change.text}
        if not found_by(check, trial.apply(changes)):
            break
    return changes


def _needed(trial: Trial, changes: Changes) -> Changes:
    """
    The changes without those that another one makes needless.
    """
    for name in reversed(tuple(changes)):
        rest = _without(changes, name)
        if trial.clears(rest, *CODES):
            changes = rest
    return changes


def _least(trial: Trial, changes: Changes) -> Changes:
    """
    The changes with no more of each than it takes.
    """
    before: Changes = {}
    while changes != before:  # less of one may leave room for another
        before = changes
        for name in reversed(tuple(changes)):
            now = trial.apply(_without(changes, name))
            for change in _nearest_changes(now, name, *CHECKS):
                less = {**changes, name: change.text}
                if less != changes and trial.clears(less, *CODES):
                    changes = less
    return changes


def _without(changes: Changes, name: str) -> Changes:
    return {other: text for other, text in changes.items() if other != name}


def _preferred(context: Context, check: Check) -> Iterator[str]:
    """
    The settings to change, the first ones rather than the last.
    """
    if check not in {budget.BUD001, budget.BUD004}:
        yield check.reads[0]
        return
    more = budget.GRACE if check is budget.BUD004 else context.pipeline.job_timeout
    for amount in (more, *_reducible(context.pipeline)):
        if isinstance(amount, str):
            yield amount


def _reducible(pipeline: Pipeline) -> Iterator[object]:
    for key in _REDUCIBLE:
        yield from (getattr(stage, key) for stage in pipeline.stages)


def _nearest_changes(context: Context, name: str, *wanted: Check) -> Iterator[Change]:
    """
    The nearest values of a setting that clear the checks: the largest below, the smallest above.
    """

    def clears(value: object) -> bool:
        changed = _with(context, name, value)
        return not any(found_by(check, changed) for check in wanted)

    value = getattr(context.settings, name)
    if isinstance(value, bool):
        if clears(not value):
            yield Change(name, str(not value).lower())
    elif isinstance(value, int | float):
        scale = scale_of(type(context.settings).model_fields[name], value)
        for way in _ways(context, name, scale, value):
            step = nearest(way, lambda step: clears(scale.number(step)))
            if step is not None:
                yield Change(name, scale.text(step))


def _furthest_changes(trial: Trial, changes: Changes, name: str) -> Iterator[Change]:
    """
    The value of a setting that does most, and brings no finding that nothing here could clear.
    """
    context = trial.apply(changes)
    value = getattr(context.settings, name)
    if isinstance(value, bool):
        if not value:
            yield Change(name, "true")
        return
    if not isinstance(value, int | float):
        return
    scale = scale_of(type(context.settings).model_fields[name], value)
    *_, (start, end) = _ways(context, name, scale, value)
    if end > start and not scale.ends:
        end = max(start, floor(_LONG / scale.unit))

    def is_harmless(step: int) -> bool:
        return trial.is_harmless({**changes, name: scale.text(step)}, *CODES)

    step = nearest((end, start), is_harmless) if not is_harmless(end) else end
    if step not in {None, start}:
        yield Change(name, scale.text(step))


def _ways(context: Context, name: str, scale: Scale, value: Number) -> Iterator[tuple[int, int]]:
    yield scale.below(value)
    if name in {context.pipeline.job_timeout, budget.GRACE}:  # of which more may help
        yield scale.above(value)


def _with(context: Context, name: str, value: object) -> Context:
    return context._replace(settings=context.settings.model_copy(update={name: value}))
