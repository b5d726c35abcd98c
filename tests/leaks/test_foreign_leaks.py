"""
No secret of a class that workerctl does not know leaves a process: classes are generated at random.

`LEAK_SEED` repeats the class and the secrets of a run.
"""

import contextlib
import io
import json
import logging
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.leaks import foreign, runs
from tests.leaks.foreign import PLACES, Team
from tests.leaks.holdings import SOURCES, Holding
from tests.leaks.oracle import Mint, Oracle, texts
from tests.leaks.runs import environment
from tests.leaks.test_leaks import DOCUMENTED, SEED
from tests.support.effort import BRIEF
from workerctl.rules import Hidden
from workerctl.runtime.exceptions import PartialFailureException
from workerctl.runtime.jobs import policy
from workerctl.runtime.log_filter import RedactingFilter
from workerctl.runtime.logging_config import JsonFormatter
from workerctl.runtime.retry import Verdict
from workerctl.schema.secrets.declared import has_rule
from workerctl.schema.secrets.shown import parts, shown
from workerctl.schema.secrets.texts import secret_texts
from workerctl.secrecy.redaction import Redactor

# A run under coverage takes three times as long, and a line proves nothing by running here.

RUNS = range(2 if BRIEF else 5)


@pytest.fixture(name="mint")
def _mint() -> Mint:
    return Mint(SEED)


def _instance(team: Team) -> Any:
    with environment(team.environ):
        return team.load()()


def _known(instance: Any) -> list[str]:
    """
    Return texts as a job makes them: of the instance, of all its values, and of what they contain.
    """
    fields = type(instance).model_fields
    values = [getattr(instance, name) for name in fields]
    plain = [
        part.text
        for name, info in fields.items()
        for part in parts(name, info, getattr(instance, name))
    ]
    dumped = instance.model_dump()
    return [
        repr(instance), str(instance), str(dumped), instance.model_dump_json(), instance.summary,
        *plain, *map(repr, values), json.dumps(dumped, default=str),
    ]  # fmt: skip


@pytest.mark.parametrize("run", RUNS)
def test_show_config_can_show_every_value(run: int, mint: Mint) -> None:
    """What is shown of a field, in JSON types, holds no secret; what is not secret remains."""
    team = foreign.team(mint, SEED + run)
    instance = _instance(team)
    oracle = Oracle(mint.made)

    for name, info in type(instance).model_fields.items():
        found = shown(name, info, getattr(instance, name))
        text = json.dumps(found.value)
        assert oracle.leaks(text) == [], f"LEAK_SEED={SEED}"
        assert found.secret, (name, info)
        if not has_rule(info, Hidden):
            assert "node.internal" not in text or "8080" in text


@contextlib.contextmanager
def _logging(redactor: Redactor) -> Iterator[tuple[logging.Logger, io.StringIO, list[str]]]:
    """
    Yield a logger with both formats, what they wrote, and every text that a handler could reach.
    """
    stream, reached = io.StringIO(), []
    redacting = RedactingFilter()
    redacting.redactor = redactor
    handlers: list[logging.Handler] = [logging.StreamHandler(stream), logging.StreamHandler(stream)]
    handlers[0].setFormatter(JsonFormatter())
    handlers[1].setFormatter(logging.Formatter("%(name)s %(threadName)s %(levelname)s %(message)s"))
    keeping = logging.Handler()
    keeping.emit = lambda record: reached.extend(texts(vars(record)))  # type: ignore[method-assign]
    logger = logging.getLogger("foreign")
    for handler in (*handlers, keeping):
        handler.addFilter(redacting)
        logger.addHandler(handler)
    try:
        yield logger, stream, reached
    finally:
        for handler in (*handlers, keeping):
            logger.removeHandler(handler)


@pytest.mark.parametrize("run", RUNS)
def test_no_log_shows_a_secret(run: int, mint: Mint) -> None:
    """Messages, arguments, extra attributes, labels and exceptions with all values are redacted."""
    instance = _instance(foreign.team(mint, SEED + run))
    oracle = Oracle(_planted(mint))

    with _logging(Redactor(secret_texts(instance))) as (logger, stream, reached):
        for text in _known(instance):
            logger.error(text)
            logger.error("%s and %r", text, {"value": text}, extra={f"x{text}": text})
            try:
                raise type(text[:60], (KeyError,), {})(text) from ValueError(text)
            except KeyError:
                logger.exception("failed")
            logger.handle(logger.makeRecord(text, 40, text, 1, "here", (), None, func=text))
    assert oracle.leaks(stream.getvalue()) == [], f"LEAK_SEED={SEED}"
    assert oracle.leaks("\n".join(reached)) == [], f"LEAK_SEED={SEED}"


def _planted(mint: Mint) -> list[str]:
    """
    Return the secrets in the fields. The last one is in the text of a validator, known to nobody.
    """
    return mint.made[:-1]


@pytest.mark.parametrize("run", RUNS)
def test_no_record_of_a_job_holds_a_secret(run: int, mint: Mint) -> None:
    """What is stored in Redis, tracebacks, attempts and warnings, is redacted."""
    instance = _instance(foreign.team(mint, SEED + run))
    oracle = Oracle(_planted(mint))
    redact = Redactor(secret_texts(instance)).redact
    meta: dict[str, Any] = {}

    for text in _known(instance):
        error = type(text[:60].replace("\0", ""), (PartialFailureException,), {"error_code": text})
        raised = error(text, {"value": text, text: [text]})
        record = policy.ensure_record(meta)
        policy.note_failure(record, raised, Verdict("unknown", text), 3, 0.0, redact=redact)
        policy.note_warnings(meta, raised, time.time(), redact)
        stored = redact("".join(traceback.format_exception(raised)))
        assert oracle.leaks(stored) == [], f"LEAK_SEED={SEED}"
        assert oracle.leaks(json.dumps(meta)) == [], f"LEAK_SEED={SEED}"


def test_these_tests_can_fail(mint: Mint) -> None:
    """Without a redactor, every secret is in the texts that they use."""
    instance = _instance(foreign.team(mint, SEED))
    text = "\n".join(_known(instance))

    assert [secret for secret in _planted(mint) if not Oracle([secret]).leaks(text)] == []


@pytest.mark.parametrize("kind", PLACES)
def test_each_place_alone_hides_its_secret(kind: str, mint: Mint) -> None:
    """No place depends on another one to become known."""
    team = foreign.team(mint, SEED, {kind: PLACES[kind]})
    instance = _instance(team)
    redactor = Redactor(secret_texts(instance))

    planted = _planted(mint)
    assert [secret for secret in planted if not redactor.holds(secret)] == []
    for name, info in type(instance).model_fields.items():
        found = shown(name, info, getattr(instance, name)).value
        assert Oracle(planted).leaks(json.dumps(found)) == []


COMMANDS = (
    "check",
    "check --format json",
    "check --env production",
    "show-config",
    "show-config --format json",
    "show-config --format env",
    "show-config --changed",
    "budget --format json",
)


@pytest.mark.parametrize("source", ["the environment", "an env file", "standard input"])
@pytest.mark.parametrize("run", RUNS)
def test_no_command_shows_a_secret(
    run: int, source: str, mint: Mint, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands are safe with any class, whether its validators accept the values or quote them."""
    assert directory
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the class has secrets in its source
    team = foreign.team(mint, SEED + run)
    oracle = Oracle(mint.made)
    for environ in (team.environ, team.rejected):
        holding = SOURCES[source]({name: _quoted(text) for name, text in environ.items()})
        if source == "the environment":
            holding = SOURCES[source](environ)
        holding = holding._replace(files={**holding.files, **team.files})
        for words in COMMANDS:
            sys.modules.pop(foreign.MODULE, None)
            options = [word for pair in holding.options.items() for word in pair]
            arguments = [*words.split(), "--settings", team.target, *options]
            seen = runs.run(arguments, holding)
            assert oracle.leaks(seen.text) == [], f"{arguments}, LEAK_SEED={SEED}"
            assert seen.code in DOCUMENTED, (arguments, seen)


@pytest.mark.parametrize("run", RUNS)
def test_no_comparison_shows_a_secret(
    run: int, mint: Mint, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any class can be compared with itself, whether its values are valid or not."""
    assert directory
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    team = foreign.team(mint, SEED + run)
    oracle = Oracle(mint.made)
    first, second = (
        "".join(f"{name}={_quoted(text)}\n" for name, text in list(environ.items())[start:])
        for environ, start in ((team.environ, 0), (team.rejected, 3))
    )
    files = {"a.env": first.encode(), "b.env": second.encode(), **team.files}
    for pair in (["a.env", "b.env"], ["b.env", "a.env"]):
        for form in ("text", "json"):
            sys.modules.pop(foreign.MODULE, None)
            arguments = ["diff", *pair, "--format", form, "--settings", team.target]
            seen = runs.run(arguments, Holding(files=files))
            assert oracle.leaks(seen.text) == [], f"{arguments}, LEAK_SEED={SEED}"
            assert seen.code == 0, seen


def _quoted(text: str) -> str:
    return f"'{text}'"


def test_a_generated_class_can_reject_its_values(mint: Mint) -> None:
    """A validator quotes what it rejects, with a secret of the class besides."""
    team = foreign.team(mint, SEED)

    assert "explode" in team.rejected.values()
    with (
        environment(team.rejected),
        pytest.raises(ValueError, match=r"not good enough|error parsing"),
    ):
        team.load()()
