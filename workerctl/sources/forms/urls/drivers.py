"""
The names of drivers after the `+` of a scheme.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.report.suggest import is_slip
from workerctl.sources.forms.urls.faults import Effect, Fault
from workerctl.sources.forms.urls.parts import Parts

DRIVERS = {
    "postgres": ("asyncpg", "pg8000", "psycopg", "psycopg2", "psycopg2cffi", "psycopg_async"),
    "mysql": (
        "aiomysql",
        "asyncmy",
        "cymysql",
        "mariadbconnector",
        "mysqlconnector",
        "mysqldb",
        "pymysql",
        "pyodbc",
    ),
    "mongodb": ("srv",),
}
"""The drivers by the family of a scheme: those of SQLAlchemy, and `mongodb+srv:`."""

_PACKAGES = {
    "psycopg-binary": "psycopg",
    "psycopg2-binary": "psycopg2",
    "psycopg3": "psycopg",
    "mysqlclient": "mysqldb",
}
"""The names of packages and of versions that people write in place of the one of the driver."""


def scheme_of(kind: str, driver: str) -> str:
    """
    Return a scheme for a driver, "" for none. SQLAlchemy does not know `postgres`, libpq does.

        >>> scheme_of("postgres", "asyncpg")
        'postgresql+asyncpg'
    """
    if not driver:
        return kind
    return f"{'postgresql' if kind == 'postgres' else kind}+{driver}"


def corrected(driver: str, family: str) -> str:
    """
    Return the name of the known driver that was meant, or "".

        >>> corrected("psycopg3", "postgres")
        'psycopg'
    """
    known = DRIVERS[family]
    if driver in known:
        return driver
    meant = _PACKAGES.get(driver, "")
    near = (name for name in known if is_slip(driver, name))
    return meant if meant in known else next(near, "")


def faults(parts: Parts, family: str) -> Iterator[Fault]:
    """
    Yield a fault if SQLAlchemy has the driver of a URL under another name.
    """
    meant = corrected(parts.driver, family)
    if meant not in {"", parts.driver}:
        what = "names a driver that SQLAlchemy does not know"
        yield Fault(Effect.REFUSED, what, f"Write `{scheme_of(parts.kind, meant)}:`.")
