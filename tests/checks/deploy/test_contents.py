"""
What counts as a secret in clear: the secret itself, not where it is nor what is to replace it.
"""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from workerctl import cli
from workerctl.commands.shared.world import World

SETTINGS = """
from typing import Annotated
from pydantic import SecretStr
from pydantic_settings import BaseSettings
from workerctl.rules import Environment

class Settings(BaseSettings):
    stage: Annotated[str, Environment()] = "production"
    api_token: SecretStr = SecretStr("")
    store_url: str = ""
    jwt_private_key_path: str = ""
"""
COMPOSE = """
services:
  worker:
    image: shop:1.4
    command: rq worker
    restart: always
    environment:
"""
KUBERNETES = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  template:
    spec:
      containers:
        - name: worker
          image: shop:1.4
          command: [rq, worker]
          env:
"""
TOKEN = "tok_4Jh7Zk29fnQq81LmXx02"
OTHER = "tok_9Wc3Rb57hdTt60NpVv48"


@pytest.fixture(autouse=True)
def _in_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("contents_app.py").write_text(SETTINGS, "utf-8")
    project('settings = "contents_app:Settings"')


def project(*lines: str) -> None:
    """
    Write a pyproject.toml.
    """
    Path("pyproject.toml").write_text("\n".join(["[tool.workerctl]", *lines, ""]), "utf-8")


def write(**variables: str) -> None:
    """
    Write a compose file and a manifest of Kubernetes with the same variables.
    """
    lines = [(name, json.dumps(text)) for name, text in variables.items()]
    pairs = [f"      {name}: {text.replace('$', '$$')}\n" for name, text in lines]
    items = [f"            - {{name: {name}, value: {text}}}\n" for name, text in lines]
    Path("compose.yaml").write_text(COMPOSE + "".join(pairs), "utf-8")
    Path("k.yaml").write_text(KUBERNETES + "".join(items), "utf-8")


def run(*words: str) -> tuple[int, dict[str, Any], str]:
    """
    Run `check`, and return the exit code, the report and what is on standard error.
    """
    out, err = StringIO(), StringIO()
    code = cli.run(["check", "--format", "json", *words], World({}, None, out, err))
    assert not any(part in out.getvalue() + err.getvalue() for part in (TOKEN[4:], OTHER[4:]))
    return code, json.loads(out.getvalue() or "{}"), err.getvalue()


def of_compose(*words: str) -> tuple[int, dict[str, Any], str]:
    """
    Run `check` for the compose file.
    """
    return run("--compose", "compose.yaml", "--service", "worker", *words)


def findings(report: dict[str, Any]) -> list[dict[str, Any]]:
    """
    Return the findings of DEP008.
    """
    found = [each for checked in report["checks"] for each in checked["findings"]]
    return [each for each in found if each["code"] == "DEP008"]


def reported(name: str, text: str) -> bool:
    """
    Return whether a variable is reported, by both kinds of manifest.
    """
    write(**{name: text})
    inside = findings(of_compose()[1])
    assert bool(inside) == bool(findings(run("--kubernetes", "k.yaml")[1]))
    return bool(inside)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DB_PASSWORD_FILE", "/run/secrets/DB_PASSWORD"),
        ("API_TOKEN_FILE", "/run/secrets/x9F2k7Q4"),
        ("SIGNING_KEY_FILE", "keys/signing.key"),
        (
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        ),
        (
            "GOOGLE_APPLICATION_CREDENTIALS",
            "/var/run/secrets/cloud.google.com/service_account.json",
        ),
        ("GOOGLE_APPLICATION_CREDENTIALS", "../key.json"),
        ("JWT_PRIVATE_KEY_PATH", "./keys/jwt.pem"),
        ("SSH_PRIVATE_KEY", "~/.ssh/id_rsa"),
        ("SECRETS_DIR", "/run/secrets"),
    ],
)
def test_a_path_is_not_a_secret(name: str, text: str) -> None:
    """
    Whether or not the file is on this machine.
    """
    assert not reported(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("API_TOKEN", TOKEN),
        ("API_TOKEN", f"/{TOKEN}"),
        ("BILLING_PASSWORD", "/9jAAQ8/SkZJ7RgABxQ"),
        ("BILLING_PASSWORD", "/one-that-begins-with-a-slash"),
        ("BILLING_TOKEN_FILE", TOKEN),
        ("JWT_PRIVATE_KEY_PATH", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n"),
    ],
)
def test_a_secret_is_found_whatever_it_is_called_or_begins_with(name: str, text: str) -> None:
    """
    A name for paths with the content of the file in it, and a secret that begins with a slash.
    """
    assert reported(name, text)


def test_the_file_system_does_not_count(tmp_path: Path) -> None:
    """
    The same manifest has the same findings on every machine.
    """
    there = tmp_path / "x9F2k7Q4mm"
    there.write_text("", "utf-8")

    assert reported("BILLING_PASSWORD", str(there))
    assert not reported("BILLING_PASSWORD", "/srv/of-nobody/key.json")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("STORE_URL", "redis://${STORE_HOST}:6379"),
        ("STORE_URL", "redis://$(STORE_HOST):6379"),
        ("STORE_URL", "redis://{{ host }}:6379/0"),
        ("STORE_URL", "redis://:${STORE_PASSWORD}@store:6379"),
        ("STORE_URL", "redis://worker:$(STORE_PASSWORD)@store:6379"),
        ("STORE_URL", "redis://{{ user }}:{{ password }}@{{ host }}:{{ port }}/0"),
        ("STORE_URL", "redis://store:6379/0?password=${STORE_PASSWORD}"),
        ("SMTP_PASSWORD", "${SMTP_PASSWORD}"),
        ("SMTP_PASSWORD", "{{ smtp.password }}"),
        ("SMTP_PASSWORD", "${SMTP_PASSWORD}${SMTP_SUFFIX}"),
        ("API_TOKEN", "$(API_TOKEN)"),
        ("API_TOKEN", "ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A==]"),
        ("SMTP_PASSWORD", "undefined"),
    ],
)
def test_a_reference_is_not_a_secret(name: str, text: str) -> None:
    """
    Nothing replaces it, which is another fault, and has another finding.
    """
    assert not reported(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("STORE_URL", f"redis://:{TOKEN}@${{STORE_HOST}}:6379"),
        ("STORE_URL", f"redis://${{USER}}:{TOKEN}@{{{{ host }}}}:6379"),
        ("STORE_URL", f"redis://:{TOKEN}${{SUFFIX}}@store:6379"),
        ("STORE_URL", f"redis://store:6379/0?db=1&password={TOKEN}"),
        ("STORE_URL", f"redis://$(STORE_HOST):6379/0?password={TOKEN}"),
        ("SMTP_PASSWORD", f"${{PREFIX}}{TOKEN}"),
    ],
)
def test_a_secret_next_to_a_reference_is_found(name: str, text: str) -> None:
    """
    In the same value, or in the same URL.
    """
    assert reported(name, text)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("MONGO_URL", "mongodb://one:27017,two:27017/app", False),
        ("MONGO_URL", f"mongodb://worker:{TOKEN}@one:27017,two:27017/app", True),
        ("BROKERS", "PLAINTEXT://one:9092,PLAINTEXT://two:9092", False),
        ("ORIGINS", '["https://one.shop.io", "https://two.shop.io"]', False),
        ("STORE_URL", "postgresql://store/app?sslmode=require", False),
        ("STORE_URL", "mysql://store/app?charset=utf8mb4&ssl_ca=/etc/ssl/ca.pem", False),
        ("STORE_URL", "postgresql://store/app?sslmode=require&sslpassword=word", True),
        ("STORE_URL", f"https://hooks.shop.io/in?k={TOKEN}", True),
        ("STORE_URL", f"https://hooks.shop.io/in?{TOKEN}", True),
        ("STORE_URL", "https://files.shop.io/in?sig=abcdef", True),
        ("STORE_URL", f"redis://:p/{TOKEN}@store:6379", True),
    ],
)
def test_a_url_is_secret_if_a_part_of_it_is(name: str, text: str, expected: bool) -> None:
    """
    A list of hosts is not a password, and neither is a parameter such as `sslmode`.
    """
    assert reported(name, text) is expected


def test_each_variable_is_accepted_by_itself() -> None:
    """
    A suppression names a variable, whether or not a setting reads it.
    """
    write(BILLING_PASSWORD=TOKEN, SHIPPING_PASSWORD=OTHER, API_TOKEN=TOKEN)
    _, report, _ = of_compose()
    assert [each["fields"] for each in findings(report)] == [
        ["BILLING_PASSWORD"],
        ["SHIPPING_PASSWORD"],
        ["API_TOKEN"],
    ]

    project(
        'settings = "contents_app:Settings"',
        "[[tool.workerctl.ignore]]",
        'code = "DEP008"\nfield = "BILLING_PASSWORD"',
        'reason = "a test account"\nuntil = 2099-12-31',
    )
    _, report, err = of_compose()
    states = {each["fields"][0]: each["state"] for each in findings(report)}
    assert not err
    assert states == {
        "BILLING_PASSWORD": "suppressed",
        "SHIPPING_PASSWORD": "open",
        "API_TOKEN": "open",
    }


def test_a_name_that_may_be_a_secret_is_not_shown() -> None:
    """
    A password that was pasted in place of a name has no field.
    """
    write(PASSWORD_x9F2k7Q4mm=TOKEN)
    _, report, _ = of_compose()

    assert [(each["fields"], each["message"]) for each in findings(report)] == [
        ([], "A variable is a secret, and is written in the manifest.")
    ]


def test_a_baseline_does_not_accept_another_secret() -> None:
    """
    One that takes the place of a known one is new.
    """
    project('settings = "contents_app:Settings"', 'baseline = "baseline.json"')
    write(BILLING_PASSWORD=TOKEN)
    cli.run(
        ["check", "--compose", "compose.yaml", "--service", "worker", "--write-baseline"],
        World({}, None, StringIO(), StringIO()),
    )
    assert of_compose()[0] == 0

    write(SHIPPING_PASSWORD=OTHER)
    code, report, _ = of_compose()
    assert code == 1
    assert [each["state"] for each in findings(report)] == ["open"]


POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  template:
    spec:
      terminationGracePeriodSeconds: 30
      containers:
        - name: worker
          image: shop:1.4
          command: [rq, worker]
          envFrom:
            - configMapRef: {name: shop}
          env:
            - name: NUMBER
              value: "7"
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data: {REGION: eu}
"""
SERVICE = """
services:
  worker:
    image: shop:1.4
    command: rq worker
    restart: always
    stop_grace_period: 30s
    environment:
      NUMBER: "7"
      REGION: eu
    x-note: mine
"""
REQUIRED = """
from pydantic_settings import BaseSettings

class Settings(BaseSettings):
    number: int
    region: str
"""
LIST = """env:
            - name: NUMBER
              value: "7"
"""
OF_CONFIG_MAP = """envFrom:
            - configMapRef: {name: shop}
"""


def refused(kind: str, text: str) -> list[tuple[str, str, int | None]]:
    """
    Return the message, the hint and the line of each finding of a manifest with its settings.
    """
    Path("required_app.py").write_text(REQUIRED, "utf-8")
    Path("manifest.yaml").write_text(text, "utf-8")
    options = ["--settings", "required_app:Settings", f"--{kind}", "manifest.yaml"]
    report = run(*options, "--select", "DEP010,SET001")[1]
    found = [each for checked in report["checks"] for each in checked["findings"]]
    return [(each["message"], each["hint"], (each["location"] or {}).get("line")) for each in found]


@pytest.mark.parametrize(("kind", "text"), [("compose", SERVICE), ("kubernetes", POD)])
def test_a_manifest_with_known_keys_is_accepted(kind: str, text: str) -> None:
    """
    Extensions of compose files are free.
    """
    assert refused(kind, text) == []


@pytest.mark.parametrize(
    ("old", "new", "message", "line"),
    [
        (LIST, "env:\n            NUMBER: '7'\n", "env is not a list.", 15),
        (
            LIST,
            "env:\n            name: NUMBER\n            value: '7'\n",
            "env is not a list.",
            15,
        ),
        (OF_CONFIG_MAP, "envFrom: {configMapRef: {name: shop}}\n", "envFrom is not a list.", 13),
    ],
)
def test_a_list_of_variables_that_is_a_mapping(old: str, new: str, message: str, line: int) -> None:
    """
    Kubernetes refuses it; the variables in it are not said to be missing as well.
    """
    assert old in POD
    assert refused("kubernetes", POD.replace(old, new)) == [
        (message, "Correct the manifest.", line)
    ]


@pytest.mark.parametrize("new", ["env: []", "env:", "env: null", "env: {}"])
def test_an_empty_list_of_variables(new: str) -> None:
    """
    Without variables, a setting is missing; only the mapping is refused.
    """
    found = refused("kubernetes", POD.replace(LIST, f"{new}\n"))

    assert ("env is not a list." in [message for message, _, _ in found]) == ("{" in new)


@pytest.mark.parametrize(
    ("kind", "old", "new", "message", "line"),
    [
        (
            "compose",
            "environment",
            "enviroment",
            "docker compose refuses the key enviroment of the service worker.",
            8,
        ),
        (
            "compose",
            "stop_grace_period",
            "stop_graceperiod",
            "docker compose refuses the key stop_graceperiod of the service worker.",
            7,
        ),
        (
            "kubernetes",
            "envFrom",
            "envfrom",
            "kubectl refuses the key envfrom of the container.",
            13,
        ),
        (
            "kubernetes",
            "terminationGracePeriodSeconds",
            "terminationGraceperiodSeconds",
            "kubectl refuses the key terminationGraceperiodSeconds of the Pod.",
            8,
        ),
        (
            "kubernetes",
            'value: "7"',
            'Value: "7"',
            "kubectl refuses the key Value of the variable.",
            17,
        ),
    ],
)
def test_a_misspelled_key_is_refused(
    kind: str, old: str, new: str, message: str, line: int
) -> None:
    """
    What it says is judged as it is meant, so that the fault has one finding.
    """
    text = {"compose": SERVICE, "kubernetes": POD}[kind]
    assert old in text

    assert refused(kind, text.replace(old, new)) == [
        (message, f"Did you mean {old.partition(':')[0]}?", line)
    ]


@pytest.mark.parametrize(
    ("kind", "old", "new", "message", "hint"),
    [
        (
            "compose",
            'NUMBER: "7"',
            'NUMBER: "7"\n      SINCE: 2026-01-31',
            "docker compose reads this value as a date, and refuses it.",
            "Quote the value.",
        ),
        (
            "compose",
            'NUMBER: "7"',
            'NUMBER: "7"\n      FLAGS: [a, b]',
            "docker compose refuses a list as the value of a variable.",
            "Write the value as a text.",
        ),
        (
            "compose",
            "period: 30s",
            "period: 30 seconds",
            "This is not a duration.",
            "Write one such as `1m30s`.",
        ),
        (
            "kubernetes",
            'value: "7"',
            "value: 7",
            "The value of NUMBER is a number; Kubernetes accepts only strings.",
            "Quote the value.",
        ),
        (
            "kubernetes",
            "{REGION: eu}",
            "{REGION: no}",
            "Key REGION of the ConfigMap shop is a boolean; Kubernetes accepts only strings.",
            "Quote the value.",
        ),
    ],
)
def test_a_hint_says_what_to_write(kind: str, old: str, new: str, message: str, hint: str) -> None:
    """
    Where a single step is enough, it is named.
    """
    text = {"compose": SERVICE, "kubernetes": POD}[kind]
    assert old in text

    found = refused(kind, text.replace(old, new))
    assert [(said, advised) for said, advised, _ in found] == [(message, hint)]
