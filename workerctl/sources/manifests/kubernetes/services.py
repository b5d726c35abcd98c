"""
The variables that the kubelet adds for Services: `$(NAME)` may refer to them.
"""

import re
from collections.abc import Iterable

from workerctl.sources.manifests.kubernetes.naming import thing
from workerctl.sources.manifests.kubernetes.objects import Object
from workerctl.sources.manifests.kubernetes.scalars import text_of

_SUFFIX = (
    r"_(?:SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)?)"
)
_VARIABLE = re.compile(rf"([A-Z0-9_]+?){_SUFFIX}")
# So unusual that they are those of a Service, even if it is not in the files.
_ANY = re.compile(r"[A-Z0-9_]+_(?:SERVICE_(?:HOST|PORT)|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)")
_OWN = "KUBERNETES_"


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


def _has_address(found: Object) -> bool:
    return text_of(found.node.get("spec", "clusterIP")) != "None"
