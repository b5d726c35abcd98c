"""
The steps with a worker: documents processed, misbehaving services survived, a bad start refused.
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
from resume_worker.local import QUEUE, Local, local
from resume_worker.queueing import enqueue
from resume_worker.redis_server import RedisServerError, running_redis
from resume_worker.services.modes import Mode, Service
from resume_worker.worker_process import COMMAND, LOG, environment, members, running_worker
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
    What a job meets, and how it has to end.
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
    Everything that runs while the steps are shown.
    """

    local: Local
    queue: Queue
    environ: dict[str, str]
    worker: subprocess.Popen[bytes]

    def enqueue(self, job_id: str, kind: str) -> Job:
        """
        Put a document into the queue.
        """
        document = self.local.documents[kind]
        return enqueue(self.queue, job_id, document, "demo", timeout=_TIMEOUT)

    def follow(self, jobs: Mapping[str, Job]) -> None:
        """
        Look on until the jobs have ended.
        """
        watch.follow(_CONSOLE, jobs, self.worker, self.local.directory / LOG)


def show(running: ExitStack, interrupts: Interrupts) -> bool:
    """
    Run the steps; whether each ended as it should. What is started is stopped by `running`.
    """
    try:
        return _shown(running, interrupts)
    except (RedisServerError, watch.StuckError) as error:
        print(error, file=sys.stderr)
        return False


def _shown(running: ExitStack, interrupts: Interrupts) -> bool:
    say("4. A worker on a real Redis, with documents to read")
    stage = _started(running, interrupts)
    done = _documents(stage)
    say("5. The same worker, when its services misbehave")
    done = _misbehaviours(stage) and done
    say("6. A bad configuration in its place")
    done = _refusal(stage) and done
    say("7. Everything is stopped")
    with interrupts.held():
        running.close()
    left = _left(stage)
    print(f"Left behind: {', '.join(left)}" if left else "Worker, services and Redis are gone.")
    return done and not left


def _started(running: ExitStack, interrupts: Interrupts) -> Stage:
    def start(context: AbstractContextManager[Running]) -> Running:
        # An interrupt waits until what it started is known to `running`.
        with interrupts.held():
            return running.enter_context(context)

    with interrupts.held():  # it is there as soon as it is constructed
        made = tempfile.TemporaryDirectory(prefix="workerctl-demo-")
        directory = Path(running.enter_context(made))
    url = start(running_redis())
    # One attempt in each run, so that nobody waits long for a silent model.
    here = start(local(directory, LLM_MAX_RETRIES=0))
    connection = start(Redis.from_url(url))
    print(f"$ {' '.join(COMMAND)} {QUEUE}", flush=True)
    environ = environment(url)
    worker = start(running_worker(directory, environ, QUEUE))
    return Stage(here, Queue(QUEUE, connection=connection), environ, worker)


def _documents(stage: Stage) -> bool:
    _CONSOLE.print(
        "The models, the storage, the database and the receiver of the webhook are small servers"
        " on this machine. What is found is read in the documents.\n"
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
    fine = tables.results(_CONSOLE, jobs, rows, stage.local.sealer)
    tables.seconds(_CONSOLE, jobs)
    return fine


def _misbehaviours(stage: Stage) -> bool:
    _CONSOLE.print(
        "Each job meets one misbehaviour. How it ends follows from the kind of the error: one that"
        " passes is tried again, when the service says; one that stays is not; a missing part is a"
        " warning.\n"
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
    Start a second worker where two lines of the configuration are wrong, with a job waiting.
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
    What still runs, or still answers.
    """
    left = [f"process {number}" for number in members(stage.worker.pid)]
    for url in (stage.environ["REDIS_URL"], stage.local.services.url):
        address = urlsplit(url)
        with socket.socket() as line:
            if line.connect_ex((address.hostname, address.port)) == 0:
                left.append(f"port {address.port}")
    return left


def _spoiled(line: str) -> str:
    """
    A key that lost its last character on the way, and a number that is none.
    """
    if line.startswith("ENCRYPTION_KEY="):
        return line[:-1]
    return "LLM_MAX_RETRIES=two" if line.startswith("LLM_MAX_RETRIES=") else line
