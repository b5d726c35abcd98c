"""
Keys that a platform refuses, because they are almost those that it knows.
"""

from __future__ import annotations

from collections.abc import Iterable

from workerctl.report.suggest import closest
from workerctl.sources.manifests.containers import Fact
from workerctl.sources.manifests.documents import Node

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


def corrected(node: Node, known: frozenset[str], what: str) -> tuple[Node, list[Fact[str]]]:
    """
    Return an object of Kubernetes with its misspelled keys as meant, and a remark on each of them.

    The rest is judged as if they were right. `what` is what the keys belong to, in words.
    """
    entries = dict(node.entries)
    wrong = misspelled(entries, known)
    if not wrong:
        return node, []
    remarks = [
        Fact(
            f"kubectl refuses the key {key} of the {what}.",
            entries[key].location,
            f"Did you mean {meant}?",
        )
        for key, meant in wrong.items()
    ]
    for key, meant in wrong.items():
        entries.setdefault(meant, entries[key])
    return node.replace(value=entries), remarks
