"""
Map the names of variables to fields: exact, in another case, as `NAME_FILE`, an alias, deprecated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from workerctl.report.records import Record

_FILE = "_FILE"


class Spelling:
    """
    How a variable refers to its field. Within a source, the lowest one wins.

    The members are plain numbers, because creating an enumeration takes as long as two modules.
    """

    EXACT: Final = 0
    OTHER_CASE: Final = 1
    FILE: Final = 2
    DEPRECATED: Final = 3
    ALIAS: Final = 4


class Names(Record):
    """
    The names in a schema: its fields, which of them are secret, and the new names of old ones.

    `families` are the prefixes of further secret names, which end in a number: the other keys of a
    key ring. A secret field may be given as NAME_FILE unless `reads_files` is False; `files` are
    the other fields that may.

    `aliases` are further current names, the preferred ones first. `open_prefixes` begin names that
    belong to a field without being declared, such as those of the keys of a dictionary; the names
    after `secret_prefixes` are secret.
    """

    fields: frozenset[str]
    secrets: Collection[str]
    deprecated: Mapping[str, str]
    families: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = MappingProxyType({})
    open_prefixes: tuple[str, ...] = ()
    secret_prefixes: tuple[str, ...] = ()
    case_sensitive: bool = False
    reads_files: bool = True

    def resolve(self, name: str) -> tuple[str, int] | None:
        """
        Return the field that a variable sets, and how its name is spelled; None if it sets none.
        """
        found = self._exactly(name)
        if self.case_sensitive:
            return found
        for other in (name.upper(), name.lower()):
            if found is None and other != name:
                found = self._exactly(other)
                if found is not None and found[1] == Spelling.EXACT:
                    return found[0], Spelling.OTHER_CASE
        return found

    def candidates(self, variables: Iterable[str]) -> list[str]:
        """
        Return those of the variables that may set a field. Only they need to be resolved.

        An environment may be large, and most of it belongs to other programs.
        """
        in_files = (name + _FILE for name in self.fields)  # not only of secrets
        known = (*self.fields, *self.deprecated, *self.aliases, *in_files)
        spellings = frozenset(map(str.upper, known))
        names = list(variables)
        text = "\0".join(names).upper()
        # A single search of all names is fast, and usually finds no member of a family.
        prefixes = (*self.families, *map(str.upper, self.open_prefixes))
        families = prefixes if any(prefix in text for prefix in prefixes) else ()
        if not families:
            return [name for name in names if name.upper() in spellings]
        return [
            name
            for name in names
            if (upper := name.upper()) in spellings or upper.startswith(families)
        ]

    def is_secret(self, name: str) -> bool:
        """
        Return whether a field is secret.
        """
        return (
            name in self.secrets or name.startswith(self.secret_prefixes) or self.is_in_family(name)
        )

    def _exactly(self, name: str) -> tuple[str, int] | None:
        if name in self.fields or self.is_in_family(name):
            return name, Spelling.EXACT
        if name in self.deprecated:
            return self.deprecated[name], Spelling.DEPRECATED
        if name in self.aliases:
            return self.aliases[name], Spelling.ALIAS
        if name.startswith(self.open_prefixes):
            return name, Spelling.EXACT
        if not self.reads_files:
            return None
        base, suffix = name[: -len(_FILE)], name[-len(_FILE) :]
        if suffix.upper() == _FILE and (self.is_secret(base) or base in self.files):
            return base, Spelling.FILE
        return None

    def is_in_family(self, name: str) -> bool:
        """
        Return whether a variable is a further secret: a family and a number.
        """
        if not name.startswith(self.families):
            return False
        numbers = (name.removeprefix(family) for family in self.families)
        return any(re.fullmatch("[0-9]{1,3}", number) for number in numbers)
