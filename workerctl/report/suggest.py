"""
"Did you mean": find the known name that is closest to an unknown one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Key = TypeVar("Key")

_MINIMUM = 6
_RATIO = 0.85


def is_slip(name: str, known: str) -> bool:
    """
    Return whether two names differ by one insertion, deletion, substitution or transposition.

    That is a Damerau-Levenshtein distance of exactly 1.
    """
    if name == known or abs(len(name) - len(known)) > 1:
        return False
    start = 0
    while start < min(len(name), len(known)) and name[start] == known[start]:
        start += 1
    one, other = name[start:], known[start:]
    if len(one) != len(other):
        longer, shorter = (one, other) if len(one) > len(other) else (other, one)
        return longer[1:] == shorter
    return one[1:] == other[1:] or (one[:2] == other[1::-1] and one[2:] == other[2:])


def is_transposition(name: str, known: str) -> bool:
    """
    Return whether two names of one slip differ by two neighbours that changed places.
    """
    return len(name) == len(known) and sorted(name) == sorted(known)


class NearMisses:
    """
    Finds the known name that is closest to an unknown one, without comparing it with each of them.

    The result does not depend on the order of the known names.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._known = sorted(name for name in known if len(name) >= _MINIMUM)
        self._heads = _index(self._known, lambda name: _with_length(name, name[:2]))
        self._tails = _index(self._known, lambda name: _with_length(name, name[-2:]))
        self._trigrams: dict[str, list[str]] | None = None

    def slip(self, name: str) -> str | None:
        """
        Return the known name of at least six characters that is one slip away, or None.

        Of several ones, a transposition is the most likely, and a substitution the least.
        """
        head, tail = (name[:2], len(name)), (name[-2:], len(name))
        if head not in self._heads and tail not in self._tails:  # true for most names
            return None
        candidates = (*self._heads.get(head, ()), *self._tails.get(tail, ()))
        slips = sorted({known for known in candidates if is_slip(name, known)})
        return min(slips, key=lambda known: _likelihood(name, known), default=None)

    def similar(self, name: str) -> str | None:
        """
        Return the known name whose similarity ratio is at least 0.85, or None.
        """
        if self._trigrams is None:  # not needed for slips
            self._trigrams = _index(self._known, _trigrams)
        shared = Counter(
            known for trigram in _trigrams(name) for known in self._trigrams.get(trigram, ())
        )  # in no fixed order: `closest` sorts
        # A ratio of 0.85 implies at least this many common trigrams, and similar lengths.
        enough = len(name) / 5 - 2
        near = [
            known
            for known, count in shared.items()
            if count > enough and 2 * min(len(known), len(name)) >= _RATIO * len(known + name)
        ]
        return closest(name, near, _RATIO)


def closest(name: str, known: Iterable[str], ratio: float) -> str | None:
    """
    Return the most similar known name if its similarity ratio is at least `ratio`, or None.
    """
    candidates = sorted(known)
    if not candidates:
        return None
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, candidates, n=1, cutoff=ratio)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """
    Return a hint that suggests a similar known name, or None if there is not one.
    """
    match = closest(name, known, 0.6)
    return None if match is None else f"Did you mean {match}?"


def _likelihood(name: str, known: str) -> int:
    if len(name) != len(known):
        return 1
    return 0 if is_transposition(name, known) else 2


def _index(names: Iterable[str], keys_of: Callable[[str], Iterable[Key]]) -> dict[Key, list[str]]:
    found: dict[Key, list[str]] = {}
    for name in names:
        for key in keys_of(name):
            found.setdefault(key, []).append(name)
    return found


def _with_length(name: str, end: str) -> Iterator[tuple[str, int]]:
    """
    Yield index keys for one end of a name.

    A slip leaves the first two or the last two characters unchanged, and changes the length by at
    most one.
    """
    yield from ((end, len(name) + change) for change in (-1, 0, 1))


def _trigrams(name: str) -> Iterator[str]:
    yield from {name[start : start + 3] for start in range(len(name) - 2)}
