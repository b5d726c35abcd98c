"""
What `workerctl explain` can be asked, and how its answer is composed.
"""

from collections.abc import Iterable
from typing import NamedTuple

from workerctl.checks.base import Check
from workerctl.schema.declarations import Schema
from workerctl.schema.description import Setting


class Manual(NamedTuple):
    """
    The manual page of a check.
    """

    check: Check
    schema: Schema | None = None


class About(NamedTuple):
    """
    The page of a setting; `read_by` are the codes of the checks that look at it.
    """

    setting: Setting
    read_by: tuple[str, ...]


class Area(NamedTuple):
    """
    A list of checks, with a note on how to learn more if `has_note`.
    """

    checks: tuple[Check, ...]
    schema: Schema | None = None
    has_note: bool = True


class Group(NamedTuple):
    """
    A list of the settings of one group.
    """

    name: str
    settings: tuple[Setting, ...]


Answer = Iterable[Manual | About | Area | Group]
