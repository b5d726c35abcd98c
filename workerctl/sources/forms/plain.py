"""
The quick look at a value: whether it needs a closer one, for which tables have to be imported.
"""

from __future__ import annotations

_ORDINARY_SCHEMES = (
    "https://",
    "http://",
    "rediss://",
    "redis://",
    "postgresql://",
    "amqps://",
    "amqp://",
    "mongodb://",
    "wss://",
)
# Every reference and every text of a missing value contains one of _MARKS or _WORDS, begins with
# one of _BEGINNINGS, or has a colon after a scheme that is not ordinary.
_MARKS = frozenset("$({[}%<`")
_BEGINNINGS = frozenset("@!")
_WORDS = (
    *("secret", "credentials", "ref", "env", "-----begin", "undefined", "null", "none", "nil"),
    *("nan", "unknown", "nothing", "n/a", "optional.empty", "system.object"),
)
# What has been left around a value, or separates its items wrongly, has one of these characters.
_LITTER = frozenset("\"'`=#\\;|{}[]()&% ")
_SHORTEST_PASTED = 16


def is_plain(text: str) -> bool:
    """
    Return whether a text is printable ASCII without a blank at its ends: any header can carry it.
    """
    return text.isascii() and text.isprintable() and text[:1] != " " and text[-1:] != " "


def is_twice(text: str) -> bool:
    """
    Return whether a text consists of two equal halves, as a key does that was pasted twice.

        >>> list(map(is_twice, ("zubSMknJxdnPeFn7" * 2, "zubSMknJxdnPeFn7", "abcabc")))
        [True, False, False]
    """
    half = len(text) // 2
    return half >= _SHORTEST_PASTED and text[:half] == text[half:]


def is_bare(text: str) -> bool:
    """
    Return whether nothing can have been left around a text or among its items.

    It has no quotes, comment, name, scheme of a header or other separator than a comma, and was not
    pasted twice.

        >>> list(map(is_bare, ("fast,slow", "https://api.example.net/v1", "fast;slow", "'60'")))
        [True, True, False, False]
    """
    if not is_plain(text) or not _LITTER.isdisjoint(text):
        return False
    if ":" in text and not text.startswith(_ORDINARY_SCHEMES):
        return False
    return ",," not in text and text[:1] != "," and text[-1:] != "," and not is_twice(text)


def may_refer(text: str) -> bool:
    """
    Return whether a text may be a reference, or the text of a missing value.

        >>> list(map(may_refer, ("rediss://cache.internal:6380/0", "op://vault/item/field", "60")))
        [False, True, False]
    """
    if not _MARKS.isdisjoint(text) or text[:1] in _BEGINNINGS:
        return True
    if ":" in text and not text.startswith(_ORDINARY_SCHEMES):
        return True
    return any(map(text.lower().__contains__, _WORDS))  # faster than a generator
