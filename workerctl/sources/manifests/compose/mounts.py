"""
What a service sees at its paths: volumes, secrets and configs.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.sources.manifests.compose.interpolation import Text
from workerctl.sources.manifests.compose.project import Project
from workerctl.sources.manifests.compose.values import Value
from workerctl.sources.manifests.containers import Mount

_SHORTEST = 3
_TARGETS = {"secrets": "/run/secrets", "configs": ""}


class _Volume(Record):
    """
    An entry of `volumes`. `kind` is "bind", "volume", "tmpfs" or another type.
    """

    kind: str
    source: Value | None
    target: str
    is_read_only: bool


def mounts(
    project: Project, model: Value, service: Value, names: Mapping[str, Text]
) -> dict[str, Mount]:
    """
    Return what is mounted in the containers of a service, by path.
    """
    found: dict[str, Mount] = {}
    for section, directory in _TARGETS.items():
        granted, declared = service.get(section), model.get(section)
        for item in () if granted is None else granted.items:
            path, known = _granted(project, item, declared, section)
            if path:
                path = path if path.startswith("/") else f"{directory}/{path}"
                found[_clean(path)] = Mount() if known is None else _file(known, names)
    tmpfs = service.get("tmpfs")
    for item in () if tmpfs is None else tmpfs.listed:
        if item.written:
            found[_clean(item.written.partition(":")[0])] = Mount()
    volumes = service.get("volumes")
    for item in () if volumes is None else volumes.items:
        volume = _long(item) if item.kind == "map" else _short(item)
        if volume is None or not volume.target:
            if not item.missing:
                project.remark(item.location, "This is not a volume that docker compose accepts.")
            continue
        found[_clean(volume.target)] = _mount(project, model, volume, item.location)
    return found


def _clean(path: str) -> str:
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _mount(project: Project, model: Value, volume: _Volume, location: Location) -> Mount:
    if volume.kind == "bind":
        source = volume.source
        text = "" if source is None else source.text or ""
        # Other paths are of the machine, not of the project.
        is_own = source is not None and not text.startswith(("/", "~", "\\"))
        file = source.path if source is not None and is_own else None
        return Mount(file=file, is_kept=not volume.is_read_only)
    if volume.kind != "volume" or volume.source is None or not volume.source.written:
        # `docker compose down` leaves a volume without a name to nobody.
        return Mount()
    name = volume.source.text
    declared = model.get("volumes")
    if name is not None and (declared is None or name not in declared.entries):
        project.remark(location, "This names a volume that is not declared in `volumes`.")
    return Mount(is_kept=not volume.is_read_only)


def _long(item: Value) -> _Volume | None:
    kind, target = item.get("type"), item.get("target")
    if kind is None or target is None or not kind.text or not target.written:
        return None
    read_only = item.get("read_only")
    return _Volume(
        kind=kind.text,
        source=item.get("source"),
        target=target.written,
        is_read_only=read_only is not None and str(read_only.value).lower() == "true",
    )


def _short(item: Value) -> _Volume | None:
    """
    Return an entry such as `data:/data:ro`. A colon in a reference to a variable is part of it.
    """
    written = item.written
    if not written:
        return None
    if len(written) < _SHORTEST:
        return _Volume("volume", None, written, is_read_only=False)
    fields = list(_fields(written))
    if not all(fields) or len(fields) > 3:  # noqa: PLR2004 -- source, target and options
        return None
    if len(fields) == 1:
        return _Volume("volume", None, written, is_read_only=False)
    options = fields[2].split(",") if len(fields) > 2 else []  # noqa: PLR2004
    modes = [option for option in options if option in {"ro", "rw"}]
    missing = item.missing if "$" in fields[0] else ()
    return _Volume(
        kind="bind" if _is_path(fields[0]) else "volume",
        source=item.replace(value=fields[0], missing=missing),
        target=fields[1],
        is_read_only=modes[-1:] == ["ro"],
    )


def _fields(written: str) -> Iterator[str]:
    start, depth = 0, 0
    for at, char in enumerate(written):
        if written.startswith("${", at):
            depth += 1
        elif char == "}" and depth:
            depth -= 1
        elif char == ":" and not depth and not _is_drive(written[start : at + 1]):
            yield written[start:at]
            start = at + 1
    yield written[start:]


def _is_drive(text: str) -> bool:
    return len(text) == 2 and text[0].isalpha() and text[1] == ":"  # noqa: PLR2004


def _is_path(source: str) -> bool:
    return source[0] in "./~" or source.startswith("\\\\") or _is_drive(source[:2])


def _granted(
    project: Project, item: Value, declared: Value | None, section: str
) -> tuple[str, Value | None]:
    """
    Return where an entry of `secrets` or `configs` is mounted, "" for nowhere, and what it names.
    """
    source = item.get("source") if item.kind == "map" else item
    if source is None or not source.written:
        return "", None
    target = item.get("target")
    known = None if declared is None else declared.entries.get(source.written)
    if known is None and not source.missing:
        project.remark(item.location, f"This is not declared in the `{section}` of the file.")
    return (None if target is None else target.written) or source.written, known


def _file(declared: Value, names: Mapping[str, Text]) -> Mount:
    """
    Return a secret or a config as it is declared at the top level.
    """
    file, content, variable = (declared.get(key) for key in ("file", "content", "environment"))
    if file is not None:
        return Mount(file=file.path)
    if content is not None:
        return Mount(text=content.text)
    value = None if variable is None else names.get(variable.text or "")
    return Mount(text=None if value is None or value.missing else value.text)
