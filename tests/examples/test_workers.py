"""
`workerctl run` in front of workers that know nothing of it: RQ, Celery, arq and Dramatiq.

The job stores what the class and `os.environ` hold in the process of the worker.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from redis import Redis

import workerctl
from tests.support.programs.environments import interpreter

ROOT = Path(workerctl.__file__).parents[1]
SECONDS = 60
SECRET = "hT5zqN8vYc3KrB6m"

SETTINGS = """
import json
import os
from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict, TomlConfigSettingsSource

class Limits(BaseModel):
    rate: int = 1
    burst: int = 2

class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="APP_",
        env_nested_delimiter="__",
        env_file=".env",
        extra="ignore",
        toml_file="app.toml",
    )
    redis: str
    api_key: SecretStr
    limits: Limits = Limits()
    region: str = "nowhere"
    zone: str = "nowhere"
    greeting: str = "none"
    size: int = 1

    @classmethod
    def settings_customise_sources(
        cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
    ):
        toml_settings = TomlConfigSettingsSource(settings_cls)
        return env_settings, dotenv_settings, file_secret_settings, toml_settings

settings = Settings()

def seen() -> str:
    values = {**dict(settings), **dict(settings.limits)}
    values["api_key"] = settings.api_key.get_secret_value()
    values.pop("limits")
    environ = {name: text for name, text in os.environ.items() if name.upper().startswith("APP_")}
    return json.dumps([values, environ])
"""
BASE = "APP_REGION=eu\nAPP_LIMITS__RATE=5\nAPP_GREETING='two\nlines'\n"
MORE = "app_region=asia\nNUMBER=2\nAPP_ZONE=${app_region}-${NUMBER}${NOT_SET}\n"
TOML = 'region = "toml"\nsize = 7\n'
# The environment sets the burst, the second file region and zone, the secrets directory the key.
VALUES = {
    "api_key": SECRET,
    "burst": 9,
    "greeting": "two\nlines",
    "rate": 5,
    "region": "asia",
    "size": 7,
    "zone": "asia-2",
}
ENVIRON = {
    "APP_API_KEY": SECRET,
    "APP_GREETING": "two\nlines",
    "APP_LIMITS__BURST": "9",
    "APP_LIMITS__RATE": "5",
    "APP_ZONE": "asia-2",
}


class Worker(NamedTuple):
    """
    A module with a job that stores what it sees, and the command line of its worker.

    `enqueue` is code that enqueues the job, and `farewell` what the worker logs when it stops.
    """

    module: str
    command: tuple[str, ...]
    enqueue: str
    farewell: str


STORE = "redis.Redis.from_url(settings.redis).rpush('seen', seen())"
WORKERS = {
    "rq": Worker(
        f"import redis\nfrom app import seen, settings\ndef job():\n    {STORE}\n",
        (
            *("-m", "rq.cli", "worker", "--url", "REDIS"),
            *("--worker-class", "rq.SimpleWorker"),
        ),
        "import redis, rq, jobs, sys; "
        "rq.Queue(connection=redis.Redis.from_url(sys.argv[1])).enqueue(jobs.job)",
        "shut down requested",
    ),
    "celery": Worker(
        "import celery, redis\nfrom app import seen, settings\n"
        "app = celery.Celery(broker=settings.redis)\n"
        f"@app.task(name='job')\ndef job():\n    {STORE}\n",
        ("-m", "celery", "-A", "jobs", "worker", "--pool", "solo"),
        "import celery, sys; celery.Celery(broker=sys.argv[1]).send_task('job')",
        "Warm shutdown",
    ),
    "arq": Worker(
        "import redis\nfrom arq.connections import RedisSettings\nfrom app import seen, settings\n"
        f"async def job(context):\n    {STORE}\n"
        "class WorkerSettings:\n    functions = [job]\n"
        "    redis_settings = RedisSettings.from_dsn(settings.redis)\n",
        ("-m", "arq", "jobs.WorkerSettings"),
        "import asyncio, sys; from arq import create_pool; "
        "from arq.connections import RedisSettings\n"
        "async def go():\n"
        "    pool = await create_pool(RedisSettings.from_dsn(sys.argv[1]))\n"
        "    await pool.enqueue_job('job')\n"
        "asyncio.run(go())",
        "shutdown on SIGTERM",
    ),
    "dramatiq": Worker(
        "import dramatiq, redis\nfrom dramatiq.brokers.redis import RedisBroker\n"
        "from app import seen, settings\n"
        "dramatiq.set_broker(RedisBroker(url=settings.redis))\n"
        f"@dramatiq.actor\ndef job():\n    {STORE}\n",
        ("-m", "dramatiq", "jobs", "--processes", "1", "--threads", "1"),
        "import jobs; jobs.job.send()",
        "Shutting down",
    ),
}


SOURCES = (
    *("--settings", "app:Settings", "--secrets-dir", "secrets"),
    *("--env-file", ".env", "--env-file", "more.env"),
)
ELSEWHERE = [
    pytest.param(name, marks=pytest.mark.environments) for name in ("celery", "arq", "dramatiq")
]


@pytest.fixture(name="url")
def _url(redis_url: str) -> str:
    """
    Return the URL of a database that the other tests do not use.
    """
    return f"{redis_url.removesuffix('/0')}/9"


@pytest.fixture(name="redis")
def _redis(url: str) -> Iterator[Redis]:
    """
    Yield a client of the database, which holds nothing.
    """
    with Redis.from_url(url) as redis:
        redis.flushdb()
        yield redis
        redis.flushdb()


@pytest.mark.parametrize("name", ["rq", *ELSEWHERE])
def test_a_worker_reads_what_was_checked(
    name: str, directory: Path, environ: dict[str, str], redis: Redis, url: str
) -> None:
    """
    The job sees the values of every source, which are those of `show-config`.

    The worker then ends with the signal that stops it.
    """
    worker = WORKERS[name]
    python = sys.executable if name == "rq" else str(interpreter("workers"))
    _write(directory, worker, url)
    own = {**environ, "PYTHONPATH": f"{ROOT}:.", "APP_LIMITS__BURST": "9"}
    words = [word.replace("REDIS", url) for word in worker.command]
    ready = {**own, "APP_REDIS": url, "APP_API_KEY": "x"}
    subprocess.run([python, "-c", worker.enqueue, url], env=ready, check=True, timeout=SECONDS)

    with subprocess.Popen(
        [python, "-m", "workerctl", "run", *SOURCES, "--", python, *words],
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        stored = redis.blpop(["seen"], timeout=SECONDS)
        process.send_signal(signal.SIGTERM)
        log, _ = process.communicate(timeout=SECONDS)

    assert stored is not None, log
    values, variables = json.loads(stored[1])
    assert values == {**VALUES, "redis": url}
    assert variables.pop("app_region") == "asia"
    assert variables == {**ENVIRON, "APP_REDIS": url}
    assert worker.farewell in log
    assert SECRET not in log
    assert _checked(python, own) == {
        name: value for name, value in values.items() if name not in {"api_key", "redis"}
    }


def _write(directory: Path, worker: Worker, url: str) -> None:
    """
    Write the modules and the files of the configuration.
    """
    (directory / "secrets").mkdir(mode=0o700)
    for file, text in {
        "app.py": SETTINGS,
        "jobs.py": worker.module,
        ".env": f"{BASE}APP_REDIS={url}\n",
        "more.env": MORE,
        "app.toml": TOML,
        "secrets/app_api_key": f"{SECRET}\n",
    }.items():
        (directory / file).write_text(text)
        (directory / file).chmod(0o600)


def _checked(python: str, environ: dict[str, str]) -> dict[str, Any]:
    """
    Return what `show-config` shows of the same sources, by field, without what it masks.
    """
    done = subprocess.run(
        [python, "-m", "workerctl", "show-config", *SOURCES, "--format", "json"],
        env=environ,
        capture_output=True,
        check=True,
        timeout=SECONDS,
    )
    return {
        row["name"].removeprefix("APP_").removeprefix("LIMITS__").lower(): row["typed"]
        for row in json.loads(done.stdout)["settings"]
        if row["name"] not in {"APP_API_KEY", "APP_REDIS"}
    }


@pytest.mark.parametrize("name", ["rq", *ELSEWHERE])
def test_a_worker_does_not_start_with_mistakes(
    name: str, directory: Path, environ: dict[str, str], redis: Redis, url: str
) -> None:
    """
    The report is written in place of whatever the worker would say.
    """
    worker = WORKERS[name]
    python = sys.executable if name == "rq" else str(interpreter("workers"))
    _write(directory, worker, url)
    with (directory / "more.env").open("a") as file:
        file.write("APP_SIZE=many\n")
    done = subprocess.run(
        [python, "-m", "workerctl", "run", *SOURCES, "--", python, *worker.command],
        env={**environ, "PYTHONPATH": f"{ROOT}:."},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert "SET001 APP_SIZE" in done.stderr
    assert "more.env:4" in done.stderr
    assert "many" not in done.stderr
