"""
Tests of `workerctl.runtime.rq_settings`, which gives RQ the settings of an env file.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue

from tests.support.programs.environments import interpreter


@pytest.mark.parametrize(
    "environment",
    ["rq-3", *(pytest.param(name, marks=pytest.mark.environments) for name in ("rq-1.16",))],
)
def test_rq_takes_redis_and_the_queues_from_an_env_file(
    environ: dict[str, str], directory: Path, database: str, connection: Redis, environment: str
):
    """With the module, RQ uses REDIS_URL and QUEUES; without it, it silently uses localhost."""
    (directory / ".env").write_text(f"REDIS_URL={database}\nQUEUES=one,two\n")
    job = Queue("two", connection=connection).enqueue("builtins.len", "four")
    python = sys.executable if environment == "rq-3" else interpreter(environment)
    done = subprocess.run(
        [
            *(Path(python).parent / "rq", "worker", "-c", "workerctl.runtime.rq_settings"),
            *("-w", "workerctl.runtime.rq.Worker", "--burst"),
        ],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert str(job.get_status(refresh=True)).endswith(("finished", "FINISHED"))
    assert database not in done.stdout + done.stderr
