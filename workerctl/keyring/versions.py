"""
The keys of a configuration by version: one is current, the others only decrypt.

Standard library only. `ENCRYPTION_KEY` is the current key, `ENCRYPTION_KEY_VERSION` its version;
`ENCRYPTION_KEY_V0` to `ENCRYPTION_KEY_V255` are the others: older ones, and one that was added and
is not current yet.
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
"""The highest version: it is one byte of a token."""


class VersionedKey(NamedTuple):
    """
    A key, its version, and the variable that holds it. `text` is the key, well-formed or not.
    """

    name: str
    version: int
    text: str

    def __repr__(self) -> str:
        return f"VersionedKey({self.name})"

    @property
    def id(self) -> str | None:
        """
        The key's public name; None for a key that is malformed or weak, which has none.
        """
        try:
            return keys.key_id(self.text)
        except ValueError:
            return None

    @property
    def title(self) -> str:
        """
        How people call the key: by its version and its id, which a weak key has not.
        """
        return f"version {self.version} ({self.id or 'without id'})"


Ring = tuple[VersionedKey, ...]
"""The keys of a configuration, the current one first, if there is one."""


class KeyProblem(NamedTuple):
    """
    What is wrong with one key of a ring, to be read after its name.
    """

    key: VersionedKey
    words: str


def keys_of(texts: Mapping[str, str], version: int) -> Ring:
    """
    The keys among variables and their texts: the current one first, the others by version.

    `version` is that of the current key. Variables that hold no key of the ring are passed over.
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
    Return the keys of a configuration, whose current version the settings name.
    """
    return keys_of(values.texts(), settings.ENCRYPTION_KEY_VERSION)


def number_of(name: str) -> str | None:
    """
    The digits behind `ENCRYPTION_KEY_V`; None for any other variable, a team's own family too.
    """
    number = name.removeprefix(FAMILY)
    is_number = number.isascii() and number.isdecimal()
    return number if is_number and name.startswith(FAMILY) else None


def name_of(version: int) -> str:
    """
    The variable that holds a key of this version when it is not the current one.
    """
    return f"{FAMILY}{version}"


def problems(ring: Iterable[VersionedKey]) -> Iterator[KeyProblem]:
    """
    What keeps these keys from being a ring; form and strength of the current one aside.

    The same key twice under the same version is none: some workers name every version.
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
            return f"is the key of version {other.version}, too"
        if not is_same and key.version == other.version:
            return f"is a second key of version {other.version}"
    return None


def weakness(key: VersionedKey) -> str | None:
    """
    Why a key can be guessed, to be read after its name; None when it is strong or malformed.
    """
    return None if keys.form_problem(key.text) else keys.weakness(key.text)


def is_same_key(one: VersionedKey, other: VersionedKey) -> bool:
    """
    Whether two variables hold the same key, in whichever case of its letters.
    """
    texts = (key.text.lower().encode("utf-8", "surrogateescape") for key in (one, other))
    return hmac.compare_digest(*texts)
