"""
Lists of words in a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable


def listed(words: Iterable[str], conjunction: str = "and") -> str:
    """
    Return words as a list in a sentence; there is at least one.

        >>> listed(["A", "B", "C"]), listed(["A"]), listed(["A", "B"], "or")
        ('A, B and C', 'A', 'A or B')
    """
    *others, last = words
    return f"{', '.join(others)} {conjunction} {last}" if others else last
