"""
Which container is read from which files, and what is said of it besides its environment.
"""

import io
from pathlib import Path

import pytest

from tests.sources.manifests.kubernetes.samples import (
    config_map,
    indented,
    judged,
    line_of,
    read,
    remarks,
    worker,
)
from workerctl.report.errors import SourceError
from workerctl.sources.manifests import reading
from workerctl.sources.manifests.containers import Manifest
from workerctl.sources.manifests.kubernetes import read as read_files
from workerctl.sources.manifests.selection import Selection

ALL = "envFrom:\n  - configMapRef: {name: worker-env}"


def workload(kind: str, name: str, containers: str = "[{name: main, image: app}]") -> str:
    """
    Return a workload of a kind.
    """
    spec = f"spec:\n  containers: {containers}\n"
    paths = {
        "Pod": [],
        "CronJob": ["spec", "jobTemplate", "spec", "template"],
        "ScaledJob": ["spec", "jobTargetRef", "template"],
    }
    for at, key in enumerate(reversed(paths.get(kind, ["spec", "template"]))):
        spec = f"{key}:\n{indented(spec, 2)}" if at or key else spec
    if kind in {"Job", "CronJob", "ScaledJob"}:
        spec = spec.replace("containers:", "restartPolicy: Never, containers:")
        spec = spec.replace("restartPolicy: Never, ", "restartPolicy: Never\n" + _before(spec))
    return f"apiVersion: x/v1\nkind: {kind}\nmetadata: {{name: {name}}}\n{spec}"


def _before(spec: str) -> str:
    (line,) = (line for line in spec.splitlines() if "containers:" in line)
    return " " * (len(line) - len(line.lstrip()))


def several(*texts: str) -> str:
    """
    Return several documents.
    """
    return "---\n".join(texts)


def refusal(text: str, name: str | None = None, container: str | None = None) -> tuple[str, str]:
    """
    Return the message and the hint with which a text is refused.
    """
    with pytest.raises(SourceError) as caught:
        read(text, name, container)
    assert caught.value.__context__ is None
    return caught.value.message, caught.value.hint or ""


@pytest.mark.parametrize(
    ("kind", "is_ending", "restarts"),
    [
        ("Deployment", False, True),
        ("StatefulSet", False, True),
        ("DaemonSet", False, True),
        ("ReplicaSet", False, True),
        ("Rollout", False, True),
        ("SomethingNew", False, True),
        ("Pod", False, True),
        ("Job", True, False),
        ("CronJob", True, False),
        ("ScaledJob", True, False),
    ],
)
def test_kinds_of_workloads(kind: str, is_ending: bool, restarts: bool) -> None:
    """
    Known ones, and any with a template of Pods where a Deployment has it.
    """
    found = judged(workload(kind, "worker"))

    assert (found.name, found.is_one_off) == (f"{kind}/worker", is_ending)
    assert found.restarts is restarts


def test_a_manifest_of_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Objects refer to those of other files; each variable is in its file.
    """
    monkeypatch.chdir(tmp_path)
    Path("env.yaml").write_text("# shared\n" + config_map("data: {A: x}\n"), "utf-8")
    selection = Selection("kubernetes", ("env.yaml", "-"))
    found = reading.read(selection, {}, io.BytesIO(worker(ALL).encode()))

    assert found.kind == "kubernetes"
    assert found.files == ("env.yaml", "<stdin>")
    assert str(found.location("A")) == "env.yaml:6"
    assert found.judged.location.file == "<stdin>"


def test_a_list_of_objects() -> None:
    """
    As `kubectl get -o yaml` prints them.
    """
    objects = [worker(ALL), config_map("data: {A: x}\n")]
    items = "".join("- " + indented(each, 2).removeprefix("  ") for each in objects)
    found = judged(f"apiVersion: v1\nkind: List\nitems:\n{items}")

    assert found.variables["A"].text == "x"


def test_other_documents_are_ignored() -> None:
    """
    Those without a version or a kind, and empty ones.
    """
    text = several("", "# nothing\n", "a: 1\n", "kind: Deployment\n", "- x\n", worker())

    assert judged(text).name == "Deployment/worker"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "<stdin> has no Kubernetes object.", "Specify the file of a Deployment"),
        ("a: 1\n", "<stdin> has no Kubernetes object.", "Specify the file of a Deployment"),
        ("services: {a: {image: x}}\n", "<stdin> has no Kubernetes object.", "--compose"),
        (config_map("data: {}\n"), "<stdin> has no workload.", "Specify the file of"),
        (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a]\n",
            "<stdin> has no workload, but a Kustomization.",
            "kubectl kustomize",
        ),
        (workload("Deployment", "a", "[]"), "<stdin> has no workload.", "Specify the file of"),
        ("a:\n  {{- if .b }}\n", "<stdin>:2 is not valid YAML.", "Render the template first"),
        (
            "a: 1\nb: {{ .c }}\n",
            "<stdin>:2 has a key that is not a text.",
            "helm template … | workerctl check --kubernetes -",
        ),
        ("a: [\n", "<stdin>:1 is not valid YAML.", "Correct the file."),
    ],
)
def test_files_without_a_workload(text: str, message: str, hint: str) -> None:
    """
    What was given instead decides what to do.
    """
    assert refusal(text)[0] == message
    assert hint in refusal(text)[1]


def test_a_directory(tmp_path: Path) -> None:
    """
    Kustomize reads directories; here, a file is needed.
    """
    with pytest.raises(SourceError, match="is a directory"):
        read_files(Selection("kubernetes", (str(tmp_path),)))


THREE = several(
    workload("Deployment", "web"), workload("Deployment", "worker"), workload("CronJob", "web")
)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("worker", "Deployment/worker"),
        ("Deployment/web", "Deployment/web"),
        ("deployment/web", "Deployment/web"),
        ("deploy/web", "Deployment/web"),
        ("deployments.apps/web", "Deployment/web"),
        ("cj/web", "CronJob/web"),
        ("CRONJOB/web", "CronJob/web"),
    ],
)
def test_a_workload_is_chosen(name: str, found: str) -> None:
    """
    By its name, or its kind in any of the forms that kubectl accepts.
    """
    manifest = read(THREE, name)

    assert manifest.judged.name == found
    assert len(manifest.others) == 2


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        (
            None,
            "<stdin> has 3 workloads.",
            "Specify one of: Deployment/web, Deployment/worker, CronJob/web.",
        ),
        (
            "web",
            "<stdin> has more than one workload web.",
            "Specify one of: Deployment/web, CronJob/web.",
        ),
        ("sts/worker", "<stdin> has no workload sts/worker.", "Did you mean Deployment/worker?"),
        ("wroker", "<stdin> has no workload wroker.", "Did you mean Deployment/worker?"),
        ("deploy/wokrer", "<stdin> has no workload deploy/wokrer.", "Did you mean Deployment/"),
        ("zzz", "<stdin> has no workload zzz.", "It has Deployment/web, Deployment/worker, CronJ"),
        ("sk-4fT9kQ2mX7vB", "<stdin> has no workload of that name.", "It has Deployment/web"),
    ],
)
def test_a_workload_that_is_not_clear(name: str | None, message: str, hint: str) -> None:
    """
    The error lists what there is, or the most similar name.
    """
    assert refusal(THREE, name)[0] == message
    assert refusal(THREE, name)[1].startswith(hint)


def test_a_workload_in_several_namespaces() -> None:
    """
    Nothing chooses one of them.
    """
    other = workload("Deployment", "worker, namespace: staging")
    text = several(workload("Deployment", "worker"), other)

    assert refusal(text, "deploy/worker") == (
        "<stdin> has Deployment/worker in several namespaces: default, staging.",
        "Specify the files of one namespace.",
    )


@pytest.mark.parametrize("word", ["command: [rq, worker]", "args: [celery, -A, app, worker]"])
def test_without_a_name_the_only_worker_is_chosen(word: str) -> None:
    """
    Among workloads, and among the containers of one.
    """
    both = f"[{{name: main, image: app}}, {{name: jobs, image: app, {word}}}]"

    assert (
        read(several(THREE, workload("Deployment", "d", both))).judged.name == "Deployment/d:jobs"
    )


PAIR = "[{name: main, image: app}, {name: proxy, image: proxy}]"


def test_a_container_is_chosen() -> None:
    """
    By its name, or because it is the only one or has the name of the workload.
    """
    assert read(workload("Deployment", "main", PAIR)).judged.name == "Deployment/main:main"
    found = read(workload("Deployment", "worker", PAIR), container="proxy")
    assert found.judged.name == "Deployment/worker:proxy"
    assert [each.name for each in found.others] == ["Deployment/worker:main"]


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        (None, "Deployment/worker has several containers.", "Specify one of: main, proxy."),
        ("prxy", "Deployment/worker has no container prxy.", "Did you mean proxy?"),
        ("zzz", "Deployment/worker has no container zzz.", "Specify one of: main, proxy."),
    ],
)
def test_a_container_that_is_not_clear(name: str | None, message: str, hint: str) -> None:
    """
    The error lists what there is, or the most similar name.
    """
    assert refusal(workload("Deployment", "worker", PAIR), None, name) == (message, hint)


def service(name: str, spec: str, namespace: str = "default") -> str:
    """
    Return a Service.
    """
    metadata = f"metadata: {{name: {name}, namespace: {namespace}}}\n"
    return f"apiVersion: v1\nkind: Service\n{metadata}spec: {{{spec}}}\n"


def labelled(kind: str, name: str, more: str = "", namespace: str = "default") -> str:
    """
    Return a workload whose Pods have the labels app and tier.
    """
    containers = "containers: [{name: main, image: redis}]"
    return (
        f"apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
        f"spec:\n  {more}\n  template:\n    metadata: {{labels: {{app: {name}, tier: data}}}}\n"
        f"    spec: {{{containers}}}\n"
    )


@pytest.mark.parametrize(
    ("texts", "hosts"),
    [
        # Without a Service of its name, one is assumed.
        ((labelled("Deployment", "a"),), {"a", "a.default"}),
        (
            (labelled("Deployment", "a"), service("queue", "selector: {app: a}")),
            {"a", "a.default", "queue", "queue.default"},
        ),
        (
            (
                labelled("Deployment", "a"),
                service("a", "selector: {app: b}"),
                service("queue", "selector: {app: a, tier: data}"),
                service("other", "selector: {app: a, tier: web}"),
                service("none", "clusterIP: None"),
                service("far", "selector: {app: a}", "jobs"),
            ),
            {"queue", "queue.default"},
        ),
        (
            (labelled("Deployment", "a", "", "jobs"), service("q", "selector: {app: a}", "jobs")),
            {"a.jobs", "q.jobs"},
        ),
        (
            (labelled("StatefulSet", "a", "replicas: 2"),),
            {"a", "a.default", "a-0.a", "a-1.a", "a-0.a.default", "a-1.a.default"},
        ),
    ],
)
def test_hosts(texts: tuple[str, ...], hosts: set[str]) -> None:
    """
    The names of the Services that select the Pods, as the judged container resolves them.
    """
    found = read(several(workload("Deployment", "worker"), *texts), "worker").others[0]

    assert found.hosts == hosts
    assert found.is_elsewhere == ("a" not in hosts and "queue" not in hosts)


def test_a_container_of_the_same_pod_is_at_localhost() -> None:
    """
    They share the network.
    """
    assert "localhost" in read(workload("Deployment", "main", PAIR)).others[0].hosts


def test_init_containers() -> None:
    """
    They are among the others and end; one that is always restarted runs on.
    """
    pod = (
        "initContainers:\n  - {name: migrate, image: app:1}\n"
        "  - {name: log, image: log, restartPolicy: Always}"
    )
    found = read(worker(pod=pod))

    assert found.judged.name == "Deployment/worker"
    assert [(each.name, each.is_one_off, each.restarts) for each in found.others] == [
        ("Deployment/worker:migrate", True, True),
        ("Deployment/worker:log", False, True),
    ]
    assert read(worker(pod=pod), container="migrate").judged.is_one_off


def test_what_a_container_says() -> None:
    """
    Each fact has its line; the words of the command are expanded.
    """
    text = worker(
        "command: [sh, -c]\nargs:\n  - exec rq worker $(QUEUES) $(EMPTY) $$(X) $(KEY)\n"
        "  - $(EMPTY)\n"
        "env:\n  - {name: QUEUES, value: high}\n  - {name: EMPTY, value: ''}\n"
        "  - {name: KEY, valueFrom: {secretKeyRef: {name: x, key: k}}}\n"
        "resources:\n  limits:\n    memory: 1.5Gi",
        pod="terminationGracePeriodSeconds: 90\nrestartPolicy: Always",
    )
    found = judged(text)
    facts = [found.image, found.command, found.memory_bytes, found.grace_seconds, found.restart]

    script = "exec rq worker high  $(X) $(KEY)"
    assert [None if fact is None else fact.value for fact in facts] == [
        *("app:1", ("sh", "-c", script, ""), 1610612736, 90.0, "Always")
    ]
    lines = ("image:", "command:", "memory:", "terminationGrace", "restartPolicy")
    assert [None if fact is None else fact.location.line for fact in facts] == [
        line_of(text, each) for each in lines
    ]
    assert found.location.line == line_of(text, "- name: worker")


def test_what_a_container_does_not_say() -> None:
    """
    Kubernetes waits for 30 seconds by default, and starts the command of the image.
    """
    found = judged(worker())

    assert found.default_grace_seconds == 30
    assert [found.command, found.memory_bytes, found.grace_seconds, found.restart] == [None] * 4


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("app", "app:latest", True),
        ("docker.io/library/app:1", "app:1", True),
        ("app:1", "app:2", False),
        ("app:1@sha256:ab", "app:2@sha256:ab", True),
        ("app@sha256:ab", "app@sha256:cd", False),
        ("host:5000/app", "host:5000/app:latest", True),
        ("host:5000/app", "app", False),
    ],
)
def test_images_of_the_same_code(one: str, other: str, is_same: bool) -> None:
    """
    Two containers run the same program if their images have the same version.
    """
    codes = [judged(worker().replace("app:1", f"'{each}'")).code for each in (one, other)]

    assert (codes[0] == codes[1]) is is_same


@pytest.mark.parametrize(
    ("container", "pod", "problem"),
    [
        ("", "restartPolicy: Never", "The restartPolicy of Deployment/worker must be Always."),
        ("", "restartPolicy: always", "The restartPolicy of Deployment/worker must be Always."),
        (
            "",
            "terminationGracePeriodSeconds: '60'",
            "terminationGracePeriodSeconds is not a whole number.",
        ),
        ("", "terminationGracePeriodSeconds: -1", "terminationGracePeriodSeconds is negative."),
        (
            "resources: {limits: {memory: 512MB}}",
            "",
            "The limit of memory is not a quantity. Write it as `512Mi`.",
        ),
        ("command: rq worker", "", "command is not a list."),
        ("args: [3]", "", "A word of args is a number; Kubernetes accepts only strings."),
        ("command: [yes]", "", "A word of command is a boolean; Kubernetes accepts only strings."),
    ],
)
def test_what_kubernetes_refuses(container: str, pod: str, problem: str) -> None:
    """
    Each is remarked at its line, and has no fact.
    """
    text = worker(container, pod=pod)

    assert remarks(read(text)) == [f"{line_of(text, container or pod)} {problem}"]
    assert read(text).judged.grace_seconds is None
    assert read(text).judged.memory_bytes is None


def test_a_job_must_say_whether_it_is_restarted() -> None:
    """
    The default is not valid for a Job.
    """
    text = workload("Job", "import").replace("restartPolicy: Never", "nodeName: x")
    (remark,) = read(text).remarks

    assert remark.value == "The restartPolicy of Job/import must be Never or OnFailure."


def test_only_what_is_judged_is_remarked() -> None:
    """
    Problems of other workloads are found when those are judged.
    """
    bad = workload("Deployment", "web", "[{name: web, image: a, env: [{name: A, value: 1}]}]")
    text = several(bad, workload("Deployment", "worker"))

    assert read(text, "worker").remarks == ()
    assert len(read(text, "web").remarks) == 1


def test_a_workload_that_is_declared_twice() -> None:
    """
    The last one counts.
    """
    found: Manifest = read(several(workload("Deployment", "worker"), worker()))

    assert found.judged.image is not None
    assert found.judged.image.value == "app:1"
    assert "is declared more than once" in found.remarks[0].value


def test_names_that_may_be_secrets_are_not_shown() -> None:
    """
    Such a workload is named by its line.
    """
    found = judged(workload("Deployment", "sk4ft9kq2mx7vb1z"))

    assert found.name == "Deployment/(line 1)"


def test_repeated_aliases_are_bounded() -> None:
    """
    A small file that says a lot is refused.
    """
    entries = "".join(f"  - {{name: A{at}, value: x}}\n" for at in range(2000))
    containers = "[" + ", ".join(["{<<: *c, name: x}"] * 500) + "]"
    text = f"apiVersion: v1\nkind: Pod\nx: &c\n  image: a\n  env:\n{indented(entries, 2)}"
    text += f"metadata: {{name: x}}\nspec:\n  containers: {containers}\n"

    assert "is more than can be read" in refusal(text, None, "x")[0]
