"""
The ordered table of checks, and run(). Read this first.

One more check is one function in a module of this package, one line in CHECKS, one test.
"""

from collections.abc import Iterable

from workerctl.checks import (
    budget,
    chunking,
    continuity,
    encryption,
    envfiles,
    environment,
    logs,
    schema,
    suppressions,
    timeouts,
)
from workerctl.checks.base import Check, Context
from workerctl.checks.engine.run import Runner
from workerctl.checks.engine.select import Selection
from workerctl.report.results import Result

CHECKS: tuple[Check, ...] = (
    schema.SET001,
    schema.SET002,
    schema.SET003,
    schema.SET004,
    envfiles.SET005,
    schema.SET006,
    envfiles.SET007,
    envfiles.SET008,
    envfiles.SET009,
    environment.ENV001,
    environment.ENV002,
    environment.ENV003,
    environment.ENV004,
    environment.ENV005,
    environment.ENV006,
    environment.ENV007,
    encryption.KEY001,
    encryption.KEY002,
    encryption.KEY003,
    encryption.KEY004,
    continuity.KEY005,
    continuity.KEY006,
    continuity.KEY007,
    timeouts.TMO001,
    timeouts.TMO002,
    timeouts.TMO003,
    budget.BUD001,
    budget.BUD002,
    budget.BUD003,
    budget.BUD004,
    chunking.CHU001,
    chunking.CHU002,
    chunking.CHU003,
    logs.LOG001,
    logs.LOG002,
    suppressions.SUP001,
)


def table(more: Iterable[Check] = ()) -> tuple[Check, ...]:
    """
    CHECKS with another team's checks before the last one, which looks at all results.
    """
    return (*CHECKS[:-1], *more, CHECKS[-1])


def run(
    context: Context, checks: tuple[Check, ...] = CHECKS, selection: Selection | None = None
) -> tuple[Result, ...]:
    """
    Run the selected checks in the order of the table. No check can end the run.
    """
    return Runner(context, checks, selection or Selection()).run()
