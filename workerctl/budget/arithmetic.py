"""
The longest that a job can take: its stages, their attempts and the waits between them added up.

Pure arithmetic, exact to the last digit of every setting. N retries are N + 1 attempts.
"""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import NamedTuple

Number = int | float | Fraction

SDK_FIRST_WAIT = Fraction(1, 2)
SDK_LONGEST_WAIT = Fraction(8)
"""Seconds. How the OpenAI and the Anthropic SDK wait between their own retries, jitter aside."""

KILL_SECONDS = 60
"""After a job's timeout, RQ's worker waits so long before it kills the process of the job."""

MANY = 1_000_000_000
"""From here on a number is only told to be large: no bound keeps a setting from being monstrous."""

# A wait that doubled this often without a cap is longer than any timeout; nothing is exact beyond.
_MOST_DOUBLINGS = 64


class Stage(NamedTuple):
    """
    A part of a job that calls a server, with its numbers; times in seconds.

    Each of `calls` is sent by the SDK up to `sdk_retries` + 1 times, and all of that again up to
    `retries` times, with waits from `base` up to `cap`. `connect` comes before `timeout`.
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
        How many requests one run of the job may send.
        """
        return self.tries * (self.sdk_retries + 1)

    @property
    def tries(self) -> int:
        """
        How often one run of the job may call the SDK.
        """
        return self.calls * (self.retries + 1)

    @property
    def attempt(self) -> Fraction:
        """
        Seconds that one request takes at most.
        """
        return Fraction(_attempt(self))

    @property
    def attempts(self) -> Fraction:
        """
        Seconds spent on requests, if all of them time out.
        """
        return self.requests * self.attempt

    @property
    def waits(self) -> Fraction:
        """
        Seconds spent between requests, if all of them time out.
        """
        return Fraction(_all_waits(self))

    @property
    def worst(self) -> Fraction:
        """
        Seconds that the stage takes at most.
        """
        return Fraction(_worst(self))


Step = tuple[Stage, ...]
"""Stages that run side by side; mostly it is one."""


class Budget(NamedTuple):
    """
    The steps of a job, one after another, and the time that RQ gives it; times in seconds.

    `intervals` are the waits between the runs of a failed job; the last one repeats.
    """

    steps: tuple[Step, ...]
    job_timeout: Number
    job_retries: int = 0
    intervals: tuple[Number, ...] = ()

    @property
    def worst(self) -> Fraction:
        """
        Seconds that one run takes at most, if RQ lets it.
        """
        return Fraction(sum(max(map(_worst, step)) for step in self.steps))

    @property
    def share(self) -> Fraction:
        """
        The worst case as a part of the job timeout; above 1, RQ ends the job first.
        """
        return self.worst / exact(self.job_timeout)

    @property
    def given_up_after(self) -> Fraction:
        """
        Seconds from the first start of a job to the end of its last run, every one killed late.
        """
        runs = self.runs * (exact(self.job_timeout) + KILL_SECONDS)
        return runs + _sum_of(self.intervals, self.job_retries)

    @property
    def runs(self) -> int:
        """
        How often a failing job is run until it is given up.
        """
        return self.job_retries + 1

    @property
    def requests_of_a_run(self) -> int:
        """
        How many requests one run may send.
        """
        return sum(stage.requests for step in self.steps for stage in step)

    @property
    def requests(self) -> int:
        """
        How many requests a failing job sends until it is given up.
        """
        return self.runs * self.requests_of_a_run


def slowest(step: Step) -> Stage:
    """
    The stage that a step waits for.
    """
    return max(step, key=_worst)


def waits(retries: int, base: Number, cap: Number | None) -> Fraction:
    """
    The sum of `min(base · 2^i, cap)` for i from 0 to `retries` - 1, in seconds.
    """
    return Fraction(_waits(retries, base, cap))


def exact(number: Number) -> Fraction:
    """
    The number as it is written: 0.1 is a tenth.
    """
    return Fraction(_plain(number))


def seconds(time: Number) -> str:
    """
    A time as people read it: `1237 s`, `1177.5 s`.
    """
    return f"{count(time)} s"


def percent(budget: Budget) -> str:
    """
    The worst case as a share of the job timeout; rounded up, so that 100 % fits.
    """
    return f"{count(ceil(budget.share * 100))} %"


def count(number: Number) -> str:
    """
    A number with as few digits as it needs.
    """
    return f"{float(number):.10g}" if exact(number) < MANY else f"over {MANY}"


def _sum_of(intervals: Iterable[Number], retries: int) -> Fraction:
    given = [exact(interval) for interval in intervals][:retries]
    if not given:
        return Fraction()
    return sum(given, Fraction()) + (retries - len(given)) * given[-1]


# Whole numbers stay `int`, with which Python counts many times faster than with fractions.
_Plain = int | Fraction


def _plain(number: Number) -> _Plain:
    if not isinstance(number, float):
        return number
    numerator, denominator = Decimal(repr(number)).as_integer_ratio()
    return numerator if denominator == 1 else Fraction(numerator, denominator)


def _attempt(stage: Stage) -> _Plain:
    return _plain(stage.connect) + _plain(stage.timeout)


def _all_waits(stage: Stage) -> _Plain:
    inside = _waits(stage.sdk_retries, SDK_FIRST_WAIT, SDK_LONGEST_WAIT)
    between = _waits(stage.retries, stage.base, stage.cap)
    return stage.calls * ((stage.retries + 1) * inside + between)


@lru_cache  # asked again and again, by the sum, by the picture and in search of a fix
def _worst(stage: Stage) -> _Plain:
    return stage.requests * _attempt(stage) + _all_waits(stage)


@lru_cache  # stages of a kind share their numbers, and most have no retries in the SDK
def _waits(retries: int, base: Number, cap: Number | None) -> _Plain:
    first = _plain(base)
    if not retries or not first:
        return 0
    if cap is None:
        doublings = min(retries, _MOST_DOUBLINGS)
        return first * ((1 << doublings) - 1) + (retries - doublings) * first * (1 << doublings)
    highest = _plain(cap)
    enough = -(-highest // first)  # rounded up: so many times the first is the cap, or above
    doublings = min(retries, max(enough - 1, 0).bit_length())
    longest = min(first * (1 << doublings), highest)
    return first * ((1 << doublings) - 1) + (retries - doublings) * longest
