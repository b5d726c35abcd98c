"""
Read compose files: the service that is judged, and the others that are started with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from workerctl.report.errors import SourceError
from workerctl.report.suggest import did_you_mean
from workerctl.secrecy.typed import named
from workerctl.sources import envfile
from workerctl.sources.manifests.compose import loading, paths, services
from workerctl.sources.manifests.compose.interpolation import Text
from workerctl.sources.manifests.compose.loading import Context
from workerctl.sources.manifests.compose.project import Project, label
from workerctl.sources.manifests.containers import Container, Manifest
from workerctl.sources.manifests.programs import worker_in
from workerctl.sources.manifests.selection import Selection

_MOST_SHOWN = 8


def read(
    selection: Selection, environ: Mapping[str, str], stdin: BinaryIO | None = None
) -> Manifest:
    """
    Return the service that is selected, and the others that docker compose starts along with it.

    Later files prevail over earlier ones. `environ` is the environment of docker compose; the
    `.env` next to the first file adds to it. A variable that has no value in either of them is
    provided at deploy, unless the file gives a default.

        manifest = read(Selection("compose", ("compose.yaml",), "worker"), {})
        manifest.judged.variables["REDIS_URL"].location  # compose.yaml:7

    Raises SourceError if a file cannot be read or is not a compose file, and if no service has the
    name, or several could be meant.
    """
    project = Project(stdin)
    first = selection.files[0]
    base = paths.directory(first)
    names = {name: Text(text, is_literal=False) for name, text in environ.items()}
    settings = loading.dot_env(Context(project, base, names), base)
    names = {**{name: setting.text for name, setting in settings.items()}, **names}
    settings = {name: each for name, each in settings.items() if name not in environ}
    model = loading.load(Context(project, base, names), selection.files)
    found = {} if model is None else services.containers(project, model, names, settings)
    if model is None or not found:
        raise SourceError(f"{_shown(first)} has no services.", "Specify a compose file.")
    entries = services.usable(model)
    profiles = {name: services.profiles(service) for name, service in entries.items()}
    name = _chosen(selection.name, found, profiles, _shown(first))
    variable = names.get("COMPOSE_PROFILES")
    active = profiles[name] | set("" if variable is None else variable.text.split(","))
    return Manifest(
        kind="compose",
        judged=found[name].replace(further=(*found[name].further, *project.left)),
        others=tuple(
            container
            for other, container in found.items()
            if other != name and (not profiles[other] or profiles[other] & active or "*" in active)
        ),
        files=tuple(project.files),
        remarks=tuple(project.remarks),
    )


def _shown(file: str) -> str:
    return "<stdin>" if file == envfile.STDIN else file


def _chosen(
    name: str | None,
    found: Mapping[str, Container],
    profiles: Mapping[str, frozenset[str]],
    shown: str,
) -> str:
    """
    Return the name of the service that is meant: the only one, or the only one with a worker.
    """
    if name is not None and name in found:
        return name
    labels = list(dict.fromkeys(map(label, found)))
    several = ", ".join(labels[:_MOST_SHOWN]) + (", …" if len(labels) > _MOST_SHOWN else "")
    if name is not None:
        raise SourceError(
            f"{shown} has no service {named(name, 'of that name')}.",
            did_you_mean(name, labels) or f"It has {several}.",
        )
    candidates = [each for each in found if not profiles[each]] or list(found)
    workers = [each for each in candidates if _starts_worker(found[each])]
    if len(candidates) > 1 and len(workers) != 1:
        raise SourceError(
            f"{shown} has several services: {several}.", "Choose one with `--service NAME`."
        )
    return (workers or candidates)[0]


def _starts_worker(container: Container) -> bool:
    return container.command is not None and worker_in(container.command.value) is not None
