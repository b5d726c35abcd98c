"""
Kubernetes: a ConfigMap with what is public, a Secret with placeholders, and how to refer to them.
"""

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
    is_empty = not any(entry.is_needed or entry.default is not None for entry in found)
    yield f"{field}: {{}}" if is_empty else f"{field}:"
    for entry in found:
        yield ""
        yield from described(entry, indent="  ")
        is_set = entry.is_needed or entry.default is not None
        text = entry.default if entry.default is not None else entry.placeholder
        text = entry.placeholder if entry.is_needed else text
        yield f"  {'' if is_set else '#'}{key(entry.name)}: {scalar(text)}"
