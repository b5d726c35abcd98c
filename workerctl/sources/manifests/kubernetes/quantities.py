"""
Quantities of Kubernetes, such as the limit of memory.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

_FORM = re.compile(
    r"\+?([0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:([numkMGTPE]|[KMGTPE]i)?|[eE]([-+]?[0-9]{1,2}))"
)
_POWERS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = "KMGTPE"
_LARGEST = 2**63 - 1


def in_units(text: str) -> int | None:
    """
    Return a quantity as a whole number, rounded up, or None if it is not one.

        >>> in_units("1.5Gi"), in_units("129M"), in_units("128974848000m"), in_units("1GB")
        (1610612736, 129000000, 128974848, None)
    """
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    number, suffix, exponent = found.groups()
    if suffix is not None and suffix.endswith("i"):
        factor = Fraction(1024) ** (_BINARY.index(suffix[0]) + 1)
    else:
        factor = Fraction(10) ** (_POWERS[suffix] if suffix else int(exponent or 0))
    return min(math.ceil(Fraction(number) * factor), _LARGEST)
