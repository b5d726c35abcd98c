"""
What Services give to containers: the names of hosts, and variables to which `$(NAME)` may refer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from workerctl.sources.manifests.documents import Node
from workerctl.sources.manifests.kubernetes.naming import thing
from workerctl.sources.manifests.kubernetes.objects import Object
from workerctl.sources.manifests.kubernetes.scalars import text_of, whole

_SUFFIX = (
    r"_(?:SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)?)"
)
_VARIABLE = re.compile(rf"([A-Z0-9_]+?){_SUFFIX}")
# So unusual that they are those of a Service, even if it is not in the files.
_ANY = re.compile(r"[A-Z0-9_]+_(?:SERVICE_(?:HOST|PORT)|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)")
_OWN = "KUBERNETES_"
_MOST_PODS = 10


class Links:
    """
    The variables of the Services of a namespace.

    Unless they `are_enabled`, there are only those of Kubernetes itself.
    """

    def __init__(self, objects: Iterable[Object], namespace: str, *, are_enabled: bool) -> None:
        self._are_enabled = are_enabled
        self._names = {
            found.name.upper().replace("-", "_"): found.name
            for found in objects
            if found.kind == "Service" and found.namespace == namespace and _has_address(found)
        }

    def source(self, variable: str) -> str | None:
        """
        Return where the value of a variable comes from; None if no Service sets it.
        """
        found = _VARIABLE.fullmatch(variable)
        if found is None or not (self._are_enabled or variable.startswith(_OWN)):
            return None
        if found[1] in self._names:
            return thing("Service", self._names[found[1]])
        return "a Service" if _ANY.fullmatch(variable) else None


def hosts(
    objects: Iterable[Object], owner: Object, labels: Node | None, namespace: str
) -> frozenset[str]:
    """
    Return the names by which containers of a namespace reach the Pods of a workload.

    `owner` is the workload and `labels` are those of its Pods. Without a Service of its name, the
    workload is assumed to have one. The domain of the cluster is left out, and `.svc` before it.

        >>> hosts(objects, redis, labels, "default")
        frozenset({'redis', 'redis.default'})
    """
    own = {} if labels is None else {key: text_of(each) for key, each in labels.entries.items()}
    near = [
        found for found in objects if found.kind == "Service" and found.namespace == owner.namespace
    ]
    names = {found.name for found in near if _selects(found, own)}
    if owner.name not in {found.name for found in near}:
        names.add(owner.name)
    if owner.kind == "StatefulSet":
        count = whole(owner.node.get("spec", "replicas")) or 1
        pods = [f"{owner.name}-{number}" for number in range(min(count, _MOST_PODS))]
        names |= {f"{pod}.{name}" for pod in pods for name in names}
    short = names if owner.namespace == namespace else set[str]()
    return frozenset(short | {f"{name}.{owner.namespace}" for name in names})


def _selects(service: Object, labels: Mapping[str, str]) -> bool:
    selector = service.node.get("spec", "selector")
    wanted = {} if selector is None else selector.entries
    return bool(wanted) and all(labels.get(key) == text_of(each) for key, each in wanted.items())


def _has_address(found: Object) -> bool:
    return text_of(found.node.get("spec", "clusterIP")) != "None"
