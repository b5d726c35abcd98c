"""
URLs of HTTP and of WebSockets.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.sources.forms.urls import authority
from workerctl.sources.forms.urls.authority import Client
from workerctl.sources.forms.urls.faults import Effect, Fault, Use
from workerctl.sources.forms.urls.parts import Parts

_CLIENT = Client("an HTTP client", brackets=Effect.DOUBTFUL)


def faults(parts: Parts, _: Use) -> Iterator[Fault]:
    """
    Yield the faults of an `http:`, `https:`, `ws:` or `wss:` URL. A path may contain an `@`.
    """
    if "@" in parts.path + parts.query + parts.fragment and _has_sound_port(parts.hosts):
        parts = parts.replace(path="", query="", fragment="")
    found = list(authority.faults(parts, _CLIENT))
    yield from found
    if not found and (not parts.hosts or parts.hosts.startswith(":")):
        yield Fault(Effect.REFUSED, "names no host", "Write the host after `://`.")


def _has_sound_port(hosts: str) -> bool:
    port = hosts.rpartition("]")[2].partition(":")[2]
    return not port or (port.isascii() and port.isdigit())
