"""
`${NAME}` and `${NAME:-default}` in env file values, as python-dotenv expands them, within bounds.
"""

from collections import ChainMap
from collections.abc import MutableMapping

from dotenv.variables import parse_variables

RESULT_LIMIT = 64 * 1024
"""Characters of one expanded value."""
TOTAL_LIMIT = 1024 * 1024
"""Characters of all expanded values of a run."""

# python-dotenv looks for the closing brace anew from every `${`.
_WORK_LIMIT = 100_000
_TOTAL_WORK_LIMIT = 5_000_000


class ExpansionError(Exception):
    """
    A value that would expand beyond the limits.
    """


class Expander:
    """
    Expands values one after another; each sees the names before it, then the environment.
    """

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        self._environ = environ
        self._known: dict[str, str] = {}
        self._total = 0
        self._work = 0

    def expand(self, name: str, value: str, quote: str) -> str:
        """
        The value of `name`, remembered for the names that follow. Single-quoted text is literal.

        Raises ExpansionError.
        """
        if "${" in value and quote != "'":
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
        size = 0
        for atom in parse_variables(value):
            parts.append(atom.resolve(names))
            size += len(parts[-1])
            if size > RESULT_LIMIT:
                raise ExpansionError
        self._total += size
        if self._total > TOTAL_LIMIT:
            raise ExpansionError
        return "".join(parts)
