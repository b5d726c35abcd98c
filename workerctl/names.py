"""
Which variable names set which field: the exact name, another case, `NAME_FILE`, a deprecated one.
"""

import enum
import re
from collections.abc import Mapping
from typing import NamedTuple

_FILE = "_FILE"


class Spelling(enum.IntEnum):
    """
    How a variable names its field; within one source the lowest wins.
    """

    EXACT = 0
    OTHER_CASE = 1
    FILE = 2
    DEPRECATED = 3


class Names(NamedTuple):
    """
    The names that the schema knows: its fields, which of them are secret, old name → new name.

    `families` begin further secret names, each followed by a number: the older keys of a ring.
    """

    fields: frozenset[str]
    secrets: frozenset[str]
    deprecated: Mapping[str, str]
    families: tuple[str, ...] = ()

    def resolve(self, name: str) -> tuple[str, Spelling] | None:
        """
        The field that a variable of this name sets, and how it is spelled; None when unknown.
        """
        found = self._exactly(name)
        for other in (name.upper(), name.lower()):
            if found is None and other != name:
                found = self._exactly(other)
                if found is not None and found[1] is Spelling.EXACT:
                    return found[0], Spelling.OTHER_CASE
        return found

    def spellings(self) -> frozenset[str]:
        """
        Every name that may set a field, in capitals; members of the families aside.

        What is not among them need not be resolved: most of an environment belongs to others.
        """
        names = (*self.fields, *self.deprecated, *(name + _FILE for name in self.secrets))
        return frozenset(map(str.upper, names))

    def is_secret(self, name: str) -> bool:
        """
        Whether the field holds a secret.
        """
        return name in self.secrets or self._in_family(name)

    def _exactly(self, name: str) -> tuple[str, Spelling] | None:
        if name in self.fields or self._in_family(name):
            return name, Spelling.EXACT
        if name in self.deprecated:
            return self.deprecated[name], Spelling.DEPRECATED
        base, suffix = name[: -len(_FILE)], name[-len(_FILE) :]
        if suffix.upper() == _FILE and self.is_secret(base):
            return base, Spelling.FILE
        return None

    def _in_family(self, name: str) -> bool:
        if not name.startswith(self.families):
            return False
        numbers = (name.removeprefix(family) for family in self.families)
        return any(re.fullmatch("[0-9]{1,3}", number) for number in numbers)
