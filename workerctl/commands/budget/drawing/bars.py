"""
What all pictures of a budget are drawn from: a bar for each step of a job, one after another.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from workerctl.budget.arithmetic import (
    MANY,
    SDK_FIRST_WAIT,
    SDK_LONGEST_WAIT,
    Budget,
    Number,
    Stage,
    Step,
    count,
    exact,
    percent,
    seconds,
    slowest,
    waits,
)
from workerctl.report.findings import Finding
from workerctl.report.results import Report

_MOST_LANES = 3
_MINUTE, _HOUR = 60, 3600


class Picture(NamedTuple):
    """
    A budget as it is told: with where it was read and what the checks found (`report`).

    There is none where the report has an error. `together` are the assignments that clear all
    findings at once.
    """

    report: Report
    budget: Budget | None = None
    together: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """
        Every finding, the suppressed ones too.
        """
        return tuple(found for result in self.report.results for found in result.findings)


class Span(NamedTuple):
    """
    An attempt or a wait; times in seconds since the job's start.
    """

    is_wait: bool
    start: Fraction
    end: Fraction


class Bar(NamedTuple):
    """
    A step of the job, and its slowest stage; times in seconds since the job's start.
    """

    step: Step
    stage: Stage
    start: Fraction
    end: Fraction

    @property
    def seconds(self) -> Fraction:
        """
        How long it takes.
        """
        return self.end - self.start

    @property
    def requests(self) -> int:
        """
        How many requests one run of the job sends in this step.
        """
        return sum(stage.requests for stage in self.step)

    def spans(self, most: int) -> list[Span]:
        """
        Its attempts and waits as they follow each other, at most so many.

        Where there are more, the attempts inside the SDK are drawn as one with the waits between
        them; where those are still too many, all attempts come first and then all waits.
        """
        if self.end == self.start:
            return []
        stage = self.stage
        for number, parts in ((stage.requests, _parts), (stage.tries, _coarse_parts)):
            if number <= most:
                spans = _placed(self.start, parts(stage))
                if len(spans) <= most:
                    return spans
        spans = _placed(self.start, [(False, stage.attempts), (True, stage.waits)])
        seen = [span for span in spans if 2 * most * (span.end - span.start) >= self.seconds]
        if len(seen) == len(spans) <= most:
            return spans
        longer = max(spans, key=lambda span: span.end - span.start)
        return [Span(longer.is_wait, self.start, self.end)]


def bars(budget: Budget) -> Iterator[Bar]:
    """
    A bar for each step; each begins where the one before ends.
    """
    start = Fraction()
    for step in budget.steps:
        stage = slowest(step)
        end = start + stage.worst
        yield Bar(step, stage, start, end)
        start = end


def longest(budget: Budget) -> Fraction:
    """
    The end of the time axis: the job timeout is always on it.
    """
    return max(budget.worst, exact(budget.job_timeout))


def formula(bar: Bar) -> tuple[str, str]:
    """
    How long a stage takes: its attempts with the seconds of each and all waits, and the sum.
    """
    stage = bar.stage
    more = f" + {count(stage.waits)}" if stage.waits else ""
    return f"{count(stage.requests)} × {count(stage.attempt)}{more}", seconds(bar.seconds)


def verdict(budget: Budget) -> str:
    """
    The sum in a sentence.
    """
    return f"A job may take {seconds(budget.worst)}, {percent(budget)} of its timeout."


def facts(budget: Budget) -> dict[str, str]:
    """
    What the stages come to, each under a word.
    """
    spare = exact(budget.job_timeout) - budget.worst
    left = f"{seconds(-spare)} too long" if spare < 0 else f"{seconds(spare)} are left"
    total = f"{seconds(budget.worst)} of {seconds(budget.job_timeout)}, {percent(budget)}: {left}"
    runs = "1 run" if budget.runs == 1 else f"{count(budget.runs)} runs"
    return {
        "in all": f"{total}; parsing and saving are not counted",
        "requests": f"{count(budget.requests_of_a_run)} in a run, "
        f"{count(budget.requests)} in {runs}",
        "given up": f"after {_long(budget.given_up_after)}",
    }


def lanes(bar: Bar) -> tuple[str, ...]:
    """
    The names of the lanes that a step is drawn in; what runs side by side has several, not all.
    """
    together = len(bar.step)
    if together == 1:
        return (bar.stage.name,)
    more = min(together, _MOST_LANES) - 1
    return (bar.stage.name, f"  {together} side by side", *[""] * (more - 1))


def marks(end: Fraction, most: int) -> list[int]:
    """
    Round numbers along an axis from 0 to `end`, at most so many; none where they mean nothing.
    """
    if end >= MANY or end < 1 or most < 1:
        return []
    unit = 1
    while True:
        for step in (unit, 2 * unit, 5 * unit):
            if end / step <= most:
                return list(range(0, ceil(end), step))
        unit *= 10


def _long(time: Fraction) -> str:
    """
    A long time in hours and minutes as well.
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


def _parts(stage: Stage) -> Iterator[tuple[bool, Fraction]]:
    for _ in range(stage.calls):
        for retry in range(stage.retries + 1):
            for sdk_retry in range(stage.sdk_retries + 1):
                yield False, stage.attempt
                if sdk_retry < stage.sdk_retries:
                    yield True, _wait(sdk_retry, SDK_FIRST_WAIT, SDK_LONGEST_WAIT)
            if retry < stage.retries:
                yield True, _wait(retry, stage.base, stage.cap)


def _coarse_parts(stage: Stage) -> Iterator[tuple[bool, Fraction]]:
    inside = waits(stage.sdk_retries, SDK_FIRST_WAIT, SDK_LONGEST_WAIT)
    for _ in range(stage.calls):
        for retry in range(stage.retries + 1):
            yield False, (stage.sdk_retries + 1) * stage.attempt + inside
            if retry < stage.retries:
                yield True, _wait(retry, stage.base, stage.cap)


def _wait(retry: int, base: Number, cap: Number | None) -> Fraction:
    wait = exact(base) * (1 << retry)
    return wait if cap is None else min(wait, exact(cap))
