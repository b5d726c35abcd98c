"""
Keys that a platform refuses, because they are almost those that it knows.
"""

from collections.abc import Iterable

from workerctl.report.suggest import closest

_RATIO = 0.8
_MOST_MORE = 3


def table(text: str) -> frozenset[str]:
    """
    Return the words of a text.
    """
    return frozenset(text.split())


def misspelled(keys: Iterable[str], known: frozenset[str]) -> dict[str, str]:
    """
    Return those keys that are almost known ones, each with the one that is meant.

        >>> misspelled(["enviroment", "image", "x-own"], frozenset({"environment", "image"}))
        {'enviroment': 'environment'}

    A key that is like no other may be one of a later version of the platform. A name of letters
    that is so much like another one contains no secret, and may be shown.
    """
    unknown = [key for key in keys if key not in known and key.replace("_", "").isalpha()]
    if not unknown:
        return {}
    lower = {each.lower(): each for each in known}
    found = {key: closest(key.lower(), lower, _RATIO) for key in unknown}
    return {
        key: lower[near]
        for key, near in found.items()
        if near is not None and abs(len(near) - len(key)) <= _MOST_MORE
    }
