"""
The workloads in manifests: the objects that have a template of Pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workerctl.report.records import Record
from workerctl.sources.manifests.documents import Node
from workerctl.sources.manifests.kubernetes.naming import kind_named, named
from workerctl.sources.manifests.kubernetes.objects import Object
from workerctl.sources.manifests.kubernetes.scalars import text_of

SHORT = {
    "deploy": "deployment",
    "sts": "statefulset",
    "ds": "daemonset",
    "rs": "replicaset",
    "rc": "replicationcontroller",
    "po": "pod",
    "cj": "cronjob",
    "ro": "rollout",
}
# Of an unknown kind, the template is where that of a Deployment is.
_PATHS = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "ScaledJob": ("spec", "jobTargetRef", "template", "spec"),
}
_PATH = ("spec", "template", "spec")
_ENDING = frozenset({"Job", "CronJob", "ScaledJob"})


class Workload(Record):
    """
    An object that starts Pods, and the specification of these.
    """

    object: Object
    pod: Node

    @property
    def name(self) -> str:
        """
        The kind and the name, as messages show them.
        """
        kind = kind_named(self.object.kind)
        line = self.object.node.location.line
        return f"{kind}/{named(self.object.name, f'(line {line})')}"

    @property
    def is_ending(self) -> bool:
        """
        Whether its Pods are meant to end.
        """
        return self.object.kind in _ENDING

    @property
    def containers(self) -> tuple[Node, ...]:
        """
        The containers that run as long as the Pod.
        """
        return _maps(self.pod, "containers")

    @property
    def init_containers(self) -> tuple[Node, ...]:
        """
        The containers that are started first.
        """
        return _maps(self.pod, "initContainers")

    @property
    def labels(self) -> Node | None:
        """
        The labels of the Pods.
        """
        path = _PATHS.get(self.object.kind, _PATH)
        return self.object.node.get(*path[:-1], "metadata", "labels")

    @property
    def claims(self) -> frozenset[str]:
        """
        The names of the volumes that a StatefulSet makes for each of its Pods.
        """
        found = self.object.node.get("spec", "volumeClaimTemplates")
        items = () if found is None else found.items
        return frozenset(text_of(each.get("metadata", "name")) for each in items)

    def is_called(self, kind: str, name: str) -> bool:
        """
        Return whether a kind and a name mean this one. The kind may be "", a plural or short.

            workload.is_called("deploy", "worker")
        """
        own = self.object.kind.lower()
        wanted = kind.lower().partition(".")[0]
        return name == self.object.name and wanted in {"", own, f"{own}s", *_short(own)}

    def __repr__(self) -> str:
        return f"Workload({self.object.kind} at {self.object.node.location})"


def workloads(objects: Iterable[Object]) -> Iterator[Workload]:
    """
    Yield the objects that have containers, among them those of unknown kinds.
    """
    for found in objects:
        pod = found.node.get(*_PATHS.get(found.kind, _PATH))
        if pod is not None and _maps(pod, "containers"):
            yield Workload(found, pod)


def _short(kind: str) -> Iterator[str]:
    return (short for short, known in SHORT.items() if known == kind)


def _maps(node: Node, key: str) -> tuple[Node, ...]:
    found = node.get(key)
    return () if found is None else tuple(each for each in found.items if each.kind == "map")
