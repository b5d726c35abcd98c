"""
What the RQ entry points take from the fields that a settings class marks for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workerctl.report.errors import ProjectError
from workerctl.rules import Queues, RedisUrl, Rule
from workerctl.schema.instances import plain
from workerctl.schema.loading import schema_of


def redis_url(settings: Any) -> str:
    """
    Return the URL of the field marked `RedisUrl`, which may be a secret.

    Raises ProjectError without such a field.
    """
    url = _value(settings, RedisUrl)
    if url is None:
        raise ProjectError(
            f"No field of {type(settings).__name__} says where Redis is: mark one with RedisUrl() "
            "of workerctl.rules, such as `redis_url: Annotated[RedisDsn, RedisUrl()]`."
        )
    return str(url)


def queues(settings: Any) -> list[str]:
    """
    Return the names in the field marked `Queues`, a collection or text with commas.

    The list is empty without such a field.
    """
    found = _value(settings, Queues)
    if isinstance(found, str):
        found = found.split(",")
    names: Iterable[Any] = found if isinstance(found, Iterable) else ()
    return [text for name in names if (text := str(plain(name)).strip())]


def _value(settings: Any, rule: type[Rule]) -> Any:
    schema = schema_of(settings)
    for declaration in schema.of(rule):
        return plain(schema.value(settings, declaration.name))
    return None
