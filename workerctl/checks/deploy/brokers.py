"""
The broker that holds the queue, where the manifest runs it: it keeps every job.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from workerctl.checks.base import Check, Context, DeferCheck, NotApplicable, because_later
from workerctl.checks.values.texts import text_of
from workerctl.report.findings import Finding, Location, Severity
from workerctl.rules import RedisUrl
from workerctl.sources.forms.urls.hosts import scheme_and_host
from workerctl.sources.names import Spelling

if TYPE_CHECKING:
    from workerctl.sources.manifests.brokers import Redis
    from workerctl.sources.manifests.containers import Container

_SCHEMES = frozenset({"redis", "rediss"})
_AMQP = frozenset({"amqp", "amqps", "pyamqp"})
_OTHER_SCHEMES = _AMQP | {"kafka", "confluentkafka", "nats", "sqs"}
# A Redis for something else may lose what it holds.
_OTHER_USES = r"CACHE|RESULT|SESSION|LIMIT|LOCK|CHANNEL|PUBSUB"
_OF_QUEUE = r"BROKER|QUEUE|CELERY|DRAMATIQ|HUEY|(?:^|_)(?:A?RQ|JOBS?|TASKS?)(?:_|$)"
_PLAIN = r"(?:^|_)(?:REDIS|VALKEY)_(?:URL|URI|DSN|HOST|HOSTNAME)$"
_HOST = r"(?:^|_)(?:REDIS|VALKEY|BROKER|QUEUE).*_(?:HOST|HOSTNAME|ADDR|ADDRESS|SERVER|QUEUE)$"
_HOST_OF_RABBITMQ = r"(?:RABBIT|AMQP).*HOST(?:NAME)?$"
_URL = r"URL|URI|DSN|BROKER$"
_OTHER_BROKERS = r"RABBIT|AMQP|(?:^|_)SQS(?:_|$)|KAFKA"
_OF_REDIS = f"{_OF_QUEUE}|REDIS|VALKEY"
_OF_RABBITMQ = f"{_OF_QUEUE}|RABBIT|AMQP"
_PLACE = f"{_URL}|HOST|{_HOST}"


def broker_never_evicts(context: Context) -> Iterator[Finding]:
    """
    No Redis that holds the queue evicts a job: its maxmemory-policy is noeviction.

    Why: a Redis with another policy makes room by deleting keys when it reaches its limit. With
    `allkeys-lru` those are jobs that wait longest; with `volatile-lru` results and the records of
    running jobs. Nothing reports the loss. With `noeviction`, enqueueing fails instead.

    Fix: set `maxmemory-policy noeviction`, and use another Redis as a cache.
    """
    for container, redis in _brokers(context):
        policy = redis.policy
        if policy in {None, "noeviction"} or redis.max_memory == 0:
            continue
        is_of_all = str(policy).startswith("allkeys")
        yield _finding(
            "DEP001",
            Severity.ERROR if is_of_all else Severity.WARNING,
            f"{_subject(context, container)} holds the jobs, and evicts "
            f"{'them' if is_of_all else 'keys'} when its memory is full.",
            "Set maxmemory-policy to noeviction, and use another Redis as a cache.",
            _place(container),
        )


def broker_is_persistent(context: Context) -> Iterator[Finding]:
    """
    No job is lost when the Redis or the RabbitMQ that holds the queue is restarted.

    Why: without a volume, or in Redis with `save ""` and no append-only file, a new container
    begins with empty queues. Jobs that were accepted are gone, and nothing reports it.

    Fix: mount a volume at the data directory, and in Redis set `appendonly yes`.
    """
    severity = context.by_environment(
        development=Severity.INFO, staging=Severity.WARNING, production=Severity.WARNING
    )
    for container, is_kept, hint in _stores(context):
        if is_kept is False and severity is not None:
            yield _finding(
                "DEP002",
                severity,
                f"{_subject(context, container)} holds the jobs, and loses them when its container "
                "is replaced.",
                hint,
                container.location,
            )


def broker_has_room(context: Context) -> Iterator[Finding]:
    """
    No memory limit of a broker's container is at or below its maxmemory.

    Why: Redis needs memory besides its data: for connections, for the append-only buffer, and for
    the copy that it makes while it saves. With a limit that is not above maxmemory, the kernel
    kills it before Redis refuses a job.

    Fix: set maxmemory to about 75 % of the container's limit.
    """
    for container, redis in _brokers(context):
        limit = container.memory_bytes
        if limit is None or not redis.max_memory or limit.value > redis.max_memory:
            continue
        yield _finding(
            "DEP006",
            Severity.WARNING,
            f"The memory limit of {container.name} is not above its maxmemory.",
            "Set maxmemory to about 75 % of the limit.",
            limit.location,
        )


def _stores(context: Context) -> Iterator[tuple[Container, bool | None, str]]:
    """
    Yield the containers that hold the queue, whether each keeps it, and what to do if not.

    Raise NotApplicable or DeferCheck at the end, as `_brokers` does.
    """
    from workerctl.sources.manifests.brokers import rabbitmq_keeps  # most runs read no manifest

    hosts, names = _hosts_of_rabbitmq(context)
    servers = [
        (each, kept) for each in _others(context) if (kept := rabbitmq_keeps(each)) is not None
    ]
    found = [each for each in servers if _is_at(each[0], hosts)]
    for container, is_kept in found:
        yield container, is_kept, "Mount a volume at its data directory."
    if not found:
        hint = "Mount a volume at its data directory, and set appendonly yes."
        for container, redis in _brokers(context, names if servers else ()):
            yield container, redis.is_persistent, hint


def _brokers(context: Context, later: Iterable[str] = ()) -> Iterator[tuple[Container, Redis]]:
    """
    Yield the containers of Redis that hold the queue. Raise NotApplicable without any.

    Raise DeferCheck instead, also after others, if a value that is provided at deploy may name one:
    that of one of the settings in `later`, for example.
    """
    from workerctl.sources.manifests.brokers import redis_in  # most runs read no manifest

    servers = [(each, redis) for each in _others(context) if (redis := redis_in(each)) is not None]
    hosts, names = _hosts(context)
    brokers = [each for each in servers if _is_at(each[0], hosts)]
    yield from brokers
    _defer(context, [*later, *(names if servers else ())])
    if not brokers:
        raise NotApplicable("no Redis of the manifest is known to hold the queue")


def _defer(context: Context, names: Iterable[str]) -> None:
    """
    Raise DeferCheck if there are names: of settings that are provided at deploy, or may be.
    """
    known = frozenset(names)
    if known:
        later = known & context.later.keys()
        raise DeferCheck(because_later(later) if later else f"may be {because_later(known)}")


def _others(context: Context) -> list[Container]:
    manifest = context.manifest
    return [each for each in (manifest.others if manifest else ()) if not each.is_one_off]


def _is_at(container: Container, hosts: frozenset[str]) -> bool:
    """
    Return whether a container is reached by one of the hosts.
    """
    # In a cluster, its domain may follow a host: redis.jobs.svc.cluster.local.
    names = {host.partition(".svc")[0] for host in hosts}
    return not names.isdisjoint(each.lower() for each in container.hosts or {container.name})


def _hosts(context: Context) -> tuple[frozenset[str], list[str]]:
    """
    Return the hosts of the Redis that holds the queue, as the settings name it; none if ambiguous.

    That is the one of the `RedisUrl` fields, or else of those whose names say that they are of a
    queue, or are plain, as REDIS_HOST; or the only one that any setting names. The second result
    has the names of the settings that may name it as well, when their values are provided.
    """
    nothing: frozenset[str] = frozenset()
    declared = [each.name for each in context.schema.of(RedisUrl)]
    if declared:
        return _found(context, declared), _open(context, declared)
    names = [name for name in context.schema.variables if not _matches(_OTHER_USES, name)]
    of_queue = [name for name in names if _matches(_OF_QUEUE, name)]
    if any(_is_elsewhere(context, name) for name in of_queue):
        return nothing, []
    found = _found(context, of_queue)
    later = [name for name in _open(context, of_queue) if name in context.later]
    if found or later:
        return found, later
    if any(_matches(_OTHER_BROKERS, each) for each in names):
        return nothing, []
    plain = [name for name in names if _matches(_PLAIN, name)]
    found = _found(context, plain)
    if found:
        return found if len(found) == 1 else nothing, _open(context, plain)
    # Of several, any could be the one, also one whose name says something else.
    found = _found(context, names)
    if found:
        is_only = len(found) == 1 and found == _found(context, context.schema.variables)
        return found if is_only else nothing, []
    return nothing, _open(context, (name for name in names if _matches(_OF_REDIS, name)))


def _hosts_of_rabbitmq(context: Context) -> tuple[frozenset[str], list[str]]:
    """
    Return the hosts of the RabbitMQ, and the settings that may name it when they are provided.
    """
    found: set[str] = set()
    for name in context.schema.variables:
        scheme, host = _address(context, name)
        if scheme in _AMQP or _matches(_HOST_OF_RABBITMQ, name):
            found.add(host)
    names = [name for name in context.schema.variables if not _matches(_OTHER_USES, name)]
    of_queue = [name for name in names if _matches(_OF_RABBITMQ, name)]
    return frozenset(found) - {""}, _open(context, of_queue, _AMQP)


def _matches(pattern: str, name: str) -> bool:
    return re.search(pattern, name.upper()) is not None


def _found(context: Context, names: Iterable[str]) -> frozenset[str]:
    return frozenset(_host(context, name) for name in names) - {""}


def _open(context: Context, names: Iterable[str], schemes: frozenset[str] = _SCHEMES) -> list[str]:
    """
    Return those of the settings that name a host which is not known before they are provided.
    """
    addresses = {name: _address(context, name) for name in context.later}
    later = (
        name
        for name, (scheme, host) in addresses.items()
        if not host and (not scheme or scheme in schemes)
    )
    unknown = {*context.perhaps, *later}
    declared = {each.name for each in context.schema.of(RedisUrl)}
    return [
        name for name in names if name in unknown and (name in declared or _matches(_PLACE, name))
    ]


def _host(context: Context, name: str) -> str:
    """
    Return the host of a Redis that a setting holds, in a URL or by itself, or "".
    """
    scheme, host = _address(context, name)
    is_meant = scheme in _SCHEMES if "://" in _text(context, name) else _matches(_HOST, name)
    return host if is_meant else ""


def _address(context: Context, name: str) -> tuple[str, str]:
    """
    Return the scheme and the host of a URL, or "" and a host by itself; each "" if not known.
    """
    text = _text(context, name)
    scheme, host = scheme_and_host(text) if "://" in text else ("", text.partition(":")[0])
    return ("" if "$" in scheme else scheme), ("" if "$" in host else host.lower())


def _text(context: Context, name: str) -> str:
    """
    Return the text of a setting, as far as it is known. It may be a secret.
    """
    if name in context.later:
        return dict(context.once(_partial)).get(name, "")
    return text_of(context, name)


def _partial(context: Context) -> tuple[tuple[str, str], ...]:
    """
    Return what is known of the settings whose values are provided later, by name.
    """
    variables = {} if context.manifest is None else context.manifest.judged.variables
    found = ((context.values.names.resolve(name), each) for name, each in variables.items())
    return tuple(
        (resolved[0], each.partial)
        for resolved, each in found
        if resolved is not None and resolved[1] != Spelling.FILE and each.partial is not None
    )


def _is_elsewhere(context: Context, name: str) -> bool:
    """
    Return whether a setting is the URL of a broker that is not Redis.
    """
    scheme, separator, _ = _text(context, name).partition("://")
    if not separator or "$" in scheme or scheme.lower() in _SCHEMES:
        return False
    return "BROKER" in name.upper() or scheme.lower() in _OTHER_SCHEMES


def _subject(context: Context, container: Container) -> str:
    """
    Return a container as a sentence begins with it. A service may be called `queue`.
    """
    if context.manifest is None or context.manifest.kind != "compose":
        return container.name
    is_shown = " " not in container.name  # "a service" is one whose name may be a secret
    return f"The service `{container.name}`" if is_shown else "A service"


def _place(container: Container) -> Location:
    return container.location if container.command is None else container.command.location


def _finding(code: str, severity: Severity, message: str, hint: str, location: Location) -> Finding:
    return Finding(code, severity, message, hint, (), location)


DEP001 = Check("DEP001", "The broker never evicts a job", broker_never_evicts, deploy=True)
DEP002 = Check(
    "DEP002", "The broker keeps its jobs when it is restarted", broker_is_persistent, deploy=True
)
DEP006 = Check(
    "DEP006", "The broker's memory limit is above its maxmemory", broker_has_room, deploy=True
)
