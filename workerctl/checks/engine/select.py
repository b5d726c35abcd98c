"""
The selection of checks by `--select` and `--ignore`, which take codes or prefixes of codes.
"""

from __future__ import annotations

from collections.abc import Iterable

from workerctl.report.errors import UsageError
from workerctl.report.findings import ALWAYS
from workerctl.report.records import Record
from workerctl.report.suggest import did_you_mean


class Selection(Record):
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

    They are written in any case. Raises UsageError for a code that does not exist, or if a code in
    ALWAYS is ignored.
    """
    known = tuple(codes)
    selection = Selection(_resolve(known, selected), _resolve(known, ignored))
    for code in sorted(selection.ignored & ALWAYS):
        others = [other for other in known if other in selection.ignored - ALWAYS]
        raise UsageError(
            f"{code} cannot be ignored, because no other result is meaningful without it.",
            f"Use --ignore {','.join(others)}." if others else "Drop it from --ignore.",
        )
    return selection


def under(codes: Iterable[str], prefix: str) -> list[str]:
    """
    Return the codes that a code or a prefix stands for, in any case.
    """
    return [code for code in codes if code.startswith(prefix.upper())]


def require_code(codes: Iterable[str], code: str, who: str = "") -> None:
    """
    Raise UsageError unless the code exists. The message repeats it only if it looks like a code.

    `who` is a place and a verb, such as "deploy/base.env:3 names".
    """
    known = tuple(codes)
    if code in known:
        return
    from workerctl.secrecy.typed import may_repeat

    shown = f"code {code}" if may_repeat(code) else "such code"
    clause = f", which {who}" if who else ""
    raise UsageError(f"There is no {shown}{clause}.", did_you_mean(code.upper(), known))


def _resolve(known: tuple[str, ...], options: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for option in options:
        for code in filter(None, map(str.strip, option.split(","))):
            matches = under(known, code)
            if not matches:
                require_code(known, code)
            found.update(matches)
    return frozenset(found)
