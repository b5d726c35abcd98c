"""
Lists of Kafka's bootstrap servers: `host:port,host:port`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from workerctl.sources.forms.urls import authority
from workerctl.sources.forms.urls.authority import Client
from workerctl.sources.forms.urls.faults import Effect, Fault
from workerctl.sources.forms.urls.parts import Parts

_NAME = r"KAFKA.*(?:BOOTSTRAP|BROKER|SERVER|HOST)|BOOTSTRAP_?SERVER"
_PROTOCOLS = frozenset({"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"})
_OTHER_SEPARATOR = r"[;\s|]"
_NUMBER = r"[0-9]+"
_CLIENT = Client("a Kafka client", several=None, empty_port=Effect.REFUSED, brackets=None)


def is_list_of_servers(name: str) -> bool:
    """
    Return whether a setting holds bootstrap servers, judged by its name.
    """
    upper = name.upper()
    return ("KAFKA" in upper or "BOOTSTRAP" in upper) and re.search(_NAME, upper) is not None


def faults(servers: Sequence[str]) -> Iterator[Fault]:
    """
    Yield the faults of a list of servers, each of them once.
    """
    found = {fault.what: fault for server in servers for fault in _server_faults(server.strip())}
    yield from found.values()


def _server_faults(server: str) -> Iterator[Fault]:
    if not server:
        what = "has an empty entry in its list of servers"
        yield Fault(Effect.REFUSED, what, "Separate the servers by single commas.")
        return
    if re.search(_OTHER_SEPARATOR, server):
        what = "separates its servers by another character than a comma"
        yield Fault(Effect.REFUSED, what, "Write host:port,host:port.")
        return
    if "/" in server:
        protocol, separator, address = server.partition("://")
        if not separator or "/" in address or protocol.lower() not in _PROTOCOLS:
            what = "has a scheme or a path at a server, which Kafka clients take for the host"
            yield Fault(Effect.DOUBTFUL, what, "Write host:port,host:port.")
        return
    if re.fullmatch(_NUMBER, server) or server.startswith(":"):
        what = "has a server without a host"
        yield Fault(Effect.REFUSED, what, "Write host:port,host:port.")
        return
    if ":" not in server.rpartition("]")[2]:
        what = "has a server without a port, for which clients take 9092"
        yield Fault(Effect.IGNORED, what, "Add the port: host:port,host:port.")
    yield from authority.faults(Parts("kafka", None, server, "", "", ""), _CLIENT)
