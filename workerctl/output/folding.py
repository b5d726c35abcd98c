"""
The checks that neither passed nor failed: one line for all that wait for the same thing.
"""

import re
from collections.abc import Iterable, Iterator

from workerctl.output.lines import Line, line
from workerctl.report.results import Result, Status

_CHECK = r"([A-Z]{2,8}[0-9]{1,4}) (?:failed|crashed)"
_SETTINGS = r"(.+) (?:is|are) invalid (\(SET001\))"


def folded(results: Iterable[Result]) -> Iterator[Line]:
    """
    Yield a line for each reason, with the codes of its checks; a single check has its title.
    """
    groups: dict[tuple[Status, str | None], list[Result]] = {}
    for result in results:
        groups.setdefault((result.status, result.reason), []).append(result)
    for (status, reason), group in groups.items():
        yield unjudged_line(group[0]) if len(group) == 1 else _line_of(status, reason, group)


def unjudged_line(result: Result) -> Line:
    """
    Return the line of one check, with its title and the reason.
    """
    reason = "" if result.reason is None else f": {result.reason}"
    text = f" {result.title} ({words(result.status)}{reason})"
    return line(("– ", "dim"), (result.code, "dim"), text, indent=len(result.code) + 3)


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
