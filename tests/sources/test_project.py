"""
Tests of the project: which pyproject.toml counts, and what it may contain.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from workerctl.report.errors import ProjectError
from workerctl.report.findings import Suppression
from workerctl.sources import project
from workerctl.sources.project import Project

Write = Callable[[str], Project]


@pytest.fixture(name="write")
def _write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return a function that writes pyproject.toml to the working directory and loads it."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Project:
        (tmp_path / "pyproject.toml").write_text(text, "utf-8")
        return project.here()

    return write


def test_the_nearest_project_counts(tmp_path: Path) -> None:
    """Only the nearest pyproject.toml at or above the start counts, whatever it contains."""
    outer, inner = tmp_path, tmp_path / "a"
    start = inner / "b" / "c"
    start.mkdir(parents=True)
    (outer / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "outer:S"\n')
    assert project.find(start) == Project(outer, "outer:S")

    (inner / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "inner:S"\n')
    assert project.find(start) == Project(inner, "inner:S")

    (start / "pyproject.toml").write_text('[project]\nname = "other"\n')
    assert project.find(start) == Project(start)


def test_without_a_project_nothing_is_configured(tmp_path: Path) -> None:
    """Without a pyproject.toml, the project is the given directory."""
    assert project.find(tmp_path) == Project(tmp_path)


def test_a_directory_of_that_name_is_skipped(tmp_path: Path) -> None:
    """A directory named pyproject.toml is ignored."""
    (tmp_path / "pyproject.toml").mkdir()

    assert project.find(tmp_path) == Project(tmp_path)


def test_a_deleted_working_directory_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deleted working directory is an error with its own message."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(ProjectError, match=r"^The working directory no longer exists\.$"):
        project.here()


def test_every_key_is_read(write: Write, tmp_path: Path) -> None:
    """Every key is read, and paths in the working directory stay relative."""
    found = write(
        """
        [tool.workerctl]
        settings = "workers.settings:Settings"
        checks = ["workers.checks:CHECKS", "more:CHECKS"]
        env_file = [".env", "local.env"]
        secrets_dir = "secrets"
        preload = "workers.jobs"
        pipeline = {}

        [[tool.workerctl.ignore]]
        code = "RED003"
        reason = " rebuilt from the database "
        until = 2027-01-31

        [[tool.workerctl.ignore]]
        code = "ENV003"
        reason = "known"
        until = 2027-02-28
        env = ["staging", "development"]
        field = "DEBUG"
        """
    )

    assert found == Project(
        tmp_path,
        "workers.settings:Settings",
        ("workers.checks:CHECKS", "more:CHECKS"),
        (".env", "local.env"),
        "secrets",
        (
            Suppression("RED003", "rebuilt from the database", date(2027, 1, 31)),
            Suppression("ENV003", "known", date(2027, 2, 28), ("staging", "development"), "DEBUG"),
        ),
        preload=("workers.jobs",),
        pipeline={},
    )


def test_a_single_item_may_be_a_string(write: Write) -> None:
    """A single item need not be in a list."""
    found = write('[tool.workerctl]\nchecks = "a:B"\nenv_file = ".env"\n')

    assert (found.checks, found.env_files) == (("a:B",), (".env",))


def test_paths_are_relative_to_the_project(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a directory below the project, paths are absolute."""
    write('[tool.workerctl]\nenv_file = [".env", "/etc/worker.env"]\nsecrets_dir = "secrets"\n')
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)

    found = project.here()
    assert found.env_files == (str(tmp_path / ".env"), "/etc/worker.env")
    assert found.secrets_dir == str(tmp_path / "secrets")


@pytest.mark.parametrize(
    "text", ["", "[tool]\n", "[tool.other]\nx = 1\n", "tool = 1\n", "[tool.workerctl]\n"]
)
def test_a_project_without_the_table_configures_nothing(
    write: Write, tmp_path: Path, text: str
) -> None:
    """A pyproject.toml without a table of workerctl still determines the project's directory."""
    assert write(text) == Project(tmp_path)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "[tool.workerctl]\nsetings = 1\n",
            "setings is not a known setting.",
            "Did you mean settings?",
        ),
        ("[tool.workerctl]\nxyz = 1\n", "xyz is not a known setting.", None),
        ("[tool.workerctl]\nsettings = 1\n", "settings must be a string.", None),
        ("[tool.workerctl]\nsecrets_dir = []\n", "secrets_dir must be a string.", None),
        ("[tool.workerctl]\nenv_file = 1\n", "env_file must be a string or a list", None),
        ("[tool.workerctl]\nenv_file = [1]\n", "env_file must be a string or a list", None),
        ("[tool.workerctl]\nchecks = {}\n", "checks must be a string or a list", None),
        ("[tool.workerctl]\nignore = 1\n", "ignore must be an array of tables.", None),
        ("[tool.workerctl.ignore]\ncode = 1\n", "ignore must be an array of tables.", None),
        ("[tool.workerctl]\npipeline = []\n", "pipeline must be a table.", None),
        ("[tool]\nworkerctl = 1\n", "is not a table.", None),
    ],
)
def test_an_invalid_table_is_reported(
    write: Write, text: str, message: str, hint: str | None
) -> None:
    """The message names the key, and the hint the closest known one."""
    with pytest.raises(ProjectError) as caught:
        write(text)

    assert message in caught.value.message
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[tool.workerctl", ":1 is not valid TOML"),
        (b"settings = 'caf\xe9'", " is not UTF-8"),
        (b"\na = 1\na = 2\n", ":3:6 is not valid TOML"),
        (b"\nsettings == 3\n", ":2:11 is not valid TOML"),
        (b'a = """\n\nb', ":3 is not valid TOML"),
        (b"a = " + b"[" * 10_000, " is not valid TOML"),
        (b"a = " + b"9" * 5_000, " is not valid TOML"),
    ],
    ids=["syntax", "encoding", "twice", "equals", "end", "depth", "digits"],
)
def test_invalid_toml_is_reported_with_its_place(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    """The message contains the path, line and column, but nothing of the text."""
    (tmp_path / "pyproject.toml").write_bytes(content)

    with pytest.raises(ProjectError) as caught:
        project.find(tmp_path)
    assert caught.value.message == f"{tmp_path / 'pyproject.toml'}{problem}."
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('reason = "x"\nuntil = 2027-01-31', "needs a code and a reason."),
        ('code = "RED003"\nuntil = 2027-01-31', "needs a code and a reason."),
        ('code = "RED003"\nreason = " "\nuntil = 2027-01-31', "needs a code and a reason."),
        ('code = 3\nreason = "x"\nuntil = 2027-01-31', "needs a code and a reason."),
        ('code = "RED003"\nreason = "x"', "The suppression of RED003 needs a date `until`."),
        (
            'code = "RED003"\nreason = "x"\nuntil = "2027-01-31"',
            "The suppression of RED003 needs a date `until`.",
        ),
        (
            'code = "RED003"\nreason = "x"\nuntil = 2027-01-31T00:00:00',
            "The suppression of RED003 needs a date `until`.",
        ),
        ('code = "RED003"\nreason = "x"\nuntil = 2027-01-31\nenv = 1', "env must be a string"),
        (
            'code = "RED003"\nreason = "x"\nuntil = 2027-01-31\nenvs = []',
            "envs is not a known setting.",
        ),
        (
            'code = "RED003"\nreason = "x"\nuntil = 2027-01-31\nfield = ["A"]',
            "The field of the suppression of RED003 must be a string.",
        ),
    ],
)
def test_a_suppression_needs_code_reason_and_date(write: Write, entry: str, message: str) -> None:
    """A suppression without a reason and an end date would stay forever."""
    with pytest.raises(ProjectError) as caught:
        write(f"[[tool.workerctl.ignore]]\n{entry}\n")
    assert message in caught.value.message


def test_a_suppression_is_a_table(write: Write) -> None:
    """A code without a reason and a date is refused."""
    with pytest.raises(ProjectError, match="must be a table"):
        write('[tool.workerctl]\nignore = ["RED003"]\n')
