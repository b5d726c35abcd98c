"""
The smallest fix for a retry budget that does not add up.

Every value that is offered was applied to a copy of the configuration and judged by all checks: it
clears its finding, brings no other, and one unit less would not do.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from workerctl import checks
from workerctl.budget import exact
from workerctl.checks import budget
from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.findings import Finding

# In the order in which they are cleared together: the first ones often clear the others, too.
CHECKS = (budget.LLM_RETRIES, budget.EMBEDDING_RETRIES, budget.WORST_CASE, budget.DEPLOYS)

# Above what is there; nobody waits for so many seconds.
_MOST_MORE = 2**40

Judge = Callable[[Mapping[str, str]], Context]
"""The context that the configuration would make with these texts for some settings."""


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


def remedies(context: Context, judge: Judge, table: Iterable[Check] = checks.CHECKS) -> Remedies:
    """
    The remedies for a configuration, each of them judged by all checks of the table.
    """
    found = {check.code: _found(check, context) for check in CHECKS}
    if not any(found.values()):
        return Remedies((), {}, ())
    trial = _Trial(context, judge, table)
    return Remedies(
        tuple(finding for findings in found.values() for finding in findings),
        {check.code: tuple(_alone(trial, context, check)) for check in CHECKS if found[check.code]},
        _together(trial),
    )


def recommended(
    context: Context, judge: Judge, table: Iterable[Check] = checks.CHECKS
) -> tuple[Change, ...]:
    """
    What clears all findings at once, without the longer search for what clears each of them alone.
    """
    if not any(_found(check, context) for check in CHECKS):
        return ()
    return _together(_Trial(context, judge, table))


class _Trial:
    """
    Applies changes to a copy, and lets all checks judge it.
    """

    def __init__(self, context: Context, judge: Judge, table: Iterable[Check]) -> None:
        self._table = tuple(check for check in table if check.boot)
        self._before = self._judged(context)
        self.judge = judge

    def clears(self, changes: Iterable[Change], *codes: str) -> bool:
        """
        Whether the changes clear all findings of these codes and bring none that was not there.
        """
        after = self._judged(self.judge(dict(changes)))
        return after <= self._before and not any(code in codes for code, _ in after)

    def _judged(self, context: Context) -> frozenset[tuple[str, tuple[str, ...]]]:
        results = checks.run(context, self._table)
        return frozenset(
            (finding.code, finding.fields[:1]) for result in results for finding in result.findings
        )


def _alone(trial: _Trial, context: Context, check: Check) -> Iterator[Change]:
    for name in dict.fromkeys((*context.pipeline.settings, budget.GRACE)):
        for change in _nearest_changes(context, name, check):
            if trial.clears([change], check.code):
                yield change


def _together(trial: _Trial) -> tuple[Change, ...]:
    codes = [check.code for check in CHECKS]
    changes: dict[str, Change] = {}
    for check in CHECKS:
        now = trial.judge(dict(changes.values()))
        if _found(check, now):
            changes |= _cleared(now, check)
    for name in list(changes):  # what a later change made needless
        rest = [change for change in changes.values() if change.name != name]
        if trial.clears(rest, *codes):
            del changes[name]
    return tuple(changes.values()) if trial.clears(changes.values(), *codes) else ()


def _cleared(context: Context, check: Check) -> dict[str, Change]:
    """
    What clears the finding of one check: first the setting that it is about, then fewer retries.
    """
    changes: dict[str, Change] = {}
    for name in _preferred(context, check):
        found = next(_nearest_changes(context, name, check), None)
        if found is not None:
            return {**changes, name: found}
        scale = _scale(context, name)
        context = _with(context, name, scale.number(scale.least))
        changes[name] = Change(name, scale.text(scale.least))
    return {}


def _preferred(context: Context, check: Check) -> Iterator[str]:
    if check is budget.DEPLOYS:
        yield budget.GRACE
    elif check is budget.WORST_CASE:
        if isinstance(context.pipeline.job_timeout, str):
            yield context.pipeline.job_timeout
        retries = (stage.retries for stage in context.pipeline.stages)
        yield from dict.fromkeys(name for name in retries if isinstance(name, str))
    else:
        yield check.reads[0]


def _nearest_changes(context: Context, name: str, check: Check) -> Iterator[Change]:
    """
    The nearest values of a setting that clear the finding: the largest below, the smallest above.
    """

    def clears(value: object) -> bool:
        return not _found(check, _with(context, name, value))

    value = getattr(context.settings, name)
    if isinstance(value, bool):
        if clears(not value):
            yield Change(name, str(not value).lower())
    elif isinstance(value, int | float):
        scale = _scale(context, name)
        steps = exact(value) / scale.unit
        ways = [(ceil(steps), scale.least)]
        if name in {context.pipeline.job_timeout, budget.GRACE}:  # of which more may help
            ways.append((floor(steps), scale.most))
        for start, end in ways:
            found = _nearest(lambda step: clears(scale.number(step)), start, end)
            if found is not None:
                yield Change(name, scale.text(found))


def _nearest(clears: Callable[[int], bool], start: int, end: int) -> int | None:
    """
    The number nearest to `start`, on the way to `end`, that clears; all beyond it do so as well.
    """
    if start == end or not clears(end):
        return None
    while abs(end - start) > 1:
        middle = (start + end) // 2
        if clears(middle):
            end = middle
        else:
            start = middle
    return end


class _Scale(NamedTuple):
    """
    The values that a setting may have, in steps of one unit.
    """

    unit: Fraction
    least: int
    most: int

    def number(self, step: int) -> int | float:
        return step if self.unit == 1 else float(step * self.unit)

    def text(self, step: int) -> str:
        return str(self.number(step)).removesuffix(".0")


def _scale(context: Context, name: str) -> _Scale:
    value = getattr(context.settings, name)
    unit = Fraction(1, 10) if isinstance(value, float) else Fraction(1)
    steps = exact(value) / unit
    least, most = 0, ceil(steps) + _MOST_MORE
    info: FieldInfo = type(context.settings).model_fields[name]
    for bound in info.metadata:
        match bound:
            case Ge(ge=limit):
                least = ceil(_steps(limit, unit))
            case Gt(gt=limit):
                least = floor(_steps(limit, unit)) + 1
            case Le(le=limit):
                most = floor(_steps(limit, unit))
            case Lt(lt=limit):
                most = ceil(_steps(limit, unit)) - 1
            case _:
                pass
    return _Scale(unit, least, most)


def _steps(limit: Any, unit: Fraction) -> Fraction:
    return exact(limit) / unit


def _with(context: Context, name: str, value: object) -> Context:
    return context._replace(settings=context.settings.model_copy(update={name: value}))


def _found(check: Check, context: Context) -> tuple[Finding, ...]:
    """
    What the check finds; nothing where a value that it needs is bad.
    """
    if any(name in context.invalid for name in check.reads):
        return ()
    try:
        return tuple(check.run(context))
    except SkipCheck:
        return ()
