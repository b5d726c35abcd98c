"""
The values of a compose file after interpolation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.sources.manifests.compose import paths


class Value(Record):
    """
    A mapping, a sequence or a scalar of a compose file.

    `kind` is "map", "seq", "str", "int", "float", "bool", "time" or "null". `value` is a mapping of
    values by key, a tuple of values, or a text, in which references to variables without a value
    stay as `$NAME` or `${NAME}`; `missing` has the names of those, "" for one that is not to be
    shown. `is_literal` is true if no part of it is from outside of the file. `base` is the
    directory from which its paths start.
    """

    kind: str
    value: Any
    location: Location
    missing: tuple[str, ...] = ()
    is_literal: bool = True
    base: str = ""

    @property
    def entries(self) -> Mapping[str, Value]:
        """
        The values of a mapping by key; none if it is something else.
        """
        return self.value if self.kind == "map" else {}

    @property
    def items(self) -> tuple[Value, ...]:
        """
        The values of a sequence; none if it is something else.
        """
        return self.value if self.kind == "seq" else ()

    @property
    def listed(self) -> tuple[Value, ...]:
        """
        The values of a sequence, or a text as the only one.
        """
        return (self,) if self.kind == "str" else self.items

    @property
    def written(self) -> str | None:
        """
        The text of a string, with its references to variables without a value; else None.
        """
        return self.value if self.kind == "str" else None

    @property
    def text(self) -> str | None:
        """
        The text of a string that is known; else None.
        """
        return None if self.missing else self.written

    @property
    def path(self) -> str | None:
        """
        The path that a string names, from the working directory; None if it is not known.

        A path that depends on the home directory is not known.
        """
        text = self.text
        if not text or text.startswith("~") or "\0" in text:
            return None
        return paths.joined(self.base, text)

    def get(self, *keys: str) -> Value | None:
        """
        Return the value at a path of keys, or None; also for null.
        """
        found: Value | None = self
        for key in keys:
            found = None if found is None else found.entries.get(key)
        return None if found is None or found.kind == "null" else found

    def __repr__(self) -> str:
        return f"Value({self.kind} at {self.location})"


def source(missing: tuple[str, ...]) -> str:
    """
    Return in words where the variables with these names come from.

        >>> source(("TAG",))
        'TAG in the environment of docker compose'
    """
    names = ", ".join(dict.fromkeys(name for name in missing if name))
    where = "the environment of docker compose"
    return f"{names} in {where}" if names else where
