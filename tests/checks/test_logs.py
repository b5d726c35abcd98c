"""
Tests of the checks of debug records and debugging switches.
"""

import pytest

from tests.support.configurations import MakeContext
from workerctl.checks import logs
from workerctl.report.findings import Finding, Location, Severity


def test_log001_warns_of_debug_records_in_production(context: MakeContext) -> None:
    """Debug records in production are a warning, at the line that enables them."""
    found = list(logs.LOG001.run(context("ENV=production\nLOG_LEVEL=debug\n")))

    assert found == [
        Finding(
            "LOG001",
            Severity.WARNING,
            "LOG_LEVEL enables debug records in production.",
            "Set LOG_LEVEL=INFO.",
            ("LOG_LEVEL",),
            Location("env-file", "worker.env", 2),
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "ENV=production\nLOG_LEVEL=INFO\n",
        "ENV=production\nLOG_LEVEL=11\n",
        "ENV=staging\nLOG_LEVEL=DEBUG\n",
        "LOG_LEVEL=DEBUG\n",
    ],
)
def test_log001_passes_elsewhere(context: MakeContext, text: str) -> None:
    """Debug records are allowed outside production, and production may log above DEBUG."""
    assert list(logs.LOG001.run(context(text))) == []


@pytest.mark.parametrize("level", ["10", "9", "1", " Debug "])
def test_log001_knows_levels_by_number(context: MakeContext, level: str) -> None:
    """A level of 10 or below enables debug records, whether it is a name or a number."""
    found = list(logs.LOG001.run(context(f"ENV=production\nLOG_LEVEL='{level}'\n")))

    assert [finding.code for finding in found] == ["LOG001"]


@pytest.mark.parametrize(
    ("line", "env", "severity"),
    [
        ("PYDANTIC_SETTINGS_DEBUG=1", "development", Severity.WARNING),
        ("PYDANTIC_SETTINGS_DEBUG=1", "staging", Severity.ERROR),
        ("pydantic_settings_debug=true", "production", Severity.ERROR),
        ("OPENAI_LOG=debug", "production", Severity.ERROR),
        ("ANTHROPIC_LOG=DEBUG", "production", Severity.ERROR),
    ],
)
def test_log002_names_the_switch(
    context: MakeContext, line: str, env: str, severity: Severity
) -> None:
    """A library's debugging switch is reported by name, wherever it is set."""
    in_file = list(logs.LOG002.run(context(f"ENV={env}\n{line}\n")))
    name, _, value = line.partition("=")
    in_environment = list(logs.LOG002.run(context(f"ENV={env}\n", {name: value})))

    assert [(finding.severity, finding.fields) for finding in in_file + in_environment] == [
        (severity, (name.upper(),)),
        (severity, (name.upper(),)),
    ]


@pytest.mark.parametrize(
    "line", ["PYDANTIC_SETTINGS_DEBUG=0", "PYDANTIC_SETTINGS_DEBUG=", "OPENAI_LOG=info"]
)
def test_log002_passes_a_switch_that_is_off(context: MakeContext, line: str) -> None:
    """A switch that is off, or at a level without debug output, passes."""
    assert list(logs.LOG002.run(context(f"ENV=production\n{line}\n"))) == []
