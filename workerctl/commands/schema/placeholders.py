"""
What a generated file has in place of a value that only its user knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any

from pydantic import ConfigDict, TypeAdapter
from pydantic.fields import FieldInfo

# The scheme that encrypts comes first, as it should in a template.
_SCHEMES = (
    *("https", "rediss", "amqps", "postgresql", "mysql", "mongodb", "wss", "kafka", "nats", "ftp"),
    *("http", "redis", "amqp", "clickhouse", "snowflake", "cockroachdb", "mariadb", "ws", "file"),
)
_ENCRYPTED = {"http": "https", "redis": "rediss", "amqp": "amqps", "ws": "wss"}


def placeholder(name: str, prefix: str = "") -> str:
    """
    Return a text for the variable `name` that ENV004 recognises, and every program reads alike.

    The prefix of the class is left out.

        >>> placeholder("APP_DB__PASSWORD", prefix="APP_")
        'your-db-password'
    """
    bare = name.removeprefix(prefix) or name
    words = "".join(each if each.isascii() and each.isalnum() else " " for each in bare.lower())
    return "-".join(("your", *words.split())) if words.split() else "your-value"


def placeholder_url(text: str, info: FieldInfo, default: str = "") -> str:
    """
    Return a placeholder as a URL of the first scheme that the field accepts, if it accepts any.

    `default` is the default of the field, whose scheme is the first one.

        >>> placeholder_url("your-broker", Settings.model_fields["broker"])
        'amqps://your-broker'
    """
    for scheme in _schemes(default):
        url = f"{scheme}://{text}"
        if _accepts(info, url):
            return url
    return text


def _schemes(default: str) -> Iterator[str]:
    scheme, separator, _ = default.partition("://")
    if separator:
        yield _ENCRYPTED.get(scheme, scheme)
        yield scheme
    yield from _SCHEMES


def _accepts(info: FieldInfo, text: str) -> bool:
    kind: Any = info.annotation
    for item in info.metadata:
        kind = Annotated[kind, item]
    with suppress(Exception):  # a validator of the team may raise anything
        adapter: TypeAdapter[Any] = TypeAdapter(
            kind, config=ConfigDict(hide_input_in_errors=True, arbitrary_types_allowed=True)
        )
        adapter.validate_python(text)
        return True
    return False
