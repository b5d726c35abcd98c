"""
The selection of checks by `--select` and `--ignore`, which take codes or prefixes of codes.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from workerctl.report.errors import UsageError
from workerctl.report.findings import ALWAYS
from workerctl.report.suggest import did_you_mean

_CODE = r"[A-Za-z]{1,8}[0-9]{0,4}"


class Selection(NamedTuple):
    """
    The selected and the ignored codes. An empty `selected` means all; `ignored` takes precedence.
    """

    selected: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()

    def includes(self, code: str) -> bool:
        """
        Return whether the check appears in the report, as a result or as ignored.
        """
        return not self.selected or code in self.selected or code in ALWAYS


def select(codes: Iterable[str], selected: Iterable[str], ignored: Iterable[str]) -> Selection:
    """
    Return the selection of two options, each with lists of comma-separated codes or prefixes.

    Raises UsageError for a code that does not exist, or if a code in ALWAYS is ignored.
    """
    known = tuple(codes)
    selection = Selection(_resolve(known, selected), _resolve(known, ignored))
    for code in sorted(selection.ignored & ALWAYS):
        raise UsageError(
            f"{code} cannot be ignored, because no other result is meaningful without it.",
            "Ignore the other codes one by one.",
        )
    return selection


def require_code(codes: Iterable[str], code: str) -> None:
    """
    Raise UsageError unless the code exists. The message repeats it only if it looks like a code.
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
