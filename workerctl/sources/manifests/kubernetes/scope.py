"""
What the containers of a workload can refer to, and how much of it is read.
"""

from __future__ import annotations

from workerctl.report.errors import SourceError
from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.sources.manifests.kubernetes.data import Data
from workerctl.sources.manifests.kubernetes.objects import Objects
from workerctl.sources.manifests.kubernetes.services import Links

_MOST = 200_000
_CHARACTERS = 64


class Budget:
    """
    Counts what is read of all containers together: aliases can make a small file say a lot.
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


class Scope(Record):
    """
    The objects in the namespace of a workload, its Services, and how much may still be read.
    """

    objects: Objects
    namespace: str
    links: Links
    budget: Budget

    def data(self, kind: str, name: str) -> Data | None:
        """
        Return the data of a ConfigMap or a Secret of the namespace, or None if it is not there.
        """
        return self.objects.data(kind, self.namespace, name)

    def __repr__(self) -> str:
        return f"Scope({len(self.objects)} objects)"
