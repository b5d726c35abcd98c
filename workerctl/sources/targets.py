"""
The configurations that a project declares: `[[tool.workerctl.target]]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from workerctl.report.errors import ProjectError
from workerctl.report.findings import ENVIRONMENTS, Phase
from workerctl.report.records import Record
from workerctl.sources.manifests.selection import Selection

TABLE = "[[tool.workerctl.target]]"

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
_EXAMPLE = 'Write name = "production", env_file = ["deploy/production.env"].'
# The kinds of manifests, each with the keys that name a container of it.
_NEEDING = {"compose": ("service",), "kubernetes": ("workload", "container")}
_FILES = {"compose": "compose.yaml", "kubernetes": "deploy/worker.yaml"}
_TEXTS = ("name", "env", "phase", "secrets_dir", "settings", "service", "workload", "container")
_PHASES: tuple[Phase, ...] = get_args(Phase)
_KEYS = (*_TEXTS, "env_file", "isolated", *_NEEDING)


class Target(Record):
    """
    A configuration of a project, and what it is read from. Paths are as the table gives them.

    `env` applies the rules of an environment, `phase` is that of `--phase`, and `settings` names
    another class than the project's. `manifest` is the container that is judged in place of files
    and environment.
    """

    name: str
    env: str | None = None
    phase: Phase | None = None
    env_files: tuple[str, ...] = ()
    secrets_dir: str | None = None
    isolated: bool = True
    settings: str | None = None
    manifest: Selection | None = None


def parsed(entries: Iterable[object]) -> tuple[Target, ...]:
    """
    Return the targets of a table.

        >>> parsed([{"name": "production", "env_file": "deploy/production.env"}])[0].env_files
        ('deploy/production.env',)

    Raises ProjectError for an entry that is not valid.
    """
    targets = tuple(_target(entry) for entry in entries)
    names = [target.name for target in targets]
    for name in names:
        if names.count(name) > 1:
            raise ProjectError(f"{TABLE} declares {name} twice.", "Give each target its own name.")
    return targets


def _target(entry: object) -> Target:
    if not isinstance(entry, dict):
        raise ProjectError(f"{TABLE} must be a table.", _EXAMPLE)
    for key in entry:
        if key not in _KEYS:
            from workerctl.report.suggest import did_you_mean
            from workerctl.secrecy.typed import named

            hint = did_you_mean(key, _KEYS) or f"The settings are {', '.join(_KEYS)}."
            shown = named(key, "has a key that")
            raise ProjectError(f"{TABLE} {shown} is not a known setting.", hint)
    name = entry.get("name")
    if not isinstance(name, str) or not re.fullmatch(_NAME, name, re.ASCII):
        raise ProjectError(f"{TABLE} needs a name of letters, digits, dots and dashes.", _EXAMPLE)
    texts = {key: _text(name, entry, key) for key in _TEXTS}
    if texts["env"] not in {None, *ENVIRONMENTS}:
        hint = f"Choose from {', '.join(ENVIRONMENTS)}."
        raise ProjectError(f"The target {name} names an unknown environment.", hint)
    phase = next((each for each in _PHASES if each == texts["phase"]), None)
    if phase != texts["phase"]:
        hint = f"Choose from {', '.join(_PHASES)}."
        raise ProjectError(f"The target {name} names an unknown phase.", hint)
    isolated = entry.get("isolated", True)
    if not isinstance(isolated, bool):
        raise ProjectError(f"isolated of the target {name} must be true or false.")
    return Target(
        name=name,
        env=texts["env"],
        phase=phase,
        env_files=_files(name, entry, "env_file"),
        secrets_dir=texts["secrets_dir"],
        isolated=isolated,
        settings=texts["settings"],
        manifest=_manifest(name, entry, texts),
    )


def _manifest(
    name: str, entry: Mapping[str, Any], texts: Mapping[str, str | None]
) -> Selection | None:
    found = {kind: _files(name, entry, kind) for kind in _NEEDING}
    for kind, keys in _NEEDING.items():
        for key in keys:
            if texts[key] is not None and not found[kind]:
                raise ProjectError(
                    f"The target {name} has a {key}, but no {kind} file.",
                    f'Name the file: {kind} = "{_FILES[kind]}".',
                )
    kinds = [kind for kind, files in found.items() if files]
    if not kinds:
        return None
    for key in (*kinds[1:], "env_file", "secrets_dir"):
        if key in entry:
            raise ProjectError(
                f"The target {name} has both {kinds[0]} and {key}.",
                "A container gets only what its manifest says: remove one of them.",
            )
    kind = kinds[0]
    named = (texts[key] for key in _NEEDING[kind])
    return Selection(kind, found[kind], *named)


def _text(name: str, entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    if value is None or isinstance(value, str):
        return value
    raise ProjectError(f"{key} of the target {name} must be a string.")


def _files(name: str, entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = entry.get(key, [])
    files = [value] if isinstance(value, str) else value
    if isinstance(files, list) and all(isinstance(file, str) for file in files):
        return tuple(files)
    raise ProjectError(f"{key} of the target {name} must be a string or a list of strings.")
