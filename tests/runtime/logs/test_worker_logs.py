"""
Tests of the logs of real workers: LOG_LEVEL works with each RQ, and no secret is shown.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from tests.leaks.oracle import Mint, Oracle
from tests.support.programs.environments import interpreter

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
COMMANDS = ("worker", "worker-pool --num-workers 1")
SCRIPTS = Path(__file__).parent

# RQ 3 is installed in the environment of the tests.
EVERY_RQ = pytest.mark.parametrize(
    "environment",
    [
        pytest.param("rq-1.16", marks=pytest.mark.environments),
        pytest.param("rq-2.6", marks=pytest.mark.environments),
        "",
    ],
    ids=["rq 1.16", "rq 2.6", "rq 3"],
)
EVERY_COMMAND = pytest.mark.parametrize("command", COMMANDS, ids=["worker", "pool"])

MINT = Mint(41)
SECRETS = {
    "OPENAI_API_KEY": f"{MINT.token(24)}/{MINT.token(8)}",
    "WEBHOOK_SECRET": MINT.token(),
    "ENCRYPTION_KEY": MINT.key(),
    "ENCRYPTION_KEY_V3": MINT.key(),
}
WEBHOOK = f"https://hooks.example.net/in/{MINT.token()}"


class Queue:
    """
    A separate queue, and workers that serve it in burst mode.
    """

    def __init__(self, url: str, environment: str, environ: dict[str, str]) -> None:
        self._url = url
        self._name = uuid4().hex
        self._bin = (interpreter(environment) if environment else Path(sys.executable)).parent
        self._environ = {
            **environ,
            **SECRETS,
            "WEBHOOK_URL": WEBHOOK,
            "PYTHONPATH": f"{environ['PYTHONPATH']}:{SCRIPTS}",
            "PYTHONWARNINGS": "ignore",
        }

    def output(self, command: str, *functions: str, **variables: str) -> str:
        """
        Return what a worker writes to both streams while it runs these jobs.
        """
        self._run("python", SCRIPTS / "enqueue.py", self._url, self._name, *functions)
        classes = ("-w", "workerctl.runtime.rq.Worker", "-j", "workerctl.runtime.rq.Job")
        words = (*command.split(), "--burst", "--url", self._url, *classes, self._name)
        return self._run("rq", *words, **variables)

    def _run(self, program: str, *arguments: object, **variables: str) -> str:
        done = subprocess.run(
            [self._bin / program, *map(str, arguments)],
            env={**self._environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


def _line_counts(output: str) -> Iterator[int]:
    """
    Yield the number of RQ's "Job OK" lines, then that of the job's lines for each level.
    """
    yield len(re.findall(r"Job OK \(", output))
    for level in LEVELS:
        yield len(re.findall(rf"{level} log_jobs: a line at {level}$", output, re.MULTILINE))


@EVERY_RQ
@EVERY_COMMAND
def test_the_level_is_obeyed_once_per_line(
    redis_url: str, environment: str, command: str, environ: dict[str, str]
) -> None:
    """LOG_LEVEL applies to RQ's lines and the job's, with each command; libraries log nothing."""

    def work(level: str) -> str:
        return Queue(redis_url, environment, environ).output(command, "log_levels", LOG_LEVEL=level)

    with ThreadPoolExecutor(2) as pool:
        outputs = dict(zip(LEVELS, pool.map(work, LEVELS), strict=True))

    assert {level: list(_line_counts(output)) for level, output in outputs.items()} == {
        "DEBUG": [1, 1, 1, 1, 1],
        "INFO": [1, 0, 1, 1, 1],
        "WARNING": [0, 0, 0, 1, 1],
        "ERROR": [0, 0, 0, 0, 1],
    }, outputs
    assert not any("httpx" in output for output in outputs.values())
    lines = [line.partition(" ")[2] for line in outputs["INFO"].splitlines()]
    assert len(lines) == len(set(lines)), "a line is written twice"
    if command == "worker":
        # The parent of a pool logs the number of workers by RQ's own handlers.
        assert outputs["ERROR"].count("\n") == 1


@EVERY_RQ
@EVERY_COMMAND
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_log_shows_a_secret(
    redis_url: str, environment: str, command: str, form: str, environ: dict[str, str]
) -> None:
    """At DEBUG, a secret's prefix, a secret in a URL and one in a traceback are masked."""
    queue = Queue(redis_url, environment, environ)
    output = queue.output(command, "leak", LOG_LEVEL="DEBUG", LOG_FORMAT=form)

    assert "with key ********..." in output
    assert "?key=********" in output
    assert "https://hooks.example.net/in/********" in output
    assert "RuntimeError: The key ******** is refused." in output
    assert Oracle([*SECRETS.values(), *MINT.made]).leaks(output) == []
    if form == "json":
        ours = [line for line in output.splitlines() if command == "worker" or line[0] == "{"]
        records = list(map(json.loads, ours))
        jobs = {one.get("job_id") for one in records if one["logger"] == "log_jobs"}
        assert len(jobs) == 1
        assert str(jobs.pop()).endswith("-leak")


@EVERY_RQ
def test_a_bad_level_ends_the_worker(
    redis_url: str, environment: str, environ: dict[str, str]
) -> None:
    """A worker with an invalid LOG_LEVEL ends before it takes a job."""
    queue = Queue(redis_url, environment, environ)
    with pytest.raises(AssertionError, match="LOG_LEVEL must be DEBUG, INFO, WARNING"):
        queue.output("worker", "log_levels", LOG_LEVEL="verbose")
