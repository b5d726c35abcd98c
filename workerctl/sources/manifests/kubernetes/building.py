"""
A container of a workload, with what Kubernetes would refuse of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.sources.manifests.containers import Container, Fact
from workerctl.sources.manifests.documents import Node
from workerctl.sources.manifests.keys import corrected, table
from workerctl.sources.manifests.kubernetes import environment, volumes
from workerctl.sources.manifests.kubernetes.environment import Environment
from workerctl.sources.manifests.kubernetes.expansion import expand
from workerctl.sources.manifests.kubernetes.naming import named
from workerctl.sources.manifests.kubernetes.quantities import in_units
from workerctl.sources.manifests.kubernetes.scalars import is_given, kind_of, text_of, whole
from workerctl.sources.manifests.kubernetes.scope import Scope
from workerctl.sources.manifests.kubernetes.workloads import Workload

_GRACE = 30.0
_NEVER, _ALWAYS = "Never", "Always"
_POLICIES = frozenset({"Always", "OnFailure", "Never"})
_OF_JOBS = _POLICIES - {_ALWAYS}
_CONTROLLERS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})
_POD = table(
    """
    activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy
    enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers
    hostname hostnameOverride imagePullSecrets initContainers nodeName nodeSelector os overhead
    preemptionPolicy priority priorityClassName readinessGates resourceClaims resources
    restartPolicy runtimeClassName schedulerName schedulingGates securityContext serviceAccount
    serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain
    terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes workloadRef
    """
)
_CONTAINER = table(
    """
    args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports
    readinessProbe resizePolicy resources restartPolicy restartPolicyRules securityContext
    startupProbe stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices
    volumeMounts workingDir
    """
)
_OF_WORDS = ("command", "args")
_LISTS = (*_OF_WORDS, "env", "envFrom")
_HUB = "docker.io/"
_LIBRARY = "library/"


class Built(Record):
    """
    A container, and what Kubernetes would refuse or ignore of it.
    """

    container: Container
    remarks: tuple[Fact[str], ...]

    def __repr__(self) -> str:
        return f"Built({self.container.name})"


def build(workload: Workload, node: Node, scope: Scope) -> Built:
    """
    Return a container of a workload.
    """
    is_init = any(each is node for each in workload.init_containers)
    pod, wrong_of_pod = corrected(workload.pod, _POD, "Pod")
    node, wrong = corrected(node, _CONTAINER, "container")
    workload = workload.replace(pod=pod)
    inner = environment.read(node, scope)
    mounted = volumes.read(node, workload.pod, workload.claims, inner, scope)
    # An init container that is always restarted runs next to the others.
    is_sidecar = is_init and text_of(node.get("restartPolicy")) == _ALWAYS
    policy = node.get("restartPolicy") if is_sidecar else workload.pod.get("restartPolicy")
    image = _image(node)
    found = Container(
        name=_name(workload, node, is_init=is_init),
        location=node.location,
        image=image,
        code=None if image is None else _code(image.value),
        command=_command(node, inner),
        variables=inner.variables,
        further=inner.further,
        mounts=mounted.mounts,
        restart=None if policy is None else Fact(text_of(policy), policy.location),
        # A controller has no other policy than "Always", or is refused.
        restarts=workload.object.kind in _CONTROLLERS or text_of(policy) != _NEVER,
        grace_seconds=_grace(workload.pod),
        default_grace_seconds=_GRACE,
        memory_bytes=_memory(node),
        is_one_off=not is_sidecar and (is_init or workload.is_ending),
    )
    remarks = (
        *wrong_of_pod,
        *wrong,
        *_refused(workload, node),
        *inner.remarks,
        *mounted.remarks,
    )
    return Built(found, tuple(dict.fromkeys(remarks)))


def _name(workload: Workload, node: Node, *, is_init: bool) -> str:
    if not is_init and len(workload.containers) == 1:
        return workload.name
    return f"{workload.name}:{named(text_of(node.get('name')), f'(line {node.location.line})')}"


def _image(node: Node) -> Fact[str] | None:
    found = node.get("image")
    return None if found is None or not text_of(found) else Fact(text_of(found), found.location)


def _code(image: str) -> str:
    """
    Return an image so that equal ones are written equally; a tag next to a digest has no effect.
    """
    name = image.removeprefix(_HUB).removeprefix(_LIBRARY)
    repository, at, digest = name.partition("@")
    head, slash, last = repository.rpartition("/")
    base, colon, tag = last.partition(":")
    version = f"{at}{digest}" if digest else f":{tag if colon else 'latest'}"
    return f"image {head}{slash}{base}{version}"


def _command(node: Node, inner: Environment) -> Fact[tuple[str, ...]] | None:
    """
    Return the words that are executed; references to values that are not known stay as written.
    """
    words: list[str] = []
    location: Location | None = None
    for key in ("command", "args"):
        found = node.get(key)
        if found is not None and found.items:
            for word in map(text_of, found.items):
                expanded = expand(word, inner.value)
                words.append(word if expanded is None else expanded)
            location = location or found.location
    return None if location is None else Fact(tuple(words), location)


def _grace(pod: Node) -> Fact[float] | None:
    found = pod.get("terminationGracePeriodSeconds")
    seconds = None if found is None else whole(found)
    if found is None or seconds is None or seconds < 0:
        return None
    return Fact(float(seconds), found.location)


def _memory(node: Node) -> Fact[int] | None:
    found = node.get("resources", "limits", "memory")
    amount = None if found is None else in_units(text_of(found))
    return Fact(amount, found.location) if found is not None and amount else None


def _refused(workload: Workload, node: Node) -> Iterator[Fact[str]]:
    """
    Yield what the API server would refuse, apart from the environment and the volumes.
    """
    policy = workload.pod.get("restartPolicy")
    if policy is not None or workload.is_ending:
        allowed = _allowed(workload)
        if text_of(policy) not in allowed:
            where = workload.pod.location if policy is None else policy.location
            choice = " or ".join(sorted(allowed))
            yield Fact(f"The restartPolicy of {workload.name} must be {choice}.", where)
    period = workload.pod.get("terminationGracePeriodSeconds")
    if period is not None and is_given(period) and (whole(period) or 0) < 0:
        yield Fact("terminationGracePeriodSeconds is negative.", period.location)
    elif period is not None and is_given(period) and whole(period) is None:
        yield Fact("terminationGracePeriodSeconds is not a whole number.", period.location)
    memory = node.get("resources", "limits", "memory")
    if memory is not None and is_given(memory) and in_units(text_of(memory)) is None:
        problem = "The limit of memory is not a quantity."
        yield Fact(problem, memory.location, "Write it as `512Mi`.")
    for key in _LISTS:
        found = node.get(key)
        if found is not None and is_given(found) and found.kind != "seq":
            yield Fact(f"{key} is not a list.", found.location)
        for word in () if found is None or key not in _OF_WORDS else found.items:
            if kind_of(word) not in {"string", "null"}:
                problem = f"A word of {key} is a {kind_of(word)}; Kubernetes accepts only strings."
                yield Fact(problem, word.location)
    if _image(node) is None:
        yield Fact("The container does not have an image.", node.location)


def _allowed(workload: Workload) -> frozenset[str]:
    if workload.is_ending:
        return _OF_JOBS
    return frozenset({_ALWAYS}) if workload.object.kind in _CONTROLLERS else _POLICIES
