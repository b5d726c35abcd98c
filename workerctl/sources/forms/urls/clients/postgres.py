"""
PostgreSQL URLs as libpq reads them, or SQLAlchemy where the scheme names a driver.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workerctl.sources.forms.urls import authority, drivers, parameters
from workerctl.sources.forms.urls.authority import SQLALCHEMY, Client
from workerctl.sources.forms.urls.drivers import corrected, scheme_of
from workerctl.sources.forms.urls.faults import Effect, Fault, Use
from workerctl.sources.forms.urls.parameters import INTEGER, TEXT, Kind, Table, named, one_of
from workerctl.sources.forms.urls.parts import Parts

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

_LIBPQ = {
    **named(
        TEXT,
        "application_name client_encoding dbname fallback_application_name "
        "gssdelegation gsslib host hostaddr krbsrvname max_protocol_version "
        "min_protocol_version oauth_client_id oauth_client_secret oauth_issuer "
        "oauth_scope options passfile password port replication require_auth "
        "requirepeer scram_client_key scram_server_key service servicefile "
        "ssl_max_protocol_version ssl_min_protocol_version sslcert sslcompression "
        "sslcrl sslcrldir sslkey sslkeylogfile sslpassword sslrootcert user",
    ),
    **named(
        INTEGER,
        "connect_timeout keepalives keepalives_count keepalives_idle "
        "keepalives_interval tcp_user_timeout",
    ),
    "channel_binding": one_of("disable", "prefer", "require"),
    "gssencmode": one_of("disable", "prefer", "require"),
    "load_balance_hosts": one_of("disable", "random"),
    "sslcertmode": one_of("disable", "allow", "require"),
    "sslmode": one_of(*SSL_MODES),
    "sslnegotiation": one_of("postgres", "direct"),
    "sslsni": one_of("0", "1"),
    "target_session_attrs": one_of(
        "any", "read-write", "read-only", "primary", "standby", "prefer-standby"
    ),
}
_PLAIN = Table("libpq", {**_LIBPQ, "ssl": one_of("true")}, Effect.DOUBTFUL)
_PSYCOPG = {
    **_LIBPQ,
    **named(
        TEXT, "async async_ autocommit connection_factory cursor_factory dsn prepare_threshold"
    ),
}
_ASYNCPG = {
    **named(
        TEXT,
        "async_creator_fn async_fallback command_timeout database direct_tls dsn "
        "gsslib host krbsrvname max_cacheable_statement_size "
        "max_cached_statement_lifetime passfile password port "
        "prepared_statement_cache_size prepared_statement_name_func "
        "server_settings service servicefile statement_cache_size timeout user",
    ),
    "ssl": one_of(*SSL_MODES),
    "target_session_attrs": _LIBPQ["target_session_attrs"],
    "record_class": Kind("an object, which a URL cannot hold", lambda _: False),
}
_PLAIN_LIBPQ = Client(
    "libpq",
    userinfo=r"[^/@]*",
    second_at=Effect.DOUBTFUL,
    late_at=Effect.DOUBTFUL,
    percent=Effect.DOUBTFUL,
    several=None,
    empty_port=Effect.DOUBTFUL,
    brackets=None,
    capitals=Effect.DOUBTFUL,
)
_PLAIN_ASYNCPG = Client(
    "asyncpg", at=None, late_at=Effect.DOUBTFUL, several=None, brackets=Effect.DOUBTFUL
)
"""What may read a URL without a driver. SQLAlchemy loads libpq, but refuses an empty port."""

_DRIVERS = {
    "asyncpg": Table("asyncpg", _ASYNCPG),
    **dict.fromkeys(("psycopg", "psycopg_async"), Table("psycopg", _PSYCOPG)),
    **dict.fromkeys(("psycopg2", "psycopg2cffi"), Table("psycopg2", _PSYCOPG)),
}
_ASYNCHRONOUS = ("asyncpg", "psycopg_async")


def faults(parts: Parts, use: Use) -> Iterator[Fault]:
    """
    Yield the faults of a `postgres:` or `postgresql:` URL, with or without a driver.
    """
    yield from _scheme_faults(parts, use)
    own = parts.reread((SQLALCHEMY if parts.driver else _PLAIN_LIBPQ).userinfo)
    if not parts.driver:
        yield from _faults_without_driver(parts, own)
    elif parts.driver.startswith("psycopg") and ":" not in own.hosts:
        yield from authority.faults(parts, SQLALCHEMY.replace(several=None))  # libpq splits them
    else:
        yield from authority.faults(parts, SQLALCHEMY)
    pairs = own.pairs()
    table = _DRIVERS.get(parts.driver) if parts.driver else _PLAIN
    if table is None:
        return
    if table.client == "asyncpg" and any(name == "sslmode" for name, _ in pairs):
        what = "has the parameter `sslmode`, which asyncpg refuses from SQLAlchemy"
        yield Fault(Effect.REFUSED, what, "Write `ssl=require` in its place.", "sslmode")
        pairs = [(name, value) for name, value in pairs if name != "sslmode"]
    hosts = [pair for pair in pairs if pair[0] == "host"]
    yield from parameters.faults([*(p for p in pairs if p[0] != "host"), *hosts[:1]], table)


def _faults_without_driver(parts: Parts, own: Parts) -> Iterator[Fault]:
    """
    Yield what libpq refuses, which reads `own`; if there is nothing, what asyncpg refuses.
    """
    found = [*authority.faults(parts, _PLAIN_LIBPQ), *_blanks(own), *_separators(own)]
    yield from found or authority.faults(parts, _PLAIN_ASYNCPG)


def _blanks(parts: Parts) -> Iterator[Fault]:
    """
    Yield a fault if libpq finds a blank within a part of the URL; around a part, it ignores them.
    """
    user, _, password = (parts.userinfo or "").partition(":")
    others = re.split("[:,/&=]", f"{parts.hosts}{parts.path}&{parts.query}")
    if any(" " in part.strip(" ") for part in (user, password, *others)):
        what = "has a blank, which libpq refuses from version 18 on"
        yield Fault(Effect.DOUBTFUL, what, "Percent-encode it as %20.")


def _separators(parts: Parts) -> Iterator[Fault]:
    """
    Yield a fault if a query parameter has no `=` or several. libpq allows one `&` at the end.
    """
    given = parts.query.removesuffix("&").split("&")
    if parts.query and any(each.count("=") != 1 for each in given):
        what = "has a query parameter with no `=` or with several, which libpq refuses"
        yield Fault(Effect.DOUBTFUL, what, "Write name=value, and a `=` within the value as %3D.")


def _scheme_faults(parts: Parts, use: Use) -> Iterator[Fault]:
    """
    Yield the faults of a scheme or a driver that SQLAlchemy cannot load.
    """
    scheme = use.default.partition("://")[0]
    driver = scheme.partition("+")[2]
    if parts.kind == "postgres" and (driver or parts.driver):
        what = "has the scheme `postgres`, which SQLAlchemy does not know"
        meant = scheme_of("postgresql", corrected(parts.driver or driver, "postgres"))
        hint = f"Write `{meant}:`." if "+" in meant else "Write `postgresql` in its place."
        yield Fault(Effect.REFUSED, what, hint)
    elif driver in _ASYNCHRONOUS and not parts.driver:
        what = f"names no driver, and its default names {driver}: SQLAlchemy loads psycopg2"
        yield Fault(Effect.DOUBTFUL, what, f"Write `postgresql+{driver}:`.")
    else:
        yield from drivers.faults(parts, "postgres")
