"""
The exception reference, from what the runtime itself knows; `docs/generate.py` writes it.
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
What a worker raises says whether another run could help. Its stages talk to services under
`translate_errors`, which turns the exceptions of their SDKs into these; the worker raises the
others itself.

```python
import stamina

from workerctl.runtime import backoff, translate_errors

for attempt in stamina.retry_context(**backoff(settings, "llm").stamina()):
    with attempt, translate_errors("llm"):
        answer = client.chat.completions.create(...)
```

- A message holds our words alone, never the text of the original, which stays as `__cause__` and
  in tracebacks. There `configure_logging` redacts the secrets of the settings, and nobody redacts
  personal data.
- Errors of the program (`TypeError`, `KeyError`, `ValueError`, …), of local files, RQ's timeout and
  cancellation pass through untouched.
- `retry_after` is what the service asked for. A wait within a stage is never longer than its
  settings allow, `min(base · 2^i, cap)`: an error that asks for more ends the stage, and the job's
  own retry waits for it.
- The attempts and waits are those of the stage that declares `stage = "llm"` in
  [your own pipeline](budget.md#in-the-worker), or else of the built-in one.
- `raise`, and never return an `rq.Retry`: RQ 1.x and 2.0 file such a job as finished.
"""
WITH = {
    "retryable": "runs again while retries are left, not before `retry_after`",
    "permanent": "fails at once; no retry is used up",
    "partial": 'finishes with `details["result"]`, and a warning in `job.meta["warnings"]`',
    "unknown": "runs once more, with a warning in the log",
}
WITHOUT = {
    "retryable": "runs again if enqueued with `Retry`, after its fixed interval; else fails",
    "permanent": "runs again for nothing if enqueued with `Retry`; else fails",
    "partial": "fails, or runs again, like any exception: the result is lost",
    "unknown": "runs again if enqueued with `Retry`, as often as it says; else fails",
}
JUDGED = """\
`classify(exc)` judges any exception, and imports no SDK for it. The first that applies:

1. One of the classes above says it itself; of a group the worst member decides.
2. Wherever it stands among the causes: a client of another event loop is a bug (use
   `loop_cached`), a refused certificate is permanent, RQ's timeout is the job's.
3. The response that it holds: its status, `x-should-retry`, and whether it is about money
   (`insufficient_quota`, a credit balance, a spend limit: permanent, although a 429).
4. The code of the database.
5. Its class by package and name, or the nearest known base.
6. Nothing is known of it: one more run, and a line in the log for a person to read.

**Nothing sent** means that the request certainly did not take effect, so that
`backoff(settings, stage, idempotent=False)` retries it, too.
"""


def text() -> str:
    """
    The whole page, but for the note that it is generated.
    """
    return "\n".join(
        line
        for part in (_classes(), _kinds(), _translations(), _statuses(), _codes(), _known())
        for line in (*part, "")
    )


def kind_of(found: type[WorkerBaseException]) -> str:
    """
    The kind of verdict that the class stands for.
    """
    if issubclass(found, PartialFailureException):
        return "partial"
    return "retryable" if found.retryable else "permanent"


def classes() -> list[type[WorkerBaseException]]:
    """
    Every class, in the order of the module.
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
    yield "## Everything else\n"
    yield "What no worker raised on purpose gets a verdict all the same.\n"
    yield "| Verdict | With workerctl's job class | With RQ alone |"
    yield "|---|---|---|"
    for kind, done in WITH.items():
        yield f"| {kind} | {done} | {WITHOUT[kind]} |"
    yield ""
    yield JUDGED


def _translations() -> Iterator[str]:
    yield "## What a stage raises\n"
    categories: tuple[Category, ...] = ("auth", "quota", "request", "answer")
    yield f"| Stage | timeout | rate_limit | network, unavailable | {' | '.join(categories)} |"
    yield "|---" * (4 + len(categories)) + "|"
    for stage in get_args(Stage):
        permanent = (permanent_class(stage, category) for category in categories)
        names = (f"`{found.__name__}`" for found in (*RETRYABLE[stage], *permanent))
        yield f"| `{stage}` | {' | '.join(names)} |"


def _statuses() -> Iterator[str]:
    yield "## HTTP statuses\n"
    yield "| Status | Verdict | Category | Nothing sent |"
    yield "|---|---|---|---|"
    for status, meaning in STATUSES.items():
        yield _row(str(status), *meaning)
    yield _row("others below 500", "permanent", "request", "no")
    yield _row("others from 500", "retryable", "unavailable", "unknown")
    yield "\nA 409 of an SDK for language models is a lock, and retryable."


def _codes() -> Iterator[str]:
    yield "## Codes of databases (SQLSTATE, PostgREST)\n"
    yield "| Begins with | Verdict | Category | Nothing sent |"
    yield "|---|---|---|---|"
    for prefix, kind, category, sent in SQL_CODES:
        yield _row(f"`{prefix}`" if prefix else "others", kind, category, sent)


def _known() -> Iterator[str]:
    yield "## Classes that are known by name\n"
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
