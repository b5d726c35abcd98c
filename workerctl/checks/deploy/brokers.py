"""
The Redis that holds the queue, where the manifest runs it: it keeps every job.
"""

from collections.abc import Iterator
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
_BROKER = "BROKER"
_HOST = "HOST"
# A Redis for something else may lose what it holds.
_OTHER_USES = ("CACHE", "RESULT", "SESSION", "LIMIT", "LOCK")


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
    No job is lost when the Redis that holds the queue is restarted.

    Why: without a volume, or with `save ""` and no append-only file, a new container begins with
    empty queues. Jobs that were accepted are gone, and nothing reports it.

    Fix: mount a volume at the data directory, and set `appendonly yes`.
    """
    severity = context.by_environment(
        development=Severity.INFO, staging=Severity.WARNING, production=Severity.WARNING
    )
    for container, redis in _brokers(context):
        if redis.is_persistent is False and severity is not None:
            yield _finding(
                "DEP002",
                severity,
                f"{container.name} holds the queue, and loses it when its container is replaced.",
                "Mount a volume at its data directory, and set appendonly yes.",
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

    manifest = context.manifest
    others = () if manifest is None else manifest.others
    running = [each for each in others if not each.is_one_off]
    hosts = _hosts(context)
    brokers = [
        (each, redis)
        for each in running
        if (redis := redis_in(each)) is not None and _is_at(each, hosts)
    ]
    if not brokers:
        raise NotApplicable("no Redis of the manifest is known to hold the queue")
    yield from brokers


def _hosts(context: Context) -> frozenset[str]:
    """
    Return the hosts of the settings that hold the URL of the queue's Redis, or only its host.
    """
    marked = [each.name for each in context.schema.of(RedisUrl)]
    names = marked or [name for name in context.schema.variables if not _is_of_another_use(name)]
    texts = {name: text_of(context, name) for name in names if name not in context.later}
    if marked:
        return frozenset(scheme_and_host(text)[1] for text in texts.values()) - {""}
    urls = {name: scheme_and_host(text) for name, text in texts.items()}
    redis = {name: host for name, (scheme, host) in urls.items() if scheme in _SCHEMES}
    brokers = [host for name, host in redis.items() if _BROKER in name.upper()]
    hosts = [text for name, text in texts.items() if name.upper().endswith(_HOST)]
    return frozenset(brokers or redis.values() or hosts) - {""}


def _is_of_another_use(name: str) -> bool:
    return any(use in name.upper() for use in _OTHER_USES)


def _is_at(container: "Container", hosts: frozenset[str]) -> bool:
    """
    Return whether a container is reached by one of the hosts.
    """
    # In a cluster, its domain may be behind a host: redis.jobs.svc.cluster.local.
    names = {host.partition(".svc")[0] for host in hosts}
    return not names.isdisjoint(container.hosts or {container.name})


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
