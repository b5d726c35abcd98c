"""
Deploys in Kubernetes manifests, as `workerctl check --kubernetes` judges them.
"""

import base64
import json
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.checks.deploy.test_deploy import PROJECT, SETTINGS, found, status
from workerctl import cli
from workerctl.commands.shared.world import World

Check = Callable[..., dict[str, Any]]

TOKEN = "tok_4Jh7Zk29fnQq81LmXx02"
WORKER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      terminationGracePeriodSeconds: 150
      containers:
        - name: worker
          image: app:1.4
          command: [sh, -c]
          args: ["exec rq worker --with-scheduler default"]
          envFrom:
            - configMapRef: {name: common}
          env:
            - name: BROKER
              value: redis://$(QUEUE_HOST):6379/0
            - name: API_TOKEN
              valueFrom: {secretKeyRef: {name: keys, key: token}}
            - {name: REGION, value: us}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: common}
data:
  STAGE: production
  NUMBER: "7"
  QUEUE_HOST: queue.default.svc.cluster.local
"""
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: app:1.4
          command: [uvicorn, "app:app"]
          env:
            - {name: STAGE, value: production}
            - {name: REGION, value: us}
"""
QUEUE = """\
apiVersion: v1
kind: Service
metadata: {name: queue}
spec: {selector: {app: redis}, ports: [{port: 6379}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis-for-jobs}
spec:
  serviceName: queue
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers:
        - name: redis
          image: redis:7
          args: [--maxmemory, 100mb, --maxmemory-policy, noeviction, --appendonly, "yes"]
          resources: {limits: {memory: 200Mi}}
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates: [{metadata: {name: data}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: queue}
spec:
  selector: {matchLabels: {app: cache}}
  template:
    metadata: {labels: {app: cache}}
    spec:
      containers:
        - name: cache
          image: redis:7
          args: [--maxmemory, 100mb, --maxmemory-policy, allkeys-lru]
"""
FILES = {"worker.yaml": WORKER, "web.yaml": WEB, "queue.yaml": QUEUE}
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: worker}
spec:
  terminationGracePeriodSeconds: 150
  restartPolicy: Never
  containers:
    - name: worker
      image: app:1.4
      env: [{name: STAGE, value: production}, {name: NUMBER, value: "7"}]
"""


def options(*files: str) -> list[str]:
    """
    Return the options that name the files.
    """
    return [word for file in files for word in ("--kubernetes", file)]


@pytest.fixture(name="check")
def _check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """
    Return a function that checks the worker of some files, and returns the report.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(SETTINGS, "utf-8")
    (tmp_path / "pyproject.toml").write_text(PROJECT, "utf-8")

    def run(files: dict[str, str], *more: str, stdin: str = "") -> dict[str, Any]:
        for name, text in files.items():
            (tmp_path / name).write_text(text, "utf-8")
        named = [*files, "-"] if stdin else [*files]
        out = StringIO()
        words = ["check", *options(*named), *more, "--format", "json"]
        code = cli.run(words, World({}, BytesIO(stdin.encode()), out, StringIO()))
        report: dict[str, Any] = json.loads(out.getvalue())
        assert report["exit_code"] == code
        return report

    return run


def changed(old: str, new: str) -> dict[str, str]:
    """
    Return the files of the good deploy with one change.
    """
    file = next(name for name, text in FILES.items() if old in text)
    return {**FILES, file: FILES[file].replace(old, new, 1)}


def test_a_good_deploy_has_no_finding(check: Check) -> None:
    """
    The Service decides which Redis holds the queue, and not the name of a workload.
    """
    report = check(FILES, "--workload", "deploy/worker")

    assert found(report) == {}
    assert report["exit_code"] == 0
    assert report["judged_as"] == "production"
    assert report["sources"] == [*FILES]
    assert status(report, "DEP001") == ("passed", None)


IMAGE, REGION = "image: app:1.4", "            - {name: REGION, value: us}\n"
GRACE, NUMBER = "      terminationGracePeriodSeconds: 150\n", '  NUMBER: "7"\n'
KEPT, SAVED = "  volumeClaimTemplates: [{metadata: {name: data}}]\n", '--appendonly, "yes"'
FROM_SECRET = "valueFrom: {secretKeyRef: {name: keys, key: token}}"


@pytest.mark.parametrize(
    ("old", "new", "code", "severity", "place"),
    [
        ("noeviction", "allkeys-lru", "DEP001", "error", "queue.yaml:18"),
        ("noeviction", "volatile-lru", "DEP001", "warning", "queue.yaml:18"),
        (KEPT, "", "DEP002", "warning", "queue.yaml:16"),
        (SAVED, '--save, ""', "DEP002", "warning", "queue.yaml:16"),
        ("worker --with-scheduler default", "worker high", "DEP003", "warning", None),
        (REGION, "", "DEP004", "warning", "web.yaml:15"),
        (GRACE, "", "DEP005", "warning", "worker.yaml:10"),
        ("Seconds: 150", "Seconds: 60", "DEP005", "warning", "worker.yaml:9"),
        ("memory: 200Mi", "memory: 100M", "DEP006", "warning", "queue.yaml:19"),
        (FROM_SECRET, f"value: {TOKEN}", "DEP008", "error", "worker.yaml:21"),
        (NUMBER, f"{NUMBER}  BILLING_PASSWORD: {TOKEN}\n", "DEP008", "error", "worker.yaml:30"),
        (IMAGE, "image: app:latest", "DEP009", "info", "worker.yaml:12"),
        (IMAGE, "image: registry:5000/app", "DEP009", "info", "worker.yaml:12"),
        (NUMBER, "  NUMBER: 7\n", "DEP010", "error", "worker.yaml:29"),
        (GRACE, f"{GRACE}      restartPolicy: Never\n", "DEP010", "error", "worker.yaml:10"),
    ],
)
def test_each_fault_is_found_at_its_line(
    check: Check, old: str, new: str, code: str, severity: str, place: str | None
) -> None:
    """
    One change of the good deploy has one finding.
    """
    report = check(changed(old, new), "--workload", "worker")

    findings = [
        (each["code"], each["severity"], place_of(each["location"]))
        for checked in report["checks"]
        for each in checked["findings"]
        if each["code"].startswith("DEP")
    ]
    assert findings == [(code, severity, place)]
    assert "4Jh7" not in json.dumps(report)


def place_of(location: dict[str, Any]) -> str | None:
    """
    Return the file and the line of a finding, if it has one.
    """
    return location["line"] and f"{location['file']}:{location['line']}"


def test_a_pod_that_fails_is_not_started_again(check: Check) -> None:
    """
    A controller would start another one.
    """
    report = check({"pod.yaml": POD})

    assert found(report) == {"DEP007": ("warning", 6)}
    assert "Set restartPolicy: Always." in json.dumps(report)
    for policy in ("Always", "OnFailure"):
        assert found(check({"pod.yaml": POD.replace("Never", policy)})) == {}


def test_a_job_is_meant_to_end(check: Check) -> None:
    """
    It is not started again when it has ended, and consumes no queue that others may forget.
    """
    template = POD.partition("spec:")[2].replace("\n", "\n    ")
    job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: worker}\nspec:\n  template:\n"
    job += f"    spec:{template}"

    assert found(check({"job.yaml": job})) == {}


def test_a_redis_next_to_the_worker(check: Check) -> None:
    """
    Containers of a Pod reach each other at localhost.
    """
    sidecar = "        - {name: redis, image: 'redis:7', args: [--save, '']}\n---\napiVersion: v1\n"
    text = WORKER.replace("$(QUEUE_HOST)", "localhost").replace("---\napiVersion: v1\n", sidecar)
    report = check({"worker.yaml": text}, "--container", "worker")

    assert found(report) == {"DEP002": ("warning", 23)}


@pytest.mark.parametrize(
    "variable",
    [
        "{name: ALLOW_EMPTY_PASSWORD, value: 'yes'}",
        "{name: AUTH_TRUST_HEADER, value: 'false'}",
        "{name: GOOGLE_APPLICATION_CREDENTIALS, value: /var/secrets/google/key.json}",
        "{name: BILLING_PASSWORD, value: $(TOKEN)}",
        "{name: BILLING_PASSWORD, value: changeme}",
    ],
)
def test_what_is_not_a_secret_in_clear(check: Check, variable: str) -> None:
    """
    A switch, a path, a reference to a Secret, and a placeholder, which is another fault.
    """
    known = "{name: TOKEN, valueFrom: {secretKeyRef: {name: keys, key: token}}}"
    files = changed(REGION, f"{REGION}            - {known}\n            - {variable}\n")

    assert found(check(files, "--workload", "worker")) == {}


@pytest.mark.parametrize(
    ("image", "path", "code"),
    [
        ("redis:7", "/data", None),
        ("redis:7", "/var/lib/redis/data", "DEP002"),
        ("bitnami/redis:7", "/bitnami/redis/data", None),
        ("registry.example.com:5000/redis:6-el8", "/var/lib/redis/data", None),
    ],
)
def test_where_a_redis_keeps_its_data_depends_on_its_image(
    check: Check, image: str, path: str, code: str | None
) -> None:
    """
    That of the official image is known; of another, any volume may be the right one.
    """
    files = changed("image: redis:7", f"image: {image}")
    files["queue.yaml"] = files["queue.yaml"].replace("mountPath: /data", f"mountPath: {path}")

    assert list(found(check(files, "--workload", "worker"))) == [code] * (code is not None)


def test_a_setting_may_be_the_host_of_the_queue(check: Check, tmp_path: Path) -> None:
    """
    If none is the URL of a Redis; the host of a cache is another Redis.
    """
    settings = """
from pydantic_settings import BaseSettings

class Settings(BaseSettings):
    job_seconds: int = 120
    queue_host: str
    cache_host: str = "queue"
"""
    (tmp_path / "app.py").write_text(settings, "utf-8")
    files = changed(KEPT, "")
    report = check(files, "--workload", "worker", "--env", "production")

    assert found(report)["DEP002"] == ("warning", 16)
    assert "DEP001" not in found(report)


def test_a_configuration_file_in_a_config_map(check: Check) -> None:
    """
    It decides if the command names it.
    """
    mounts = "volumeMounts: [{name: conf, mountPath: /etc/redis}, {name: data, mountPath: /data}]"
    files = changed("volumeMounts: [{name: data, mountPath: /data}]", mounts)
    arguments = '--maxmemory, 100mb, --maxmemory-policy, noeviction, --appendonly, "yes"'
    text = files["queue.yaml"].replace(arguments, "/etc/redis/redis.conf")
    text = text.replace(
        KEPT, f"      volumes: [{{name: conf, configMap: {{name: conf}}}}]\n{KEPT}", 1
    )
    conf = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata:\n  redis.conf: |\n"
    conf += "    maxmemory 100mb\n    maxmemory-policy allkeys-lru\n"
    report = check({**files, "queue.yaml": text, "conf.yaml": conf}, "--workload", "worker")

    assert found(report) == {"DEP001": ("error", 18)}


def test_another_namespace_is_another_deploy(check: Check) -> None:
    """
    Neither its settings nor its queues count.
    """
    other = WORKER.replace("name: worker}", "name: worker, namespace: beta}").replace(
        "rq worker --with-scheduler default", "rq worker low"
    )
    files = changed("            - {name: REGION, value: us}\n", "")
    web = WEB.replace("name: web}", "name: web, namespace: beta}")
    report = check({**files, "web.yaml": web, "beta.yaml": other}, "--workload", "worker")

    assert report["exit_code"] == 2
    del files["web.yaml"]
    Path("beta.yaml").unlink()
    assert found(check({**files, "beta.yaml": web}, "--workload", "worker")) == {}


def test_what_the_files_do_not_show_is_deferred(check: Check) -> None:
    """
    A key of a Secret that is not here, and all that a ConfigMap may hold that is not here.
    """
    report = check(changed(NUMBER, ""), "--workload", "worker")
    assert found(report, "SET001") == {"SET001": ("error", None)}

    files = changed("- configMapRef: {name: common}", "- secretRef: {name: more}")
    report = check(files, "--workload", "worker", "--env", "production")
    assert status(report, "SET001") == ("deferred", "may be provided at deploy: NUMBER")
    assert report["exit_code"] == 0


def test_a_sibling_has_no_more_than_what_a_secret_may_hold(check: Check) -> None:
    """
    The worker may get the variable from a source that is not in the files.
    """
    files = changed(REGION, "")
    text = files["worker.yaml"].replace(
        "envFrom:\n", "envFrom:\n            - secretRef: {name: more}\n"
    )
    report = check({**files, "worker.yaml": text}, "--workload", "worker")

    assert found(report) == {}


def test_what_a_sibling_gets_from_an_object_is_at_its_reference(check: Check) -> None:
    """
    That is what the worker lacks; the line of the value would not say so.
    """
    files = changed(REGION, "")
    region = "{name: REGION, valueFrom: {configMapKeyRef: {name: common, key: STAGE}}}"
    web = WEB.replace("{name: REGION, value: us}", region)

    assert found(check({**files, "web.yaml": web}, "--workload", "worker")) == {
        "DEP004": ("warning", 15)
    }


@pytest.mark.parametrize(
    ("volume", "mount", "reason"),
    [
        ("secret: {secretName: more}", "/run/keys", "may be provided at deploy: NUMBER"),
        ("persistentVolumeClaim: {claimName: x}", "/run", "may be provided at deploy: NUMBER"),
        ("secret: {secretName: more}", "/run/other", None),
        ("secret: {secretName: numbers}", "/run/keys", "provided at deploy: NUMBER"),
        ("secret: {secretName: keys}", "/run/keys", None),
    ],
)
def test_files_that_are_mounted_where_secrets_are_read(
    check: Check, volume: str, mount: str, reason: str | None
) -> None:
    """
    Those of a Secret that is not in the files are not known.
    """
    text = changed(NUMBER, "  WORKERCTL_SECRETS_DIR: /run/keys\n")["worker.yaml"]
    mounts = f"          volumeMounts: [{{name: v, mountPath: {mount}}}]\n"
    text = text.replace("          env:\n", f"{mounts}          env:\n")
    text = text.replace(GRACE, f"{GRACE}      volumes: [{{name: v, {volume}}}]\n")
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: %s}\nstringData: {%s: '7'}\n"
    objects = "---\n".join([secret % ("keys", "token"), secret % ("numbers", "NUMBER")])
    files = {**FILES, "worker.yaml": text, "objects.yaml": objects}
    found_status = status(check(files, "--workload", "worker"), "SET001")

    assert found_status == ("failed" if reason is None else "deferred", reason)


def test_every_source_that_is_not_here_is_named(check: Check) -> None:
    """
    Each of them may set what is missing.
    """
    more = "- secretRef: {name: more}\n            - configMapRef: {name: flags, optional: true}"
    files = changed("- configMapRef: {name: common}", more)
    report = check(files, "--workload", "worker", "--env", "production")

    named = "the Secret more, the optional ConfigMap flags"
    assert f"Not read, and may provide more at deploy: {named}." in report["notes"]


def test_a_secret_with_a_line_end(check: Check) -> None:
    """
    `echo token | base64` encodes the line end, too; it is a part of the value.
    """
    encoded = base64.b64encode(f"{TOKEN}\n".encode()).decode()
    keys = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\ndata:\n  token: {encoded}\n"
    report = check({**FILES, "keys.yaml": keys}, "--workload", "worker")

    assert found(report, "FRM") == {"FRM001": ("error", 5)}
    assert found(report) == {}, "a Secret is not written in clear"
    assert "4Jh7" not in json.dumps(report)
    assert encoded not in json.dumps(report)


def test_standard_input_has_several_documents(check: Check) -> None:
    """
    As `kubectl kustomize` and `helm template` write them.
    """
    report = check({}, "--workload", "worker", stdin="---\n".join(FILES.values()))

    assert found(report) == {}
    assert report["sources"] == ["<stdin>"]
    assert report["exit_code"] == 0


def test_a_target_names_a_workload(check: Check, tmp_path: Path) -> None:
    """
    Like any other target; two of them can be compared.
    """
    check(FILES, "--workload", "worker")
    lines = ['kubernetes = ["worker.yaml", "web.yaml"]', 'container = "{0}"']
    table = '[[tool.workerctl.target]]\nname = "{0}"\nworkload = "Deployment/{0}"\n'
    table += "\n".join(lines) + "\n"
    project = PROJECT + table.format("worker") + table.format("web")
    (tmp_path / "pyproject.toml").write_text(project, "utf-8")
    out, diff = StringIO(), StringIO()
    code = cli.run(["check", "worker", "--format", "json"], World({}, None, out, StringIO()))

    assert code == 0
    assert json.loads(out.getvalue())["sources"] == ["worker.yaml", "web.yaml"]
    assert cli.run(["diff", "worker", "web"], World({}, None, diff, StringIO())) == 0
    assert "NUMBER" in diff.getvalue()


SECRET = "sk-4fT9kQ2mX7vB1nR8"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workload", "w"], "--workload needs --kubernetes FILE."),
        (["--container", "c"], "--container needs --kubernetes FILE."),
        (["--kubernetes", "k", "--service", "s"], "--service needs --compose FILE."),
        (["--kubernetes", "k", "--compose", "c"], "--compose and --kubernetes cannot be combined."),
        (["--kubernetes", "k", "--env-file", "e"], "--kubernetes and --env-file cannot be"),
        (["--kubernetes", "k", "--no-env-file"], "--kubernetes and --no-env-file cannot be"),
        (["--kubernetes", "k", "e.env"], "cannot be combined with options that name sources."),
        (["--kubernetes", "no.yaml"], "no.yaml does not exist."),
        (["--kubernetes", "app.py"], "app.py:"),
        (
            [*options(*FILES), "--workload", "deploy/wroker"],
            "has no workload deploy/wroker. Did you mean Deployment/worker?",
        ),
        (
            [*options("web.yaml", "queue.yaml")],
            "has 3 workloads. Specify one of: Deployment/web, StatefulSet/redis-for-jobs, Deploym",
        ),
        (
            [*options(*FILES), "--workload", "worker", "--container", "main"],
            "Deployment/worker has no container main. Specify one of: worker.",
        ),
        ([*options(*FILES), "--workload", SECRET], "has no workload of that name."),
        ([*options(*FILES), "--workload", "worker", "--container", SECRET], "of that name."),
        (["--kubernetes", SECRET], "A file whose name may be a secret does not exist."),
        (["--kubernetes", ""], "--kubernetes is empty, so it names no file."),
    ],
)
def test_options_that_cannot_be_used_are_explained(
    check: Check, words: list[str], message: str
) -> None:
    """
    With the exit code of a usage error, and no traceback; what may be a secret is not repeated.
    """
    check(FILES, "--workload", "worker")
    out, err = StringIO(), StringIO()

    assert cli.run(["check", *words], World({}, None, out, err)) == 2
    said = " ".join(err.getvalue().split())
    assert message in said
    assert "Traceback" not in said
    assert SECRET not in said + out.getvalue()
