"""
Tests of the checks of values and names against the schema.
"""

import pytest

from tests.support.configurations import KEY, MakeContext
from workerctl.checks import schema
from workerctl.report.findings import Location, Severity

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
