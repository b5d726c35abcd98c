"""
What is compared between a container that was read and a service of docker compose.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.sources.manifests.compose.samples import ENVIRON, Sample
from workerctl.report.errors import SourceError
from workerctl.sources.manifests import compose
from workerctl.sources.manifests.compose import quantities
from workerctl.sources.manifests.containers import Container, Manifest, Mount
from workerctl.sources.manifests.selection import Selection

_KEYS = (
    *("environment", "image", "command", "entrypoint", "restart", "deploy", "mem_limit", "volumes"),
    *("stop_grace_period", "secrets", "configs", "tmpfs"),
)


def written(directory: Path, sample: Sample) -> None:
    """
    Write the files of a sample.
    """
    for name, text in sample.files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def read(given: tuple[str, ...], environ: Mapping[str, str] = ENVIRON) -> Manifest:
    """
    Return what is read, whichever service is judged.
    """
    try:
        return compose.read(Selection("compose", given), environ)
    except SourceError as error:
        if error.hint != "Choose one with `--service NAME`.":
            raise
        first = error.message.partition(": ")[2].rstrip(".").split(", ")[0]
    return compose.read(Selection("compose", given, first), environ)


def containers(manifest: Manifest) -> dict[str, Container]:
    """
    Return all containers of a manifest by name.
    """
    return {each.name: each for each in (manifest.judged, *manifest.others)}


def their_mounts(service: dict[str, Any]) -> dict[str, Mount | None]:
    """
    Return the mounts as docker compose has them; those of secrets and configs only by path.
    """
    found: dict[str, Mount | None] = {}
    for section, base in (("secrets", "/run/secrets"), ("configs", "")):
        for each in service.get(section, ()):
            target = each.get("target") or each["source"]
            found[target if target.startswith("/") else f"{base}/{target}"] = None
    for path in service.get("tmpfs", ()):
        found[path.partition(":")[0]] = Mount()
    for volume in service.get("volumes", ()):
        is_own = volume["type"] == "bind" and not volume["source"].startswith("/srv")
        is_kept = volume["type"] in {"bind", "volume"} and "source" in volume
        found[volume["target"]] = Mount(
            file=volume["source"] if is_own else None,
            is_kept=is_kept and not volume.get("read_only", False),
        )
    return found


def facts(container: Container) -> dict[str, Any]:
    """
    Return what is compared of a container.
    """
    grace, memory = container.grace_seconds, container.memory_bytes
    return {
        "environment": {name: each.text for name, each in container.variables.items()},
        "image": container.image and container.image.value,
        "command": list(container.command.value) if container.command else [],
        "restart": container.restart and container.restart.value,
        "grace": None if grace is None else grace.value,
        "memory": None if memory is None else memory.value,
    }


def their_facts(service: dict[str, Any]) -> dict[str, Any]:
    """
    Return the same of a service of docker compose.
    """
    deploy = service.get("deploy", {})
    policy = deploy.get("restart_policy", {}).get("condition")
    limit = deploy.get("resources", {}).get("limits", {}).get("memory")
    memory = limit or service.get("mem_limit")
    grace = service.get("stop_grace_period")
    return {
        "environment": service.get("environment") or {},
        "image": service.get("image"),
        "command": [*(service.get("entrypoint") or ()), *(service.get("command") or ())],
        "restart": policy or service.get("restart"),
        "grace": None if grace is None else quantities.seconds(grace),
        "memory": None if memory is None else int(memory),
    }


def pruned(services: dict[str, Any] | None, directory: Path) -> dict[str, Any] | None:
    """
    Return services of docker compose with what is compared, and paths from the directory.
    """
    if services is None:
        return None
    found = {
        name: {key: service[key] for key in _KEYS if service.get(key)}
        for name, service in services.items()
    }
    for service in found.values():
        for volume in service.get("volumes", ()):
            if volume["type"] == "bind" and not volume["source"].startswith("/srv"):
                volume["source"] = os.path.relpath(volume["source"], directory)
    return found
