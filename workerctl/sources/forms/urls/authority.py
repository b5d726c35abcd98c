"""
A URL up to its path: the scheme, user, password, hosts and ports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from workerctl.report.records import Record
from workerctl.sources.forms.urls.faults import HIGHEST_PORT, Effect, Fault
from workerctl.sources.forms.urls.parts import USERINFO, Parts

_ESCAPES = "Percent-encode it: `@` as %40, `/` as %2F, `?` as %3F, `#` as %23, `%` as %25."
_NEXT_URL = r"[,;\s][A-Za-z][A-Za-z0-9+.-]*://"
_BAD_PERCENT = r"%(?![0-9A-Fa-f]{2})"


class Client(Record):
    """
    What a client does with each irregularity of a URL; None means that it accepts it.

    `userinfo` is the pattern of what it takes for user and password. `at` is an unescaped `@` in
    them, `second_at` one after them, `late_at` another character that ends the host too early,
    `percent` an invalid escape, `several` more than one host, `empty_port` a `:` without a port,
    `brackets` those that do not enclose an IPv6 address, and `capitals` those of the scheme.
    """

    name: str
    userinfo: str = USERINFO
    at: Effect | None = Effect.NOTED
    second_at: Effect = Effect.REFUSED
    late_at: Effect = Effect.REFUSED
    percent: Effect | None = None
    several: Effect | None = Effect.REFUSED
    empty_port: Effect = Effect.IGNORED
    brackets: Effect | None = Effect.REFUSED
    capitals: Effect | None = None


SQLALCHEMY = Client(
    "SQLAlchemy",
    userinfo=r"[^:/]*(?::[^@]*)?",
    empty_port=Effect.REFUSED,
    brackets=None,
    capitals=Effect.REFUSED,
)
"""What reads a URL whose scheme names a driver of a database."""


def faults(parts: Parts, client: Client) -> Iterator[Fault]:
    """
    Yield the faults of scheme, user, password, hosts and ports, but for a missing host.
    """
    yield from scheme_faults(parts, client)
    parts = parts.reread(client.userinfo)
    if _ends_early(parts, client):
        what = "has an unescaped `/`, `?` or `#` in front of its `@`"
        yield Fault(client.late_at, f"{what}, where {client.name} ends the host", _ESCAPES)
        return
    if client.brackets is not None and _has_wrong_brackets(parts):
        who = _refusing(client, client.brackets)
        what = f"has a `[` or `]` that does not belong to an IPv6 address, which {who}"
        yield Fault(client.brackets, what, "Percent-encode it: `[` as %5B, `]` as %5D.")
        return
    if "@" in parts.hosts:
        what = f"has an unescaped `@` in its user or password, at which {client.name} ends them"
        yield Fault(client.second_at, what, _ESCAPES)
        return
    yield from _userinfo_faults(parts.userinfo or "", client)
    hosts = parts.hosts.split(",")
    if len(hosts) > 1 and client.several is not None:
        yield Fault(
            client.several,
            f"names {len(hosts)} hosts, and {client.name} connects to one",
            "Name one host.",
        )
        return
    for host in hosts:
        fault = _port_fault(host, client)
        if fault is not None:
            yield fault
            return


def scheme_faults(parts: Parts, client: Client) -> Iterator[Fault]:
    """
    Yield a fault if the client compares schemes with those in lower case.
    """
    if parts.has_capitals and client.capitals is not None:
        what = f"has capital letters in its scheme, which {_refusing(client, client.capitals)}"
        yield Fault(client.capitals, what, "Write it in lower case.")


def _ends_early(parts: Parts, client: Client) -> bool:
    """
    Return whether what looks like the host is the beginning of a user or password.
    """
    if "@" in parts.path + parts.fragment:
        return True
    start, at, _ = parts.query.partition("@")
    return bool(at) and ("=" not in start or _port_fault(parts.hosts, client) is not None)


def _has_wrong_brackets(parts: Parts) -> bool:
    """
    Return whether `urllib.parse`, which the client uses, takes brackets for those of an address.
    """
    authority = f"//{parts.userinfo or ''}@{parts.hosts}"
    if set("[]").isdisjoint(authority):
        return False
    try:
        urlsplit(authority)
    except ValueError:
        return True
    return False


def _refusing(client: Client, effect: Effect) -> str:
    return "some clients refuse" if effect is Effect.DOUBTFUL else f"{client.name} refuses"


def has_two_schemes(parts: Parts) -> bool:
    """
    Return whether a second scheme follows the first one, as in `redis://redis://host`.
    """
    return parts.path.startswith("//") and parts.hosts.endswith(":") and parts.hosts[:-1].isalpha()


def has_several_urls(parts: Parts) -> bool:
    """
    Return whether another URL follows the first one, as in `redis://one:6379,redis://two:6379`.
    """
    return re.search(_NEXT_URL, parts.hosts + parts.path, re.ASCII) is not None


def _userinfo_faults(userinfo: str, client: Client) -> Iterator[Fault]:
    if userinfo.endswith(":") and userinfo.count(":") == 1:
        yield Fault(
            Effect.IGNORED,
            "has a `:` for a password, but no password after it",
            "Set the variable that should have filled it, or remove the `:`.",
        )
    if client.at is not None and "@" in userinfo:
        does = {
            Effect.NOTED: f"which {client.name} reads correctly and others may not",
            Effect.DOUBTFUL: "at which some clients end them",
            Effect.REFUSED: f"which {client.name} refuses",
        }
        what = f"has an unescaped `@` in its user or password, {does[client.at]}"
        yield Fault(client.at, what, _ESCAPES)
    elif client.percent is not None and re.search(_BAD_PERCENT, userinfo):
        yield Fault(
            client.percent,
            f"has a `%` in its user or password that {client.name} refuses as an escape",
            _ESCAPES,
        )


def _port_fault(host: str, client: Client) -> Fault | None:
    """
    Return the fault of `host:port`.
    """
    name, colon, port = host.rpartition(":") if host.startswith("[") else host.partition(":")
    if host.startswith("["):
        if host.endswith("]"):
            return None
        sound = name.endswith("]")
    else:
        sound = ":" not in port
    if not sound:
        what = "has more than one `:` in its host and port"
        return Fault(Effect.REFUSED, what, "Write host:port, and an IPv6 address in brackets.")
    if colon and not port:
        does = f"which {_refusing(client, client.empty_port)}"
        if client.empty_port is Effect.IGNORED:
            does = f"so {client.name} takes the default"
        what = f"has a `:` but no port after its host, {does}"
        return Fault(client.empty_port, what, "Add the port, or remove the `:`.")
    if port and not (port.isascii() and port.isdigit()):
        hint = "Correct it. If a password contains `/`, `?` or `#`, percent-encode them."
        return Fault(Effect.REFUSED, "has a port that is not a number", hint)
    if port and int(port[:6]) > HIGHEST_PORT:
        what = f"has a port above {HIGHEST_PORT}"
        return Fault(Effect.REFUSED, what, "Correct the port.")
    return None
