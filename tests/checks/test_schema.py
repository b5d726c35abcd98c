"""
Values and names against the schema.
"""

import pytest

from tests.support.configurations import KEY, MakeContext
from workerctl.checks import schema
from workerctl.report.findings import Finding, Location, Severity


def test_set001_tells_every_bad_value(context: MakeContext) -> None:
    """All bad values are told at once, with what is expected and where they stand."""
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


@pytest.mark.parametrize(
    ("name", "meant", "severity"),
    [
        ("LLM_TIMEOUT_SECOND", "LLM_TIMEOUT_SECONDS", Severity.ERROR),
        ("LLM_TIMEOUT_SECONDSS", "LLM_TIMEOUT_SECONDS", Severity.ERROR),
        ("LLM_TIMEOUT_SECODNS", "LLM_TIMEOUT_SECONDS", Severity.ERROR),
        ("llm_timeout_second", "LLM_TIMEOUT_SECONDS", Severity.ERROR),
        ("LLM_CONNECT_TIMEOU", "LLM_CONNECT_TIMEOUT", Severity.ERROR),
        ("CHUNKING_KOREAN_SIZE", "CHUNK_KOREAN_SIZE", Severity.INFO),
    ],
)
def test_set002_suggests_the_known_name(
    context: MakeContext, name: str, meant: str, severity: Severity
) -> None:
    """One slip is an error, a similar name an information."""
    assert list(schema.SET002.run(context(f"{name}=1\n"))) == [
        Finding(
            "SET002",
            severity,
            f"{name} is not a known setting.",
            f"Did you mean {meant}?",
            (meant,),
            Location("env-file", "worker.env", 1),
        )
    ]


@pytest.mark.parametrize("name", ["PATH", "ENW", "DATABASE_URL", "hunter2hunter2", "DEBGU"])
def test_set002_leaves_other_names_alone(context: MakeContext, name: str) -> None:
    """Names of others, short names and pasted tokens are nobody's business."""
    assert list(schema.SET002.run(context(f"{name}=1\n"))) == []


def test_set003_sees_a_slip_in_the_environment(context: MakeContext) -> None:
    """A misspelt variable is told when the setting it means is not set."""
    found = list(schema.SET003.run(context("", {"ENCRYPTION_KEYY": KEY})))

    assert [(finding.severity, finding.hint) for finding in found] == [
        (Severity.WARNING, "Did you mean ENCRYPTION_KEY?")
    ]
    assert KEY[:6] not in found[0].message


def test_set003_is_silent_when_the_setting_is_set(context: MakeContext) -> None:
    """Somebody who sets the right name may have another one like it."""
    environ = {"ENCRYPTION_KEYY": "1", "ENCRYPTION_KEY": KEY}

    assert list(schema.SET003.run(context("", environ))) == []


def test_set003_has_nothing_to_judge_in_isolation(context: MakeContext) -> None:
    """An ignored environment is not looked at."""
    assert list(schema.SET003.run(context(""))) == []


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
            f"ENCRYPTION_KEY={KEY}\nencryption_key={KEY}\n",
            "ENCRYPTION_KEY and encryption_key are both set in worker.env on lines 1 and 2.",
            Severity.ERROR,
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
def test_set004_tells_what_is_set_twice(
    context: MakeContext, text: str, message: str, severity: Severity, line: int
) -> None:
    """The later line is pointed at, all lines are named, an unknown name is not repeated."""
    found = list(schema.SET004.run(context(text)))

    assert [(finding.message, finding.severity) for finding in found] == [(message, severity)]
    assert found[0].location == Location("env-file", "worker.env", line)


def test_set004_sees_two_spellings_in_the_environment(context: MakeContext) -> None:
    """Two spellings of one name are told in the environment too."""
    found = list(schema.SET004.run(context("", {"DEBUG": "1", "debug": "0"})))

    assert [finding.message for finding in found] == [
        "DEBUG and debug are both set in the environment."
    ]


def test_set004_allows_one_variable_in_two_sources(context: MakeContext) -> None:
    """That a stronger source overrides a weaker one is what sources are for."""
    assert list(schema.SET004.run(context("DEBUG=1\n", {"DEBUG": "0"}))) == []


def test_set006_names_the_new_name(context: MakeContext) -> None:
    """A deprecated name works, and is told with the name to change it to."""
    made = context("LLM_CONNECT_TIMEOUT=5\n")

    assert made.settings.LLM_CONNECT_TIMEOUT_SECONDS == 5
    assert [finding.hint for finding in schema.SET006.run(made)] == [
        "Rename it to LLM_CONNECT_TIMEOUT_SECONDS."
    ]
