"""
Read Kubernetes manifests: the container that is judged, and all others in the same files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from workerctl.report.errors import SourceError
from workerctl.sources import envfile
from workerctl.sources.manifests import documents
from workerctl.sources.manifests.containers import Manifest
from workerctl.sources.manifests.documents import Node
from workerctl.sources.manifests.kubernetes import selecting
from workerctl.sources.manifests.kubernetes.building import Built, build
from workerctl.sources.manifests.kubernetes.naming import files_named
from workerctl.sources.manifests.kubernetes.objects import Objects
from workerctl.sources.manifests.kubernetes.scalars import is_given, text_of
from workerctl.sources.manifests.kubernetes.scope import Budget, Scope
from workerctl.sources.manifests.kubernetes.services import Links, hosts
from workerctl.sources.manifests.kubernetes.workloads import Workload, workloads
from workerctl.sources.manifests.selection import Selection

_TEMPLATE = "{{"
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_OFF = "false"
_RENDER = "Render the template first: `helm template … | workerctl check --kubernetes -`."
_BUILD = "Render it first: `kubectl kustomize DIRECTORY | workerctl check --kubernetes -`."
_COMPOSE = "Read a compose file with `--compose`."
_SPECIFY = "Specify the file of a Deployment, a StatefulSet, or another workload."


def read(selection: Selection, stdin: BinaryIO | None = None) -> Manifest:
    """
    Return the container of a workload that is selected, and the others in the same files.

    ConfigMaps and Secrets are looked up in all of the files. What they do not hold is provided at
    deploy.

        manifest = read(Selection("kubernetes", ("worker.yaml",), "deploy/worker"))
        manifest.judged.variables["REDIS_URL"].location  # worker.yaml:21

    Raises SourceError if a file cannot be read or is not YAML, if none of them has a workload, and
    if no workload or container has the name, or several could be meant.
    """
    names: list[str] = []
    nodes: list[Node] = []
    for path in selection.files:
        name, found = _read(path, stdin)
        names.append(name)
        nodes += found
    where = files_named(names)
    objects = Objects(nodes)
    known = list(workloads(objects))
    if not known:
        raise _nothing(where, nodes, objects)
    workload = selecting.workload(selection.name, known, where)
    judged = selecting.container(selection.container, workload)
    built = list(_built(known, objects, workload, judged))
    chosen = next(one for is_judged, one in built if is_judged)
    own = workload.object
    return Manifest(
        kind="kubernetes",
        judged=chosen.container,
        others=tuple(one.container for is_judged, one in built if not is_judged),
        files=tuple(dict.fromkeys(names)),
        remarks=(*objects.repeated(own.kind, own.namespace, own.name), *chosen.remarks),
    )


def _read(path: str, stdin: BinaryIO | None) -> tuple[str, tuple[Node, ...]]:
    """
    Return the name of a file and its documents.
    """
    name, text = envfile.read_plain(path, stdin)
    failure: SourceError | None = None
    try:
        return name, documents.parse(text, name)
    except SourceError as error:
        failure = error
    if _TEMPLATE in text:
        failure = SourceError(failure.message, _RENDER)
    raise failure


def _nothing(where: str, nodes: Sequence[Node], objects: Objects) -> SourceError:
    """
    Return the error for files without a workload.
    """
    if any(text_of(node.get("kind")) in {"Kustomization", "Component"} for node in nodes):
        return SourceError(f"{where} has no workload, but a Kustomization.", _BUILD)
    if objects:
        return SourceError(f"{where} has no workload.", _SPECIFY)
    is_compose = any(is_given(node.get("services")) for node in nodes)
    return SourceError(f"{where} has no Kubernetes object.", _COMPOSE if is_compose else _SPECIFY)


def _built(
    known: Sequence[Workload], objects: Objects, chosen: Workload, judged: Node
) -> Iterator[tuple[bool, Built]]:
    """
    Yield all containers, and whether each is the one that is judged.
    """
    budget = Budget()
    is_found = False
    for workload in known:
        namespace = workload.object.namespace
        are_enabled = text_of(workload.pod.get("enableServiceLinks")) != _OFF
        links = Links(objects, namespace, are_enabled=are_enabled)
        scope = Scope(objects, namespace, links, budget)
        space = chosen.object.namespace
        names = hosts(objects, workload.object, workload.labels, space)
        if workload is chosen:
            names |= _LOCAL
        for node in (*workload.init_containers, *workload.containers):
            is_judged = workload is chosen and node is judged and not is_found
            is_found = is_found or is_judged
            built = build(workload, node, scope)
            container = built.container.replace(hosts=names, is_elsewhere=namespace != space)
            yield is_judged, built.replace(container=container)
