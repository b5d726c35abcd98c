"""
What a container sees of the volumes of its Pod.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.sources.manifests.containers import Fact, Mount
from workerctl.sources.manifests.documents import Node
from workerctl.sources.manifests.kubernetes.environment import Environment
from workerctl.sources.manifests.kubernetes.expansion import expand
from workerctl.sources.manifests.kubernetes.naming import key_of
from workerctl.sources.manifests.kubernetes.scalars import is_given, is_true, text_of
from workerctl.sources.manifests.kubernetes.scope import Scope

_NAME_KEYS = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "secretName")}
_PASSING = frozenset(
    {"configMap", "downwardAPI", "emptyDir", "ephemeral", "gitRepo", "image", "projected", "secret"}
)


class Volumes(Record):
    """
    The mounts of a container by path, and what Kubernetes would refuse.
    """

    mounts: Mapping[str, Mount]
    remarks: tuple[Fact[str], ...] = ()

    def __repr__(self) -> str:
        return f"Volumes({len(self.mounts)} mounts)"


def read(
    container: Node, pod: Node, claims: frozenset[str], environment: Environment, scope: Scope
) -> Volumes:
    """
    Return what a container mounts. `claims` are the volumes that a StatefulSet makes.

    Each file of a ConfigMap or Secret is a mount with its text. If that object is not in the files,
    and for any other volume, the directory is one mount.
    """
    reader = _Reader(scope, environment)
    found = pod.get("volumes")
    volumes = {text_of(one.get("name")): one for one in (() if found is None else found.items)}
    mounted = container.get("volumeMounts")
    for mount in () if mounted is None else mounted.items:
        name = text_of(mount.get("name"))
        scope.budget.spend(mount.location)
        path = posixpath.normpath(posixpath.join("/", text_of(mount.get("mountPath"))))
        if name in volumes:
            reader.add(path, reader.inner(mount), volumes[name])
        elif name in claims:
            reader.mounts[path] = Mount(is_kept=True)
        else:
            reader.remark("A mounted volume is not one of the Pod.", mount.location)
    return Volumes(reader.mounts, tuple(reader.remarks))


class _Reader:
    def __init__(self, scope: Scope, environment: Environment) -> None:
        self._scope = scope
        self._environment = environment
        self.mounts: dict[str, Mount] = {}
        self.remarks: list[Fact[str]] = []

    def inner(self, mount: Node) -> str | None:
        """
        Return the path within the volume; None if it depends on a variable that is not known.
        """
        expression = mount.get("subPathExpr")
        if expression is None:
            return _normal(text_of(mount.get("subPath")))
        unknown: list[str] = []

        def value(name: str) -> str | None:
            text = self._environment.value(name)
            if text is None:
                unknown.append(name)
            return text

        text = expand(text_of(expression), value)
        return None if text is None or unknown else _normal(text)

    def add(self, path: str, inner: str | None, volume: Node) -> None:
        """
        Add the mounts of a volume, of which `inner` is mounted; all of it if that is empty.
        """
        projected = volume.get("projected", "sources")
        sources = (volume,) if projected is None else projected.items
        found: dict[str, Mount] = {}
        is_closed = bool(sources)
        for source in sources:
            files, is_complete = self._files(source)
            found |= files
            is_closed = is_closed and is_complete
        shown = {} if inner is None else dict(_below(path, inner, found))
        self.mounts |= shown
        if not shown or (not is_closed and inner == ""):
            kinds = set(volume.entries) - {"name"}
            is_kept = bool(kinds) and kinds.isdisjoint(_PASSING) and not _is_inline(volume)
            self.mounts.setdefault(path, Mount(is_kept=is_kept))

    def _files(self, source: Node) -> tuple[dict[str, Mount], bool]:
        """
        Return the files of a ConfigMap or a Secret by path, and whether there are no others.
        """
        for key, (kind, attribute) in _NAME_KEYS.items():
            node = source.get(key)
            if node is not None and is_given(node):
                # Within a projected volume, both have a `name`.
                name = node.get(attribute) or node.get("name")
                return self._of_object(kind, text_of(name), node)
        return {}, False

    def _of_object(self, kind: str, name: str, node: Node) -> tuple[dict[str, Mount], bool]:
        data = self._scope.data(kind, name)
        entries = {} if data is None else data.entries
        items = node.get("items")
        keys: dict[str, str] = {}
        if items is None or not items.items:
            keys = {key: key for key in entries}
        else:
            for item in items.items:
                key = text_of(item.get("key"))
                keys[_normal(text_of(item.get("path")))] = key
                is_lacking = data is not None and data.is_complete and key not in entries
                if is_lacking and not is_true(node.get("optional")):
                    what = key_of(key, kind, name)
                    problem = f"The container cannot start: a volume needs {what}, which it lacks."
                    self.remark(problem, item.location)
        files: dict[str, Mount] = {}
        for path, key in keys.items():
            datum = entries.get(key)
            text = None if datum is None else datum.text
            self._scope.budget.spend(node.location)
            files[path] = Mount(text=text)
        is_complete = bool(items) or (data is not None and data.is_complete)
        if data is not None:
            self.remarks += (one for one in data.remarks if one not in self.remarks)
        return files, is_complete

    def remark(self, problem: str, location: Location) -> None:
        self.remarks.append(Fact(problem, location))


def _normal(path: str) -> str:
    return posixpath.normpath(path) if path not in {"", "."} else ""


def _below(path: str, inner: str, files: Mapping[str, Mount]) -> Iterator[tuple[str, Mount]]:
    for name, mount in files.items():
        if name == inner:
            yield path, mount
        elif not inner or name.startswith(f"{inner}/"):
            yield posixpath.join(path, name.removeprefix(inner).lstrip("/")), mount


def _is_inline(volume: Node) -> bool:
    """
    Return whether a driver makes the volume for the Pod only.
    """
    return is_given(volume.get("csi"))
