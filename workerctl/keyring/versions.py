"""
The keys of a configuration by version: one is current, the others only decrypt.

A variable such as `ENCRYPTION_KEY` holds the current key. The variables with the same name and a
version, `ENCRYPTION_KEY_V0` to `ENCRYPTION_KEY_V255`, hold the others: older keys, and a key that
was added but is not current yet. This module needs only the standard library.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping

from workerctl import keys
from workerctl.report.records import Record

CURRENT = "ENCRYPTION_KEY"
VERSION = "ENCRYPTION_KEY_VERSION"
"""The variables of the built-in schema, which `workerctl keygen` writes."""

HIGHEST = 255
"""The highest version, because a token stores the version in one byte."""


class VersionedKey(Record):
    """
    A key, its version, and the variable that holds it. `text`, the key, may be malformed.

    `is_current` is true for the key that encrypts.
    """

    name: str
    version: int
    text: str
    is_current: bool = False

    def __repr__(self) -> str:
        return f"VersionedKey({self.name})"

    @property
    def id(self) -> str | None:
        """
        The id of the key, which may be shown; None if the key is malformed or weak.
        """
        try:
            return keys.key_id(self.text)
        except ValueError:
            return None

    @property
    def title(self) -> str:
        """
        The name of the key in messages: its version and its id.
        """
        return f"version {self.version} ({self.id or 'without id'})"


Ring = tuple[VersionedKey, ...]
"""The keys of a configuration: the current key first, if it is set, then the others by version."""


class KeyProblem(Record):
    """
    A problem of one key of a ring. In a message, `words` follow the name of the key.
    """

    key: VersionedKey
    words: str


def family(name: str) -> str:
    """
    Return what the variables of the older keys begin with; a version follows.
    """
    return f"{name}_V"


def keys_of(texts: Mapping[str, str], version: int, current: str = CURRENT) -> Ring:
    """
    Return the keys among some variables: the current key first, then the others by version.

    `texts` maps names of variables to their values; other variables are ignored. `version` is the
    version of the current key, and `current` the variable that holds it.
    """
    others = [
        VersionedKey(name, int(number), text)
        for name, text in texts.items()
        if text and (number := number_of(name, current)) is not None
    ]
    others.sort(key=lambda key: (key.version, key.name))
    key = texts.get(current)
    first = [VersionedKey(current, version, key, is_current=True)] if key else []
    return (*first, *others)


def number_of(name: str, current: str = CURRENT) -> str | None:
    """
    Return the digits after the family of a key, or None for the name of any other variable.
    """
    number = name.removeprefix(family(current))
    is_number = number.isascii() and number.isdecimal()
    return number if is_number and name.startswith(family(current)) else None


def name_of(version: int, current: str = CURRENT) -> str:
    """
    Return the variable for a key of this version while it is not the current key.
    """
    return f"{family(current)}{version}"


def problems(ring: Iterable[VersionedKey]) -> Iterator[KeyProblem]:
    """
    Yield what prevents these keys from forming a ring. The form of the current key is not checked.

    The same key may be set twice under one version, because some workers name every version, the
    current one included.
    """
    seen: list[VersionedKey] = []
    for key in ring:
        words = None
        if not key.is_current:
            words = _problem(key) or _contradiction(key, seen)
        if words is not None:
            yield KeyProblem(key, words)
        else:
            seen.append(key)


def _problem(key: VersionedKey) -> str | None:
    if key.version > HIGHEST:
        return f"has a version above {HIGHEST}"
    return keys.form_problem(key.text)


def _contradiction(key: VersionedKey, seen: Iterable[VersionedKey]) -> str | None:
    for other in seen:
        is_same = is_same_key(key, other)
        if is_same and key.version != other.version:
            return f"is the same key as version {other.version}"
        if not is_same and key.version == other.version:
            return f"is a second, different key of version {other.version}"
    return None


def weakness(key: VersionedKey) -> str | None:
    """
    Return why a key can be guessed, as words after its name; None if it is strong or malformed.
    """
    return None if keys.form_problem(key.text) else keys.weakness(key.text)


def is_same_key(one: VersionedKey, other: VersionedKey) -> bool:
    """
    Return whether two variables hold the same key, ignoring the case of its letters.
    """
    texts = (key.text.lower().encode("utf-8", "surrogatepass") for key in (one, other))
    return hmac.compare_digest(*texts)
