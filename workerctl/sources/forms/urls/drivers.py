"""
The names of drivers behind the `+` of a scheme.
"""

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


def scheme_of(kind: str, driver: str) -> str:
    """
    Return a scheme for a driver, "" for none. SQLAlchemy does not know `postgres`, libpq does.

        >>> scheme_of("postgres", "asyncpg")
        'postgresql+asyncpg'
    """
    if not driver:
        return kind
    return f"{'postgresql' if kind == 'postgres' else kind}+{driver}"
