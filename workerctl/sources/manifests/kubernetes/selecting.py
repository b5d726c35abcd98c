"""
Which workload and which container are meant.
"""

from __future__ import annotations

from collections.abc import Sequence

from workerctl.report.errors import SourceError
from workerctl.report.suggest import closest, did_you_mean
from workerctl.secrecy.typed import named as typed
from workerctl.sources.manifests.documents import Node
from workerctl.sources.manifests.kubernetes.naming import listed, may_show, named
from workerctl.sources.manifests.kubernetes.scalars import text_of
from workerctl.sources.manifests.kubernetes.workloads import Workload
from workerctl.sources.manifests.programs import worker_in


def workload(name: str | None, found: Sequence[Workload], where: str) -> Workload:
    """
    Return the workload that is called `Kind/name` or `name`.

    Without a name, that is the only one, or the only one that starts a worker.

    `where` names the files. Raises SourceError if there is not exactly one, with those that there
    are.
    """
    if name is None:
        workers = [each for each in found if any(map(_starts_worker, each.containers))]
        if len(workers) == 1:
            return workers[0]
        meant, problem = list(found), f"{where} has {len(found)} workloads."
    else:
        kind, _, own = name.rpartition("/")
        meant = [each for each in found if each.is_called(kind, own)]
        problem = f"{where} has more than one workload {typed(name, 'of that name')}."
    names = [each.name for each in meant]
    if len(meant) == 1:
        return meant[0]
    if len(set(names)) == 1:
        spaces = listed(named(each.object.namespace, "another") for each in meant)
        raise SourceError(
            f"{where} has {names[0]} in several namespaces: {spaces}.",
            "Specify the files of one namespace.",
        )
    if meant:
        raise SourceError(problem, f"Specify one of: {listed(names)}.")
    raise _unknown(name or "", found, where)


def _unknown(name: str, found: Sequence[Workload], where: str) -> SourceError:
    names = [each.name for each in found if may_show(each.object.name)]
    own = name.rpartition("/")[2]
    same = [each.name for each in found if each.object.name == own and may_show(own)]
    short = {each.rpartition("/")[2]: each for each in names}
    near = closest(own, short, 0.6)
    hint = f"It has {listed(names or [each.name for each in found])}."
    if same:
        hint = f"Did you mean {listed(same)}?"
    elif near is not None:
        hint = f"Did you mean {short[near]}?"
    return SourceError(f"{where} has no workload {typed(name, 'of that name')}.", hint)


def container(name: str | None, found: Workload) -> Node:
    """
    Return the container of a workload that has the name.

    Without a name, that is the only container, the one that is named as the workload, or the only
    one that starts a worker.

    Raises SourceError if there is not exactly one.
    """
    known = {text_of(each.get("name")): each for each in found.containers}
    if name is not None:
        known = {**{text_of(each.get("name")): each for each in found.init_containers}, **known}
        if name in known:
            return known[name]
    elif len(found.containers) == 1:
        return found.containers[0]
    elif found.object.name in known:
        return known[found.object.name]
    else:
        workers = [each for each in found.containers if _starts_worker(each)]
        if len(workers) == 1:
            return workers[0]
    shown = [each for each in known if may_show(each)]
    if name is None:
        problem, hint = f"{found.name} has several containers.", None
    else:
        problem = f"{found.name} has no container {typed(name, 'of that name')}."
        hint = did_you_mean(name, shown)
    raise SourceError(problem, hint or f"Specify one of: {listed(shown)}." if shown else hint)


def _starts_worker(found: Node) -> bool:
    words = (each.items for key in ("command", "args") if (each := found.get(key)) is not None)
    return worker_in([text_of(word) for items in words for word in items]) is not None
