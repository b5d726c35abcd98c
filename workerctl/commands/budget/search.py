"""
The values that a numeric setting may have, counted in steps of one unit, and the search for one.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from workerctl.budget.arithmetic import MANY, Number, exact
from workerctl.report.records import Record

_TENTH = Fraction(1, 10)


class StepRange(Record):
    """
    The values N · `unit` of a setting, for every step N from `least` to `most`.

    `has_maximum` is true if the setting declares an upper bound. Without bounds, the values reach
    from 0 to MANY - 1.
    """

    unit: Fraction
    least: int
    most: int
    has_maximum: bool

    def number(self, step: int) -> int | float:
        """
        Return the value of a step.
        """
        return step if self.unit == 1 else float(step * self.unit)

    def text(self, step: int) -> str:
        """
        Return the value of a step as it is written in an env file.
        """
        return str(self.number(step)).removesuffix(".0")

    def below(self, value: Number) -> tuple[int, int]:
        """
        Return the path from a value down to the minimum, as its first and last step.
        """
        return ceil(exact(value) / self.unit), self.least

    def above(self, value: Number) -> tuple[int, int]:
        """
        Return the path from a value up to the maximum, as its first and last step.
        """
        return floor(exact(value) / self.unit), self.most


def step_range_of(info: FieldInfo, value: Number) -> StepRange:
    """
    Return the values that a setting may have: tenths if its value is a float, else whole numbers.
    """
    unit = _TENTH if isinstance(value, float) else Fraction(1)
    least, most, has_maximum = 0, floor((MANY - 1) / unit), False
    for bound in info.metadata:
        match bound:
            case Ge(ge=limit):
                least = ceil(_steps(limit, unit))
            case Gt(gt=limit):
                least = floor(_steps(limit, unit)) + 1
            case Le(le=limit):
                most, has_maximum = floor(_steps(limit, unit)), True
            case Lt(lt=limit):
                most, has_maximum = ceil(_steps(limit, unit)) - 1, True
            case _:
                pass
    return StepRange(unit, least, most, has_maximum)


def nearest(path: tuple[int, int], predicate: Callable[[int], bool]) -> int | None:
    """
    Return the nearest step that satisfies `predicate`, or None.

    `path` is the step to start from, which is not tried itself, and the last step. The predicate
    must be monotonic along the path: once it holds, it holds for all further steps.

        nearest((10, 0), lambda step: step <= 3)  # 3
    """
    start, end = path
    direction = 1 if start < end else -1
    length = abs(end - start)
    if not length or not predicate(end):
        return None
    # Search backwards from the end in strides that double, then bisect: the start may be a number
    # of thousands of digits, while the result is usually near the end.
    back = 1
    while back < length and predicate(end - direction * back):
        back *= 2
    first, last = max(1, length - back + 1), length - back // 2
    while first < last:
        middle = (first + last) // 2
        if predicate(start + direction * middle):
            last = middle
        else:
            first = middle + 1
    return start + direction * last


def _steps(limit: Any, unit: Fraction) -> Fraction:
    return exact(limit) / unit
