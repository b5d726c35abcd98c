"""
Tests of the shop's worker, whose settings class is not workerctl's: check, run, boot, Celery.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support.programs.environments import interpreter

SHOP = Path(__file__).parents[2] / "examples/shop_worker"
SECRETS = (
    "mT4qWz8NbY2kRv6PcX9sLd3G",
    "Vq7Kx2Lm9Rt4Zw8Nb5Yc3Pd6",
    "pay_Jr5Tz9Wq3Xm7Lb2Nv8Kc4Hd6Gf1Sy0P",
)
SEE = """
import os
from shop import tasks
from shop.settings import settings
print(settings.stage, settings.database.host, settings.payment.read_timeout)
print(os.environ.get("APP_DATABASE__HOST"))
print(tasks.charge(7, "12.345", "EUR"))
"""

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture(name="shop")
def _shop(directory: Path) -> Path:
    """
    Return a copy of the example in the working directory, with files that only the owner reads.
    """
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SHOP, directory, dirs_exist_ok=True, ignore=ignored)
    for file in (directory / "env").iterdir():
        file.chmod(0o600)
    return directory


@pytest.fixture(name="python")
def _python(shop: Path, environ: dict[str, str]) -> Run:
    """
    Return a function that runs Python code of the shop, without workerctl's program.
    """

    def python(code: str, **variables: str) -> CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return python


def found(done: CompletedProcess[str]) -> list[tuple[str, str, int | None]]:
    """
    Return the code, first field and line of the findings in a JSON report.
    """
    findings = [one for check in json.loads(done.stdout)["checks"] for one in check["findings"]]
    return sorted(
        (one["code"], *one["fields"][:1], (one["location"] or {}).get("line")) for one in findings
    )


@pytest.mark.parametrize("name", ["development", "production"])
def test_good_configurations_pass(shop: Path, run: Run, name: str):
    """The class, the environment and the file are named; no argument is needed on a laptop."""
    arguments = [] if name == "development" else ["--env-file", f"env/{name}.env"]
    done = run("check", *arguments)

    assert (done.returncode, done.stderr) == (0, "")
    assert "shop.settings:Settings" in done.stdout
    assert name in done.stdout


def test_mistakes_are_found_where_they_are(shop: Path, run: Run):
    done = run("check", "--env-file", "env/production-bad.env", "--format", "json")

    assert done.returncode == 1
    codes = {(code, field): line for code, field, line in found(done)}
    assert codes["ENV003", "APP_DEBUG"] == 3
    assert codes["ENV005", "APP_BROKER_URL"] == 4
    assert codes["SET001", "APP_DATABASE__PORT"] == 6
    assert codes["SET002", "APP_DATABASE__PASSWORD"] == 7
    assert ("SET001", "APP_DATABASE__PASSWORD") in codes
    assert ("ENV002", "APP_PAYMENT__API_KEY") in codes
    assert ("TMO001", "APP_PAYMENT__CONNECT_TIMEOUT") in codes
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)


@pytest.mark.parametrize("form", ["table", "json", "env"])
def test_every_value_is_shown_with_its_origin_and_no_secret(shop: Path, run: Run, form: str):
    done = run("show-config", "--env-file", "env/production.env", "--format", form)

    assert done.returncode == 0, done.stderr
    assert "APP_DATABASE__HOST" in done.stdout
    assert "orders.shop-works.net" in done.stdout
    assert not any(secret in done.stdout for secret in SECRETS)


def test_a_command_starts_with_what_was_checked(shop: Path, run: Run):
    """The class reads the environment, so the values of the file are in it."""
    command = (sys.executable, "-c", SEE)
    done = run("run", "--env-file", "env/production.env", "--", *command)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "live orders.shop-works.net 30",
        "orders.shop-works.net",
        "order 7: 12.34 EUR",
    ]


def test_a_command_does_not_start_with_mistakes(shop: Path, run: Run):
    done = run("run", "--env-file", "env/production-bad.env", "--", sys.executable, "-c", SEE)

    assert (done.returncode, done.stdout) == (1, "")
    assert "APP_DATABASE__PORT" in done.stderr


def test_the_module_boots_by_itself(shop: Path, python: Run):
    """The project names the env file; `boot()` reads it, and leaves the environment as it is."""
    done = python(SEE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["laptop localhost 30", "None", "order 7: 12.34 EUR"]

    done = python(SEE, WORKERCTL_ENV_FILE="env/production-bad.env")
    assert (done.returncode, done.stdout) == (1, "")
    assert "APP_DATABASE__PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_budget_has_the_stages_of_the_shop(shop: Path, run: Run):
    done = run("budget", "--env-file", "env/production.env")

    assert done.returncode == 0, done.stderr
    assert "payment" in done.stdout
    assert "receipt" in done.stdout


CALL = """
from shop.app import app
print(app.send_task("shop.charge", (7, "12.345", "JPY")).get(timeout=30))
"""


@contextmanager
def celery(environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """
    Start Celery's worker behind `workerctl run`; end it with a SIGTERM, as an orchestrator does.
    """
    python = interpreter("workers")
    with subprocess.Popen(
        [
            *(python, "-m", "workerctl", "run", "--env-file", "worker.env", "--"),
            *(python, "-m", "celery", "-A", "shop.app", "worker", "--pool", "solo"),
        ],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as worker:
        try:
            yield worker
        finally:
            worker.terminate()


@pytest.mark.environments
def test_celery_works_with_what_was_checked(shop: Path, environ: dict[str, str], redis_url: str):
    """The broker, the default queue and the secrets are those of the file that was checked."""
    text = (shop / "env/development.env").read_text()
    (shop / "worker.env").write_text(
        f'{text}APP_BROKER_URL={redis_url}\nAPP_QUEUES=["orders"]\nAPP_PAYMENT__URL=https://p.example\n'
    )
    (shop / "worker.env").chmod(0o600)
    with celery(environ) as worker:
        done = subprocess.run(
            [interpreter("workers"), "-c", CALL],
            env={**environ, "WORKERCTL_ENV_FILE": "worker.env"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        worker.terminate()
        log, _ = worker.communicate(timeout=60)

    assert (done.returncode, done.stdout) == (0, "order 7: 12 JPY\n"), done.stderr + log
    assert "Charging order 7 at https://p.example." in log
    assert "laptop-only" not in log
    assert worker.returncode == os.EX_OK
