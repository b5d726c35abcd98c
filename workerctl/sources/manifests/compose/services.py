"""
The containers of services.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from workerctl.sources.manifests.compose import quantities
from workerctl.sources.manifests.compose.commands import command
from workerctl.sources.manifests.compose.envfiles import Setting
from workerctl.sources.manifests.compose.interpolation import Text
from workerctl.sources.manifests.compose.mounts import mounts
from workerctl.sources.manifests.compose.project import Project, label
from workerctl.sources.manifests.compose.values import Value
from workerctl.sources.manifests.compose.variables import environment
from workerctl.sources.manifests.containers import Container, Fact
from workerctl.sources.manifests.keys import misspelled, table

_COMPLETED = "service_completed_successfully"
_LOCAL = frozenset({"build", "never"})
_KEYS = table(
    """
    annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs
    container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime
    cpu_shares cpus cpuset credential_spec depends_on deploy develop device_cgroup_rules devices
    dns dns_opt dns_search domainname entrypoint env_file environment expose extends external_links
    extra_hosts gpus group_add healthcheck hostname image init ipc isolation label_file labels
    links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models
    network_mode networks
    oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_stop privileged
    profiles provider pull_policy pull_refresh_after read_only restart runtime scale secrets
    security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty
    ulimits use_api_socket user userns_mode uts volumes volumes_from working_dir
    """
)
_POLICIES = {
    "": False,
    "no": False,
    "none": False,
    "always": True,
    "any": True,
    "unless-stopped": True,
    "on-failure": True,
}


def containers(
    project: Project, model: Value, names: Mapping[str, Text], settings: Mapping[str, Setting]
) -> dict[str, Container]:
    """
    Return the containers of all services by name. `names` are the variables of docker compose.
    """
    services = {name: _corrected(project, name, each) for name, each in usable(model).items()}
    ending = _ending(project, services)
    built = _built(services.values())
    found: dict[str, Container] = {}
    for name, service in services.items():
        inner = environment(project, service, names, settings)
        found[name] = _container(project, name, service).replace(
            code=_code(service, built),
            variables=inner.variables,
            further=inner.further,
            mounts=mounts(project, model, service, names),
            is_one_off=name in ending,
        )
    return found


def usable(model: Value) -> dict[str, Value]:
    """
    Return the services that say something, by name.
    """
    services = model.get("services")
    entries = {} if services is None else services.entries
    return {name: each for name, each in entries.items() if each.kind == "map" and each.entries}


def _corrected(project: Project, name: str, service: Value) -> Value:
    """
    Return a service with its misspelled keys as they are meant, so that the rest is judged.
    """
    entries = dict(service.entries)
    for key, meant in misspelled(entries, _KEYS).items():
        project.remark(
            entries[key].location,
            f"docker compose refuses the key {key} of the service {label(name)}.",
            f"Did you mean {meant}?",
        )
        entries.setdefault(meant, entries[key])
    return service.replace(value=entries)


def profiles(service: Value) -> frozenset[str]:
    """
    Return the profiles with which a service is started; none if it always is.
    """
    found = service.get("profiles")
    return frozenset(item.written or "" for item in ([] if found is None else found.items))


def _container(project: Project, name: str, service: Value) -> Container:
    """
    Return what a service says of its container by itself.
    """
    image = service.get("image")
    if image is None and service.get("build") is None and service.get("provider") is None:
        what = "has neither an image nor a build"
        project.remark(service.location, f"The service {label(name)} {what}.")
    restart, restarts = _restart(project, service)
    return Container(
        name=label(name),
        location=service.location,
        hosts=frozenset([name, *_aliases(service)]),
        is_local=_is_local(service),
        image=None if image is None or not image.written else Fact(image.written, image.location),
        command=command(project, service),
        restart=restart,
        restarts=restarts,
        grace_seconds=_grace(project, service),
        memory_bytes=_memory(project, service),
    )


def _aliases(service: Value) -> Iterator[str]:
    own, networks = service.get("container_name"), service.get("networks")
    if own is not None and own.text:
        yield own.text
    for network in () if networks is None else networks.entries.values():
        names = network.get("aliases")
        yield from (item.text for item in ([] if names is None else names.items) if item.text)


def _is_local(service: Value) -> bool:
    """
    Return whether the image is built here, or has to be here already.
    """
    policy = service.get("pull_policy")
    return policy is not None and policy.text in _LOCAL


def _ending(project: Project, services: Mapping[str, Value]) -> frozenset[str]:
    """
    Return the services that others wait for until they have ended.
    """
    found: set[str] = set()
    for name, service in services.items():
        depends = service.get("depends_on")
        if depends is None:
            continue
        needed = {item.text: item for item in depends.items} or depends.entries
        for other, how in needed.items():
            condition = how.get("condition")
            if other is not None and condition is not None and condition.text == _COMPLETED:
                found.add(other)
            if other is not None and other not in services:
                project.remark(
                    how.location,
                    f"The service {label(name)} depends on a service that does not exist.",
                )
    return frozenset(found)


def _built(services: Iterable[Value]) -> dict[str, str]:
    """
    Return the builds of images that a service makes and others may use.
    """
    found: dict[str, str] = {}
    for service in services:
        image, build = service.get("image"), _build(service)
        if image is not None and image.written and build is not None:
            found[image.written] = build
    return found


def _code(service: Value, built: Mapping[str, str]) -> str | None:
    image = service.get("image")
    named = None if image is None else image.written
    build = _build(service)
    return build if build is not None or named is None else built.get(named, f"image {named}")


def _build(service: Value) -> str | None:
    build = service.get("build")
    if build is None:
        return None
    context = build if build.kind == "str" else build.get("context")
    texts = [build.base if context is None else _place(context)]
    for key in ("dockerfile", "target", "dockerfile_inline"):
        value = build.get(key)
        text = "" if value is None else value.written or ""
        # The text of a Dockerfile only needs to differ from others.
        texts.append(_digest(text) if key == "dockerfile_inline" and text else text)
    texts[1] = texts[1] or "Dockerfile"
    return " ".join(["build", *texts]).rstrip()


def _digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _place(context: Value) -> str:
    written = context.written or ""
    return written if "://" in written or context.path is None else context.path


def _restart(project: Project, service: Value) -> tuple[Fact[str] | None, bool | None]:
    value = service.get("restart")
    policy = service.get("deploy", "restart_policy")
    if policy is not None:
        condition = policy.get("condition")
        value = policy.replace(kind="str", value="any") if condition is None else condition
    if value is None:
        return None, False
    if value.kind != "str":
        project.remark(value.location, "The restart policy is not a string.")
        return None, None
    if value.missing:
        return Fact(value.value, value.location), None
    restarts = _POLICIES.get(value.value.partition(":")[0])
    if restarts is None:
        project.remark(value.location, "This is not a restart policy of docker.")
    return Fact(value.value, value.location), restarts


def _grace(project: Project, service: Value) -> Fact[float] | None:
    value = service.get("stop_grace_period")
    if value is None or value.missing:
        return None
    seconds = None if value.text is None else quantities.seconds(value.text)
    if seconds is None:
        project.remark(value.location, "This is not a duration.", "Write one such as `1m30s`.")
        return None
    return Fact(seconds, value.location)


def _memory(project: Project, service: Value) -> Fact[int] | None:
    """
    Return the limit of the memory. That of `deploy` prevails, and has to be the same.
    """
    own = _amount(project, service.get("mem_limit"), {"str", "int"})
    deployed = _amount(project, service.get("deploy", "resources", "limits", "memory"), {"str"})
    if own is not None and deployed is not None and own.value != deployed.value:
        project.remark(own.location, "`mem_limit` differs from `deploy.resources.limits.memory`.")
    return deployed or own


def _amount(project: Project, value: Value | None, kinds: set[str]) -> Fact[int] | None:
    if value is None or value.missing:
        return None
    amount = quantities.bytes_of(value.value) if value.kind in kinds else None
    if amount is None:
        project.remark(value.location, "This is not an amount of memory.", "Write it as `512m`.")
        return None
    return Fact(amount, value.location) if amount else None
