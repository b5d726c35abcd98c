"""
The worst-case duration of a job: the sum of all attempts of its stages and the waits between them.

The arithmetic is exact to the last digit of every setting. N retries mean N + 1 attempts.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil

from workerctl.report.records import Record

Number = int | float | Fraction

SDK_FIRST_WAIT = Fraction(1, 2)
SDK_LONGEST_WAIT = Fraction(8)
"""Seconds: the OpenAI and Anthropic SDKs double their waits between these; jitter shortens them."""

KILL_SECONDS = 60
"""Seconds from a job's timeout until RQ's worker kills the process that runs the job."""

MANY = 1_000_000_000
"""Larger numbers are shown as "over 1000000000", because not every setting has an upper bound."""

# Without a cap, a wait stops doubling here. By then it is far longer than any timeout, so an exact
# result no longer matters.
_MOST_DOUBLINGS = 64


class StageCost(Record):
    """
    What a stage of a job costs at most. All times are in seconds.

    Each of the `calls` may be repeated `retries` times, after waits that double from `base` up to
    `cap`. In each of these attempts, the SDK may repeat the request `sdk_retries` times. One
    request takes up to `connect` + `timeout`.
    """

    name: str
    timeout: Number
    retries: int = 0
    base: Number = 0
    cap: Number | None = None
    connect: Number = 0
    sdk_retries: int = 0
    calls: int = 1

    @property
    def requests(self) -> int:
        """
        The largest number of requests in one run of the job.
        """
        return self.sdk_calls * (self.sdk_retries + 1)

    @property
    def sdk_calls(self) -> int:
        """
        The largest number of SDK calls in one run of the job.
        """
        return self.calls * (self.retries + 1)

    @property
    def attempt(self) -> Fraction:
        """
        The longest duration of one request.
        """
        return Fraction(_attempt(self))

    @property
    def attempts(self) -> Fraction:
        """
        The time spent on requests if all of them time out.
        """
        return self.requests * self.attempt

    @property
    def waits(self) -> Fraction:
        """
        The time spent waiting between requests if all of them time out.
        """
        return Fraction(_all_waits(self))

    @property
    def worst(self) -> Fraction:
        """
        The longest duration of the stage.
        """
        return Fraction(_worst(self))


Step = tuple[StageCost, ...]
"""The stages that run at the same time, usually just one."""


class Budget(Record):
    """
    The consecutive steps of a job and the limits that RQ sets. All times are in seconds.

    `intervals` are the waits before each retry of a failed job; the last one repeats.
    """

    steps: tuple[Step, ...]
    job_timeout: Number
    job_retries: int = 0
    intervals: tuple[Number, ...] = ()

    @property
    def worst(self) -> Fraction:
        """
        The longest duration of one run if RQ did not end it.
        """
        return Fraction(sum(max(map(_worst, step)) for step in self.steps))

    @property
    def share(self) -> Fraction:
        """
        The worst case divided by the job timeout. Above 1, RQ ends the job first.
        """
        return self.worst / exact(self.job_timeout)

    @property
    def given_up_after(self) -> Fraction:
        """
        The time from the first start of a job until RQ kills its last run.
        """
        runs = self.runs * (exact(self.job_timeout) + KILL_SECONDS)
        return runs + _interval_sum(self.intervals, self.job_retries)

    @property
    def runs(self) -> int:
        """
        The number of runs after which a failing job is given up.
        """
        return self.job_retries + 1

    @property
    def requests_of_a_run(self) -> int:
        """
        The largest number of requests in one run.
        """
        return sum(stage.requests for step in self.steps for stage in step)

    @property
    def requests(self) -> int:
        """
        The largest number of requests in all runs of a failing job.
        """
        return self.runs * self.requests_of_a_run


def slowest(step: Step) -> StageCost:
    """
    Return the stage with the longest duration, which is the duration of the step.
    """
    return max(step, key=_worst)


def waits(retries: int, base: Number, cap: Number | None) -> Fraction:
    """
    Return the sum of `min(base · 2^i, cap)` for i from 0 to `retries` - 1.

        waits(4, base=1, cap=5)  # 12, the sum of 1, 2, 4 and 5
    """
    return Fraction(_waits(retries, base, cap))


def exact(number: Number) -> Fraction:
    """
    Return the fraction that equals the number as it is written: 1/10 for 0.1.
    """
    return Fraction(_rational(number))


def seconds(time: Number) -> str:
    """
    Return a time with its unit, such as `1237 s` or `1177.5 s`.
    """
    return f"{count(time)} s"


def percent(budget: Budget) -> str:
    """
    Return the worst case as a percentage of the job timeout.

    It is rounded up, so that 100 % or less means that the job fits.
    """
    return f"{count(ceil(budget.share * 100))} %"


def count(number: Number) -> str:
    """
    Return a number as text without needless digits: `1237`, `0.5` or `over 1000000000`.
    """
    return f"{float(number):.10g}" if exact(number) < MANY else f"over {MANY}"


def _interval_sum(intervals: Iterable[Number], retries: int) -> Fraction:
    used = [exact(interval) for interval in intervals][:retries]
    if not used:
        return Fraction()
    return sum(used, Fraction()) + (retries - len(used)) * used[-1]


# Whole numbers stay `int`: arithmetic on them is many times faster than on fractions.
_Rational = int | Fraction


def _rational(number: Number) -> _Rational:
    if not isinstance(number, float):
        return number
    numerator, denominator = Decimal(repr(number)).as_integer_ratio()
    return numerator if denominator == 1 else Fraction(numerator, denominator)


def _attempt(stage: StageCost) -> _Rational:
    return _rational(stage.connect) + _rational(stage.timeout)


def _all_waits(stage: StageCost) -> _Rational:
    inside = _waits(stage.sdk_retries, SDK_FIRST_WAIT, SDK_LONGEST_WAIT)
    between = _waits(stage.retries, stage.base, stage.cap)
    return stage.calls * ((stage.retries + 1) * inside + between)


@lru_cache  # the sum, the drawing and the search for a fix all ask for the same stages
def _worst(stage: StageCost) -> _Rational:
    return stage.requests * _attempt(stage) + _all_waits(stage)


@lru_cache  # many stages share their retries, base and cap
def _waits(retries: int, base: Number, cap: Number | None) -> _Rational:
    first = _rational(base)
    if not retries or not first:
        return 0
    if cap is None:
        doublings = min(retries, _MOST_DOUBLINGS)
        return first * ((1 << doublings) - 1) + (retries - doublings) * first * (1 << doublings)
    highest = _rational(cap)
    factor = -(-highest // first)  # rounded up: `first` times this reaches the cap
    doublings = min(retries, max(factor - 1, 0).bit_length())
    longest = min(first * (1 << doublings), highest)
    return first * ((1 << doublings) - 1) + (retries - doublings) * longest
