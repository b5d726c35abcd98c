"""
Tests of the checks of names, for settings classes other than the built-in one.
"""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict

from workerctl.checks import schema
from workerctl.checks.base import Check
from workerctl.checks.values import names as checks
from workerctl.preflight import Request, context_of
from workerctl.report.findings import Severity
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options


class Db(BaseModel):
    """A nested model."""

    host: str = "h"
    password: str = ""


class App(BaseSettings):
    """A class with a prefix, which ignores unknown names."""

    model_config = SettingsConfigDict(
        env_prefix="APP_", env_nested_delimiter="__", env_file=".env", extra="ignore"
    )

    db: Db = Db()
    labels: dict[str, str] = {}
    timeout: int = 1


class Strict(App):
    """The same, but unknown names are forbidden."""

    model_config = SettingsConfigDict(extra="forbid")


@pytest.fixture(name="here", autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def findings(
    check: Check, settings_class: type[BaseSettings], text: str = "", **sources: Any
) -> list[tuple[Severity, str, str | None]]:
    """Return severity, message and hint of what a check finds in a file and an environment."""
    Path(".env").write_text(text)
    files = (".env",) if sources.pop("named", False) else None
    options = Options(files, settings=settings_class)
    found = load(Settings, options, environ=sources.pop("environ", {}))
    return [
        (each.severity, each.message, each.hint) for each in check.run(context_of(found, Request()))
    ]


@pytest.mark.parametrize(
    ("line", "severity", "hint"),
    [
        ("APP_DB__PASWORD=x", Severity.ERROR, "Did you mean APP_DB__PASSWORD?"),
        ("app_timeot=1", Severity.ERROR, "Did you mean APP_TIMEOUT?"),
        ("APP_DB_HOST=x", Severity.ERROR, "Did you mean APP_DB__HOST?"),
        ("DB__PASSWORD=x", Severity.INFO, "Did you mean APP_DB__PASSWORD?"),
        ("APP_COLOUR=x", Severity.WARNING, "App reads no variable of this name."),
    ],
)
def test_unknown_names_near_the_class_are_reported(
    line: str, severity: Severity, hint: str
) -> None:
    """Close names, nested ones too, those inside the prefix, and those without it."""
    name = line.partition("=")[0]

    assert findings(checks.SET002, App, line) == [
        (severity, f"{name} is not a known setting.", hint)
    ]


@pytest.mark.parametrize("named", [True, False])
def test_other_names_are_information(named: bool) -> None:
    """A file of several programs is not a mistake; keys of a dictionary are known."""
    text = "COLOUR=x\nAPP_LABELS__TEAM=x\n"

    assert findings(checks.SET002, App, text, named=named) == [
        (
            Severity.INFO,
            "1 variable is not in the schema: COLOUR.",
            "Correct the names that are misspelt, and delete the lines that no program reads.",
        )
    ]


def test_a_class_that_forbids_unknown_names_does_not_start() -> None:
    """Every one is an error, but its name is not shown if it may be a secret."""
    secret = "sk-proj-4fJ8kLm2NqRs7TvW"

    found = findings(checks.SET002, Strict, f"COLOUR=x\n{secret}=1\nAPP_TIMEOT=1\n")

    assert [each[:2] for each in found] == [
        (Severity.ERROR, "COLOUR is not a known setting, and Strict forbids others."),
        (Severity.ERROR, "This variable is not a known setting, and Strict forbids others."),
        (Severity.ERROR, "APP_TIMEOT is not a known setting, and Strict forbids others."),
    ]
    assert found[2][2] == "Did you mean APP_TIMEOUT?"


def test_names_in_the_environment() -> None:
    """A slip is a warning, another name inside the prefix is information."""
    environ = {"APP_TIMEOT": "1", "APP_COLOUR": "x", "COLOUR": "x", "app_db__host": "x"}

    assert findings(checks.SET003, App, environ=environ) == [
        (
            Severity.WARNING,
            "The environment sets APP_TIMEOT, which is not a known setting.",
            "Did you mean APP_TIMEOUT?",
        ),
        (
            Severity.INFO,
            "The environment sets APP_COLOUR, which is not a known setting.",
            "App reads no variable of this name.",
        ),
    ]


def test_two_names_of_one_variable() -> None:
    """In one source, they are reported as for the built-in schema."""
    assert findings(schema.SET004, App, "APP_TIMEOUT=1\napp_timeout=2\n") == [
        (
            Severity.WARNING,
            "APP_TIMEOUT and app_timeout are both set in .env on lines 1 and 2.",
            "Keep one of them.",
        )
    ]
