"""
Deploys in compose files, as `workerctl check --compose` judges them.
"""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from workerctl import cli
from workerctl.commands.shared.world import World
from workerctl.sources.manifests.programs import Program, worker_in

Check = Callable[..., dict[str, Any]]

KEY = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
SETTINGS = """
from typing import Annotated
from pydantic import SecretStr
from pydantic_settings import BaseSettings
from workerctl.rules import Environment, Queues, RedisUrl

class Settings(BaseSettings):
    stage: Annotated[str, Environment()] = "development"
    broker: Annotated[str, RedisUrl()] = "redis://localhost"
    queues: Annotated[list[str], Queues()] = ["default"]
    job_seconds: int = 120
    api_token: SecretStr = SecretStr("")
    region: str = "eu"
    number: int

"""
PROJECT = """
[tool.workerctl]
settings = "app:Settings"

[tool.workerctl.pipeline]
job_timeout = "job_seconds"

[[tool.workerctl.pipeline.stages]]
name = "analysis"
timeout = 60
"""
GOOD = """
services:
  worker:
    image: app:1.4
    command: ["sh", "-c", "exec rq worker --with-scheduler default"]
    restart: unless-stopped
    stop_grace_period: 2m30s
    environment:
      STAGE: production
      BROKER: redis://queue:6379/0
      API_TOKEN: ${API_TOKEN:?}
      REGION: us
      NUMBER: 7
  web:
    image: app:1.4
    command: uvicorn app:app
    environment: [STAGE=production, REGION=us]
  queue:
    image: redis:7
    command: redis-server --maxmemory 100mb --maxmemory-policy noeviction --appendonly yes
    mem_limit: 200m
    volumes: ["data:/data"]
  cache:
    image: redis:7
    command: redis-server --maxmemory 100mb --maxmemory-policy allkeys-lru
volumes: {data: {}}
"""


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """
    Return a function that checks the worker of a compose file, and returns the report.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(SETTINGS, "utf-8")
    (tmp_path / "pyproject.toml").write_text(PROJECT, "utf-8")

    def run(text: str, *options: str) -> dict[str, Any]:
        (tmp_path / "compose.yaml").write_text(text, "utf-8")
        out, err = StringIO(), StringIO()
        words = ["check", "--compose", "compose.yaml", "--service", "worker", "--format", "json"]
        code = cli.run([*words, *options], World({}, None, out, err))
        report: dict[str, Any] = json.loads(out.getvalue())
        assert report["exit_code"] == code
        report["stderr"] = err.getvalue()
        return report

    return run


def found(report: dict[str, Any], area: str = "DEP") -> dict[str, tuple[str, int | None]]:
    """
    Return the severity and the line of each finding of an area, by code.
    """
    return {
        each["code"]: (each["severity"], (each["location"] or {}).get("line"))
        for checked in report["checks"]
        for each in checked["findings"]
        if each["code"].startswith(area)
    }


def status(report: dict[str, Any], code: str) -> tuple[str, str | None]:
    """
    Return the status and the reason of a check.
    """
    return next(
        (each["status"], each["reason"]) for each in report["checks"] if each["code"] == code
    )


def test_a_good_deploy_has_no_finding(check: Check) -> None:
    """
    The cache may evict, because it does not hold the queue.
    """
    report = check(GOOD)

    assert found(report) == {}
    assert report["exit_code"] == 0
    assert report["judged_as"] == "production"
    assert report["sources"] == ["compose.yaml"]


@pytest.mark.parametrize(
    ("old", "new", "code", "severity", "line"),
    [
        ("noeviction", "allkeys-lru", "DEP001", "error", 20),
        ("noeviction", "volatile-lru", "DEP001", "warning", 20),
        ('    volumes: ["data:/data"]\n', "", "DEP002", "warning", 18),
        ("--appendonly yes", '--appendonly no --save ""', "DEP002", "warning", 18),
        ("rq worker --with-scheduler default", "rq worker high", "DEP003", "warning", None),
        ("      REGION: us\n", "", "DEP004", "warning", 16),
        ("    stop_grace_period: 2m30s\n", "", "DEP005", "warning", 3),
        ("stop_grace_period: 2m30s", "stop_grace_period: 1m", "DEP005", "warning", 7),
        ("mem_limit: 200m", "mem_limit: 100mb", "DEP006", "warning", 21),
        ("    restart: unless-stopped\n", "", "DEP007", "warning", 3),
        ("restart: unless-stopped", 'restart: "no"', "DEP007", "warning", 6),
        ("${API_TOKEN:?}", "tok_4Jh7Zk29fnQq81LmXx02", "DEP008", "error", 11),
        ("volumes: {data: {}}\n", "", "DEP010", "error", 22),
        ("image: app:1.4\n    command: [", "image: app\n    command: [", "DEP009", "info", 4),
    ],
)
def test_each_fault_is_found_at_its_line(
    check: Check, old: str, new: str, code: str, severity: str, line: int | None
) -> None:
    """
    One change of the good deploy has one finding.
    """
    assert old in GOOD
    report = check(GOOD.replace(old, new, 1))

    assert found(report) == {code: (severity, line)}
    assert "tok_4Jh7" not in json.dumps(report)


@pytest.mark.parametrize(
    ("grace", "expected"),
    [("30", None), ("300", "the grace period of the pipeline is 300 s."), ('"number"', None)],
)
def test_a_grace_period_counts_in_place_of_the_timeout(
    check: Check, tmp_path: Path, grace: str, expected: str | None
) -> None:
    """
    Whether the pipeline has it as a number or as the name of a setting; here a job may take 120 s.
    """
    job = 'job_timeout = "job_seconds"\n'
    (tmp_path / "pyproject.toml").write_text(PROJECT.replace(job, f"{job}grace = {grace}\n"))
    report = check(GOOD.replace("2m30s", "1m"))

    messages = [
        each["message"]
        for one in report["checks"]
        for each in one["findings"]
        if each["code"] == "DEP005"
    ]
    assert report["error"] is None
    assert messages == [] if expected is None else expected in messages[0]


def test_what_the_files_do_not_show_is_deferred(check: Check) -> None:
    """
    A variable of the deploying shell is not missing, and its checks wait for it.
    """
    report = check(GOOD.replace("NUMBER: 7", "NUMBER: ${NUMBER}"))

    assert status(report, "SET001") == ("deferred", "provided at deploy: NUMBER")
    assert found(report, "") == {}


def test_an_env_file_that_is_not_here_may_set_what_is_missing(check: Check) -> None:
    """
    Without it, the missing value is an error.
    """
    without = GOOD.replace("      NUMBER: 7\n", "")
    assert found(check(without), "SET001") == {"SET001": ("error", None)}

    report = check(without.replace("    restart:", "    env_file: .env.worker\n    restart:"))
    assert status(report, "SET001") == ("deferred", "may be provided at deploy: NUMBER")
    assert report["exit_code"] == 0


def test_a_file_from_elsewhere_may_set_what_is_missing(check: Check) -> None:
    """
    Docker compose fetches it, so nothing is wrong with the deploy.
    """
    report = check(
        "include: ['https://example.com/base.git']" + GOOD.replace("      NUMBER: 7\n", "")
    )

    assert status(report, "SET001") == ("deferred", "may be provided at deploy: NUMBER")
    assert found(report) == {}
    assert report["provided_at_deploy"] == ["API_TOKEN"]
    assert report["notes"] == [
        "Provided at deploy: API_TOKEN.",
        "Not read, and may provide more at deploy: the remote file of compose.yaml:1.",
    ]


def test_the_network_of_the_file_needs_no_encryption(check: Check) -> None:
    """
    A service of the file runs on the same machine; a host that is not one does not.
    """
    assert found(check(GOOD), "ENV005") == {}
    assert found(check(GOOD.replace("//queue:", "//QUEUE:")), "ENV005") == {}
    assert found(check(GOOD.replace("//queue:", "//other:")), "ENV005") == {
        "ENV005": ("warning", 10)
    }


def test_an_invalid_value_is_at_its_line(check: Check) -> None:
    """
    Also in a merged mapping of an anchor.
    """
    report = check(GOOD.replace("NUMBER: 7", "NUMBER: many"))

    assert found(report, "SET001") == {"SET001": ("error", 13)}
    assert report["exit_code"] == 1


def test_without_a_manifest_there_are_no_checks_of_a_deploy(check: Check) -> None:
    """
    They are not listed as not applicable in each report of an env file.
    """
    del check
    Path("e.env").write_text("NUMBER=1\n", "utf-8")
    out = StringIO()
    cli.run(["check", "e.env", "--format", "json"], World({}, None, out, StringIO()))

    codes = [each["code"] for each in json.loads(out.getvalue())["checks"]]
    assert not [code for code in codes if code.startswith("DEP")]


def test_a_target_names_a_service(check: Check, tmp_path: Path) -> None:
    """
    Like any other target, by its name or with all others.
    """
    check(GOOD)
    table = '[[tool.workerctl.target]]\nname = "{}"\ncompose = "compose.yaml"\nservice = "worker"\n'
    (tmp_path / "pyproject.toml").write_text(PROJECT + table.format("live") + table.format("b"))
    out = StringIO()
    code = cli.run(["check", "--format", "json"], World({}, None, out, StringIO()))

    reports = json.loads(out.getvalue())["reports"]
    assert code == 0
    assert [(each["name"], each["sources"]) for each in reports] == [
        ("live", ["compose.yaml"]),
        ("b", ["compose.yaml"]),
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('service = "w"', "The target a has a service, but no compose file."),
        ('compose = "c.yaml"\nenv_file = "e"', "The target a has both compose and env_file."),
        ("compose = 1", "compose of the target a must be a string or a list of strings."),
        ('workload = "w"', "The target a has a workload, but no kubernetes file."),
        ('container = "w"', "The target a has a container, but no kubernetes file."),
        ('kubernetes = "k"\nservice = "s"', "The target a has a service, but no compose file."),
        ('kubernetes = "k"\ncompose = "c"', "The target a has both compose and kubernetes."),
        ('kubernetes = "k"\nenv_file = "e"', "The target a has both kubernetes and env_file."),
        ("kubernetes = 1", "kubernetes of the target a must be a string or a list of strings."),
    ],
)
def test_a_target_that_is_not_valid_is_explained(
    check: Check, tmp_path: Path, table: str, message: str
) -> None:
    """
    With the exit code of a usage error.
    """
    del check
    (tmp_path / "pyproject.toml").write_text(f'[[tool.workerctl.target]]\nname = "a"\n{table}\n')
    err = StringIO()

    assert cli.run(["check"], World({}, None, StringIO(), err)) == 2
    assert message in err.getvalue()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--service", "w"], "--service needs --compose FILE."),
        (["--compose", "c", "--env-file", "e"], "--compose and --env-file cannot be combined."),
        (["--compose", "c", "--no-env-file"], "--compose and --no-env-file cannot be combined."),
        (["--compose", "c", "--secrets-dir", "s"], "--compose and --secrets-dir cannot be"),
        (["--compose", "no.yaml"], "no.yaml does not exist."),
        (["--compose", "compose.yaml", "--service", "wroker"], "no service wroker"),
    ],
)
def test_options_that_cannot_be_used_are_explained(
    check: Check, words: list[str], message: str
) -> None:
    """
    With the exit code of a usage error, and no traceback.
    """
    check(GOOD)
    err = StringIO()

    assert cli.run(["check", *words], World({}, None, StringIO(), err)) == 2
    assert message in err.getvalue()
    assert "Traceback" not in err.getvalue()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["rq", "worker"], Program("rq")),
        (["rq", "worker", "-u", "redis://x", "high", "low"], Program("rq", ("high", "low"))),
        (["workerctl", "run", "--", "rq", "worker", "a"], Program("rq", ("a",))),
        (["sh", "-c", "sleep 1 && exec rq worker a; true"], Program("rq", ("a",))),
        (["bash", "-lc", "celery -A app worker -Q a,b -l info"], Program("celery", ("a", "b"))),
        (["celery", "-A", "app", "worker", "--queues=a"], Program("celery", ("a",))),
        (["celery", "-A", "app", "worker"], Program("celery", ("celery",))),
        (["celery", "-A", "app", "beat"], None),
        (["dramatiq", "app.tasks", "--queues", "a", "b"], Program("dramatiq", ("a", "b"))),
        (["arq", "app.WorkerSettings"], Program("arq")),
        (["/venv/bin/rq", "worker-pool", "a", "-n", "3"], Program("rq", ("a",))),
        (["uvicorn", "app:app"], None),
        (["sh", "-c", "echo 'open"], None),
        ([], None),
    ],
)
def test_workers_are_recognised_in_commands(command: list[str], expected: Program | None) -> None:
    """
    Behind a shell and other programs, too.
    """
    assert worker_in(command) == expected
