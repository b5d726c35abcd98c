"""
Merging the values of several compose files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from workerctl.sources.manifests.compose.project import Project
from workerctl.sources.manifests.compose.values import Value

Path = tuple[str, ...]

_ANY = "*"
_SERVICE = ("services", _ANY)
_REPLACED = ("command", "entrypoint")
_LISTED = ("environment", "env_file", "dns", "tmpfs", "labels", "annotations", "sysctls")


def merged(project: Project, base: Value, override: Value, path: Path = ()) -> Value:
    """
    Return what two values of the same path become: the second one prevails.

    Mappings are merged and sequences appended. A command is replaced. Of a
    variable, an env file or a mount that is named twice, both are kept, and the reader of the
    sequence lets the second one prevail.
    """
    field = path[2] if len(path) == len(_SERVICE) + 1 and path[0] == "services" else ""
    if field in _REPLACED:
        return override
    if field in _LISTED:
        return base.replace(kind="seq", value=(*_as_sequence(base), *_as_sequence(override)))
    if field == "build":
        base, override = _as_build(base), _as_build(override)
    elif field == "depends_on":
        base, override = _as_mapping(base), _as_mapping(override)
    if override.kind == "null":
        return base
    if base.kind not in {"map", "seq"}:
        return override
    if base.kind != override.kind:
        project.remark(override.location, "This cannot be merged with what another file says.")
        return base
    if base.kind == "seq":
        return base.replace(value=(*base.items, *override.items))
    return base.replace(value=_merged_entries(project, base.entries, override.entries, path))


def _merged_entries(
    project: Project, base: Mapping[str, Value], override: Mapping[str, Value], path: Path
) -> dict[str, Value]:
    entries = dict(base)
    project.spend(len(base) + len(override))
    for key, value in override.items():
        known = entries.get(key)
        entries[key] = value if known is None else merged(project, known, value, (*path, key))
    return entries


def _as_sequence(value: Value) -> Iterable[Value]:
    if value.kind != "map":
        return value.listed
    return [_as_item(key, each) for key, each in value.entries.items()]


def _as_item(key: str, value: Value) -> Value:
    if value.kind in {"map", "seq"}:
        return value
    text = key if value.kind == "null" else f"{key}={value.value}"
    return value.replace(kind="str", value=text)


def _as_build(value: Value) -> Value:
    return value.replace(kind="map", value={"context": value}) if value.kind == "str" else value


def _as_mapping(value: Value) -> Value:
    if value.kind != "seq":
        return value
    names = {item.written: item.replace(kind="map", value={}) for item in value.items}
    return value.replace(kind="map", value={name: at for name, at in names.items() if name})


def without(value: Value, paths: Sequence[Path], at: Path = ()) -> Value:
    """
    Return a value without what `!reset` and `!override` remove, given the paths of these tags.
    """
    if value.kind != "map" or not paths:
        return value
    entries: dict[str, Value] = {}
    for key, each in value.entries.items():
        path = (*at, key)
        below = [removed for removed in paths if removed[: len(path)] == path]
        if path not in below:
            entries[key] = without(each, below, path)
    return value.replace(value=entries)
