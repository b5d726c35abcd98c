"""
The ordered table of checks.

To add a check, write a function in the module of its subject, a line in CHECKS and a test.
"""

from __future__ import annotations

from collections.abc import Iterable

from workerctl.checks import (
    budget,
    chunking,
    environment,
    logs,
    schema,
    suppressions,
    timeouts,
)
from workerctl.checks.base import Check
from workerctl.checks.deploy import brokers, contents, workers
from workerctl.checks.files import dialects, envfiles
from workerctl.checks.keys import continuity, encryption
from workerctl.checks.values import (
    endpoints,
    expansions,
    forms,
    names,
    placeholders,
    references,
    shared_secrets,
    urls,
)

CHECKS: tuple[Check, ...] = (
    schema.SET001,
    names.SET002,
    names.SET003,
    schema.SET004,
    envfiles.SET005,
    schema.SET006,
    envfiles.SET007,
    envfiles.SET008,
    dialects.SET009,
    envfiles.SET010,
    expansions.SET011,
    environment.ENV001,
    environment.ENV002,
    environment.ENV003,
    placeholders.ENV004,
    endpoints.ENV005,
    environment.ENV006,
    environment.ENV007,
    environment.ENV008,
    references.REF001,
    references.REF002,
    forms.FRM001,
    forms.FRM002,
    forms.FRM003,
    forms.FRM004,
    forms.FRM005,
    urls.URL001,
    urls.URL002,
    urls.URL003,
    encryption.KEY001,
    encryption.KEY002,
    encryption.KEY003,
    encryption.KEY004,
    continuity.KEY005,
    continuity.KEY006,
    continuity.KEY007,
    shared_secrets.SEC001,
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
    brokers.DEP001,
    brokers.DEP002,
    workers.DEP003,
    workers.DEP004,
    workers.DEP005,
    brokers.DEP006,
    workers.DEP007,
    contents.DEP008,
    contents.DEP009,
    contents.DEP010,
    suppressions.SUP001,
)


def table(team_checks: Iterable[Check] = ()) -> tuple[Check, ...]:
    """
    Return CHECKS with a team's own checks before the last one, which needs all other results.
    """
    return (*CHECKS[:-1], *team_checks, CHECKS[-1])
