"""
Deploys in the forms that public projects give them.
"""

import json
from io import StringIO
from pathlib import Path

import pytest

from workerctl import cli
from workerctl.commands.shared.world import World
from workerctl.sources.manifests.programs import Program, worker_in, workers_in

HEAD = """
from typing import Annotated
from pydantic import SecretStr
from pydantic_settings import BaseSettings
from workerctl.rules import Environment, Queues

class Settings(BaseSettings):
    stage: Annotated[str, Environment()] = "production"
"""
WORKER = """
services:
  worker:
    image: shop:1.4
    command: {command}
    restart: always
    environment: {{{environment}}}
"""


@pytest.fixture(autouse=True)
def _in_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


def findings(fields: str, manifest: str, area: str = "DEP") -> list[tuple[str, str]]:
    """
    Return the code and the message of each finding of an area for the service `worker`.

    `fields` are those of the settings class besides its environment, which is production.
    """
    name = f"public_{abs(hash(fields))}"
    lines = "".join(f"    {line.strip()}\n" for line in fields.splitlines() if line.strip())
    Path(f"{name}.py").write_text(HEAD + lines, "utf-8")
    Path("compose.yaml").write_text(manifest, "utf-8")
    out = StringIO()
    words = ["check", "--settings", f"{name}:Settings", "--format", "json"]
    cli.run([*words, "--compose", "compose.yaml", "--service", "worker"], World({}, None, out, out))
    return [
        (each["code"], each["message"])
        for checked in json.loads(out.getvalue())["checks"]
        for each in checked["findings"]
        if each["code"].startswith(area)
    ]


def codes(fields: str, manifest: str, area: str = "DEP") -> list[str]:
    """
    Return the codes of the findings of an area.
    """
    return [code for code, _ in findings(fields, manifest, area)]


def worker(environment: str = "", command: str = "rq worker", rest: str = "") -> str:
    """
    Return a manifest with a worker, and with what is added to its services.
    """
    return WORKER.format(environment=environment, command=command) + rest


def server(name: str, more: str = "") -> str:
    """
    Return a Redis without a volume, which loses the queue if it holds one.
    """
    return f"  {name}:\n    image: redis:7\n{more}"


@pytest.mark.parametrize(
    ("fields", "environment", "servers", "holder"),
    [
        # A host by itself
        ("redis_host: str", "REDIS_HOST: store", ["store"], "store"),
        ("shop_redis_host: str", "SHOP_REDIS_HOST: store", ["store"], "store"),
        ("dramatiq_broker_host: str", "DRAMATIQ_BROKER_HOST: store", ["store"], "store"),
        ("redis_queue: str", 'REDIS_QUEUE: "store:6379"', ["store"], "store"),
        ("redis_prefix: str", "REDIS_PREFIX: store", ["store"], None),
        # One name says that it is of the queue
        ("redis_host: str\nbroker_host: str", "", ["a", "b"], None),
        (
            "redis_host: str\nredis_broker_host: str",
            "REDIS_HOST: a, REDIS_BROKER_HOST: b",
            ["a", "b"],
            "b",
        ),
        (
            "redis_url: str\nredis_cache_host: str",
            "REDIS_URL: redis://a, REDIS_CACHE_HOST: b",
            ["a", "b"],
            "a",
        ),
        # Each could be it
        (
            "redis_users_host: str\nredis_cache_host: str",
            "REDIS_USERS_HOST: a, REDIS_CACHE_HOST: b",
            ["a", "b"],
            None,
        ),
        (
            "a_redis_url: str\nb_redis_url: str",
            "A_REDIS_URL: redis://a, B_REDIS_URL: redis://b",
            ["a", "b"],
            None,
        ),
        # The queue is elsewhere
        (
            "celery_broker_url: str\nredis_url: str",
            "CELERY_BROKER_URL: amqp://rabbit, REDIS_URL: redis://a",
            ["a"],
            None,
        ),
        (
            "celery_broker_url: str\nredis_url: str",
            "CELERY_BROKER_URL: $WHERE, REDIS_URL: redis://a",
            ["a"],
            None,
        ),
        (
            "rabbitmq_host: str\nredis_host: str",
            "RABBITMQ_HOST: rabbit, REDIS_HOST: a",
            ["a"],
            None,
        ),
        (
            "celery_flower_url: str\nredis_host: str",
            "CELERY_FLOWER_URL: http://flower, REDIS_HOST: a",
            ["a"],
            "a",
        ),
    ],
)
def test_the_redis_of_the_queue_is_recognised(
    fields: str, environment: str, servers: list[str], holder: str | None
) -> None:
    """
    By a host, or by the name of its setting; with several that could be it, none is judged.
    """
    manifest = worker(environment, rest="".join(map(server, servers)))

    loses = "holds the jobs, and loses them when its container is replaced."
    expected = [("DEP002", f"The service `{holder}` {loses}")]
    assert findings(fields, manifest) == (expected if holder else [])


@pytest.mark.parametrize(
    "more",
    [
        "    container_name: shop-store\n",
        "    networks: {inner: {aliases: [shop-store]}}\nnetworks: {inner: {}}\n",
    ],
)
def test_the_redis_of_the_queue_may_have_another_host_name(more: str) -> None:
    """
    That of its container, or one of a network.
    """
    manifest = worker("REDIS_HOST: shop-store", rest=server("store", more))

    assert codes("redis_host: str", manifest) == ["DEP002"]


@pytest.mark.parametrize(
    ("broker", "expected"),
    [
        # An image that keeps its data elsewhere, and appends it to a file by default
        ("image: bitnami/redis:7\n    volumes: [data:/bitnami/redis/data]", []),
        ("image: docker.io/bitnamilegacy/redis:7\n    volumes: [data:/bitnami]", []),
        ("image: bitnami/redis:7\n    volumes: [data:/data]", ["DEP002"]),
        # Options from a variable
        (
            (
                "image: redis/redis-stack-server:7\n    volumes: [data:/data]\n"
                "    environment: {REDIS_ARGS: --maxmemory 1gb --maxmemory-policy allkeys-lru}"
            ),
            ["DEP001"],
        ),
        # A script: options end where the command ends, and its program may be another one
        (
            (
                "image: redis:7\n    volumes: [data:/data]\n"
                '    command: sh -c "redis-server --maxmemory 1gb --maxmemory-policy noeviction;"'
            ),
            [],
        ),
        (
            (
                "image: redis:7\n    volumes: [data:/data]\n"
                "    command: sh -c 'chown redis .\n\n      exec redis-server --save \"\" && echo'"
            ),
            ["DEP002"],
        ),
        ("image: redis:7\n    command: /start-redis.sh", []),
        # A file that is not here may name another directory
        (
            (
                "image: redis:7\n    volumes: [data:/var/lib/redis, /srv/a.conf:/etc/a.conf]\n"
                "    command: redis-server /etc/a.conf"
            ),
            [],
        ),
        (
            (
                "image: redis:7\n    volumes: [/srv/a.conf:/etc/a.conf]\n"
                "    command: redis-server /etc/a.conf"
            ),
            ["DEP002"],
        ),
    ],
)
def test_a_redis_is_judged_as_its_image_starts_it(broker: str, expected: list[str]) -> None:
    """
    With the defaults and the variables of the image.
    """
    rest = f"  store:\n    {broker}\nvolumes: {{data: {{}}}}\n"

    assert codes("redis_host: str", worker("REDIS_HOST: store", rest=rest)) == expected


@pytest.mark.parametrize(
    ("fields", "environment", "more", "expected"),
    [
        ("broker_url: str", "BROKER_URL: amqp://mq", "", ["DEP002"]),
        ("rabbitmq_host: str", "RABBITMQ_HOST: mq", "", ["DEP002"]),
        ("rabbitmq_host: str", "RABBITMQ_HOST: elsewhere", "", []),
        ("broker_url: str", "BROKER_URL: amqp://mq", "volumes: [data:/var/lib/rabbitmq]", []),
        ("broker_url: str", "BROKER_URL: amqp://mq", "volumes: [data:/srv]", ["DEP002"]),
        ("broker_url: str", "BROKER_URL: amqp://mq", "tmpfs: /var/lib/rabbitmq", ["DEP002"]),
        (
            "broker_url: str",
            "BROKER_URL: amqp://mq",
            "environment: {RABBITMQ_MNESIA_BASE: /srv}",
            [],
        ),
    ],
)
def test_rabbitmq_keeps_its_queues_in_a_volume(
    fields: str, environment: str, more: str, expected: list[str]
) -> None:
    """
    Unless it keeps them in a place that is not the usual one.
    """
    rest = f"  mq:\n    image: rabbitmq:3-management\n    {more}\nvolumes: {{data: {{}}}}\n"

    assert codes(fields, worker(environment, rest=rest)) == expected


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (["rq worker high"], ["DEP003"]),
        (["rq worker high", "rq worker low"], []),
        (["rq worker high", "python manage.py rqworker low"], []),
        # A Celery application may configure its queues
        (["celery -A shop worker"], []),
        (["celery -A shop worker -Q high"], ["DEP003"]),
        # A script may start any worker
        (["rq worker high", "/start.sh"], []),
        (["rq worker high", "celery -A shop beat"], []),
    ],
)
def test_a_queue_may_have_a_worker_that_does_not_name_it(
    commands: list[str], expected: list[str]
) -> None:
    """
    Without a name, in its application, or in a script.
    """
    rest = "".join(
        f"  worker-{at}:\n    image: shop:1.4\n    command: {command}\n"
        for at, command in enumerate(commands[1:])
    )
    fields = 'queues: Annotated[list[str], Queues()] = ["high", "low"]'

    assert codes(fields, worker(command=commands[0], rest=rest)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("REGION", ["DEP004"]),
        ("GUNICORN_THREADS", []),
        ("ALLOWED_HOSTS", []),
        ("SHOP_CORS_ORIGINS", []),
        ("PORT", []),
        ("SMTP_PORT", ["DEP004"]),
    ],
)
def test_a_worker_does_not_need_what_a_web_server_reads(name: str, expected: list[str]) -> None:
    """
    A shared settings class has fields for both.
    """
    web = f"  web:\n    image: shop:1.4\n    command: serve\n    environment: {{{name}: x1}}\n"

    assert codes(f'{name.lower()}: str = "a"', worker(rest=web)) == expected


@pytest.mark.parametrize(
    ("command", "grace", "expected"),
    [
        ("celery -A shop worker --time-limit=300", "", ["DEP005"]),
        ("celery -A shop worker --time-limit 300 --soft-time-limit 200", "5m", []),
        ("celery -A shop worker --soft-time-limit=240", "1m", ["DEP005"]),
        ("celery -A shop worker --time-limit=300", "4m59s", ["DEP005"]),
        ("celery -A shop worker --time-limit=5", "", []),
        ("celery -A shop worker", "", []),
    ],
)
def test_the_time_limit_of_a_command_is_the_time_that_a_job_may_take(
    command: str, grace: str, expected: list[str]
) -> None:
    """
    Where the project declares no pipeline.
    """
    manifest = worker(command=command)
    if grace:
        manifest = manifest.replace("restart:", f"stop_grace_period: {grace}\n    restart:")

    assert codes("number: int = 1", manifest) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", ["DEP009"]),
        ("pull_policy: never", []),
        ("build: .\n    pull_policy: build", []),
        ("pull_policy: always", ["DEP009"]),
    ],
)
def test_a_local_image_needs_no_version(more: str, expected: list[str]) -> None:
    """
    It is not replaced by another one of a registry.
    """
    manifest = worker().replace("image: shop:1.4", f"image: shop\n    {more}")

    assert codes("number: int = 1", manifest) == expected


def test_a_service_without_settings_is_told_from_a_missing_env_file() -> None:
    """
    The hint names no option that cannot be combined with a manifest.
    """
    assert codes("number: int = 1", worker(), "SET010") == ["SET010"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["python", "manage.py", "rqworker", "high", "--verbosity", "1"], Program("rq", ("high",))),
        (["/venv/bin/python", "/app/manage.py", "rqworker"], Program("rq")),
        (["wait", "web:80", "--", "sh", "-c", "./manage.py rqworker low"], Program("rq", ("low",))),
        (["python", "-m", "rq.cli", "worker", "a"], Program("rq", ("a",))),
        (["flask", "rq", "worker", "a"], Program("rq", ("a",))),
        (["bench", "worker", "--queue", "short,long"], Program("rq", ("short", "long"))),
        (["bench", "schedule"], None),
        (["python", "-m", "celery", "-A", "app", "worker", "-Qa,b"], Program("celery", ("a", "b"))),
        (["celery", "--app=app.main:app", "worker", "-B"], Program("celery", ("celery",))),
        (["celery", "worker", "-A", "app", "-Q", "a"], Program("celery", ("a",))),
        (["celery", "-A", "worker", "beat"], None),
        (["celery", "-A", "worker", "flower", "--port=5555"], None),
        (["python", "manage.py", "rundramatiq", "-Q", "a", "b"], Program("dramatiq", ("a", "b"))),
        (["python", "manage.py", "run_huey", "--workers", "2"], Program("huey")),
        (["huey_consumer.py", "app.huey", "-w", "4"], Program("huey")),
        (["python", "-m", "huey.bin.huey_consumer", "app.huey"], Program("huey")),
        (["taskiq", "worker", "app:broker"], Program("taskiq")),
        (["taskiq", "scheduler", "app:scheduler"], None),
        (["bash", "-o", "pipefail", "-c", "rq worker a | tee log"], Program("rq", ("a",))),
        (["sh", "-e", "-c", "migrate\nrq worker a \\\n  b\necho done"], Program("rq", ("a", "b"))),
        (["sh", "-c", "{ (rq worker a); }"], Program("rq", ("a",))),
        (["sh", "script.sh", "-c", "rq worker a"], None),
    ],
)
def test_workers_are_recognised_as_frameworks_start_them(
    command: list[str], expected: Program | None
) -> None:
    """
    By a command of manage.py, as a module, behind a waiting script, and over several lines.
    """
    assert worker_in(command) == expected


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        (["sh", "-c", "rq worker mail & rq worker bulk & wait"], ["rq", "rq"]),
        (["bash", "-c", "celery -A a worker -Q mail & celery -A a worker -Q bulk"], ["celery"] * 2),
        (["sh", "-c", "rq worker mail & exec celery -A a worker -Q bulk"], ["rq", "celery"]),
        (["sh", "-c", "rq worker rq worker"], ["rq"]),
        (["rq", "worker", "mail"], ["rq"]),
        (["sh", "-c", "sleep 1; echo done"], []),
    ],
)
def test_a_shell_may_start_several_workers(command: list[str], kinds: list[str]) -> None:
    """
    Each command of its script starts one at most.
    """
    assert [each.kind for each in workers_in(command)] == kinds


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("sh -c 'rq worker mail & rq worker bulk & wait'", 0),
        ("bash -c 'celery -A a worker -Q mail & celery -A a worker -Q bulk; wait'", 0),
        ("sh -c 'rq worker mail & rq worker other & wait'", 1),
        ("sh -c 'rq worker some & rq worker other & wait'", 2),
        ("rq worker mail $QUEUES", 0),
        ("sh -c 'rq worker mail $${QUEUES}'", 0),
        ("celery -A a worker -Q mail,$$QUEUES", 0),
        ("dramatiq a --queues mail ${QUEUES:?}", 0),
    ],
)
def test_every_worker_of_a_shell_consumes_its_queues(command: str, missing: int) -> None:
    """
    One whose queues come from a variable may consume any.
    """
    fields = 'queues: Annotated[list[str], Queues()] = ["mail", "bulk"]'
    messages = [text for code, text in findings(fields, worker(command=command))]

    several = "queue" if missing == 1 else "queues"
    assert (
        messages
        == [f"QUEUES names {missing} {several} that no worker's command lists."][: missing > 0]
    )


def test_the_longest_time_limit_of_a_shell_counts() -> None:
    """
    A job of either worker may be running.
    """
    started = "celery -A a worker --time-limit {} -Q {}"
    script = f"{started.format(5, 'mail')} & {started.format(300, 'bulk')}"
    found = findings("number: int = 1", worker(command=f"sh -c '{script}'"))

    text = "worker gets 10 s (the default) to finish after SIGTERM, but its command lets a job run"
    assert found == [("DEP005", f"{text} for 300 s.")]
