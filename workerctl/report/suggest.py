"""
"Did you mean": how far a name is from the names that exist.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Key = TypeVar("Key")

_MINIMUM = 6
_RATIO = 0.85


def is_slip(name: str, known: str) -> bool:
    """
    Whether one insertion, deletion, substitution or swap of neighbours separates two names.

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


class NearMisses:
    """
    Finds the known name that an unknown one comes near to, without comparing it with all of them.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._known = [name for name in known if len(name) >= _MINIMUM]
        self._heads = _index(self._known, lambda name: _with_length(name, name[:2]))
        self._tails = _index(self._known, lambda name: _with_length(name, name[-2:]))
        self._trigrams: dict[str, list[str]] | None = None

    def slip(self, name: str) -> str | None:
        """
        The known name of at least six letters that is one slip away, or None.
        """
        head, tail = (name[:2], len(name)), (name[-2:], len(name))
        if head not in self._heads and tail not in self._tails:  # most names belong to others
            return None
        candidates = (*self._heads.get(head, ()), *self._tails.get(tail, ()))
        return next((known for known in candidates if is_slip(name, known)), None)

    def similar(self, name: str) -> str | None:
        """
        The known name whose similarity ratio is at least 0.85, or None.
        """
        if self._trigrams is None:  # who asks for slips alone does not need them
            self._trigrams = _index(self._known, _trigrams)
        shared = Counter(
            known for trigram in _trigrams(name) for known in self._trigrams.get(trigram, ())
        )
        # Edits that keep the ratio leave at least so many trigrams, and lengths as close as that.
        enough = len(name) / 5 - 2
        near = [
            known
            for known, count in shared.items()
            if count > enough and 2 * min(len(known), len(name)) >= _RATIO * len(known + name)
        ]
        return closest(name, near, _RATIO)


def closest(name: str, known: Iterable[str], ratio: float) -> str | None:
    """
    The most similar of the known names, if it is similar enough.
    """
    candidates = list(known)
    if not candidates:
        return None
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, candidates, n=1, cutoff=ratio)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """
    A hint for something typed wrong, or None when nothing comes near.
    """
    match = closest(name, known, 0.6)
    return None if match is None else f"Did you mean {match}?"


def _index(names: Iterable[str], keys_of: Callable[[str], Iterable[Key]]) -> dict[Key, list[str]]:
    found: dict[Key, list[str]] = {}
    for name in names:
        for key in keys_of(name):
            found.setdefault(key, []).append(name)
    return found


def _with_length(name: str, end: str) -> Iterator[tuple[str, int]]:
    """
    One slip leaves the first two or the last two letters as they are, and the length but for one.
    """
    yield from ((end, len(name) + change) for change in (-1, 0, 1))


def _trigrams(name: str) -> Iterator[str]:
    yield from {name[start : start + 3] for start in range(len(name) - 2)}
