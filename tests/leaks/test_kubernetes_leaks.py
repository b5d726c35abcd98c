"""
What `workerctl check --kubernetes` shows of manifests with secrets in every place.
"""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.leaks import runs
from tests.leaks.holdings import SHAPES, Assignments, Holding, misplaced, valid
from tests.leaks.oracle import Mint, Oracle
from tests.leaks.test_leaks import DOCUMENTED, SEED
from tests.support.effort import BRIEF
from workerctl.output.formats import FORMATS

MANIFEST = "worker.yaml"
HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: worker}\n"
SPEC = HEAD + "spec:\n  template:\n    spec:\n      containers:\n        - name: worker\n"
FROM = "          envFrom:\n            - {reference}: {{name: keys}}\n"


def _object(kind: str, field: str, texts: Assignments) -> str:
    data = "".join(f"  {json.dumps(name)}: {text}\n" for name, text in texts.items())
    return f"---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: keys}}\n{field}:\n{data}"


def _quoted(given: Assignments) -> Assignments:
    return {name: json.dumps(text) for name, text in given.items()}


def _encoded(given: Assignments) -> Assignments:
    texts = {name: text.encode("utf-8", "surrogatepass") for name, text in given.items()}
    return {name: base64.b64encode(text + b"\n").decode() for name, text in texts.items()}


def _in_env(given: Assignments) -> str:
    entries = "".join(
        f"            - {{name: {name}, value: {text}}}\n" for name, text in _quoted(given).items()
    )
    return f"{SPEC}          image: app\n          env:\n{entries}"


def _through(kind: str, field: str, texts: Assignments) -> str:
    reference = "secretRef" if kind == "Secret" else "configMapRef"
    worker = f"{SPEC}          image: app\n{FROM.format(reference=reference)}"
    return worker + _object(kind, field, texts)


PLACES: dict[str, Callable[[Assignments], str]] = {
    "env": _in_env,
    "ConfigMap": lambda given: _through("ConfigMap", "data", _quoted(given)),
    "stringData": lambda given: _through("Secret", "stringData", _quoted(given)),
    "data": lambda given: _through("Secret", "data", _encoded(given)),
    "data without base64": lambda given: _through("Secret", "data", _quoted(given)),
    "not a string": lambda given: _through(
        "Secret", "stringData", {name: f"[{text}]" for name, text in _quoted(given).items()}
    ),
}


def _assert_safe(text: str, mint: Mint) -> None:
    """
    Check a manifest in all formats, one of them on standard output and the others in files.
    """
    oracle = Oracle(mint.made)
    content = text.encode("utf-8", "surrogatepass")
    holding = Holding(files={MANIFEST: content}, stdin=content)
    formats = [word for name in FORMATS for word in ("--format", f"{name}={name}.out")]
    for more in ([MANIFEST, *formats], ["-", "--verbose", "--workload", "worker"]):
        arguments = ["check", "--env", "production", "--kubernetes", *more]
        seen = runs.run(arguments, holding)
        assert oracle.leaks(seen.text) == [], f"{arguments}, LEAK_SEED={SEED}"
        assert seen.code in DOCUMENTED - {3}, (arguments, seen)


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_of_a_manifest_is_shown(place: str, directory: Path) -> None:
    """
    Valid secrets, and every shape of a secret in the place of every setting.
    """
    assert directory
    mint = Mint(SEED)
    _assert_safe(PLACES[place](valid(mint)), mint)
    for shape in list(SHAPES)[:: 6 if BRIEF else 2]:
        _assert_safe(PLACES[place](misplaced(mint, shape)), mint)


# In each of these, @ stands for a secret.
TEMPLATES = {
    "names": SPEC.replace("worker", "@") + "          image: @\n",
    "kind": SPEC.replace("Deployment", "@") + "          image: app\n",
    "version": SPEC.replace("apps/v1", "@") + "          image: app\n",
    "namespace": SPEC.replace("{name: worker}", "{name: worker, namespace: @}"),
    "image": f"{SPEC}          image: 'registry/@:latest'\n",
    "commands": f"{SPEC}          command: [rq, worker, -u, 'redis://:@@r/0', @]\n"
    "          args: [{@: @}]\n",
    "numbers": f"{SPEC}          image: app\n          resources: {{limits: {{memory: @}}}}\n"
    "      terminationGracePeriodSeconds: @\n      restartPolicy: @\n",
    "variables": f"{SPEC}          env:\n            - {{name: @, value: x}}\n"
    "            - {name: '@=@', value: x}\n            - {name: API_KEY, value: $(@)-@}\n"
    "            - {name: @, value: {@: @}}\n"
    "            - {name: A, value: x, valueFrom: {@: @}}\n",
    "references": f"{SPEC}          envFrom:\n            - secretRef: {{name: @}}\n"
    "            - {prefix: @, configMapRef: {name: @, optional: @}}\n          env:\n"
    "            - {name: A, valueFrom: {secretKeyRef: {name: @, key: @}}}\n"
    "            - {name: B, valueFrom: {secretKeyRef: {name: keys, key: @}}}\n"
    "            - {name: C, valueFrom: {fieldRef: {fieldPath: @}}}\n"
    "            - {name: D, valueFrom: {fieldRef: {fieldPath: 'metadata.labels[@]'}}}\n"
    "            - {name: E, valueFrom: {resourceFieldRef: {resource: @}}}\n"
    + _object("Secret", "data", {"@": "@"}),
    "keys": f"{SPEC}          image: app\n{FROM.format(reference='secretRef')}"
    + _object("Secret", "data", {"@": "x", "a@": "not base64 @", "@=": "eA=="}),
    "volumes": f"{SPEC}          image: app\n          volumeMounts:\n"
    "            - {name: @, mountPath: @}\n            - {name: v, mountPath: /@, subPath: @}\n"
    "      volumes: [{name: v, secret: {secretName: keys, items: [{key: @, path: @}]}}]\n"
    + _object("Secret", "data", {"a": "eA=="}),
    "siblings": f"{SPEC}          image: app\n        - name: @\n          image: app\n"
    "          env: [{name: REDIS_URL, value: 'redis://:@@r/@'}]\n",
    "two workloads": f"{SPEC}          image: app\n---\n{SPEC.replace('worker', '@')}",
    "twice": f"{SPEC}          image: app\n---\n{SPEC}          image: @\n",
    "labels": SPEC.replace("    spec:", "    metadata: {labels: {@: @}}\n    spec:")
    + "---\napiVersion: v1\nkind: Service\nmetadata: {name: @}\nspec: {selector: {@: @}}\n",
    "no manifest": "services: {@: @}\n",
    "no YAML": "a: [@\n",
    "template": "a: {{ @ }}\n",
    "alias": "a: *@\n",
    "repeated": "@: 1\n@: 2\n",
    "Kustomization": "apiVersion: @\nkind: Kustomization\nresources: [@]\n",
}  # fmt: skip


@pytest.mark.parametrize("where", TEMPLATES)
def test_no_secret_in_place_of_a_name_is_shown(where: str, directory: Path) -> None:
    """
    Pasted where a name, a key or a number belongs.
    """
    assert directory
    for make in (Mint.token, Mint.key):
        mint = Mint(SEED)
        text = TEMPLATES[where]
        while "@" in text:
            text = text.replace("@", make(mint), 1)
        _assert_safe(text, mint)


@pytest.mark.parametrize("place", PLACES)
def test_no_comparison_of_manifests_shows_a_secret(place: str, directory: Path) -> None:
    """
    Two targets that differ, that share some secrets, and that are the same.
    """
    assert directory
    mint, other = Mint(SEED), Mint(SEED + 1)
    first, second = valid(mint), valid(other)
    shared = {**second, **dict(list(first.items())[::2])}
    oracle = Oracle([*mint.made, *other.made])
    project = "".join(
        f'[[tool.workerctl.target]]\nname = "{name}"\nenv = "{env}"\n'
        f'kubernetes = "{name}.yaml"\nworkload = "Deployment/worker"\n'
        for name, env in (("a", "staging"), ("b", "production"))
    )
    for compared in (second, shared, first):
        files = {"pyproject.toml": project, "a.yaml": PLACES[place](first)}
        files["b.yaml"] = PLACES[place](compared)
        holding = Holding(files={name: text.encode() for name, text in files.items()})
        for arguments in (["diff", "a", "b"], ["diff", "b", "a", "--format", "json"], ["check"]):
            seen = runs.run(arguments, holding)
            assert oracle.leaks(seen.text) == [], f"{arguments}, LEAK_SEED={SEED}"
            assert seen.code in DOCUMENTED - {3}, (arguments, seen)
