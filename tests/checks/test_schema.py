"""
Tests of the checks of values and names against the schema.
"""

from typing import Annotated

import pytest
from pydantic import BaseModel, PostgresDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from tests.support.configurations import KEY, MakeContext
from workerctl.checks import schema
from workerctl.checks.engine.run import run
from workerctl.checks.table import CHECKS
from workerctl.preflight import Request, context_of
from workerctl.report.findings import Location, Severity
from workerctl.report.results import Result, Status
from workerctl.rules import EncryptionKey
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options

SAME = "OPENAI_API_KEY"


def test_set001_reports_every_bad_value(context: MakeContext) -> None:
    """All invalid values are reported at once, with the expected form and the line of each."""
    text = "DEBUG=perhaps\nLLM_TIMEOUT_SECONDS=0\nJOB_RETRY_INTERVALS_SECONDS=[30,\nQUEUES=a,a\n"

    found = list(schema.SET001.run(context(text)))
    assert [(finding.message, str(finding.location)) for finding in found] == [
        ("DEBUG must be true or false.", "worker.env:1"),
        ("QUEUES must be a comma-separated list of queue names, each once.", "worker.env:4"),
        (
            "JOB_RETRY_INTERVALS_SECONDS must be a comma-separated list of whole numbers above 0.",
            "worker.env:3",
        ),
        ("LLM_TIMEOUT_SECONDS must be a whole number above 0.", "worker.env:2"),
    ]


class Database(BaseModel):
    """A model with a secret."""

    host: str
    password: SecretStr
    port: int = 5432


class Open(BaseModel):
    """More required fields than a hint names, one of them secret."""

    token: SecretStr
    a: int
    b: int
    c: int
    d: int


class Team(BaseSettings):
    """A class with secrets that are required, and others."""

    model_config = SettingsConfigDict(env_nested_delimiter="__")
    url: PostgresDsn
    payment_key: SecretStr
    region: str
    db: Database
    other: Open | None = None
    pii_key: Annotated[SecretStr, EncryptionKey()]
    optional_key: SecretStr = SecretStr("")


COMPLETE = {
    "URL": "postgresql://u:p8Fk2vQz@db.internal/x",
    "PAYMENT_KEY": "k9Wq2Lm7Zx",
    "REGION": "eu",
    "DB__HOST": "db.internal",
    "DB__PASSWORD": "t4Rb8Nc1Vy",
    "PII_KEY": KEY,
}


def results_of(environ: dict[str, str], phase: str = "build") -> dict[str, Result]:
    """
    Return the results of all checks of `Team`, by code.
    """
    loaded = load(Settings, Options(settings=Team), environ=environ)
    made = context_of(loaded, Request(phase=phase))  # type: ignore[arg-type]
    return {result.code: result for result in run(made, CHECKS)}


def test_set001_defers_missing_secrets_at_build() -> None:
    """An image is built without its secrets, nested ones included; keys are not invalid then."""
    environ = {name: text for name, text in COMPLETE.items() if name in {"REGION", "DB__HOST"}}
    results = results_of(environ)

    missing = "DB__PASSWORD, PAYMENT_KEY, PII_KEY, URL"
    assert (results["SET001"].status, results["SET001"].reason) == (
        Status.DEFERRED,
        f"not set at build: {missing}",
    )
    assert {results[code].status for code in ("KEY001", "KEY002", "KEY004")} == {Status.DEFERRED}
    assert len(results_of(environ, "run")["SET001"].findings) == 4


@pytest.mark.parametrize(
    ("left_out", "message"),
    [
        (["REGION", "URL"], "REGION is required but not set."),
        (["DB__HOST"], "DB__HOST is required but not set."),
        (["DB__HOST", "DB__PASSWORD"], "DB is required but not set."),
    ],
)
def test_set001_reports_other_missing_values_at_build(left_out: list[str], message: str) -> None:
    """A required field that is not secret is missing in the image as well."""
    results = results_of({name: text for name, text in COMPLETE.items() if name not in left_out})

    assert [each.message for each in results["SET001"].findings] == [message]


def test_set001_judges_secrets_that_are_set_at_build() -> None:
    """A value that is there is judged, and a model is more than its secret."""
    found = results_of({**COMPLETE, "URL": "postgres", "OTHER__TOKEN": "z5Dk3Hs9Jw"})["SET001"]

    assert [each.fields[0] for each in found.findings] == ["URL", *("OTHER__" + n for n in "ABCD")]
    assert results_of(COMPLETE)["SET001"].status is Status.PASSED


@pytest.mark.parametrize(
    ("text", "message", "severity", "line"),
    [
        (
            "STORAGE_MAX_RETRIES=3\nDEBUG=1\nSTORAGE_MAX_RETRIES=5\n",
            "STORAGE_MAX_RETRIES is set more than once in worker.env on lines 1 and 3.",
            Severity.WARNING,
            3,
        ),
        (
            f"ENCRYPTION_KEY={KEY}\nencryption_key={KEY[::-1]}\n",
            "ENCRYPTION_KEY and encryption_key are both set in worker.env on lines 1 and 2.",
            Severity.ERROR,
            2,
        ),
        (
            f"{SAME}={KEY}\n{SAME}={KEY}\n",
            f"{SAME} is set more than once in worker.env on lines 1 and 2 to the same value.",
            Severity.INFO,
            2,
        ),
        (
            "DEBUG=\nDEBUG=1\n",
            "DEBUG is set more than once in worker.env on lines 1 and 2, once to nothing.",
            Severity.INFO,
            2,
        ),
        (
            "DEBUG=1\nDEBUG=\n",
            "DEBUG is set more than once in worker.env on lines 1 and 2, the last time to nothing.",
            Severity.INFO,
            2,
        ),
        (
            f"WEBHOOK_SECRET={KEY}\nWEBHOOK_SECRET_FILE=/run/secrets/webhook\n",
            "WEBHOOK_SECRET and WEBHOOK_SECRET_FILE are both set in worker.env on lines 1 and 2.",
            Severity.ERROR,
            2,
        ),
        (
            "pastedtoken=1\npastedtoken=2\npastedtoken=3\n",
            "A variable is set more than once in worker.env on lines 1, 2 and 3.",
            Severity.WARNING,
            3,
        ),
    ],
)
def test_set004_reports_what_is_set_twice(
    context: MakeContext, text: str, message: str, severity: Severity, line: int
) -> None:
    """The finding points at the last line and names all lines; an unknown name is not shown."""
    found = list(schema.SET004.run(context(text)))

    assert [(finding.message, finding.severity) for finding in found] == [(message, severity)]
    assert found[0].location == Location("env-file", "worker.env", line)


def test_set004_finds_two_spellings_in_the_environment(context: MakeContext) -> None:
    """Two spellings of one name are also reported in the environment."""
    found = list(schema.SET004.run(context("", {"DEBUG": "1", "debug": "0"})))

    assert [finding.message for finding in found] == [
        "DEBUG and debug are both set in the environment."
    ]


def test_set004_allows_one_variable_in_two_sources(context: MakeContext) -> None:
    """A source may override a variable of a weaker source."""
    assert list(schema.SET004.run(context("DEBUG=1\n", {"DEBUG": "0"}))) == []


def test_set006_names_the_new_name(context: MakeContext) -> None:
    """A deprecated name has an effect, and is reported with the name that replaces it."""
    made = context("LLM_CONNECT_TIMEOUT=5\n")

    assert made.settings.LLM_CONNECT_TIMEOUT_SECONDS == 5
    assert [finding.hint for finding in schema.SET006.run(made)] == [
        "Rename it to LLM_CONNECT_TIMEOUT_SECONDS."
    ]
