"""
Kubernetes: a ConfigMap with what is public, a Secret with placeholders, and how to refer to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from workerctl.commands.schema.entries import Entry, Outline
from workerctl.commands.schema.formats.comments import comment, described, origin
from workerctl.commands.schema.formats.yaml import key, scalar

_SNIPPET = """\
envFrom:
  - configMapRef:
      name: {name}-settings
  - secretRef:
      name: {name}-secrets"""
_WORD = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+"
_GENERAL = frozenset({"settings", "config", "configuration"})


def lines(outline: Outline) -> Iterator[str]:
    """
    Yield a ConfigMap and a Secret as YAML; a comment shows what the container needs.

    What has neither a default nor to be set is commented out.
    """
    name = workload(outline)
    public = [entry for entry in outline.entries if not entry.setting.secret]
    secret = [entry for entry in outline.entries if entry.setting.secret]
    yield from comment([origin(outline)])
    yield "#"
    yield from comment(["The container gets both objects with:"])
    yield "#"
    yield from (f"#     {line}" for line in _SNIPPET.format(name=name).splitlines())
    yield "apiVersion: v1"
    yield "kind: ConfigMap"
    yield from _metadata(f"{name}-settings")
    yield from _data("data", public)
    yield "---"
    yield from comment(["Replace the placeholders, and do not commit the result."])
    yield "apiVersion: v1"
    yield "kind: Secret"
    yield from _metadata(f"{name}-secrets")
    yield "type: Opaque"
    yield from _data("stringData", secret)


def workload(outline: Outline) -> str:
    """
    Return a name for what a class configures: `celery` for CelerySettings, else `worker`.
    """
    words = re.findall(_WORD, outline.schema.settings_class.__name__)
    kept = [word.lower() for word in words if word.lower() not in _GENERAL]
    return "-".join(kept) or "worker"


def _metadata(name: str) -> Iterator[str]:
    yield "metadata:"
    yield f"  name: {name}"


def _data(field: str, entries: Iterable[Entry]) -> Iterator[str]:
    found = list(entries)
    yield f"{field}:" if any(map(_is_set, found)) else f"{field}: {{}}"
    for entry in found:
        yield ""
        yield from described(entry, indent="  ")
        has_default = entry.default is not None and not entry.is_needed
        text = (entry.default or "") if has_default else entry.placeholder
        yield f"  {'' if _is_set(entry) else '#'}{key(entry.name)}: {scalar(text)}"


def _is_set(entry: Entry) -> bool:
    """
    Return whether the object sets a variable; a part of an unused model would require the others.
    """
    return entry.is_needed or (entry.default is not None and entry.is_used)
