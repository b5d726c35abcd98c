"""
The broker that holds the queue, where the manifest runs it: it keeps every job.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from workerctl.checks.base import Check, Context, NotApplicable
from workerctl.checks.values.texts import text_of
from workerctl.report.findings import Finding, Location, Severity
from workerctl.rules import RedisUrl
from workerctl.sources.forms.urls.hosts import scheme_and_host

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
            f"{container.name} holds the queue, and evicts {'jobs' if is_of_all else 'keys'} when "
            "its memory is full.",
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
    from workerctl.sources.manifests.brokers import rabbitmq_keeps  # most runs read no manifest

    severity = context.by_environment(
        development=Severity.INFO, staging=Severity.WARNING, production=Severity.WARNING
    )
    hosts = _hosts_of_rabbitmq(context)
    keeps: list[tuple[Container, bool | None, str]] = [
        (each, kept, "Mount a volume at its data directory.")
        for each in _others(context)
        if _is_at(each, hosts) and (kept := rabbitmq_keeps(each)) is not None
    ]
    if not keeps:
        hint = "Mount a volume at its data directory, and set appendonly yes."
        keeps = [(each, redis.is_persistent, hint) for each, redis in _brokers(context)]
    for container, is_kept, hint in keeps:
        if is_kept is False and severity is not None:
            yield _finding(
                "DEP002",
                severity,
                f"{container.name} holds the queue, and loses it when its container is replaced.",
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


def _brokers(context: Context) -> "Iterator[tuple[Container, Redis]]":
    """
    Yield the containers that hold the queue. Raise NotApplicable without any.
    """
    from workerctl.sources.manifests.brokers import redis_in  # most runs read no manifest

    hosts = _hosts(context)
    brokers = [
        (each, redis)
        for each in _others(context)
        if (redis := redis_in(each)) is not None and _is_at(each, hosts)
    ]
    if not brokers:
        raise NotApplicable("no Redis of the manifest is known to hold the queue")
    yield from brokers


def _others(context: Context) -> "list[Container]":
    manifest = context.manifest
    return [each for each in (manifest.others if manifest else ()) if not each.is_one_off]


def _is_at(container: "Container", hosts: frozenset[str]) -> bool:
    """
    Return whether a container is reached by one of the hosts.
    """
    # In a cluster, its domain may be behind a host: redis.jobs.svc.cluster.local.
    names = {host.partition(".svc")[0] for host in hosts}
    return not names.isdisjoint(each.lower() for each in container.hosts or {container.name})


def _hosts(context: Context) -> frozenset[str]:
    """
    Return the hosts of the Redis that holds the queue, as the settings name it; none if ambiguous.

    That is the one of the `RedisUrl` fields, or else of those whose names say that they are of a
    queue, or are plain, as REDIS_HOST; or the only one that any setting names.
    """
    declared = [each.name for each in context.schema.of(RedisUrl)]
    if declared:
        return frozenset(_host(context, name) for name in declared) - {""}
    names = [name for name in context.schema.variables if not _matches(_OTHER_USES, name)]
    of_queue = [name for name in names if _matches(_OF_QUEUE, name)]
    if any(_is_elsewhere(context, name) for name in of_queue):
        return frozenset()
    if not _found(context, of_queue) and any(_matches(_OTHER_BROKERS, each) for each in names):
        return frozenset()
    if found := _found(context, of_queue):
        return found
    plain = _found(context, (name for name in names if _matches(_PLAIN, name)))
    if plain:
        return plain if len(plain) == 1 else frozenset()
    # Of several, any could be the one, also one whose name says something else.
    found = _found(context, names)
    is_only = len(found) == 1 and found == _found(context, context.schema.variables)
    return found if is_only else frozenset()


def _hosts_of_rabbitmq(context: Context) -> frozenset[str]:
    known = [name for name in context.schema.variables if name not in context.later]
    urls = [scheme_and_host(text_of(context, name)) for name in known]
    hosts = {text_of(context, name) for name in known if _matches(_HOST_OF_RABBITMQ, name)}
    hosts |= {host for scheme, host in urls if scheme in _AMQP}
    return frozenset(host.lower() for host in hosts) - {""}


def _matches(pattern: str, name: str) -> bool:
    return re.search(pattern, name.upper()) is not None


def _found(context: Context, names: Iterable[str]) -> frozenset[str]:
    return frozenset(_host(context, name) for name in names) - {""}


def _host(context: Context, name: str) -> str:
    """
    Return the host of a Redis that a setting holds, in a URL or by itself, or "".
    """
    if name in context.later:
        return ""
    text = text_of(context, name)
    scheme, host = scheme_and_host(text)
    if scheme in _SCHEMES:
        found = host
    else:
        found = text.partition(":")[0] if "://" not in text and _matches(_HOST, name) else ""
    return found.lower()


def _is_elsewhere(context: Context, name: str) -> bool:
    """
    Return whether a setting is the URL of a broker that is not Redis, or may be one.
    """
    if name in context.later:
        return _matches(_URL, name)
    scheme, separator, _ = text_of(context, name).partition("://")
    if not separator or scheme.lower() in _SCHEMES:
        return False
    return "BROKER" in name.upper() or scheme.lower() in _OTHER_SCHEMES


def _place(container: "Container") -> Location:
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
