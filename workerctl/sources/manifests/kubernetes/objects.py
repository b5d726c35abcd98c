"""
The objects in manifests, and what they say of ConfigMaps and Secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from workerctl.report.records import Record
from workerctl.sources.manifests.containers import Fact
from workerctl.sources.manifests.documents import Node, flattened
from workerctl.sources.manifests.kubernetes import data
from workerctl.sources.manifests.kubernetes.data import Data
from workerctl.sources.manifests.kubernetes.naming import sentence, thing
from workerctl.sources.manifests.kubernetes.scalars import text_of

_DEFAULT = "default"
_MAKERS = {"SealedSecret": data.of_sealed_secret, "ExternalSecret": data.of_external_secret}
_READERS = {"ConfigMap": data.of_config_map, "Secret": data.of_secret}

Identity = tuple[str, str, str]


class Object(Record):
    """
    An object of a manifest. Its namespace is "default" if it does not have one.
    """

    kind: str
    name: str
    namespace: str
    node: Node

    def __repr__(self) -> str:
        return f"Object({self.kind} at {self.node.location})"


class Objects:
    """
    All objects of some files. Of several with one name, the last counts, as with `kubectl apply`.
    """

    def __init__(self, documents: Iterable[Node]) -> None:
        self._known: dict[Identity, Object] = {}
        self._repeated: dict[Identity, Fact[str]] = {}
        self._data: dict[Identity, Data | None] = {}
        for found in _objects(documents):
            identity = (found.kind, found.namespace, found.name)
            if identity in self._known:
                what = sentence(thing(found.kind, found.name))
                problem = f"{what} is declared more than once; the last declaration counts."
                self._repeated[identity] = Fact(problem, found.node.location)
            self._known[identity] = found

    def __iter__(self) -> Iterator[Object]:
        return iter(self._known.values())

    def __len__(self) -> int:
        return len(self._known)

    def repeated(self, kind: str, namespace: str, name: str) -> tuple[Fact[str], ...]:
        """
        Return what to remark about an object that is declared more than once.
        """
        fact = self._repeated.get((kind, namespace, name))
        return () if fact is None else (fact,)

    def data(self, kind: str, namespace: str, name: str) -> Data | None:
        """
        Return the data of a ConfigMap or a Secret, or None if no object has or creates it.
        """
        identity = (kind, namespace, name)
        if identity not in self._data:
            self._data[identity] = self._read(identity)
        return self._data[identity]

    def _read(self, identity: Identity) -> Data | None:
        kind, namespace, name = identity
        found = self._known.get(identity)
        if found is not None:
            read = _READERS[kind](found.node, name)
            return read.replace(remarks=(*self.repeated(*identity), *read.remarks))
        return self._created.get((namespace, name)) if kind == "Secret" else None

    @cached_property
    def _created(self) -> Mapping[tuple[str, str], Data]:
        """
        The Secrets that other objects create, by namespace and name.
        """
        made = (
            (found.namespace, _MAKERS[found.kind](found.node, found.name))
            for found in self
            if found.kind in _MAKERS
        )
        return {(namespace, one.name): one for namespace, one in made}


def _objects(documents: Iterable[Node]) -> Iterator[Object]:
    for node in flattened(tuple(documents)):
        kind, version = text_of(node.get("kind")), text_of(node.get("apiVersion"))
        if kind and version:
            generated = text_of(node.get("metadata", "generateName")).rstrip("-")
            yield Object(
                kind=kind,
                name=text_of(node.get("metadata", "name")) or generated,
                namespace=text_of(node.get("metadata", "namespace")) or _DEFAULT,
                node=node,
            )
