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
    schema.VALUES,
    schema.FILE_NAMES,
    schema.ENVIRONMENT_NAMES,
    schema.ONCE,
    envfiles.ASSIGNMENTS,
    schema.CURRENT,
    envfiles.PRIVATE,
    envfiles.UNTRACKED,
    envfiles.PORTABLE,
    environment.NAME,
    environment.REQUIRED,
    environment.DEBUG,
    environment.REAL,
    environment.ENCRYPTED,
    environment.ORIGINS,
    environment.DISTINCT,
    encryption.PRESENT,
    encryption.FORM,
    encryption.STRENGTH,
    encryption.ROUND_TRIP,
    continuity.RING,
    continuity.CANARY,
    continuity.ROTATION,
    timeouts.CONNECT,
    timeouts.BACKOFF,
    timeouts.INTERVALS,
    budget.WORST_CASE,
    budget.LLM_RETRIES,
    budget.EMBEDDING_RETRIES,
    budget.DEPLOYS,
    chunking.OVERLAP,
    chunking.MODEL,
    chunking.SECTIONS,
    logs.LEVEL,
    logs.SWITCHES,
    suppressions.CURRENT,
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
