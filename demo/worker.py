"""
The steps with a worker: documents, misbehaving services, and a configuration that is refused.
"""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import tables
import watch
from interrupts import Interrupts
from redis import Redis
from resume_worker.local.machine import QUEUE, Local, local
from resume_worker.local.redis_server import RedisServerError, running_redis
from resume_worker.local.worker_process import COMMAND, LOG, environment, members, running_worker
from resume_worker.queueing import enqueue
from resume_worker.services.modes import Mode, Service
from rich.console import Console
from rq import Queue
from rq.job import Job
from tables import Expected
from tour import say

_TIMEOUT = 60
_REFUSED = 1
_CONSOLE = Console(highlight=False)

Running = TypeVar("Running")


class Misbehaviour(NamedTuple):
    """
    The misbehaviour of a service, and the expected end of the job that meets it.
    """

    service: Service
    mode: Mode
    ending: Expected
    more: Mapping[str, Any] = {}


_MISBEHAVIOURS = {
    "LLM: 429": Misbehaviour(
        "llm",
        "rate_limit",
        Expected("finished", "LLM_RATE_LIMIT", "retryable", 2),
        {"times": 1, "retry_after": 2},
    ),
    "LLM: 401": Misbehaviour(
        "llm", "unauthorized", Expected("failed", "PROVIDER_AUTH", "permanent", 1)
    ),
    "LLM: no JSON": Misbehaviour(
        "llm", "bad_json", Expected("failed", "LLM_PARSE_ERROR", "permanent", 1)
    ),
    "vectors: 500": Misbehaviour(
        "embedding", "error", Expected("finished", "EMBEDDING_PARTIAL_FAILURE", "partial", 1)
    ),
    "LLM: silence": Misbehaviour("llm", "hang", Expected("failed", "LLM_TIMEOUT", "retryable", 2)),
}


class Stage(NamedTuple):
    """
    Everything that runs during the steps.
    """

    local: Local
    queue: Queue
    environ: dict[str, str]
    worker: subprocess.Popen[bytes]

    def enqueue(self, job_id: str, kind: str) -> Job:
        """
        Enqueue a document.
        """
        document = self.local.documents[kind]
        return enqueue(self.queue, job_id, document, "demo", timeout=_TIMEOUT)

    def follow(self, jobs: Mapping[str, Job]) -> None:
        """
        Show the progress of the jobs until they have ended.
        """
        watch.follow(_CONSOLE, jobs, self.worker, self.local.directory / LOG)


def show(running: ExitStack, interrupts: Interrupts) -> bool:
    """
    Run the steps. Return whether each ended as expected. Closing `running` stops what was started.
    """
    try:
        return _shown(running, interrupts)
    except (RedisServerError, watch.StuckError) as error:
        print(error, file=sys.stderr)
        return False


def _shown(running: ExitStack, interrupts: Interrupts) -> bool:
    say("5. A worker on a real Redis, with documents to read")
    stage = _started(running, interrupts)
    done = _documents(stage)
    say("6. The same worker with misbehaving services")
    done = _misbehaviours(stage) and done
    say("7. A worker with a bad configuration")
    done = _refusal(stage) and done
    say("8. Stopping everything")
    with interrupts.held():
        running.close()
    left = _left(stage)
    print(f"Left behind: {', '.join(left)}" if left else "Worker, services and Redis are gone.")
    return done and not left


def _started(running: ExitStack, interrupts: Interrupts) -> Stage:
    def start(context: AbstractContextManager[Running]) -> Running:
        # An interrupt waits until `running` knows what was started.
        with interrupts.held():
            return running.enter_context(context)

    with interrupts.held():  # constructing it creates the directory
        made = tempfile.TemporaryDirectory(prefix="workerctl-demo-")
        directory = Path(running.enter_context(made))
    url = start(running_redis())
    # One attempt per run, so that the step with a silent model is short.
    here = start(local(directory, LLM_MAX_RETRIES=0))
    connection = start(Redis.from_url(url))
    print(f"$ {' '.join(COMMAND)} {QUEUE}", flush=True)
    environ = environment(url)
    worker = start(running_worker(directory, environ, QUEUE))
    return Stage(here, Queue(QUEUE, connection=connection), environ, worker)


def _documents(stage: Stage) -> bool:
    _CONSOLE.print(
        "The models, the storage, the database and the receiver of the webhook are small servers"
        " on this machine. The results come from the documents.\n"
    )
    documents = stage.local.documents
    jobs = {kind.upper(): stage.enqueue(f"demo-{kind}", kind) for kind in documents}
    stage.follow(jobs)
    failed = [name for name, job in jobs.items() if watch.status(job) == "failed"]
    if failed:
        raise watch.StuckError(f"Not processed: {', '.join(failed)}.")
    rows = {
        name: stage.local.services.rows("candidates", job_id=job.id)[0]
        for name, job in jobs.items()
    }
    print(flush=True)
    all_open = tables.results(_CONSOLE, jobs, rows, stage.local.sealer)
    tables.seconds(_CONSOLE, jobs)
    return all_open


def _misbehaviours(stage: Stage) -> bool:
    _CONSOLE.print(
        "Each job meets one misbehaviour, and the kind of the error decides how the job ends:"
        " after a temporary error it is retried, not before the time that the service asks for;"
        " after a permanent error it fails at once; a missing part is only a warning.\n"
    )
    jobs = {}
    for number, (name, met) in enumerate(_MISBEHAVIOURS.items()):
        job_id = f"demo-misbehaviour-{number}"
        stage.local.services.misbehave(met.service, met.mode, job=job_id, **met.more)
        jobs[name] = stage.enqueue(job_id, "pdf")
    stage.follow(jobs)
    print(flush=True)
    expected = {name: met.ending for name, met in _MISBEHAVIOURS.items()}
    return tables.endings(_CONSOLE, jobs, expected)


def _refusal(stage: Stage) -> bool:
    """
    Start a second worker, with two wrong lines in its configuration, while a job waits for it.
    """
    queue = Queue("refused", connection=stage.queue.connection)
    job = stage._replace(queue=queue).enqueue("demo-refused", "pdf")
    directory = stage.local.directory
    lines = (directory / ".env").read_text("utf-8").splitlines()
    bad = directory / "bad.env"
    bad.touch(0o600)
    bad.write_text("\n".join(map(_spoiled, lines)))
    command = [*COMMAND[:2], "--env-file", bad.name, *COMMAND[2:], queue.name]
    print(f"$ {' '.join(command)}", flush=True)
    code = subprocess.run(command, cwd=directory, env=stage.environ, check=False).returncode
    waits = watch.status(job) == "queued"
    print(f"(exit code {code}; the job {'still waits' if waits else 'is gone'})", flush=True)
    return code == _REFUSED and waits


def _left(stage: Stage) -> list[str]:
    """
    Return the processes that still run and the ports that still accept connections.
    """
    left = [f"process {number}" for number in members(stage.worker.pid)]
    for url in (stage.environ["REDIS_URL"], stage.local.services.url):
        address = urlsplit(url)
        with socket.socket() as client:
            if client.connect_ex((address.hostname, address.port)) == 0:
                left.append(f"port {address.port}")
    return left


def _spoiled(line: str) -> str:
    """
    Return the line with a mistake: a key without its last character, a number as a word.
    """
    if line.startswith("ENCRYPTION_KEY="):
        return line[:-1]
    return "LLM_MAX_RETRIES=two" if line.startswith("LLM_MAX_RETRIES=") else line
