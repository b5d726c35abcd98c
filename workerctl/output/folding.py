"""
The checks that neither passed nor failed: one line for all that wait for the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from workerctl.output.lines import Line, Style, line
from workerctl.report.results import Result, Status

_CHECK = r"([A-Z]{2,8}[0-9]{1,4}) (?:failed|crashed)"
_SETTINGS = r"(.+) (?:is|are) invalid (\(SET001\))"

_SIGNS: dict[Status, tuple[str, Style]] = {
    Status.PASSED: ("✓", "green"),
    Status.CRASHED: ("✗", "red"),
}


def folded(results: Iterable[Result]) -> Iterator[Line]:
    """
    Yield a line for each reason, with the codes of its checks; a single check has its title.
    """
    groups: dict[tuple[Status, str | None, str], list[Result]] = {}
    for result in results:
        # A crash is always shown by itself.
        alone = result.code if result.status is Status.CRASHED else ""
        groups.setdefault((result.status, result.reason, alone), []).append(result)
    for (status, reason, _), group in groups.items():
        yield check_line(group[0]) if len(group) == 1 else _line_of(status, reason, group)


def check_line(result: Result) -> Line:
    """
    Return the line of one check, with its title and the reason.
    """
    sign, style = _SIGNS.get(result.status, ("–", "dim"))
    reason = "" if result.reason is None else f" ({words(result.status)}: {result.reason})"
    text = f" {result.title}{reason}"
    return line((f"{sign} ", style), (result.code, style), text, indent=len(result.code) + 3)


def words(status: Status) -> str:
    """
    Return a status as a report writes it.
    """
    return status.value.replace("_", " ")


def _line_of(status: Status, reason: str | None, group: list[Result]) -> Line:
    codes = " ".join(result.code for result in group)
    head = f"{len(group)} checks {_ended(status, reason)}: "
    return line(("– ", "dim"), head, (codes, "dim"), indent=2)


def _ended(status: Status, reason: str | None) -> str:
    for_check = re.fullmatch(_CHECK, reason or "")
    if for_check is not None:
        return f"wait for {for_check[1]}"
    for_settings = re.fullmatch(_SETTINGS, reason or "")
    if for_settings is not None:
        return f"wait for {for_settings[1]} {for_settings[2]}"
    return words(status) if reason is None else f"{words(status)} ({reason})"
