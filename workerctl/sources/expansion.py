"""
Expand `${NAME}` and `${NAME:-default}` in env file values as python-dotenv does, within limits.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, MutableMapping

from dotenv.variables import Variable, parse_variables

RESULT_LIMIT = 64 * 1024
"""The maximum number of characters in one expanded value."""
TOTAL_LIMIT = 1024 * 1024
"""The maximum number of characters in all expanded values together."""

# python-dotenv searches for the closing brace from every `${`, which takes quadratic time.
_WORK_LIMIT = 100_000
_TOTAL_WORK_LIMIT = 5_000_000


class ExpansionError(Exception):
    """
    A value whose expansion would exceed the limits.
    """


class Expander:
    """
    Expands values in order. `${NAME}` refers to an earlier value, or else to the environment.

    With `literal_quotes`, a value in single quotes is not expanded; python-dotenv expands it.
    `unset` has the names in the value expanded last that have neither a value nor a default.
    """

    def __init__(self, environ: MutableMapping[str, str], *, literal_quotes: bool = True) -> None:
        self._environ = environ
        self._literal_quotes = literal_quotes
        self._known: dict[str, str] = {}
        self._total = 0
        self._work = 0
        self.unset: tuple[str, ...] = ()

    def expand(self, name: str, value: str, quote: str) -> str:
        """
        Return the expanded value of `name`, to which later values can refer.

        Raises ExpansionError.
        """
        self.unset = ()
        if "${" in value and not (self._literal_quotes and quote == "'"):
            value = self._resolve(value)
        self._known[name] = value
        return value

    def _resolve(self, value: str) -> str:
        work = value.count("${") * len(value)
        self._work += work
        if work > _WORK_LIMIT or self._work > _TOTAL_WORK_LIMIT:
            raise ExpansionError
        names = ChainMap(self._known, self._environ)
        parts: list[str] = []
        unset: list[str] = []
        size = 0
        for atom in parse_variables(value):
            if isinstance(atom, Variable) and atom.default is None and atom.name not in names:
                unset.append(atom.name)
            parts.append(atom.resolve(names))
            size += len(parts[-1])
            if size > RESULT_LIMIT:
                raise ExpansionError
        self._total += size
        if self._total > TOTAL_LIMIT:
            raise ExpansionError
        self.unset = tuple(dict.fromkeys(unset))
        return "".join(parts)


def references(value: str) -> Iterator[str]:
    """
    Yield the names that `${NAME}` and `${NAME:-default}` in a value refer to.
    """
    if "${" in value and value.count("${") * len(value) <= _WORK_LIMIT:
        yield from (atom.name for atom in parse_variables(value) if isinstance(atom, Variable))
