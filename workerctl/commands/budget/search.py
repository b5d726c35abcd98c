"""
The values that a numeric setting may have, in steps of one unit, and the search among them.
"""

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from workerctl.budget.arithmetic import MANY, Number, exact

_TENTH = Fraction(1, 10)


class Scale(NamedTuple):
    """
    From `least` to `most` steps of a unit; `ends` tells whether the setting itself has that end.

    Where it has none, nothing is less than 0, and nobody waits for a billion seconds.
    """

    unit: Fraction
    least: int
    most: int
    ends: bool

    def number(self, step: int) -> int | float:
        """
        The value that so many steps are.
        """
        return step if self.unit == 1 else float(step * self.unit)

    def text(self, step: int) -> str:
        """
        The value as an env file has it.
        """
        return str(self.number(step)).removesuffix(".0")

    def below(self, value: Number) -> tuple[int, int]:
        """
        The way from a value down to the end.
        """
        return ceil(exact(value) / self.unit), self.least

    def above(self, value: Number) -> tuple[int, int]:
        """
        The way from a value up to the end.
        """
        return floor(exact(value) / self.unit), self.most


def scale_of(info: FieldInfo, value: Number) -> Scale:
    """
    The scale of a setting that has this value: whole numbers, or tenths.
    """
    unit = _TENTH if isinstance(value, float) else Fraction(1)
    least, most, ends = 0, floor((MANY - 1) / unit), False
    for bound in info.metadata:
        match bound:
            case Ge(ge=limit):
                least = ceil(_steps(limit, unit))
            case Gt(gt=limit):
                least = floor(_steps(limit, unit)) + 1
            case Le(le=limit):
                most, ends = floor(_steps(limit, unit)), True
            case Lt(lt=limit):
                most, ends = ceil(_steps(limit, unit)) - 1, True
            case _:
                pass
    return Scale(unit, least, most, ends)


def nearest(way: tuple[int, int], does: Callable[[int], bool]) -> int | None:
    """
    The first step of a way that does; all that come after it do so as well, or none does.
    """
    start, end = way
    direction = 1 if start < end else -1
    length = abs(end - start)
    if not length or not does(end):
        return None
    # From the end, in strides that double: a value without a bound may be thousands of digits away
    # from the small one that does.
    back = 1
    while back < length and does(end - direction * back):
        back *= 2
    first, last = max(1, length - back + 1), length - back // 2
    while first < last:
        middle = (first + last) // 2
        if does(start + direction * middle):
            last = middle
        else:
            first = middle + 1
    return start + direction * last


def _steps(limit: Any, unit: Fraction) -> Fraction:
    return exact(limit) / unit
