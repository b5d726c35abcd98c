"""
Tests of `workerctl init`: what it lists, what it writes, and what it leaves alone.
"""

import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from workerctl.commands.init import table
from workerctl.report.errors import RefusedError

Run = Callable[..., CompletedProcess[str]]

DOCS = Path(__file__).parents[2] / "docs"
OWN = "from workerctl.settings import Settings as Base\nclass Settings(Base):\n    EXTRA: int = 3\n"
PROJECT = '[project]\nname = "acme"   # ours\n\n[tool.ruff]\nline-length = 100\n'
ADDED = '\n[tool.workerctl]\nsettings = "own.config:Settings"\n'
OTHER = "from workerctl.settings import Settings\nclass Other(Settings): ...\n"


@pytest.fixture(name="project")
def _project(directory: Path) -> Iterator[Path]:
    """
    Yield a project with one settings class; modules that are imported from it are forgotten.
    """
    path, known = list(sys.path), set(sys.modules)
    (directory / "own").mkdir()
    (directory / "own/config.py").write_text(OWN)
    (directory / "pyproject.toml").write_text(PROJECT)
    yield directory
    sys.path[:] = path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def test_the_class_is_named_in_pyproject_and_checked(call: Run, project: Path) -> None:
    """The file keeps every byte and its permissions; the report and the next steps come last."""
    file = project / "pyproject.toml"
    file.chmod(0o644)
    done = call("init")

    assert file.read_text() == PROJECT + ADDED
    assert file.stat().st_mode & 0o777 == 0o644
    assert (done.returncode, done.stderr) == (0, "")
    before, _, after = done.stdout.partition("\nworkerctl ")
    report, _, steps = after.partition("\nNext steps\n")
    assert before == (
        "settings    own.config:Settings (own/config.py:2)\n\n"
        "Added to pyproject.toml:\n\n"
        '  [tool.workerctl]\n  settings = "own.config:Settings"\n'
    )
    assert report == call("check").stdout.removeprefix("workerctl ")
    assert [line[:35].strip() for line in steps.splitlines()] == [
        *("workerctl run -- COMMAND", "before each commit", "in CI", "in CI"),
    ]


def test_what_the_project_holds_is_listed(call: Run, project: Path) -> None:
    """Instances, env files, job queues and process files are listed with their files."""
    (project / "own/main.py").write_text("from own.config import Settings\nsettings = Settings()\n")
    (project / "requirements.txt").write_text("celery\n")
    for name in (".env", ".env.example", "Procfile", "compose.yaml"):
        (project / name).touch(0o600)
    done = call("init", "--dry-run")

    assert done.stdout.startswith(
        "settings    own.config:Settings (own/config.py:2)\n"
        "            own.main:settings (own/main.py:2), an instance\n"
        "env files   .env\n"
        "templates   .env.example\n"
        "job queue   celery (requirements.txt)\n"
        "processes   Procfile\n"
        "            compose.yaml\n"
    )


def test_a_dry_run_only_shows(call: Run, project: Path) -> None:
    """Nothing is written, and no module of the project is imported."""
    (project / "own/config.py").write_text(f"{OWN}raise SystemExit\n")
    done = call("init", "--dry-run")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(
        "\n\nThese lines would be added to pyproject.toml:\n\n"
        '  [tool.workerctl]\n  settings = "own.config:Settings"\n'
    )
    assert (project / "pyproject.toml").read_text() == PROJECT
    assert "own" not in sys.modules


@pytest.mark.parametrize(
    ("existing", "said"),
    [
        ("[tool.workerctl]\n", "is not changed. Set in it:\n\n  settings = "),
        ('[tool.workerctl]\nenv_file = "a"\n', "is not changed. Set in it:\n\n  settings = "),
        ("[tool]\nworkerctl = {}\n", "is not changed. Set in it:\n\n  settings = "),
        (
            '[tool.workerctl]\nsettings = "own.other:Other"\n',
            "is not changed. Set in it:\n\n  settings = ",
        ),
        (
            '[tool.workerctl]\nsettings = "own.config:Settings"\n',
            "pyproject.toml names own.config:Settings already.\n",
        ),
        (
            "tool = {ruff = {}}\n",
            "cannot be appended. Add these lines to pyproject.toml:\n\n  [tool",
        ),
    ],
)
def test_a_table_that_exists_is_never_changed(
    call: Run, project: Path, existing: str, said: str
) -> None:
    """The lines are shown instead, and the class is checked all the same."""
    (project / "pyproject.toml").write_text(existing)
    (project / ".env").touch(0o600)
    (project / "a").touch(0o600)
    done = call("init", "--settings", "own.config:Settings")

    assert done.returncode == 0
    assert said in done.stdout
    assert "exit code 0\n" in done.stdout
    assert (project / "pyproject.toml").read_text() == existing


def test_the_configured_class_is_kept(call: Run, project: Path) -> None:
    """Without an option, the class that pyproject.toml names is the one to check."""
    (project / "own/other.py").write_text(OTHER)
    (project / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "own.other:Other"\n')

    assert "pyproject.toml names own.other:Other already." in call("init").stdout


def test_a_project_without_the_file_gets_none(call: Run, project: Path) -> None:
    """A pyproject.toml would change how pip builds the project, so the lines are only shown."""
    (project / "pyproject.toml").unlink()
    done = call("init")

    assert done.returncode == 0
    assert "There is no pyproject.toml. Create one with these lines:" in done.stdout
    assert not (project / "pyproject.toml").exists()


def test_the_project_is_found_from_below(call: Run, project: Path) -> None:
    """In a folder of the project, the file above is the one that is changed."""
    os.chdir(project / "own")
    done = call("init")

    assert done.returncode == 0
    assert (project / "pyproject.toml").read_text() == PROJECT + ADDED


def test_a_file_that_cannot_be_replaced_is_left_alone(call: Run, project: Path) -> None:
    """A link is not replaced by a file; the lines are shown instead."""
    (project / "pyproject.toml").rename(project / "real.toml")
    (project / "pyproject.toml").symlink_to("real.toml")
    done = call("init")

    assert done.returncode == 0
    assert "pyproject.toml is a symbolic link. Add these lines to pyproject.toml:" in done.stdout
    assert (project / "pyproject.toml").read_text() == PROJECT


def test_a_class_that_cannot_be_loaded_is_not_configured(call: Run, project: Path) -> None:
    """Every later check would fail; the exit code is that of the check."""
    (project / "own/config.py").write_text(f"{OWN}raise KeyError('x')\n")
    done = call("init")

    assert done.returncode == 2
    assert "nothing was written" in done.stdout
    assert "own.config:Settings cannot be loaded (KeyError at own/config.py:4)" in done.stderr
    assert (project / "pyproject.toml").read_text() == PROJECT


def test_findings_do_not_prevent_the_table(call: Run, project: Path) -> None:
    """The exit code is that of the check, whose findings are the next thing to look at."""
    done = call("init", environ={"ENV": "production"})

    assert done.returncode == 1
    assert (project / "pyproject.toml").read_text() == PROJECT + ADDED


def test_of_several_classes_one_has_to_be_chosen(call: Run, project: Path) -> None:
    """If it is not clear which one the project uses, they are listed and nothing is written."""
    (project / "own/other.py").write_text(OTHER)
    done = call("init")

    assert done.returncode == 2
    assert done.stderr == (
        "workerctl: The project has several settings classes: own.config:Settings, "
        "own.other:Other. Choose one, for example with --settings own.config:Settings.\n"
    )
    assert "own.other:Other (own/other.py:2)" in done.stdout
    assert (project / "pyproject.toml").read_text() == PROJECT
    assert call("init", "--settings", "own.other:Other").returncode == 0
    assert '"own.other:Other"' in (project / "pyproject.toml").read_text()


def test_a_project_without_a_class_has_nothing_to_configure(call: Run, directory: Path) -> None:
    """The message names the way to name a class, and the command that needs none."""
    done = call("init")

    assert (done.returncode, done.stdout) == (2, "")
    assert re.match(r"workerctl: No class derived from .* was found\. Name one", done.stderr)


@pytest.mark.parametrize("words", [["--dry-run"], []])
def test_a_target_of_another_form_is_refused(call: Run, project: Path, words: list[str]) -> None:
    """It is not repeated, because it may be a misplaced secret, nor written."""
    done = call("init", *words, "--settings", 'a:B"\nx = 1')

    assert done.returncode == 2
    assert "is not named in the form module:NAME" in done.stderr
    assert (project / "pyproject.toml").read_text() == PROJECT


# --- the next steps ---


def test_the_targets_that_are_shown_can_be_declared(call: Run, project: Path) -> None:
    """Each env file gets a target; those that are appended to pyproject.toml are judged by init."""
    files = (".env", ".env.staging", "deploy/production.env", "worker/.env", "api/production.env")
    for file in files:
        (project / file).parent.mkdir(exist_ok=True)
        (project / file).write_text("ENV=development\n")
        (project / file).chmod(0o600)
    done = call("init", "--settings", "own.config:Settings")
    shown = done.stdout.partition("for example:\n")[2].partition("  workerctl check ")[0]
    toml = project / "pyproject.toml"
    toml.write_text(toml.read_text() + re.sub("(?m)^    ", "", shown))

    assert tomllib.loads(toml.read_text())["tool"]["workerctl"] == {
        "settings": "own.config:Settings",
        "target": [
            {"name": "staging", "env": "staging", "env_file": ".env.staging"},
            {"name": "production", "env": "production", "env_file": "api/production.env"},
            {
                "name": "deploy-production",
                "env": "production",
                "env_file": "deploy/production.env",
            },
            {"name": "worker", "env_file": "worker/.env"},
        ],
    }
    again = call("init")
    assert "3 of 4 configurations failed" in again.stdout
    assert "for example" not in again.stdout
    assert "--write-baseline" in again.stdout
    call("check", "--write-baseline")
    assert "--write-baseline" not in call("init").stdout


def test_no_more_targets_are_shown_than_can_be_read(call: Run, project: Path) -> None:
    """A path that needs an escape in TOML is left out."""
    for name in ('a"b/dev.env', *(f"env-{number}/dev.env" for number in range(9))):
        (project / name).parent.mkdir()
        (project / name).touch(0o600)
    done = call("init")

    assert done.stdout.count("[[tool.workerctl.target]]") == 6
    assert done.stdout.count('env = "development"') == 6
    assert 'env_file = "a' not in done.stdout


@pytest.mark.parametrize(
    ("present", "left"),
    [
        ({}, ["pre-commit", "github-actions", "gitlab"]),
        ({".gitlab-ci.yml": "stages: []"}, ["pre-commit", "gitlab"]),
        ({".github/workflows/test.yaml": "on: push"}, ["pre-commit", "github-actions"]),
        ({".gitlab-ci.yml": "workerctl check"}, ["pre-commit"]),
        ({".github/workflows/test.yml": "- uses: workerctl/workerctl@main"}, ["pre-commit"]),
        ({".pre-commit-config.yaml": "- id: workerctl-files"}, ["github-actions", "gitlab"]),
        ({".pre-commit-config.yaml": "repos: []"}, ["pre-commit", "github-actions", "gitlab"]),
    ],
)
def test_what_is_there_is_no_next_step(
    call: Run, project: Path, present: dict[str, str], left: list[str]
) -> None:
    """A page is named for each place that does not call workerctl yet."""
    for file, text in present.items():
        (project / file).parent.mkdir(parents=True, exist_ok=True)
        (project / file).write_text(text)
    shown = re.findall(r"docs/how-to/([a-z-]+)\.md", call("init").stdout)

    assert shown == left
    assert all((DOCS / f"how-to/{page}.md").is_file() for page in shown)


def test_without_a_check_there_is_no_next_step(call: Run, project: Path) -> None:
    """What comes next is to correct the class."""
    (project / "own/config.py").write_text(f"{OWN}raise KeyError('x')\n")

    assert "Next steps" not in call("init").stdout


# --- the table ---


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"", b'[tool.workerctl]\nsettings = "a:B"\n'),
        (b"x = 1\n", b'x = 1\n\n[tool.workerctl]\nsettings = "a:B"\n'),
        (b"x = 1", b'x = 1\n\n[tool.workerctl]\nsettings = "a:B"\n'),
        (b"x = 1\r\n", b'x = 1\r\n\r\n[tool.workerctl]\r\nsettings = "a:B"\r\n'),
        (b"[[a]]\n# end", b'[[a]]\n# end\n\n[tool.workerctl]\nsettings = "a:B"\n'),
        ("k = 'é'\n".encode(), "k = 'é'\n\n[tool.workerctl]\nsettings = \"a:B\"\n".encode()),
    ],
)
def test_the_table_is_appended(old: bytes, new: bytes) -> None:
    """The old bytes stay at the start, and the line ends are those of the file."""
    assert table.with_table(old, "a:B") == new
    assert tomllib.loads(new.decode())["tool"]["workerctl"] == {"settings": "a:B"}


@pytest.mark.parametrize(
    "old",
    [
        b"tool = 1\n",
        b"tool = {}\n",
        b"[tool]\nworkerctl = {}\n",
        b"[tool.workerctl.rules]\n",
        b"[[tool.workerctl.ignore]]\n",
        b"tool.workerctl.settings = 'x:Y'\n",
        b"not toml",
        b"\xff = 1\n",
    ],
)
def test_a_table_that_cannot_be_appended_is_refused(old: bytes) -> None:
    """Anything that would not be the same document with the table added is refused."""
    with pytest.raises(RefusedError):
        table.with_table(old, "a:B")
