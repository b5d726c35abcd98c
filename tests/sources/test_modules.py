"""
Tests of importing what a project names: where modules are found, and how failures are reported.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.leaks.oracle import Mint, Oracle, texts
from tests.support import imports
from workerctl.report.errors import ProjectError
from workerctl.sources import modules
from workerctl.sources.project import Project


@pytest.fixture(name="module")
def _module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], Project]]:
    """
    Yield a function that writes a module next to pyproject.toml; what its import changes is undone.
    """
    monkeypatch.chdir(tmp_path)  # messages name files relative to it

    def module(name: str, text: str) -> Project:
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
        return Project(tmp_path)

    with imports.undone(tmp_path):
        yield module


def test_a_named_object_is_loaded(module: Callable[[str, str], Project]) -> None:
    """The directory of pyproject.toml becomes the first entry of sys.path."""
    team = module("team_first", "TABLE = (1, 2)\n")
    sys.path.append(str(team.directory))

    assert modules.load(team, "team_first:TABLE") == (1, 2)
    assert sys.path[0] == str(team.directory)
    assert modules.load(team, "team_first:TABLE") == (1, 2)
    assert sys.path.count(str(team.directory)) == 2


@pytest.mark.parametrize("target", ["", ":", "a:B\n", "a:tK9vQ2mX7c", "tK9vQ2mX7c:a", "a b:C"])
def test_a_target_has_the_form_module_name(tmp_path: Path, target: str) -> None:
    """A target of another form is not repeated where it may be a misplaced secret."""
    with pytest.raises(ProjectError) as caught:
        modules.load(Project(tmp_path), target + "!")
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
        modules.load(Project(tmp_path), target)
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
        modules.load(team, "team_fails:TABLE")
    assert caught.value.message.startswith(f"team_fails:TABLE cannot be loaded ({kind}")
    assert caught.value.hint == 'Try `python -c "import team_fails"`.'
    assert Oracle([word]).leaks("\n".join(texts(caught.value))) == []


def test_a_missing_module_is_reported(module: Callable[[str, str], Project]) -> None:
    """A missing module is named, as is a dependency of one, by the line that imports it."""
    team = module("team_there", "\nfrom no_such_package.models import Model\n")

    with pytest.raises(ProjectError, match="there is no module no_such_module_of_a_team"):
        modules.load(team, "no_such_module_of_a_team:TABLE")
    with pytest.raises(ProjectError, match=r"ModuleNotFoundError at team_there\.py:2") as caught:
        modules.load(team, "team_there:TABLE")
    missing = f"no_such_package is not installed in the environment of workerctl, {sys.prefix}"
    assert (caught.value.hint or "").startswith(missing)


@pytest.mark.parametrize(
    ("variable", "hints"),
    [
        ("PRE_COMMIT", ["`additional_dependencies` of the hook", "`language: system`"]),
        ("GITHUB_ACTION_PATH", ["the input `executable` of the action"]),
    ],
)
def test_a_hook_and_an_action_say_how_they_get_what_is_missing(
    module: Callable[[str, str], Project],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    hints: list[str],
) -> None:
    """Both install workerctl into an environment without a team's dependencies."""
    monkeypatch.setenv(variable, "1")
    team = module("team_hook", "import no_such_package\n")

    with pytest.raises(ProjectError) as caught:
        modules.load(team, "team_hook:TABLE")
    assert [hint for hint in hints if hint not in (caught.value.hint or "")] == []


def test_an_interrupt_is_not_swallowed(module: Callable[[str, str], Project]) -> None:
    """KeyboardInterrupt during an import propagates."""
    team = module("team_waits", "raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        modules.load(team, "team_waits:TABLE")


def test_what_a_module_prints_is_not_in_the_report(
    module: Callable[[str, str], Project], capsys: pytest.CaptureFixture[str]
) -> None:
    """The output of an imported module goes to standard error."""
    modules.load(module("team_talks", "TABLE = ()\nprint('hello')\n"), "team_talks:TABLE")

    assert capsys.readouterr() == ("", "hello\n")
