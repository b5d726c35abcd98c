"""
`workerctl run` in front of workers that know nothing of it: RQ, arq and Dramatiq.

tests/examples/test_shop_worker.py does the same with Celery.
"""

import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from redis import Redis

import workerctl
from tests.support.environments import interpreter

ROOT = Path(workerctl.__file__).parents[1]
SECONDS = 30

SETTINGS = """
from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

class Limits(BaseModel):
    rate: int = 1
    burst: int = 2

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="APP_", env_nested_delimiter="__")
    redis: str
    api_key: SecretStr
    limits: Limits = Limits()
    region: str = "nowhere"

settings = Settings()

def seen() -> str:
    limits = settings.limits
    return f"{settings.region} {limits.rate} {limits.burst} {len(settings.api_key)}"
"""
BASE = "APP_REGION=eu\nAPP_LIMITS__RATE=5\nAPP_API_KEY=hT5zqN8vYc3KrB6m\n"
MORE = "APP_REGION=asia\nAPP_ZONE=${APP_REGION}\n"
# The environment sets the burst, the second file the region, the first one the rest.
EXPECTED = "asia 5 9 16"


class Worker(NamedTuple):
    """
    A module with a job that stores what the settings are, and the command lines of its worker.
    """

    module: str
    command: tuple[str, ...]
    enqueue: str


STORE = "redis.Redis.from_url(settings.redis).set('seen', seen())"
WORKERS = {
    "rq": Worker(
        f"import redis\nfrom app import seen, settings\ndef job():\n    {STORE}\n",
        (
            "-m",
            "rq.cli",
            "worker",
            "--burst",
            "--url",
            "REDIS",
            "--worker-class",
            "rq.SimpleWorker",
        ),
        "import redis, rq, jobs, sys; "
        "rq.Queue(connection=redis.Redis.from_url(sys.argv[1])).enqueue(jobs.job)",
    ),
    "arq": Worker(
        "import redis\nfrom arq.connections import RedisSettings\nfrom app import seen, settings\n"
        f"async def job(context):\n    {STORE}\n"
        "class WorkerSettings:\n    functions = [job]\n"
        "    redis_settings = RedisSettings.from_dsn(settings.redis)\n",
        ("-m", "arq", "jobs.WorkerSettings", "--burst"),
        "import asyncio, sys; from arq import create_pool; "
        "from arq.connections import RedisSettings\n"
        "async def go():\n"
        "    pool = await create_pool(RedisSettings.from_dsn(sys.argv[1]))\n"
        "    await pool.enqueue_job('job')\n"
        "asyncio.run(go())",
    ),
    "dramatiq": Worker(
        "import dramatiq, redis\nfrom dramatiq.brokers.redis import RedisBroker\n"
        "from app import seen, settings\n"
        "dramatiq.set_broker(RedisBroker(url=settings.redis))\n"
        f"@dramatiq.actor\ndef job():\n    {STORE}\n",
        ("-m", "dramatiq", "jobs", "--processes", "1", "--threads", "1"),
        "import jobs; jobs.job.send()",
    ),
}


@pytest.mark.parametrize(
    "name",
    ["rq", *(pytest.param(name, marks=pytest.mark.environments) for name in ("arq", "dramatiq"))],
)
def test_a_worker_reads_what_was_checked(
    name: str, directory: Path, environ: dict[str, str], redis_url: str
) -> None:
    """
    The job sees the values of the environment, of both files and of the nested model.
    """
    worker = WORKERS[name]
    python = sys.executable if name == "rq" else str(interpreter("workers"))
    for file, text in {
        "app.py": SETTINGS,
        "jobs.py": worker.module,
        "base.env": f"{BASE}APP_REDIS={redis_url}\n",
        "more.env": MORE,
    }.items():
        (directory / file).write_text(text)
        (directory / file).chmod(0o600)
    own = {**environ, "PYTHONPATH": f"{ROOT}:.", "APP_LIMITS__BURST": "9"}
    files = ("--env-file", "base.env", "--env-file", "more.env")
    run = ("-m", "workerctl", "run", "--settings", "app:Settings", *files, "--")
    words = [word.replace("REDIS", redis_url) for word in worker.command]
    ready = {**own, "APP_REDIS": redis_url, "APP_API_KEY": "x"}
    subprocess.run(
        [python, "-c", worker.enqueue, redis_url], env=ready, check=True, timeout=SECONDS
    )

    with subprocess.Popen(
        [python, *run, python, *words], env=own, stderr=subprocess.PIPE, text=True
    ) as process:
        seen = _wait(redis_url)
        process.terminate()
        _, err = process.communicate(timeout=SECONDS)

    assert seen == EXPECTED, err


def _wait(url: str) -> str:
    """
    Return what the job has stored, or "" if it does not within some seconds.
    """
    with Redis.from_url(url) as redis:
        for _ in range(SECONDS * 10):
            found = redis.get("seen")
            if found is not None:
                return bytes(found).decode()
            time.sleep(0.1)
    return ""
