"""
Which checks a run is about: codes or prefixes, selected or ignored.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from workerctl.errors import UsageError
from workerctl.report.suggest import did_you_mean

ALWAYS = frozenset({"SET001", "ENV001"})
"""Without these two no other verdict means anything: they run in every selection."""

_CODE = r"[A-Za-z]{1,8}[0-9]{0,4}"


class Selection(NamedTuple):
    """
    The codes of a run; an empty `selected` means all. Ignoring beats selecting.
    """

    selected: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()

    def includes(self, code: str) -> bool:
        """
        Whether the check belongs to the run at all.
        """
        return not self.selected or code in self.selected or code in ALWAYS


def select(codes: Iterable[str], selected: Iterable[str], ignored: Iterable[str]) -> Selection:
    """
    The selection that two options describe, each a list of comma-separated codes or prefixes.

    Raises UsageError for a code that does not exist, and for ignoring what always runs.
    """
    known = tuple(codes)
    selection = Selection(_resolve(known, selected), _resolve(known, ignored))
    for code in sorted(selection.ignored & ALWAYS):
        raise UsageError(
            f"{code} cannot be ignored: no other verdict would mean anything.",
            "Ignore the other codes one by one.",
        )
    return selection


def require_code(codes: Iterable[str], code: str) -> None:
    """
    Raise UsageError unless the code exists; one that is no code at all is not repeated.
    """
    known = tuple(codes)
    if code in known:
        return
    shown = f"code {code}" if re.fullmatch(_CODE, code, re.ASCII) else "such code"
    raise UsageError(f"There is no {shown}.", did_you_mean(code.upper(), known))


def _resolve(known: tuple[str, ...], options: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for option in options:
        for code in filter(None, map(str.strip, option.split(","))):
            matches = [name for name in known if name.startswith(code)]
            if not matches:
                require_code(known, code)
            found.update(matches)
    return frozenset(found)
