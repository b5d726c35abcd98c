"""
The worker as its manifest starts and stops it, and the others of its deploy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from workerctl.budget.pipeline import Amount, Pipeline
from workerctl.checks.base import Check, Context, NotApplicable
from workerctl.checks.deploy.contents import manifest_of
from workerctl.report.findings import Finding, Severity
from workerctl.rules import Queues

if TYPE_CHECKING:
    from workerctl.sources.manifests.containers import Container
    from workerctl.sources.manifests.programs import Program

_WORKER = r"work|consumer"
_OF_WEB = (
    r"(?:^|_)(?:GUNICORN|UVICORN|HYPERCORN|UWSGI|CORS|CSRF)_|(?:^|_)ALLOWED_HOSTS$"
    r"|^(?:WEB_CONCURRENCY|PORT|FORWARDED_ALLOW_IPS)$"
)


def queues_are_consumed(context: Context) -> Iterator[Finding]:
    """
    Every queue of the settings is named by the command of a worker.

    Why: a job in a queue that no worker takes from waits forever, and nothing fails. Where the
    command of a worker names no queues, takes one from a variable, or is a script, it may take them
    from the settings, and nothing is found.

    Fix: add the queue to the command of a worker, or remove it from the settings.
    """
    running = [(each, _programs(each)) for each in _running(context)]
    programs = [program for _, started in running for program in started]
    declared = [each.name for each in context.schema.of(Queues)]
    if not programs or not declared:
        raise NotApplicable("no worker or no setting names queues")
    if not all(program.takes_named_queues_only for program in programs):
        return
    # A script may start a worker that takes from any queue.
    if any(not started and re.search(_WORKER, each.name.lower()) for each, started in running):
        return
    consumed = {queue for program in programs for queue in program.queues or ()}
    for (name,) in context.groups_of_valid((name,) for name in declared):
        value = context.value(name)
        queues = value if isinstance(value, list | tuple | set | frozenset) else []
        missing = [str(queue) for queue in queues if str(queue) not in consumed]
        if missing:
            is_one = len(missing) == 1
            count, them = ("1 queue", "it") if is_one else (f"{len(missing)} queues", "them")
            yield context.finding(
                "DEP003",
                Severity.WARNING,
                f"{name} names {count} that no worker's command lists.",
                f"Add {them} to a worker's command, or remove {them} from the setting.",
                name,
            )


def siblings_have_no_more(context: Context) -> Iterator[Finding]:
    """
    Every setting that a container with the same code gets, the worker gets, too.

    Why: a new setting is often added to the web application only. The worker has the same code and
    runs with the default, or fails in a job. It is fine if the worker has more, or lacks what only
    a web server reads, such as GUNICORN_THREADS or ALLOWED_HOSTS.

    Fix: add the variable to the worker, or give both the same list.
    """
    manifest = manifest_of(context)
    judged, names = manifest.judged, context.values.names
    siblings = [
        each
        for each in manifest.others
        if judged.code is not None and each.code == judged.code and _is_running(each)
    ]
    if not siblings:
        raise NotApplicable("no other container has the worker's code")
    seen: set[str] = set()
    for sibling in siblings:
        for name, variable in sibling.variables.items():
            found = names.resolve(name)
            field = None if found is None else found[0]
            if field is None or field in seen or variable.text == "":
                continue
            if context.is_given(field) or field in context.perhaps:
                continue
            if re.search(_OF_WEB, name.upper()):
                continue
            seen.add(field)
            yield Finding(
                code="DEP004",
                severity=Severity.WARNING,
                message=f"{sibling.name} gets {field}, but {judged.name} does not.",
                hint=f"Set it for {judged.name}, too.",
                fields=(field,),
                location=variable.entry or variable.location,
            )


def time_to_finish_is_given(context: Context) -> Iterator[Finding]:
    """
    Every worker that is stopped has as much time as the settings say, or as a job may take.

    Why: after its grace period, docker compose (10 s by default) and Kubernetes (30 s) kill a
    worker that is still busy. The job is lost, or is run again from the beginning. Where the
    project declares no pipeline, the time limit in the command of a Celery worker counts.

    Fix: set `stop_grace_period` or `terminationGracePeriodSeconds`.
    """
    limits = [each.job_seconds for each in _programs(manifest_of(context).judged)]
    known = [limit for limit in limits if limit is not None]
    if context.pipeline is None and known:
        yield from _too_little(context, max(known), "its command lets a job run for")
        return
    pipeline = context.declared_pipeline()
    amount = _time_to_finish(pipeline)
    name = amount if isinstance(amount, str) else None
    if name is not None:
        context.require_valid([name])
    needed = context.value(name) if name is not None else amount
    if isinstance(needed, int | float):
        but = f"{name or 'the grace period of the pipeline'} is"
        if pipeline.grace is None:
            but = f"{name or 'the pipeline'} lets a job run for"
        yield from _too_little(context, needed, but, name)


def _time_to_finish(pipeline: Pipeline) -> Amount:
    """
    Return the time that a worker gets to finish its job: the grace period or, without, all of it.
    """
    return pipeline.job_timeout if pipeline.grace is None else pipeline.grace


def _too_little(
    context: Context, needed: float, but: str, name: str | None = None
) -> Iterator[Finding]:
    """
    Yield a finding if a worker has less time to finish than is `needed`, for the reason in `but`.
    """
    manifest = manifest_of(context)
    judged = manifest.judged
    given = judged.grace_seconds
    seconds = judged.default_grace_seconds if given is None else given.value
    if seconds >= needed:
        return
    is_compose = manifest.kind == "compose"
    option = "stop_grace_period" if is_compose else "terminationGracePeriodSeconds"
    by_default = " (the default)" if given is None else ""
    yield Finding(
        code="DEP005",
        severity=Severity.WARNING,
        message=f"{judged.name} gets {seconds:g} s{by_default} to finish after SIGTERM, but {but} "
        f"{needed:g} s.",
        hint=f"Set {option} to {needed:g} s or more.",
        fields=() if name is None else (name,),
        location=judged.location if given is None else given.location,
    )


def worker_is_restarted(context: Context) -> Iterator[Finding]:
    """
    Every worker that fails is started again.

    Why: without a restart policy, a worker that is killed for its memory, or loses its broker for a
    moment, stays down. The queue grows, and the web application goes on.

    Fix: docker compose: `restart: unless-stopped`. Kubernetes: a Deployment in place of a Pod, or
    `restartPolicy: Always`.
    """
    manifest = manifest_of(context)
    judged = manifest.judged
    option = "restartPolicy: Always" if manifest.kind == "kubernetes" else "restart: unless-stopped"
    severity = context.by_environment(staging=Severity.WARNING, production=Severity.WARNING)
    if judged.restarts is False and not judged.is_one_off and severity is not None:
        yield Finding(
            code="DEP007",
            severity=severity,
            message=f"{judged.name} is not started again when it fails.",
            hint=f"Set {option}.",
            location=judged.location if judged.restart is None else judged.restart.location,
        )


def _running(context: Context) -> Iterable[Container]:
    manifest = manifest_of(context)
    return filter(_is_running, (manifest.judged, *manifest.others))


def _is_running(container: Container) -> bool:
    return not container.is_one_off and not container.is_elsewhere


def _programs(container: Container) -> list[Program]:
    from workerctl.sources.manifests.programs import workers_in  # most runs read no manifest

    return [] if container.command is None else list(workers_in(container.command.value))


DEP003 = Check(
    "DEP003", "Every queue has a worker", queues_are_consumed, rules=(Queues,), deploy=True
)
DEP004 = Check(
    "DEP004", "The worker has what its siblings have", siblings_have_no_more, deploy=True
)
DEP005 = Check(
    "DEP005",
    "A worker that is stopped can finish its job",
    time_to_finish_is_given,
    pipeline=lambda pipeline, _: (
        amount for amount in [_time_to_finish(pipeline)] if isinstance(amount, str)
    ),
    deploy=True,
)
DEP007 = Check("DEP007", "A worker that fails is started again", worker_is_restarted, deploy=True)
