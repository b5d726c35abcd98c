"""
What `workerctl explain` can be asked, and how its answer is composed.
"""

from __future__ import annotations

from collections.abc import Iterable

from workerctl.checks.base import Check
from workerctl.report.records import Record
from workerctl.schema.declarations import Schema
from workerctl.schema.description import Setting


class Manual(Record):
    """
    The manual page of a check.
    """

    check: Check
    schema: Schema | None = None


class About(Record):
    """
    The page of a setting.

    `default` is what may be shown of its default, and `read_by` are the codes of the checks that
    look at it.
    """

    setting: Setting
    default: str
    read_by: tuple[str, ...]


class Area(Record):
    """
    A list of checks, with a note on how to learn more if `has_note`.
    """

    checks: tuple[Check, ...]
    schema: Schema | None = None
    has_note: bool = True


class Group(Record):
    """
    A list of the settings of one group.
    """

    name: str
    settings: tuple[Setting, ...]


Answer = Iterable[Manual | About | Area | Group]
