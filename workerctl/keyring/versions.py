"""
The keys of a configuration by version: one is current, the others only decrypt.

`ENCRYPTION_KEY` is the current key, and `ENCRYPTION_KEY_VERSION` its version. `ENCRYPTION_KEY_V0`
to `ENCRYPTION_KEY_V255` are the others: older keys, and a key that was added but is not current
yet. This module needs only the standard library.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from workerctl import keys

if TYPE_CHECKING:
    from workerctl.settings import Settings
    from workerctl.sources.values import Values

CURRENT = "ENCRYPTION_KEY"
VERSION = "ENCRYPTION_KEY_VERSION"
FAMILY = "ENCRYPTION_KEY_V"
HIGHEST = 255
"""The highest version, because a token stores the version in one byte."""


class VersionedKey(NamedTuple):
    """
    A key, its version, and the variable that holds it. `text`, the key, may be malformed.
    """

    name: str
    version: int
    text: str

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


class KeyProblem(NamedTuple):
    """
    A problem of one key of a ring. In a message, `words` follow the name of the key.
    """

    key: VersionedKey
    words: str


def keys_of(texts: Mapping[str, str], version: int) -> Ring:
    """
    Return the keys among some variables: the current key first, then the others by version.

    `texts` maps names of variables to their values; other variables are ignored. `version` is the
    version of the current key.
    """
    others = [
        VersionedKey(name, int(number), text)
        for name, text in texts.items()
        if text and (number := number_of(name)) is not None
    ]
    others.sort(key=lambda key: (key.version, key.name))
    current = texts.get(CURRENT)
    return (*([VersionedKey(CURRENT, version, current)] if current else []), *others)


def configured_ring(values: "Values", settings: "Settings") -> Ring:
    """
    Return the keys of a configuration; `settings` has the version of the current key.
    """
    return keys_of(values.texts(), settings.ENCRYPTION_KEY_VERSION)


def number_of(name: str) -> str | None:
    """
    Return the digits after `ENCRYPTION_KEY_V`, or None for the name of any other variable.
    """
    number = name.removeprefix(FAMILY)
    is_number = number.isascii() and number.isdecimal()
    return number if is_number and name.startswith(FAMILY) else None


def name_of(version: int) -> str:
    """
    Return the variable for a key of this version while it is not the current key.
    """
    return f"{FAMILY}{version}"


def problems(ring: Iterable[VersionedKey]) -> Iterator[KeyProblem]:
    """
    Yield what prevents these keys from forming a ring. The form of the current key is not checked.

    The same key may be set twice under one version, because some workers name every version, the
    current one included.
    """
    seen: list[VersionedKey] = []
    for key in ring:
        words = None
        if key.name != CURRENT:
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
    texts = (key.text.lower().encode("utf-8", "surrogateescape") for key in (one, other))
    return hmac.compare_digest(*texts)
