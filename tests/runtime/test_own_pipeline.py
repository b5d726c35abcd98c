"""
Tests of a worker whose team declares its pipeline: its calls have the limits of the budget.

Each test runs a program in a temporary project.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TEAM = """
from workerctl.settings import Settings as Ours

class Settings(Ours):
    TRANSLATE_SECONDS: int = 40
    TRANSLATE_RETRIES: int = 4
    TRANSLATE_WAIT: float = 0.5
    FETCH_SECONDS: float = 2.5
"""
OBJECT = """
from workerctl.budget import Pipeline, StageSettings

PIPELINE = Pipeline(
    (
        StageSettings("fetch", "FETCH_SECONDS", retries=1, base=3, stage=("storage", "database")),
        StageSettings(
            "translate",
            timeout="TRANSLATE_SECONDS",
            retries="TRANSLATE_RETRIES",
            base="TRANSLATE_WAIT",
            cap=2,
            connect=5,
            sdk_retries=1,
            calls=3,
            stage="llm",
        ),
    ),
    job_timeout=6000,
)
"""
TABLE = """
[tool.workerctl.pipeline]
job_timeout = 6000

[[tool.workerctl.pipeline.stages]]
name = "fetch"
timeout = "FETCH_SECONDS"
retries = 1
base = 3
stage = ["storage", "database"]

[[tool.workerctl.pipeline.stages]]
name = "translate"
timeout = "TRANSLATE_SECONDS"
retries = "TRANSLATE_RETRIES"
base = "TRANSLATE_WAIT"
cap = 2
connect = 5
sdk_retries = 1
calls = 3
stage = "llm"
"""
WORKER = """
import json, os, sys
from workerctl.runtime import backoff, run_async, stage_deadline
from workerctl.settings import get_settings

settings = get_settings()

async def seconds(stage):
    async with stage_deadline(settings, stage) as deadline:
        return round(deadline.remaining(), 1)

def bounds(*stages):
    return {stage: bound(backoff(settings, stage), stage) for stage in stages}

def bound(policy, stage):
    return [policy.attempts, policy.base, policy.cap, run_async(seconds(stage))]
"""
STAGES = """
print(json.dumps(bounds("llm", "storage", "database", "webhook")))
"""

# The SDK retries once, so an attempt takes 45 s, a wait of 0.5 s and 45 s; then the worker waits.
LLM = 5 * (45 + 0.5 + 45) + 0.5 + 1 + 2 + 2
FETCH = 2 * 2.5 + 3

Worker = Callable[..., Any]


@pytest.fixture(name="worker", params=["object", "table"])
def _worker(request: pytest.FixtureRequest, directory: Path, environ: dict[str, str]) -> Worker:
    """
    Return a function that runs code in a worker whose pipeline is an object or a TOML table.
    """
    by_table = request.param == "table"
    (directory / "own_team.py").write_text(TEAM if by_table else TEAM + OBJECT)
    (directory / "pyproject.toml").write_text(
        '[tool.workerctl]\nsettings = "own_team:Settings"\n' + (TABLE if by_table else "")
    )

    def worker(code: str, **variables: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-W", "ignore::RuntimeWarning", "-c", WORKER + code],
            env={**environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return worker


def test_backoff_and_deadline_follow_the_teams_pipeline(worker: Worker) -> None:
    """
    backoff() and stage_deadline() use the team's stages, and built-in settings for all others.
    """
    found = worker(STAGES)

    assert found == {
        "llm": [5, 0.5, 2.0, pytest.approx(LLM, abs=0.5)],
        "storage": [2, 3.0, float("inf"), pytest.approx(FETCH, abs=0.5)],
        "database": [2, 3.0, float("inf"), pytest.approx(FETCH, abs=0.5)],
        "webhook": [4, 1.0, float("inf"), pytest.approx(47, abs=0.5)],
    }


def test_the_teams_settings_are_read_from_the_environment(worker: Worker) -> None:
    """
    The team's settings can be set by variables; a built-in setting has no effect on its stage.
    """
    found = worker(STAGES, TRANSLATE_RETRIES="0", TRANSLATE_SECONDS="7", LLM_MAX_RETRIES="9")

    assert found["llm"] == [1, 0.5, 2.0, pytest.approx(12 + 0.5 + 12, abs=0.5)]


def test_a_deadline_is_what_the_budget_shows_for_one_call(worker: Worker) -> None:
    """
    The budget and the worker compute the same worst case.
    """
    code = "import subprocess; subprocess.run([sys.executable, '-m', 'workerctl', *sys.argv[1:]])"
    budget = worker(f"sys.argv[1:] = ['budget', '--format', 'json']\n{code}")
    worst = {one["name"]: one["worst_seconds"] for one in budget["stages"]}

    assert worst == {"fetch": FETCH, "translate": 3 * LLM}


def test_a_forked_job_opens_no_file_whatever_its_directory(worker: Worker) -> None:
    """
    In a forked job, backoff() and stage_deadline() open no file and import no module.

    The worker imports neither the command line nor the checks.
    """
    found = worker(
        """
import asyncio
run_async(asyncio.sleep(0))  # making a loop opens files
read, write = os.pipe()
if os.fork() == 0:
    os.chdir("/")
    opened = []
    first = bounds("llm")
    sys.addaudithook(lambda event, args: opened.append(event) if event in {"open", "import"} else 0)
    again = bounds("llm")
    os.write(write, json.dumps([first == again, first["llm"][0], opened]).encode())
    os._exit(0)
os.close(write)
parts = [name.split(".")[:2] for name in sys.modules]
unwanted = [part for part in parts if part[0] in {"typer", "rich", "cryptography"}]
unwanted += [part for part in parts if part[1:] in (["checks"], ["preflight"], ["commands"])]
print(json.dumps([json.loads(os.read(read, 9999)), unwanted]))
"""
    )

    assert found == [[True, 5, []], []]
