"""
Choose the client that reads a URL, and find what it will make of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module

from workerctl.sources.forms.urls import authority
from workerctl.sources.forms.urls.faults import Effect, Fault, Use, is_name_of_url
from workerctl.sources.forms.urls.parts import Parts, split

_FAMILIES = {
    "redis": "redis",
    "rediss": "redis",
    "unix": "redis",
    "amqp": "amqp",
    "amqps": "amqp",
    "postgres": "postgres",
    "postgresql": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mongodb": "mongodb",
    "http": "web",
    "https": "web",
    "ws": "web",
    "wss": "web",
}
_OTHER_SCHEMES = frozenset({"mssql", "mysql2", "mysqli", "mysqlx"})
_SHORTEST_MISSPELT = 4
_BETWEEN_URLS = r"(?<![,;\s])[,;\s]++(?=[A-Za-z][A-Za-z0-9+.-]*://)"
_SEPARATORS = ",; \t\r\n"
_TEMPLATE = frozenset("{}<>$%")
# What is left of `redis://host` without a slash or the colon, and `host:6379/0`.
_BROKEN_SCHEME = rf"(?:{'|'.join(_FAMILIES)})(?:\+\w+)?(?::/(?!/)|//)\S+$"
_ADDRESS = r"(?:[^\s/@]*@)?[A-Za-z0-9.-]+:[0-9]{2,5}(?:/\S*)?"
_OF_SERVICES = (
    r"(?:^|_)(?:AMQP|BROKER|DATABASE|DB|MONGO|MONGODB|MYSQL|POSTGRES|POSTGRESQL|RABBITMQ|REDIS)"
    r"_UR[LI]$"
)
_WITHOUT_SCHEME = frozenset({"none", "null", "disabled", "disable", "off", "false", "memory"})


def urls_in(text: str, use: Use) -> list[str]:
    """
    Return the URLs that the text of a setting lists, or the text itself if it is one.

    RQ, and the client of an endpoint, are given the text as it is; Celery splits it at each `;`.
    Any other program has to split it itself.

        >>> urls_in("https://app.example.com, https://admin.example.com", Use())
        ['https://app.example.com', 'https://admin.example.com']
    """
    if use.is_origins:
        return [each.strip() for each in text.split(",") if "://" in each]
    if use.is_redis or use.is_url:
        return [text]
    if use.is_celery:
        return text.split(";")
    urls = re.split(_BETWEEN_URLS, text)
    if len(urls) == 1 or split(urls[0]) is None:  # such as a sentence that names URLs
        return [text]
    return [url.rstrip(_SEPARATORS) for url in urls]


def faults(text: str, use: Use) -> Iterator[Fault]:
    """
    Yield the faults of the value of a setting that may be a URL, or of one that it lists.

        >>> [fault.parameter for fault in faults("redis://cache/0?ssl_cert_reqs=none", Use())]
        ['ssl_cert_reqs']
    """
    parts = split(text)
    if parts is None:
        yield from _without_scheme(text, use)
        return
    found = list(_of_client(parts, use))
    yield from found
    if not any(fault.effect is Effect.REFUSED for fault in found):
        from workerctl.sources.forms.urls import verification

        yield from verification.faults(parts)


def _of_client(parts: Parts, use: Use) -> Iterator[Fault]:
    if use.is_redis and parts.scheme not in {"redis", "rediss", "unix"}:
        what = "has a scheme that redis-py refuses"
        yield Fault(Effect.REFUSED, what, "Write redis:, or rediss: for TLS.")
        return
    family = _FAMILIES.get(parts.kind)
    if family is None:
        yield from _misspelt(parts)
    elif not (_TEMPLATE.isdisjoint(parts.hosts) and _is_read(parts, use)):
        return  # filled in at run time, or read by a client that is not known
    elif authority.has_two_schemes(parts):
        yield Fault(Effect.REFUSED, "has two schemes", "Remove one of them.")
    elif family != "web" and authority.has_several_urls(parts):
        hint = "Separate them by `;`." if use.is_celery and not use.is_redis else "Name one URL."
        yield Fault(Effect.REFUSED, "names several URLs, where its client expects one", hint)
    else:
        client = import_module(f"workerctl.sources.forms.urls.clients.{family}")
        yield from client.faults(parts, use)


def _is_read(parts: Parts, use: Use) -> bool:
    """
    Return whether the client is known: there are many of Unix sockets, and Celery has own schemes.
    """
    if parts.scheme == "unix":
        return use.is_redis or "REDIS" in use.name.upper()
    return not (parts.driver and parts.kind in {"redis", "rediss", "amqp", "amqps"})


def _misspelt(parts: Parts) -> Iterator[Fault]:
    """
    Yield a fault if the scheme is nearly a known one, whose drivers include the one that it names.
    """
    from workerctl.report.suggest import is_slip
    from workerctl.sources.forms.urls.drivers import DRIVERS, scheme_of

    if parts.kind in _OTHER_SCHEMES or len(parts.kind) < _SHORTEST_MISSPELT - 1:
        return
    for known, family in _FAMILIES.items():
        if (
            len(known) >= _SHORTEST_MISSPELT
            and is_slip(parts.kind, known)
            and (not parts.driver or parts.driver in DRIVERS.get(family, ()))
        ):
            hint = f"Did you mean {scheme_of(known, parts.driver)}:?"
            yield Fault(Effect.REFUSED, "has a scheme that is not known", hint)
            return


def _without_scheme(text: str, use: Use) -> Iterator[Fault]:
    """
    Yield a fault if a setting that holds a URL holds another text, such as `host:6379`.
    """
    scheme = use.default.partition("://")[0] if "://" in use.default else ""
    if text.strip().lower() in _WITHOUT_SCHEME or not text.strip():
        return
    if not scheme and not use.is_redis and not use.is_url:
        yield from _nearly_a_url(text, use)
        return
    is_conninfo = "=" in text and scheme.partition("+")[0] in {"postgres", "postgresql"}
    is_address = "." in text or ":" in text or text.strip().lower() == "localhost"
    if not is_conninfo and (use.is_redis or use.is_url or (scheme and is_address)):
        example = scheme or ("redis" if use.is_redis else "https")
        what = "must be a URL, but its value has no scheme"
        yield Fault(Effect.REFUSED, what, f"Begin it with `{example}://`.")


def _nearly_a_url(text: str, use: Use) -> Iterator[Fault]:
    """
    Yield a fault if nothing but a name says that a text should be a URL, and it is nearly one.
    """
    is_address = re.fullmatch(_ADDRESS, text) and re.search(_OF_SERVICES, use.name.upper())
    if is_name_of_url(use.name) and re.match(_BROKEN_SCHEME, text, re.IGNORECASE):
        yield Fault(Effect.DOUBTFUL, "has no `://` after its scheme", "Write the scheme and `://`.")
    elif is_name_of_url(use.name) and is_address:
        what = "is an address without a scheme, although its name says that it is a URL"
        yield Fault(Effect.DOUBTFUL, what, "Begin it with the scheme of the service and `://`.")
