"""
The broker of a deploy whose URL is known in part: the rest is provided when the worker starts.
"""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.checks.deploy.test_public_forms import HEAD
from workerctl import cli
from workerctl.commands.shared.world import World

COMPOSE = """
services:
  worker:
    image: shop:1.4
    command: rq worker
    restart: always
    environment: {{{environment}}}
  queue:
    image: redis:7
    command: redis-server --maxmemory 100mb --maxmemory-policy allkeys-lru {options}
    mem_limit: 100mb
  mq:
    image: rabbitmq:3
"""
KUBERNETES = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: worker}}
spec:
  template:
    spec:
      containers:
        - name: worker
          image: shop:1.4
          command: [rq, worker]
          env:
            - {{name: PASSWORD, valueFrom: {{secretKeyRef: {{name: elsewhere, key: password}}}}}}
{variables}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: queue}}
spec:
  template:
    spec:
      containers:
        - {{name: redis, image: redis:7, args: [--maxmemory, 1mb, --maxmemory-policy, {policy}]}}
"""
KNOWN = "Pa55-of-the-broker"


@pytest.fixture(autouse=True)
def _in_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


def checked(fields: str, *words: str) -> dict[str, Any]:
    """
    Return the status of each check of the deploy, and the reason of one that was deferred.
    """
    name = f"brokers_{abs(hash(fields))}"
    lines = "".join(f"    {line.strip()}\n" for line in fields.splitlines())
    Path(f"{name}.py").write_text(f"from workerctl.rules import RedisUrl\n{HEAD}{lines}", "utf-8")
    out, err = StringIO(), StringIO()
    options = ["check", "--settings", f"{name}:Settings", "--format", "json", *words]
    cli.run(options, World({}, None, out, err))
    assert KNOWN not in out.getvalue() + err.getvalue()
    return {
        each["code"]: each["reason"] if each["status"] == "deferred" else each["status"]
        for each in json.loads(out.getvalue())["checks"]
    }


def of_compose(fields: str, environment: str, options: str = "") -> dict[str, Any]:
    """
    Return the results for the service `worker`.
    """
    Path("compose.yaml").write_text(
        COMPOSE.format(environment=environment, options=options), "utf-8"
    )
    return checked(fields, "--compose", "compose.yaml", "--service", "worker")


def of_kubernetes(fields: str, *variables: str, policy: str = "allkeys-lru") -> dict[str, Any]:
    """
    Return the results for the Deployment `worker`.
    """
    lines = "\n".join(f"            - {{{each}}}" for each in variables)
    Path("k.yaml").write_text(KUBERNETES.format(variables=lines, policy=policy), "utf-8")
    return checked(fields, "--kubernetes", "k.yaml", "--workload", "worker")


FAILED = {"DEP001": "failed", "DEP002": "failed", "DEP006": "failed"}


@pytest.mark.parametrize(
    ("field", "url"),
    [
        ("redis_url", "redis://:${PASSWORD}@queue:6379/0"),
        ("redis_url", "redis://:${PASSWORD:?required}@queue:6379/0"),
        ("redis_url", "redis://:${PASSWORD:?must be set, see #ops/wiki}@queue:6379/0"),
        ("redis_url", "rediss://worker:$PASSWORD@QUEUE"),
        ("redis_url", f"redis://:{KNOWN}-${{PASSWORD}}@queue:${{PORT}}/${{DATABASE}}"),
        ("redis_url", "redis://queue:6379/0?password=${PASSWORD?}"),
        ("celery_broker_url", "redis://:${PASSWORD:?required}@queue:6379/1"),
        ("redis_host", "${HOST:-queue}"),
    ],
)
def test_the_host_of_a_url_counts_whose_password_is_provided(field: str, url: str) -> None:
    """
    Whatever form the reference has.
    """
    results = of_compose(f"{field}: str", f'{field.upper()}: "{url}"')

    assert {code: results[code] for code in FAILED} == FAILED


@pytest.mark.parametrize("where", ["env_file", "dot_env", "list"])
def test_the_password_may_be_provided_to_an_env_file_too(where: str) -> None:
    """
    That of the service, and `.env`; a list of assignments is read like a mapping.
    """
    line = f"REDIS_URL=redis://:{KNOWN}${{PASSWORD}}@queue:6379\n"
    Path("w.env").write_text(line if where == "env_file" else "", "utf-8")
    Path(".env").write_text(line if where == "dot_env" else "", "utf-8")
    written = {"env_file": "{}\n    env_file: w.env", "dot_env": "{REDIS_URL: }"}
    listed = f'["{line.strip()}"]'
    text = COMPOSE.format(environment="", options="").replace("{}", written.get(where, listed), 1)
    Path("compose.yaml").write_text(text, "utf-8")
    results = checked("redis_url: str", "--compose", "compose.yaml", "--service", "worker")

    assert {code: results[code] for code in FAILED} == FAILED


@pytest.mark.parametrize(
    ("fields", "environment", "name"),
    [
        ("redis_url: str", 'REDIS_URL: "redis://:p@${HOST}:6379"', "REDIS_URL"),
        ("redis_url: str", 'REDIS_URL: "redis://${LOGIN}queue:6379"', "REDIS_URL"),
        ("redis_url: str", 'REDIS_URL: "${SCHEME}://queue:6379"', "REDIS_URL"),
        ("redis_url: str", 'REDIS_URL: "${REDIS_URL}"', "REDIS_URL"),
        ("broker: Annotated[str, RedisUrl()]", "BROKER: $WHERE", "BROKER"),
        ("broker: str", "BROKER: $WHERE", "BROKER"),
        ("redis_host: str", 'REDIS_HOST: "q${SUFFIX}"', "REDIS_HOST"),
        # That of the queue could be any, so no other one is judged.
        (
            "celery_broker_url: str\nredis_url: str",
            'CELERY_BROKER_URL: "redis://${HOST}", REDIS_URL: redis://queue',
            "CELERY_BROKER_URL",
        ),
    ],
)
def test_an_unknown_host_is_deferred(fields: str, environment: str, name: str) -> None:
    """
    Any Redis of the manifest could be the one of the queue.
    """
    results = of_compose(fields, environment)

    assert {results[code] for code in FAILED} == {f"provided at deploy: {name}"}


@pytest.mark.parametrize(
    ("fields", "environment"),
    [
        ("redis_url: str", 'REDIS_URL: "redis://:${PASSWORD}@managed.example.com:6379"'),
        ("redis_url: str", 'REDIS_URL: "memcached://:${PASSWORD}@queue"'),
        ("redis_cache_url: str", 'REDIS_CACHE_URL: "redis://:${PASSWORD}@${HOST}"'),
        ("database_url: str", 'DATABASE_URL: "${DATABASE_URL}"'),
        ("celery_broker_url: str", 'CELERY_BROKER_URL: "sqs://${KEY}@"'),
    ],
)
def test_what_is_not_in_the_manifest_is_not_judged(fields: str, environment: str) -> None:
    """
    Another host, or a URL of something else.
    """
    results = of_compose(fields, environment)

    assert {results[code] for code in FAILED} == {"not_applicable"}


def test_a_missing_env_file_may_name_the_broker(tmp_path: Path) -> None:
    """
    Until it is known, nothing is passed and nothing is found.
    """
    text = COMPOSE.format(environment="", options="").replace("{}", "{}\n    env_file: no.env", 1)
    (tmp_path / "compose.yaml").write_text(text, "utf-8")
    words = ("--compose", "compose.yaml", "--service", "worker")

    results = checked('redis_url: str = "redis://localhost"', *words)
    assert {results[code] for code in FAILED} == {"may be provided at deploy: REDIS_URL"}
    results = checked("redis_cache_url: str | None = None", *words)
    assert {results[code] for code in FAILED} == {"not_applicable"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("amqp://worker:${PASSWORD}@mq:5672//", "failed"),
        ("pyamqp://${LOGIN}@mq//", "failed"),
        ("amqp://worker:${PASSWORD}@elsewhere//", "not_applicable"),
        ("amqp://${HOST}//", "provided at deploy: BROKER_URL"),
        ("${BROKER_URL}", "provided at deploy: BROKER_URL"),
    ],
)
def test_the_host_of_a_rabbitmq_counts_as_well(url: str, expected: str) -> None:
    """
    A RabbitMQ without a volume loses its queues.
    """
    assert of_compose("broker_url: str", f'BROKER_URL: "{url}"')["DEP002"] == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (['name: REDIS_URL, value: "redis://:$(PASSWORD)@queue:6379/0"'], "failed"),
        (
            [
                'name: LOGIN, value: ":$(PASSWORD)@"',
                'name: REDIS_URL, value: "redis://$(LOGIN)queue:6379/0"',
            ],
            "failed",
        ),
        (
            ['name: REDIS_URL, value: "redis://:x@$(PASSWORD):6379"'],
            "provided at deploy: REDIS_URL",
        ),
        (
            ["name: REDIS_URL, valueFrom: {secretKeyRef: {name: elsewhere, key: url}}"],
            "provided at deploy: REDIS_URL",
        ),
        (['name: REDIS_URL, value: "redis://:$(PASSWORD)@other:6379"'], "not_applicable"),
    ],
)
def test_the_host_counts_in_kubernetes_too(variables: list[str], expected: str) -> None:
    """
    Where the password is in a Secret outside of the files.
    """
    assert of_kubernetes("redis_url: str", *variables)["DEP001"] == expected


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ("--maxmemory-policy ${POLICY:?}", {"DEP002", "DEP006"}),
        ("--maxmemory-policy ${POLICY:?must be set}", {"DEP002", "DEP006"}),
        ("--maxmemory-policy ${POLICY:-allkeys-lru}", {"DEP001", "DEP002", "DEP006"}),
        ("--maxmemory-policy noeviction --maxmemory ${MEMORY}", {"DEP002"}),
        ("--save ${SAVE}", {"DEP001", "DEP002", "DEP006"}),  # there is no volume to save to
    ],
)
def test_an_option_that_is_provided_is_not_known(options: str, codes: set[str]) -> None:
    """
    The text of its reference is not its value.
    """
    results = of_compose("redis_url: str", "REDIS_URL: redis://queue", options)

    assert {code for code in FAILED if results[code] == "failed"} == codes


def test_an_argument_that_is_provided_is_not_known() -> None:
    """
    In Kubernetes, `$(NAME)` of a Secret that is not here, and a name that nothing sets.
    """
    url = "name: REDIS_URL, value: redis://queue"
    assert of_kubernetes("redis_url: str", url, policy="$(POLICY)")["DEP001"] == "passed"
    assert of_kubernetes("redis_url: str", url, policy="volatile-ttl")["DEP001"] == "failed"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--save ${SAVE}", "passed"),
        ("--save '' --appendonly ${APPEND}", "passed"),
        ("--save '' --dir ${DIR}", "failed"),
        ("--dir ${DIR}", "passed"),
        ("--dir /tmp", "failed"),
    ],
)
def test_persistence_that_depends_on_what_is_provided(options: str, expected: str) -> None:
    """
    The server is not said to lose what it may keep.
    """
    text = COMPOSE.format(environment="REDIS_URL: redis://queue", options=options)
    volumes = '    volumes: ["data:/data"]\n  mq:'
    Path("compose.yaml").write_text(
        text.replace("  mq:", volumes) + "volumes: {data: {}}\n", "utf-8"
    )

    results = checked("redis_url: str", "--compose", "compose.yaml", "--service", "worker")
    assert results["DEP002"] == expected


def test_the_options_of_an_image_may_be_provided_in_part() -> None:
    """
    The password of a Redis stack does not hide its policy.
    """
    text = COMPOSE.format(environment="REDIS_URL: redis://queue", options="")
    arguments = (
        f'"--requirepass {KNOWN}${{PASSWORD}} --maxmemory 1gb --maxmemory-policy allkeys-lru"'
    )
    stack = f"image: redis/redis-stack-server:7\n    environment: {{REDIS_ARGS: {arguments}}}\n"
    head, _, rest = text.partition("image: redis:7\n")
    Path("compose.yaml").write_text(head + stack + rest.partition("\n")[2], "utf-8")

    results = checked("redis_url: str", "--compose", "compose.yaml", "--service", "worker")
    assert results["DEP001"] == "failed"


def test_a_known_broker_is_judged_next_to_an_unknown_one() -> None:
    """
    What is found is reported, whatever the other value will be.
    """
    fields = "one: Annotated[str, RedisUrl()]\ntwo: Annotated[str, RedisUrl()]"
    results = of_compose(fields, "ONE: redis://queue, TWO: $WHERE")
    assert {code: results[code] for code in FAILED} == FAILED

    environment = "ONE: redis://queue, TWO: $A, BROKER_URL: $B"
    results = of_compose(f"{fields}\nbroker_url: str", environment)
    assert {code: results[code] for code in FAILED} == FAILED

    results = of_compose(fields, "ONE: redis://elsewhere, TWO: $WHERE")
    assert {results[code] for code in FAILED} == {"provided at deploy: TWO"}
