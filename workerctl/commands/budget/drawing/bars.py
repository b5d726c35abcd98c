"""
What the text and the SVG drawing share: a bar for each step of a job, labels and totals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import ceil

from workerctl.budget.arithmetic import (
    MANY,
    SDK_FIRST_WAIT,
    SDK_LONGEST_WAIT,
    Budget,
    Number,
    StageCost,
    Step,
    count,
    exact,
    percent,
    seconds,
    slowest,
    waits,
)
from workerctl.report.findings import Finding
from workerctl.report.records import Record
from workerctl.report.results import Report

_MOST_LANES = 3
_MINUTE, _HOUR = 60, 3600


class Picture(Record):
    """
    Everything that a drawing shows: the budget, its report, and the smallest fix.

    `report` lists the sources and the findings; if it has an error, `budget` is None. `together`
    holds the assignments, such as `LLM_SDK_MAX_RETRIES=0`, that clear all findings at once.
    `on_defaults` is true if no source sets any number of the budget.
    """

    report: Report
    budget: Budget | None = None
    together: tuple[str, ...] = ()
    on_defaults: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """
        All findings, including the suppressed ones.
        """
        return tuple(finding for result in self.report.results for finding in result.findings)


class Span(Record):
    """
    An attempt or a wait. Times are seconds since the start of the job.
    """

    is_wait: bool
    start: Fraction
    end: Fraction


class Bar(Record):
    """
    A step of the job, drawn by its slowest stage. Times are seconds since the start of the job.
    """

    step: Step
    stage: StageCost
    start: Fraction
    end: Fraction

    @property
    def seconds(self) -> Fraction:
        """
        The duration of the step.
        """
        return self.end - self.start

    @property
    def requests(self) -> int:
        """
        The largest number of requests of this step in one run of the job.
        """
        return sum(stage.requests for stage in self.step)

    def spans(self, most: int) -> list[Span]:
        """
        Return the attempts and waits in order, as no more than `most` spans.

        If there are more, each SDK call becomes one span, the waits inside it included. If those
        are still too many, all attempts come first, followed by all waits; of these two, one that
        is too short to be visible is left out.
        """
        if self.end == self.start:
            return []
        stage = self.stage
        for number, parts in ((stage.requests, _parts), (stage.sdk_calls, _coarse_parts)):
            if number <= most:
                spans = _placed(self.start, parts(stage))
                if len(spans) <= most:
                    return spans
        spans = _placed(self.start, [(False, stage.attempts), (True, stage.waits)])
        visible = [span for span in spans if 2 * most * (span.end - span.start) >= self.seconds]
        if len(visible) == len(spans) <= most:
            return spans
        longer = max(spans, key=lambda span: span.end - span.start)
        return [Span(longer.is_wait, self.start, self.end)]


def bars(budget: Budget) -> Iterator[Bar]:
    """
    Yield a bar for each step, which starts where the previous one ends.
    """
    start = Fraction()
    for step in budget.steps:
        stage = slowest(step)
        end = start + stage.worst
        yield Bar(step, stage, start, end)
        start = end


def longest(budget: Budget) -> Fraction:
    """
    Return the end of the time axis, which always includes the job timeout.
    """
    return max(budget.worst, exact(budget.job_timeout))


def formula(bar: Bar) -> tuple[str, str]:
    """
    Return the duration of a bar as a formula and its result: `("4 × 30 + 7", "127 s")`.
    """
    stage = bar.stage
    waiting = f" + {count(stage.waits)}" if stage.waits else ""
    return f"{count(stage.requests)} × {count(stage.attempt)}{waiting}", seconds(bar.seconds)


def headline(budget: Budget, *, on_defaults: bool = False) -> str:
    """
    Return the worst case as a sentence.
    """
    source = ", on defaults" if on_defaults else ""
    return f"A job may take {seconds(budget.worst)}, {percent(budget)} of its timeout{source}."


def legend(budget: Budget) -> str:
    """
    Return what the formulas mean, by the example of the first one with waits, if there is one.
    """
    formulas = [formula(bar)[0] for bar in bars(budget)]
    shown = next((each for each in formulas if "+" in each), formulas[0])
    return f"{shown}: attempts × seconds{' + waits' if '+' in shown else ''}"


def facts(budget: Budget) -> dict[str, str]:
    """
    Return the totals of a budget by their labels.
    """
    spare = exact(budget.job_timeout) - budget.worst
    left = f"{seconds(-spare)} too long" if spare < 0 else f"{seconds(spare)} left"
    total = f"{seconds(budget.worst)} of {seconds(budget.job_timeout)}, {percent(budget)}: {left}"
    runs = "1 run" if budget.runs == 1 else f"{count(budget.runs)} runs"
    return {
        "total": f"{total}; parsing and saving are not counted",
        "requests": f"{count(budget.requests_of_a_run)} per run, "
        f"{count(budget.requests)} in {runs}",
        "gives up": f"after {_with_hours(budget.given_up_after)}",
    }


def lanes(bar: Bar) -> tuple[str, ...]:
    """
    Return the labels of the lanes that a step is drawn in.

    Stages that run side by side have a lane each, up to a limit.
    """
    stages = len(bar.step)
    if stages == 1:
        return (bar.stage.name,)
    further = min(stages, _MOST_LANES) - 1
    return (bar.stage.name, f"  {stages} side by side", *[""] * (further - 1))


def marks(end: Fraction, most: int) -> list[int]:
    """
    Return up to `most` round numbers for an axis from 0 to `end`.

    An axis shorter than a second, or so long that its end is not shown exactly, has no numbers.
    """
    if end >= MANY or end < 1 or most < 1:
        return []
    unit = 1
    while True:
        for step in (unit, 2 * unit, 5 * unit):
            if end / step <= most:
                return list(range(0, ceil(end), step))
        unit *= 10


def _with_hours(time: Fraction) -> str:
    """
    Return a time, with hours and minutes as well if it is an hour or more.
    """
    if not _HOUR <= time < MANY:
        return seconds(time)
    hours, rest = divmod(round(time), _HOUR)
    return f"{seconds(time)} ({hours} h {rest // _MINUTE} min)"


def _placed(start: Fraction, parts: Iterable[tuple[bool, Fraction]]) -> list[Span]:
    spans = []
    for is_wait, length in parts:
        if length > 0:
            spans.append(Span(is_wait, start, start + length))
            start += length
    return spans


def _parts(stage: StageCost) -> Iterator[tuple[bool, Fraction]]:
    for _ in range(stage.calls):
        for retry in range(stage.retries + 1):
            for sdk_retry in range(stage.sdk_retries + 1):
                yield False, stage.attempt
                if sdk_retry < stage.sdk_retries:
                    yield True, _wait(sdk_retry, SDK_FIRST_WAIT, SDK_LONGEST_WAIT)
            if retry < stage.retries:
                yield True, _wait(retry, stage.base, stage.cap)


def _coarse_parts(stage: StageCost) -> Iterator[tuple[bool, Fraction]]:
    inside = waits(stage.sdk_retries, SDK_FIRST_WAIT, SDK_LONGEST_WAIT)
    for _ in range(stage.calls):
        for retry in range(stage.retries + 1):
            yield False, (stage.sdk_retries + 1) * stage.attempt + inside
            if retry < stage.retries:
                yield True, _wait(retry, stage.base, stage.cap)


def _wait(retry: int, base: Number, cap: Number | None) -> Fraction:
    wait = exact(base) * (1 << retry)
    return wait if cap is None else min(wait, exact(cap))
