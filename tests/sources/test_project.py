"""
Tests of the project: which pyproject.toml counts, what it may contain, and how it names objects.
"""

import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.leaks.oracle import Mint, Oracle, texts
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


@pytest.fixture(name="module")
def _module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], Project]]:
    """
    Yield a function that writes a module next to pyproject.toml; what its import changes is undone.
    """
    path, known = list(sys.path), set(sys.modules)
    monkeypatch.chdir(tmp_path)  # messages name files relative to it

    def module(name: str, text: str) -> Project:
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
        return Project(tmp_path)

    yield module
    sys.path[:] = path
    for name in set(sys.modules) - known:
        del sys.modules[name]


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


def test_a_named_object_is_loaded(module: Callable[[str, str], Project]) -> None:
    """The directory of pyproject.toml becomes the first entry of sys.path."""
    team = module("team_first", "TABLE = (1, 2)\n")
    sys.path.append(str(team.directory))

    assert project.load(team, "team_first:TABLE") == (1, 2)
    assert sys.path[0] == str(team.directory)
    assert project.load(team, "team_first:TABLE") == (1, 2)
    assert sys.path.count(str(team.directory)) == 2


@pytest.mark.parametrize("target", ["", ":", "a:B\n", "a:tK9vQ2mX7c", "tK9vQ2mX7c:a", "a b:C"])
def test_a_target_has_the_form_module_name(tmp_path: Path, target: str) -> None:
    """A target of another form is not repeated where it may be a misplaced secret."""
    with pytest.raises(ProjectError) as caught:
        project.load(Project(tmp_path), target + "!")
    assert caught.value.message == (
        "A settings class or a table of checks is not named in the form module:NAME."
    )


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("app", "app:Settings"),
        ("app:", "app:Settings"),
        ("app.config.Checks", "app.config:Checks"),
        ("app/config.py", "app.config:Settings"),
        ("app/config.py:Checks", "app.config:Checks"),
        ("./config.py", "config:Settings"),
        ("app:Outer.Inner", None),
        (":Settings", None),
    ],
)
def test_a_target_that_cannot_be_a_secret_is_named(
    tmp_path: Path, target: str, hint: str | None
) -> None:
    """A path, or a name after a dot, gets the form that it should have."""
    with pytest.raises(ProjectError) as caught:
        project.load(Project(tmp_path), target)
    assert caught.value.message == f"{target} does not have the form module:Name."
    usual = "Write it like `app.config:Settings`."
    assert caught.value.hint == (usual if hint is None else f"Did you mean {hint}?")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("raise KeyError('{word}')", "KeyError at team_fails.py:1"),
        ("\nint('{word}')", "ValueError at team_fails.py:2"),
        ("raise SystemExit('{word}')", "SystemExit at team_fails.py:1"),
        ("import sys; sys.exit(0)", "SystemExit at team_fails.py:1"),
        ("x = 1\n'{word}' +", "SyntaxError at team_fails.py:2"),
        ("raise ModuleNotFoundError(name='{word}')", "ModuleNotFoundError at team_fails.py:1"),
        ("import importlib\nimportlib.import_module('{word}')", "ModuleNotFoundError at"),
        ("x = 1", "AttributeError"),
    ],
)
def test_a_failing_module_is_reported_by_the_type_of_its_exception(
    module: Callable[[str, str], Project], code: str, kind: str
) -> None:
    """The text, cause and frames of the exception may hold a value."""
    word = Mint(3).token()
    team = module("team_fails", code.format(word=word))

    with pytest.raises(ProjectError) as caught:
        project.load(team, "team_fails:TABLE")
    assert caught.value.message.startswith(f"team_fails:TABLE cannot be loaded ({kind}")
    assert caught.value.hint == 'Try `python -c "import team_fails"`.'
    assert Oracle([word]).leaks("\n".join(texts(caught.value))) == []


def test_a_missing_module_is_reported(module: Callable[[str, str], Project]) -> None:
    """A missing module is named, as is a dependency of one, by the line that imports it."""
    team = module("team_there", "\nfrom no_such_package.models import Model\n")

    with pytest.raises(ProjectError, match="there is no module no_such_module_of_a_team"):
        project.load(team, "no_such_module_of_a_team:TABLE")
    with pytest.raises(ProjectError, match=r"ModuleNotFoundError at team_there\.py:2") as caught:
        project.load(team, "team_there:TABLE")
    missing = f"no_such_package is not installed in the environment of workerctl, {sys.prefix}"
    assert (caught.value.hint or "").startswith(missing)


def test_in_a_hook_the_hint_is_its_language(
    module: Callable[[str, str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    """pre-commit installs a hook into an environment without a team's dependencies."""
    monkeypatch.setenv("PRE_COMMIT", "1")
    team = module("team_hook", "import no_such_package\n")

    with pytest.raises(ProjectError) as caught:
        project.load(team, "team_hook:TABLE")
    assert "use `language: system` for the hook" in (caught.value.hint or "")


def test_an_interrupt_is_not_swallowed(module: Callable[[str, str], Project]) -> None:
    """KeyboardInterrupt during an import propagates."""
    team = module("team_waits", "raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        project.load(team, "team_waits:TABLE")


def test_what_a_module_prints_is_not_in_the_report(
    module: Callable[[str, str], Project], capsys: pytest.CaptureFixture[str]
) -> None:
    """The output of an imported module goes to standard error."""
    project.load(module("team_talks", "TABLE = ()\nprint('hello')\n"), "team_talks:TABLE")

    assert capsys.readouterr() == ("", "hello\n")
