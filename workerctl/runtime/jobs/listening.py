"""
Where a worker listens, compared with where the settings say that jobs are enqueued.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from workerctl.report.records import Record
from workerctl.rules import Queues, RedisUrl, Rule
from workerctl.runtime.jobs import marked
from workerctl.schema.loading import schema_of
from workerctl.settings import Settings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", ""})
_PORT = 6379


class Place(Record):
    """
    A database of a Redis server.
    """

    server: str
    database: int

    def __str__(self) -> str:
        return f"{self.server}, database {self.database}"


def warning(settings: Any, queues: Sequence[str], options: dict[str, Any]) -> str | None:
    """
    Return a sentence if a worker listens elsewhere than the settings say, else None.

    `queues` are those of the worker, and `options` those of its connections in redis-py. A worker
    may listen to some of the queues only. Fields of the built-in schema that are not set are
    ignored. The sentence contains no credentials.
    """
    found = [*_other_queues(settings, queues), *_other_redis(settings, options)]
    if not found:
        return None
    return f"This worker {', and '.join(found)}. Jobs that are enqueued there wait."


def _other_queues(settings: Any, queues: Sequence[str]) -> Iterator[str]:
    variable = _variable(settings, Queues)
    named = marked.queues(settings) if variable else []
    if named and not set(queues) <= set(named):
        yield f"listens to {', '.join(queues)}, but {variable} has {', '.join(named)}"


def _other_redis(settings: Any, options: dict[str, Any]) -> Iterator[str]:
    variable = _variable(settings, RedisUrl)
    here, there = _place_of(options), _configured(settings) if variable else None
    if here is not None and there is not None and here != there:
        yield f"is connected to Redis at {here}, but {variable} says {there}"


def _variable(settings: Any, rule: type[Rule]) -> str | None:
    """
    Return the variable of the field with the rule, unless it is an unset one of the built-in class.
    """
    found = next((each.name for each in schema_of(settings).of(rule)), None)
    is_default = isinstance(settings, Settings) and found not in settings.model_fields_set
    return None if is_default else found


def _configured(settings: Any) -> Place | None:
    """
    Return the place that the settings name, or None if they do not, or in another form.
    """
    from urllib.parse import parse_qs, unquote, urlsplit

    try:
        url = urlsplit(marked.redis_url(settings))
        options = {name: texts[-1] for name, texts in parse_qs(url.query).items()}
        database = options.get("db") or ("" if url.scheme == "unix" else url.path.strip("/"))
        known = {"db": int(database) if database.isdecimal() else 0}
        if url.scheme == "unix":
            return _place_of({**known, "path": unquote(url.path)})
        if url.scheme in {"redis", "rediss"}:
            return _place_of({**known, "host": unquote(url.hostname or ""), "port": url.port})
    except ValueError:  # a port that is not a number
        return None
    return None


def _place_of(options: dict[str, Any]) -> Place | None:
    """
    Return the place of a connection with these options of redis-py.
    """
    if path := options.get("path"):
        return Place(str(path), int(options.get("db") or 0))
    host = options.get("host", "")
    if not isinstance(host, str) or "connection_pool" in options:
        return None  # found by Sentinel
    host = "localhost" if host.lower() in _LOOPBACK else host.lower()
    return Place(f"{host}:{options.get('port') or _PORT}", int(options.get("db") or 0))
