"""
How much of a manifest is read: aliases can make a small file say a lot.
"""

from __future__ import annotations

from workerctl.report.errors import SourceError
from workerctl.report.findings import Location

LONGEST = 128 * 1024
"""In bytes. Linux starts no program with a longer variable or argument."""

_MOST = 200_000
_CHARACTERS = 64


class Budget:
    """
    Counts what is read of all containers together.
    """

    def __init__(self) -> None:
        self._spent = 0

    def spend(self, location: Location, text: str | None = None) -> None:
        """
        Count an entry and its text. Raises SourceError if that is more than manifests have.
        """
        self._spent += 1 + len(text or "") // _CHARACTERS
        if self._spent > _MOST:
            raise SourceError(f"{location} is more than can be read.", "Simplify the file.")
