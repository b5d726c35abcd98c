"""
What the containers of a workload can refer to.
"""

from __future__ import annotations

from workerctl.report.records import Record
from workerctl.sources.manifests.kubernetes.data import Data
from workerctl.sources.manifests.kubernetes.limits import Budget
from workerctl.sources.manifests.kubernetes.objects import Objects
from workerctl.sources.manifests.kubernetes.services import Links


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
