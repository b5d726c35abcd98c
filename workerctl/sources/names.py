"""
Which variable names set which field: the exact name, another case, `NAME_FILE`, a deprecated one.
"""

import enum
import re
from collections.abc import Iterable, Mapping
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

    `families` begin further secret names, each followed by a number: the other keys of a ring.
    `files` are the names that are no secrets and may be given as NAME_FILE, as every secret may.
    """

    fields: frozenset[str]
    secrets: frozenset[str]
    deprecated: Mapping[str, str]
    families: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()

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

    def candidates(self, variables: Iterable[str]) -> list[str]:
        """
        Those of the variables that may set a field; the others need not be resolved.

        Most of an environment belongs to other programs, and it may be large.
        """
        in_files = (name + _FILE for name in (*self.secrets, *self.files))
        known = (*self.fields, *self.deprecated, *in_files)
        spellings = frozenset(map(str.upper, known))
        names = list(variables)
        text = "\0".join(names).upper()
        # one look at all of them, for most have no member of a family
        families = self.families if any(family in text for family in self.families) else ()
        if not families:
            return [name for name in names if name.upper() in spellings]
        return [
            name
            for name in names
            if (upper := name.upper()) in spellings or upper.startswith(families)
        ]

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
        if suffix.upper() == _FILE and (self.is_secret(base) or base in self.files):
            return base, Spelling.FILE
        return None

    def _in_family(self, name: str) -> bool:
        if not name.startswith(self.families):
            return False
        numbers = (name.removeprefix(family) for family in self.families)
        return any(re.fullmatch("[0-9]{1,3}", number) for number in numbers)
