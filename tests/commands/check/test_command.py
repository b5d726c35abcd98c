"""
Tests of `workerctl check` in a project: what its pyproject.toml may suppress.
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.leaks.oracle import Mint

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


# --- files that are judged one by one ---


BROKEN = "ENV=production\nDEBUG=maybe\n"


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_file_is_judged_alone(call: Run, good: Path, directory: Path, format_: str) -> None:
    """It is judged as by --isolated --env-file, and neither .env nor the environment is read."""
    (directory / ".env").write_text(BROKEN)
    (directory / "pyproject.toml").write_text('[tool.workerctl]\nsecrets_dir = "missing"\n')
    environ = {"DEBUG": "true", "WORKERCTL_ENV_FILE": "nowhere.env"}
    done = call("check", good.name, "--format", format_, environ=environ)
    (directory / "pyproject.toml").unlink()
    same = call("check", "--isolated", "--env-file", good.name, "--format", format_)

    assert done.returncode == same.returncode == 0
    assert _untimed(done.stdout).replace(f" · {good.name} ·", " ·", 1) == _untimed(same.stdout)


def _untimed(text: str) -> str:
    return re.sub(r'"seconds": .*', "", text)


def test_each_of_several_files_has_a_section(
    call: Run, good: Path, bad: Path, directory: Path
) -> None:
    """
    Each is judged for the environment that it names, and the worst exit code counts.

    Only SEC001 looks at the others.
    """
    (directory / "dev.env").write_text("ENV=development\n")
    alone = ("check", "--ignore", "SEC001")
    done = call(*alone, "good.env", "dev.env", "bad.env", "good.env")

    sections = re.findall(r"^workerctl \S+ · (.*) · .* judged as (\w+) ", done.stdout, re.MULTILINE)
    assert [(name.partition(" ")[0], env) for name, env in sections] == [
        ("good.env", "production"),
        ("dev.env", "development"),
        ("bad.env", "production"),
    ]
    for name in ("good.env", "bad.env"):
        assert call(*alone, name).stdout in done.stdout
    assert done.stdout.endswith("\n1 of 3 configurations failed: bad.env · exit code 1\n")
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ("good.env good2.env", 0),
        ("good.env bad.env", 1),
        ("bad.env missing.env", 2),
        ("missing.env good.env", 2),
    ],
)
def test_the_worst_exit_code_counts(
    call: Run, good: Path, bad: Path, names: str, code: int
) -> None:
    """A file that cannot be read does not keep the others from being judged."""
    shutil.copy(good, good.with_name("good2.env"))
    done = call("check", *names.split())
    document = json.loads(call("check", *names.split(), "--format", "json").stdout)

    assert done.returncode == document["exit_code"] == code
    assert [one.pop("name") for one in document["reports"]] == names.split()
    for name, one in zip(names.split(), document["reports"], strict=True):
        alone = call("check", name, "--format", "json")
        assert _untimed(json.dumps(one, indent=2)) == _untimed(alone.stdout.rstrip("\n"))
    assert ("missing.env does not exist." in done.stderr) == (code == 2)


def test_the_report_of_several_files_may_go_to_a_file(
    call: Run, good: Path, bad: Path, directory: Path
) -> None:
    """Standard error has the last line."""
    plain = call("check", "good.env", "bad.env")
    done = call("check", "good.env", "bad.env", "--output", "report.txt")
    lost = call("check", "good.env", "bad.env", "--output", "missing/report.txt")

    assert (done.returncode, done.stdout) == (1, "")
    assert (directory / "report.txt").read_text("utf-8") == plain.stdout
    assert done.stderr == plain.stdout.splitlines()[-1] + "\n"
    assert (lost.returncode, lost.stdout) == (1, "")
    assert "could not be written to missing/report.txt" in lost.stderr


def test_a_settings_class_judges_each_file(call: Run, directory: Path) -> None:
    """The class that the project names is used for each file."""
    (directory / "sized_config.py").write_text(
        "from pydantic_settings import BaseSettings\n\n\nclass Own(BaseSettings):\n    size: int\n"
    )
    (directory / "one.env").write_text("SIZE=1\n")
    (directory / "two.env").write_text("SIZE=two\n")
    done = call("check", "one.env", "two.env", "--settings", "sized_config:Own")

    assert done.returncode == 1
    assert "SET001 SIZE must be a whole number." in done.stdout
    assert "two.env:1" in done.stdout


def test_a_secret_among_several_files_is_not_named(call: Run, good: Path) -> None:
    """Neither the section nor the document names it."""
    secret = f"x/{Mint(8).token()}"
    for format_ in ("text", "json"):
        done = call("check", good.name, secret, "--format", format_)

        assert done.returncode == 2
        assert secret[2:8] not in done.stdout + done.stderr
