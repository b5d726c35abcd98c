"""
Tests of `workerctl check` in a project: what its pyproject.toml may suppress.
"""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]

SUPPRESSION = """
[[tool.workerctl.ignore]]
code = "{code}"
field = "{field}"
reason = "known"
until = 2999-01-01
"""


@pytest.mark.parametrize(
    ("code", "field", "message"),
    [
        ("ENV002", "SUPABASE_UR", "is not a field of Settings. Did you mean SUPABASE_URL?"),
        ("KEY005", "ENCRYPTION_KEY_V", "is not a field of Settings. Did you mean ENCRYPTION_KEY?"),
        ("ENV02", "SUPABASE_URL", "There is no code ENV02. Did you mean ENV002?"),
        ("SET001", "DEBUG", "SET001 cannot be suppressed"),
    ],
)
def test_a_suppression_names_what_exists(
    call: Run, good: Path, directory: Path, code: str, field: str, message: str
) -> None:
    """A misspelt code or field is an error, because the suppression would never apply."""
    (directory / "pyproject.toml").write_text(SUPPRESSION.format(code=code, field=field))
    done = call("check", "--env-file", good.name)

    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("code", "field"),
    [("KEY005", "ENCRYPTION_KEY_V0"), ("ENV004", "TOOL_TOKEN"), ("SET009", "TOOL_TOKEN")],
)
def test_a_suppression_may_name_what_the_check_reports(
    call: Run, good: Path, directory: Path, code: str, field: str
) -> None:
    """Some checks report older keys and variables of other programs; SUP001 judges these names."""
    (directory / "pyproject.toml").write_text(SUPPRESSION.format(code=code, field=field))
    done = call("check", "--env-file", good.name)

    assert done.returncode == 0
    assert f"The suppression of {code} for {field} suppresses nothing." in done.stdout


# --- a settings class that is not configured ---


OWN = "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings): ...\n"
HINT = (
    "The project has its own settings class, config:Settings (config.py:4). Check it with "
    "--settings config:Settings, or run `workerctl init`.\n"
)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("pyproject.toml", ""),
        ("pyproject.toml", "[tool.workerctl]\n"),
        ("pyproject.toml", "[tool.other]\nsettings = 'x'\n[tool.workerctl]\n"),
        ("requirements.txt", ""),
        ("setup.py", ""),
    ],
)
@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_class_that_was_not_checked_is_named(
    call: Run, directory: Path, file: str, content: str, format_: str
) -> None:
    """Standard error names it, so that the report on standard output stays as it is."""
    (directory / file).write_text(content)
    expected = call("check", "--format", format_)
    (directory / "config.py").write_text(OWN)
    done = call("check", "--format", format_)

    assert (expected.stderr, done.stderr) == ("", HINT)
    assert done.returncode == expected.returncode
    if format_ == "text":
        assert done.stdout == expected.stdout
    else:
        assert json.loads(done.stdout)["exit_code"] == 0


def test_of_several_classes_the_first_is_named(call: Run, directory: Path) -> None:
    """A class that is a part of another one does not count."""
    (directory / "pyproject.toml").touch()
    (directory / "config.py").write_text(f"{OWN}class B(BaseSettings): ...\nclass C(B): ...\n")

    assert "its own settings classes, 2 of them, such as config:Settings" in call("check").stderr


@pytest.mark.parametrize(
    ("words", "table", "variable"),
    [
        ("", '[tool.workerctl]\nsettings = "workerctl.settings:Settings"\n', None),
        ("", '[tool]\nworkerctl = {settings = "workerctl.settings:Settings"}\n', None),
        ("--settings workerctl.settings:Settings", "", None),
        ("", "", "workerctl.settings:Settings"),
        ("--env-file missing.env", "", None),
    ],
    ids=["table", "inline", "option", "variable", "error"],
)
def test_with_a_configured_class_nothing_is_said(
    call: Run, directory: Path, words: str, table: str, variable: str | None
) -> None:
    """Neither does an error leave room for a hint."""
    (directory / "pyproject.toml").write_text(table)
    (directory / "config.py").write_text(OWN)
    environ = {} if variable is None else {"WORKERCTL_SETTINGS": variable}

    assert "settings class" not in call("check", *words.split(), environ=environ).stderr


def test_outside_a_project_nothing_is_searched(call: Run, directory: Path) -> None:
    """A directory without any mark of a project may be a home directory."""
    (directory / "config.py").write_text(OWN)

    assert call("check").stderr == ""


def test_the_search_is_brief(call: Run, directory: Path) -> None:
    """In a huge project, `check` looks only at files near the top."""
    (directory / "pyproject.toml").touch()
    deep = directory / "app"
    deep.mkdir()
    for number in range(500):
        (directory / f"m{number}.py").touch()
    (deep / "config.py").write_text(OWN)

    assert call("check").stderr == ""
