"""
MySQL and MariaDB URLs as SQLAlchemy passes them to a driver.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.sources.forms.urls import authority, drivers, parameters
from workerctl.sources.forms.urls.authority import SQLALCHEMY, Client
from workerctl.sources.forms.urls.faults import Effect, Fault, Use
from workerctl.sources.forms.urls.parameters import INTEGER, TEXT, Kind, Table, named
from workerctl.sources.forms.urls.parts import Parts

_WORDS = frozenset(["true", "yes", "on", "y", "t", "1", "false", "no", "off", "n", "f", "0"])
_SWITCH = Kind("true or false", lambda text: text.strip().lower() in _WORDS)

_PYMYSQL = {
    **named(
        TEXT,
        "auth_plugin autocommit binary_prefix bind_address charset collation "
        "database db defer_connect host init_command max_allowed_packet "
        "named_pipe passwd password port program_name read_default_file "
        "read_default_group server_public_key sql_mode ssl ssl_ca ssl_capath "
        "ssl_cert ssl_cipher ssl_disabled ssl_key ssl_key_password "
        "ssl_verify_cert ssl_verify_identity unix_socket user",
    ),
    **named(INTEGER, "client_flag connect_timeout read_timeout write_timeout"),
    **named(_SWITCH, "compress local_infile ssl_check_hostname use_unicode"),
}
_AIOMYSQL = {
    **_PYMYSQL,
    **named(TEXT, "auth_plugin echo minsize maxsize"),
}
_ALL = {
    **_AIOMYSQL,
    **named(TEXT, "minconn maxconn pool_recycle ssl_mode"),
}
_ANY = Client(
    "a URL parser",
    at=Effect.DOUBTFUL,
    late_at=Effect.DOUBTFUL,
    empty_port=Effect.DOUBTFUL,
    brackets=Effect.DOUBTFUL,
    capitals=Effect.DOUBTFUL,
)
_DRIVERS = {
    "": Table("the drivers of MySQL", _ALL, Effect.DOUBTFUL),
    "pymysql": Table("PyMySQL", _PYMYSQL),
    "mysqldb": Table("mysqlclient", {**_PYMYSQL, "ssl_mode": TEXT}),
}


def faults(parts: Parts, _: Use) -> Iterator[Fault]:
    """
    Yield the faults of a `mysql:` or `mariadb:` URL, with or without a driver.
    """
    yield from drivers.faults(parts, "mysql")
    client = SQLALCHEMY if parts.driver else _ANY
    yield from authority.faults(parts, client)
    table = _DRIVERS.get(parts.driver)
    parts = parts.reread(client.userinfo)
    if table is not None and "@" not in parts.path + parts.query:
        yield from parameters.faults(parts.pairs(), table)
