"""
A simulated worker with a fake clock, and servers that take as long as they are allowed to.

It models what a worker does (loops that sleep, concurrent processes, an event queue) instead of
repeating the formulas of `budget.arithmetic`: durations are added up, never multiplied.
"""

import heapq
from collections.abc import Callable, Generator, Iterable
from fractions import Fraction
from itertools import count
from typing import NamedTuple

from workerctl.budget.arithmetic import Budget, StageCost, exact

Process = Generator[Fraction, None, bool]
"""Yields the durations of its sleeps and returns whether it succeeded."""

INSTANT = Fraction(1, 10**9)
"""The time between an event at the last moment and its deadline, in seconds."""


class Answer(NamedTuple):
    """
    How the server treats one attempt.

    `connects` and `answers` are fractions of the time that the client allows for each; None means
    that it never happens. `well` is whether the answer is a success.
    """

    connects: Fraction | None
    answers: Fraction | None = None
    well: bool = False


LAST_MOMENT = Fraction(1)
REFUSES = Answer(None)
FAILS = Answer(Fraction(0), Fraction(0))
HANGS = Answer(LAST_MOMENT)
LATE = Answer(LAST_MOMENT, LAST_MOMENT)
SUCCEEDS = Answer(LAST_MOMENT, LAST_MOMENT, well=True)

Server = Callable[[], Answer]


class World:
    """
    A clock, and an event loop that runs processes on it.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.requests = 0
        self.now = Fraction(0)

    def run(self, processes: Iterable[Process]) -> None:
        """
        Run processes concurrently until the last one has ended.
        """
        order = count()
        agenda = [(self.now, next(order), process) for process in processes]
        while agenda:
            self.now, _, process = heapq.heappop(agenda)
            for duration in process:
                heapq.heappush(agenda, (self.now + duration, next(order), process))
                break

    def job(self, budget: Budget) -> Fraction:
        """
        Run a job once and return how long it takes; it continues after a stage that failed.
        """
        begun = self.now
        for step in budget.steps:
            self.run([self._stage(stage) for stage in step])
        return self.now - begun

    def _stage(self, stage: StageCost) -> Process:
        for _ in range(stage.calls):
            yield from self._call(stage)
        return True

    def _call(self, stage: StageCost) -> Process:
        """
        Call with the worker's own retries, whose waits double up to a cap.
        """
        wait = exact(stage.base)
        left = stage.retries
        while True:
            if (yield from self._sdk(stage)):
                return True
            if not left:
                return False
            left -= 1
            yield wait if stage.cap is None else min(wait, exact(stage.cap))
            wait += wait

    def _sdk(self, stage: StageCost) -> Process:
        """
        Call with the retries inside the client, whose waits double up to 8 seconds.
        """
        wait = Fraction(1, 2)
        left = stage.sdk_retries
        while True:
            if (yield from self._attempt(stage)):
                return True
            if not left:
                return False
            left -= 1
            yield wait
            wait = min(wait + wait, Fraction(8))

    def _attempt(self, stage: StageCost) -> Process:
        self.requests += 1
        answer = self.server()
        if stage.connect:
            yield from _until(answer.connects, exact(stage.connect))
        if answer.connects is None:
            return False
        yield from _until(answer.answers, exact(stage.timeout))
        return answer.well and answer.answers is not None


def _until(share: Fraction | None, deadline: Fraction) -> Generator[Fraction, None, None]:
    """
    Wait for an event after a fraction of the time, at the latest just before the deadline.

    Wait until the deadline if the event never happens.
    """
    yield deadline if share is None else max(share * deadline - INSTANT, Fraction(0))
