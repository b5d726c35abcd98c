"""
The text of the exception reference, generated from the code; `docs/generate.py` writes it.
"""

import inspect
from collections.abc import Iterator
from typing import get_args

from workerctl.runtime import exceptions
from workerctl.runtime.classification.known_errors import KNOWN
from workerctl.runtime.classification.responses import SQL_CODES, STATUSES
from workerctl.runtime.classification.translation import RETRYABLE, Stage, permanent_class
from workerctl.runtime.classification.verdict import Category
from workerctl.runtime.exceptions import PartialFailureException, WorkerBaseException

INTRODUCTION = """\
The exceptions of a worker say whether another run could help. Stages call services under
`translate_errors`, which translates the exceptions of their SDKs into the classes below; the worker
raises the other classes itself.

```python
import stamina

from workerctl.runtime import backoff, translate_errors

for attempt in stamina.retry_context(**backoff(settings, "llm").stamina()):
    with attempt, translate_errors("llm"):
        answer = client.chat.completions.create(...)
```

- A message never contains the text of the original exception, which remains available as
  `__cause__` and in tracebacks. There, `configure_logging` redacts the secrets of the settings;
  personal data is not redacted.
- If a service rejects credentials, or a header cannot be sent, the message names the setting whose
  value was in the request, if it is among the secrets in memory, and says if it is a reference or a
  placeholder. If the SDK does not keep the request, it says which settings perhaps are.
- Programming errors (`TypeError`, `KeyError`, `ValueError`, …), errors of local files, RQ's timeout
  and cancellation pass through unchanged.
- `retry_after` is the wait that the service asked for. A wait within a stage is never longer than
  its settings allow, `min(base · 2^i, cap)`: an error that asks for a longer wait ends the stage,
  and the retry of the job waits for that time.
- The attempts and waits are those of the stage that declares `stage = "llm"` in
  [your own pipeline](budget.md#in-the-worker), otherwise of the built-in one.
- Raise an exception; never return an `rq.Retry`: RQ 1.x and 2.0 record such a job as finished.
"""
WITH = {
    "retryable": "runs again while retries are left, not before `retry_after`",
    "permanent": "fails immediately, without another run",
    "partial": 'finishes with `details["result"]`, and a warning in `job.meta["warnings"]`',
    "unknown": "runs one more time, with a warning in the log",
}
WITHOUT = {
    "retryable": "runs again if enqueued with `Retry`, after its fixed interval; otherwise fails",
    "permanent": "runs again in vain if enqueued with `Retry`; otherwise fails",
    "partial": "fails or runs again, like after any exception; the result is lost",
    "unknown": "runs again if enqueued with `Retry`, up to its maximum; otherwise fails",
}
CLASSIFICATION = """\
`classify(exc)` classifies any exception without importing an SDK. The first rule that applies
decides:

1. One of the classes above: its own kind. In an exception group, the worst member decides.
2. Anywhere in the chain of causes: a client of another event loop is a bug (use `loop_cached`), a
   rejected certificate is permanent, and RQ's timeout concerns the job.
3. A response: its status, `x-should-retry`, and whether the account is used up
   (`insufficient_quota`, a credit balance, a spend limit: permanent, although the status is 429).
4. The error code of the database.
5. The class, by package and name, or its nearest known base class.
6. Otherwise, the exception is unknown: the job runs once more, and a warning is logged.

**Nothing sent** means that the request certainly had no effect, so that
`backoff(settings, stage, idempotent=False)` also retries it.
"""

# What happens while a job runs; the job under workerctl's classes, and under RQ's without `Retry`.
DEATHS = (
    (
        "The work-horse is killed",
        "runs once more, and fails if it is killed again, as it would probably be a third time",
        "fails",
    ),
    (
        "The worker and its work-horse are killed, or a `SimpleWorker`",
        "runs up to 2 more times",
        "fails",
    ),
    ("Only the worker is killed", *["is finished by the work-horse"] * 2),
    (
        "A second SIGTERM or SIGINT makes the worker kill the work-horse",
        "runs up to 2 more times",
        "fails",
    ),
    ("Redis restarts, with an append-only file", *["is not affected"] * 2),
    (
        "Redis is down when the job ends",
        "runs up to 2 more times, because its result is lost",
        "fails",
    ),
    (
        "The worker is killed between taking the job from its only queue and starting it",
        "returns to the queue",
        "fails",
    ),
    (
        "The same, with a worker of several queues",
        *["is lost: RQ takes it from Redis without a copy"] * 2,
    ),
)
ON_DEATHS = """
- The number of retries is stored when a job starts, because RQ's clean-up considers nothing else.
  The worker needs workerctl's job class or `worker_job`. Under a worker class of RQ itself,
  `worker_job` does not help if only the work-horse is killed.
- A job whose worker was killed waits for the clean-up of another worker of its queue. RQ cleans up
  when a worker starts and every ten minutes, and considers a job abandoned 90 seconds after its
  last heartbeat; under a `SimpleWorker`, one minute after its timeout. After a second signal,
  workerctl's `Worker` returns the job at once.
- `on_failure` is called when such a job fails for good, and `is_final` is true then.
- A job that runs again may have been done almost completely: make its effects idempotent.
- If only a worker is killed, its scheduler (`--with-scheduler`) lives on. With RQ alone, it keeps
  the dead worker's connections open, to which Redis gives the next job: with one queue, that job
  stays in the intermediate queue; with several, it is lost. The scheduler of
  workerctl's classes closes these connections and ends with its worker. With RQ's classes, kill the
  process group or the cgroup instead, as containers and systemd (`KillMode=control-group`) do.
- A restart of Redis loses what is not in its append-only file: with `appendfsync everysec`, up to a
  second, and the jobs that were enqueued in it.
- If the Redis of a worker with RQ 1.16 and redis-py 5 restarts, the worker continues, but hangs
  when it is stopped, because of a deadlock in redis-py: the orchestrator has to kill it.
"""


def text() -> str:
    """
    Return the page below its title.
    """
    return "\n".join(
        line
        for part in (
            _classes(),
            _kinds(),
            _deaths(),
            _translations(),
            _statuses(),
            _codes(),
            _known(),
        )
        for line in (*part, "")
    )


def kind_of(found: type[WorkerBaseException]) -> str:
    """
    Return the kind of verdict that `classify` gives an exception of the class.
    """
    if issubclass(found, PartialFailureException):
        return "partial"
    return "retryable" if found.retryable else "permanent"


def classes() -> list[type[WorkerBaseException]]:
    """
    Return every exception class in the order of its definition.
    """
    members = vars(exceptions).values()
    return [one for one in members if inspect.isclass(one) and issubclass(one, WorkerBaseException)]


def _classes() -> Iterator[str]:
    yield INTRODUCTION
    yield "## The classes\n"
    yield "| Class | Code | Kind | Raised when | With workerctl's job class | With RQ alone |"
    yield "|---|---|---|---|---|---|"
    for found in classes():
        kind = kind_of(found)
        what = inspect.cleandoc(found.__doc__ or "").replace("\n\n", " ").replace("\n", " ")
        yield (
            f"| `{found.__name__}` ({found.__base__.__name__ if found.__base__ else ''}) "
            f"| `{found.error_code}` | {kind} | {what} | {WITH[kind]} | {WITHOUT[kind]} |"
        )


def _kinds() -> Iterator[str]:
    yield "## Other exceptions\n"
    yield "An exception of any other class gets a verdict as well.\n"
    yield "| Verdict | With workerctl's job class | With RQ alone |"
    yield "|---|---|---|"
    for kind, done in WITH.items():
        yield f"| {kind} | {done} | {WITHOUT[kind]} |"
    yield ""
    yield CLASSIFICATION


def _deaths() -> Iterator[str]:
    yield "## Jobs whose process dies\n"
    yield "No exception is raised in a job whose process is killed. What happens to it, seen with"
    yield "RQ 1.16, 2.6 and 3.0 and `JOB_MAX_RETRIES=2` (`tests/runtime/jobs/test_deaths.py`):\n"
    yield "| What happens while the job runs | With workerctl's classes, it | With RQ alone, it |"
    yield "|---|---|---|"
    for row in DEATHS:
        yield f"| {' | '.join(row)} |"
    yield ON_DEATHS.rstrip("\n")


def _translations() -> Iterator[str]:
    yield "## What a stage raises\n"
    categories: tuple[Category, ...] = ("auth", "quota", "request", "answer")
    yield f"| Stage | timeout | rate_limit | network, unavailable | {' | '.join(categories)} |"
    yield "|---" * (4 + len(categories)) + "|"
    for stage in get_args(Stage):
        permanent = (permanent_class(stage, category) for category in categories)
        names = (f"`{found.__name__}`" for found in (*vars(RETRYABLE[stage]).values(), *permanent))
        yield f"| `{stage}` | {' | '.join(names)} |"


def _statuses() -> Iterator[str]:
    yield "## HTTP statuses\n"
    yield "| Status | Verdict | Category | Nothing sent |"
    yield "|---|---|---|---|"
    for status, meaning in STATUSES.items():
        yield _row(str(status), *vars(meaning).values())
    yield _row("others below 500", "permanent", "request", "no")
    yield _row("others from 500", "retryable", "unavailable", "unknown")
    yield "\nA 409 from an SDK for language models means a lock and is retryable."


def _codes() -> Iterator[str]:
    yield "## Codes of databases (SQLSTATE, PostgREST)\n"
    yield "| Prefix | Verdict | Category | Nothing sent |"
    yield "|---|---|---|---|"
    for prefix, kind, category, sent in SQL_CODES:
        yield _row(f"`{prefix}`" if prefix else "others", kind, category, sent)


def _known() -> Iterator[str]:
    yield "## Classes known by name\n"
    yield "| Verdict | Category | Nothing sent | Classes |"
    yield "|---|---|---|---|"
    for known in sorted(set(KNOWN.values())):
        names = ", ".join(f"`{name}`" for name, entry in sorted(KNOWN.items()) if entry == known)
        kind, category, sent = known
        yield f"| {kind} | {category or '–'} | {_certain(sent)} | {names} |"


def _row(first: str, kind: str, category: str, sent: str) -> str:
    return f"| {first} | {kind} | {category} | {_certain(sent)} |"


def _certain(sent: str) -> str:
    return "certain" if sent == "no" else "–"
