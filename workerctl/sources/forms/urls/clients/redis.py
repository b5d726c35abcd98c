"""
Redis URLs as redis-py reads them, and Celery where the setting belongs to it.

redis-py passes the parameters to the constructor of a connection, which refuses unknown ones. The
tables hold those of redis-py 5 to 8; importing it would take longer than all checks together.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from urllib.parse import unquote

from workerctl.sources.forms.urls import authority, parameters
from workerctl.sources.forms.urls.authority import Client
from workerctl.sources.forms.urls.faults import Effect, Fault, Use
from workerctl.sources.forms.urls.parameters import (
    INTEGER,
    NUMBER,
    TEXT,
    Kind,
    Table,
    named,
    one_of,
)
from workerctl.sources.forms.urls.parts import Parts

_FALSE = frozenset({"0", "F", "FALSE", "N", "NO"})
_OBJECT = Kind("an object, which a URL cannot hold", lambda _: False)
_NATURAL = Kind("a whole number that is not negative", lambda text: int(text) >= 0)
_PROTOCOL = Kind("2 or 3", lambda text: int(text) in {2, 3})
_CERT_REQS = one_of("none", "optional", "required")
_CERT_REQS_OF_CELERY = one_of(
    "none", "optional", "required", "CERT_NONE", "CERT_OPTIONAL", "CERT_REQUIRED"
)
_VERIFY_FLAGS = frozenset(
    f"VERIFY_{flag}"
    for flag in [
        "ALLOW_PROXY_CERTS",
        "CRL_CHECK_CHAIN",
        "CRL_CHECK_LEAF",
        "DEFAULT",
        "X509_PARTIAL_CHAIN",
        "X509_STRICT",
        "X509_TRUSTED_FIRST",
    ]
)
_FLAGS = Kind(
    "a list of names of ssl.VerifyFlags",
    lambda text: _VERIFY_FLAGS.issuperset(
        flag.strip() for flag in text.replace("[", "").replace("]", "").split(",")
    ),
)

_ALWAYS = {
    **named(
        TEXT,
        "client_name decode_responses encoding encoding_errors legacy_responses "
        "lib_name lib_version password retry_on_error retry_on_timeout username",
    ),
    **named(_NATURAL, "db max_connections"),
    **named(INTEGER, "health_check_interval socket_read_size"),
    **named(NUMBER, "socket_connect_timeout socket_timeout"),
    "protocol": _PROTOCOL,
    **named(
        _OBJECT,
        "cache cache_config cache_factory command_packer connection_class "
        "credential_provider driver_info event_dispatcher "
        "maint_notifications_config parser_class redis_connect_func retry",
    ),
}
_TCP = {
    **_ALWAYS,
    **named(TEXT, "host socket_keepalive"),
    "port": INTEGER,
    "socket_type": _OBJECT,
    "socket_keepalive_options": _OBJECT,
}
_TLS = {
    **named(
        TEXT,
        "ssl_ca_certs ssl_ca_data ssl_ca_path ssl_certfile ssl_check_hostname "
        "ssl_ciphers ssl_keyfile ssl_ocsp_expected_cert ssl_password "
        "ssl_validate_ocsp ssl_validate_ocsp_stapled",
    ),
    "ssl_cert_reqs": _CERT_REQS,
    "ssl_exclude_verify_flags": _FLAGS,
    "ssl_include_verify_flags": _FLAGS,
    "ssl_min_version": INTEGER,
    "ssl_ocsp_context": _OBJECT,
}
KINDS = MappingProxyType(
    {"redis": _TCP, "rediss": {**_TCP, **_TLS}, "unix": {**_ALWAYS, "path": TEXT}}
)
"""The parameters that redis-py knows for each scheme."""

_CELERY = {
    **_TCP,
    **_TLS,
    **named(TEXT, "connect_timeout heartbeat insist login_method virtual_host"),
    "credential_provider": TEXT,
    "ssl_cert_reqs": _CERT_REQS_OF_CELERY,
}
_REDIS_PY = Client("redis-py", capitals=Effect.REFUSED)
_CELERY_ITSELF = Client("Celery", capitals=Effect.DOUBTFUL)
"""Celery accepts capital letters in the scheme of a broker, but not of a result backend."""

_ALWAYS_TRUE = frozenset({"decode_responses", "ssl_validate_ocsp", "ssl_validate_ocsp_stapled"})
"""Switches that redis-py does not convert, so that every text that is not empty is true."""

_EXCEPTIONS = frozenset({"retry_on_error"})
"""Lists of exceptions, of which redis-py takes a text for one: `except` then raises TypeError."""


def faults(parts: Parts, use: Use) -> Iterator[Fault]:
    """
    Yield the faults of a URL with one of the schemes.
    """
    celery = use.is_celery and not use.is_redis
    reader = _CELERY_ITSELF if celery else _REDIS_PY
    client = reader.name
    if parts.scheme == "unix":
        yield from authority.scheme_faults(parts, reader)
    else:
        found = list(authority.faults(parts, reader))
        yield from found
        if any(fault.effect is Effect.REFUSED for fault in found):
            return
        yield from _host_faults(parts, client)
    if celery and "BACKEND" in use.name.upper() and parts.scheme == "rediss":
        yield from _backend_faults(parts)
    yield from _parameter_faults(parts, celery=celery)
    yield from _database_faults(parts, client)
    if parts.fragment:
        what = f"has a `#`, and {client} ignores what follows it"
        yield Fault(Effect.IGNORED, what, "Remove it, or write `#` as %23.")


def _host_faults(parts: Parts, client: str) -> Iterator[Fault]:
    if not parts.hosts.partition(":")[0]:
        if parts.hosts or parts.userinfo is not None or client != "Celery":
            what = f"names no host, so {client} connects to localhost"
            yield Fault(Effect.IGNORED, what, "Add the host, even if it is localhost.")
    elif parts.userinfo and ":" not in parts.userinfo:
        what = f"has a user but no password in front of its `@`, as {client} reads it"
        yield Fault(Effect.IGNORED, what, "Write a password without a user as `:password@`.")


def _backend_faults(parts: Parts) -> Iterator[Fault]:
    """
    Yield a fault if a result backend says nothing of the certificate, which a broker need not.

    Celery's own setting `redis_backend_use_ssl`, which is made in code, may say it.
    """
    if all(name != "ssl_cert_reqs" for name, _ in parts.pairs()):
        what = "has no `ssl_cert_reqs`, which Celery requires unless `redis_backend_use_ssl` has it"
        yield Fault(Effect.DOUBTFUL, what, "Add `ssl_cert_reqs=CERT_REQUIRED` to its query.")


def _parameter_faults(parts: Parts, *, celery: bool) -> Iterator[Fault]:
    if not parts.query:
        return
    pairs = parts.pairs()
    if celery:
        yield from parameters.faults(pairs, Table("Celery", _CELERY))
        return
    known = KINDS[parts.scheme]
    elsewhere = _TLS if parts.scheme == "redis" else {}
    others = []
    for name, value in pairs:
        if name in elsewhere and name not in known:
            yield Fault(
                Effect.REFUSED,
                f"has the parameter `{name}`, which redis-py refuses without TLS",
                f"Use rediss: if the server supports TLS, or remove `{name}`.",
                name,
            )
        else:
            others.append((name, value))
    yield from parameters.faults(others, Table("redis-py", known))
    for name, value in dict(pairs).items():
        if name in _ALWAYS_TRUE and name in known and value.upper() in _FALSE:
            what = f"gives the parameter `{name}` a text, which redis-py takes for true"
            yield Fault(Effect.IGNORED, what, f"Remove `{name}`; it is false by default.", name)
        elif name in _EXCEPTIONS:
            what = f"gives `{name}` a text, with which redis-py fails when it should retry"
            yield Fault(Effect.IGNORED, what, f"Pass `{name}` where the client is created.", name)


def _database_faults(parts: Parts, client: str) -> Iterator[Fault]:
    if parts.scheme == "unix":
        return
    path = unquote(parts.path)
    number = _number(path.replace("/", ""))
    given = dict(reversed(parts.pairs())).get("db")
    if path.strip("/") and number is None:
        used = "the one of `db`" if given else "database 0"
        does = "refuses it" if client == "Celery" else f"uses {used}"
        effect = Effect.REFUSED if client == "Celery" else Effect.IGNORED
        what = f"has a path that is not the number of a database, and {client} {does}"
        yield Fault(effect, what, "Write the number, as in `redis://host:6379/0`.")
    elif number is not None and number < 0:
        yield Fault(Effect.REFUSED, "names a negative database", "Write a number from 0.")
    elif number is not None and "/" in path.strip("/"):
        what = f"has a path of several parts, which {client} joins into one number"
        yield Fault(Effect.IGNORED, what, "Write the number, as in `redis://host:6379/0`.")
    elif number is not None and given and _number(given) not in {None, number}:
        what = f"names two databases, and {client} uses the one of `db`, not that of the path"
        yield Fault(Effect.IGNORED, what, "Remove one of them.", "db")


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
