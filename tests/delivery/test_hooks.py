"""
Tests of the hooks for pre-commit, which runs them for real, from a clone of a local repository.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.delivery.conftest import BROKEN, LINE, PROGRAM, ROOT, Team
from tests.support.distributions import built
from tests.support.pages import files
from tests.support.programs.github import loaded

pytestmark = pytest.mark.any_python

HOOKS = ".pre-commit-hooks.yaml"
PAGE = ROOT / "docs/how-to/pre-commit.md"
Commit = Callable[..., CompletedProcess[str]]


def git(folder: Path, *arguments: str) -> None:
    """
    Run git in a folder, as somebody.
    """
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def repository(folder: Path) -> Path:
    """
    Make a repository of a folder, with everything in it committed to the branch main.
    """
    git(folder, "init", "--initial-branch=main")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--message=Begin")
    return folder


@pytest.fixture
def hooks(tmp_path: Path) -> Path:
    """
    Return a repository that holds nothing but the hooks.
    """
    (tmp_path / "hooks").mkdir()
    shutil.copy(ROOT / HOOKS, tmp_path / "hooks")
    return repository(tmp_path / "hooks")


@pytest.fixture
def commit(team: Team, tmp_path: Path, environ: dict[str, str]) -> Commit:
    """
    Return a function that runs the configuration of the page which names a hook, on every file.
    """

    def commit(hook: str, source: Path, env: dict[str, str] | None = None) -> CompletedProcess[str]:
        (shown,) = (text for text in files(PAGE, ".pre-commit-config.yaml") if hook in text)
        shown = shown.replace("https://github.com/workerctl/workerctl", str(source))
        (team.path / ".pre-commit-config.yaml").write_text(shown, "utf-8")
        repository(team.path)
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never"],
            cwd=team.path,
            env={**environ, "PRE_COMMIT_HOME": str(tmp_path / "cache"), **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )

    return commit


def path_with(program: Path, folder: Path) -> str:
    """
    Return a PATH on which a program is, and git.
    """
    folder.mkdir()
    (folder / program.name).symlink_to(program)
    return f"{folder}:/usr/bin:/bin"


def test_one_broken_target_of_three_fails_the_hook_of_the_project(
    commit: Commit, hooks: Path, tmp_path: Path
) -> None:
    """
    `workerctl-check` runs the workerctl of the project's environment once, on every target.
    """
    done = commit("workerctl-check", hooks, {"PATH": path_with(PROGRAM, tmp_path / "bin")})

    assert done.returncode == 1
    assert f"{BROKEN}:{LINE}" in done.stdout
    assert "- exit code: 1" in done.stdout
    assert "1 of 3 configurations failed: production" in done.stdout


def test_the_hook_of_the_project_passes_a_mended_one(
    commit: Commit, hooks: Path, team: Team, tmp_path: Path
) -> None:
    """
    Without findings, the commit may proceed.
    """
    team.mend()
    done = commit("workerctl-check", hooks, {"PATH": path_with(PROGRAM, tmp_path / "bin")})

    assert done.returncode == 0, done.stdout


@pytest.mark.environments
def test_the_hook_of_files_is_installed_from_a_clone(
    commit: Commit, team: Team, tmp_path: Path
) -> None:
    """
    `workerctl-files` is installed by pre-commit from what is published, and judges each env file.

    Its installation needs a package index.
    """
    with tarfile.open(built("sdist", tmp_path)) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    source = repository(next((tmp_path / "source").iterdir()))
    index = {name: text for name, text in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    index["XDG_CONFIG_DIRS"] = os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg")
    # The hook must find what pre-commit installs, not what is on the path of the tests.
    done = commit("workerctl-files", source, {**index, "PYTHONPATH": ""})

    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{BROKEN}:{LINE}" in done.stdout
    assert "deploy/staging.env" in done.stdout

    team.mend()
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files"]
    home = {"HOME": str(tmp_path), "PRE_COMMIT_HOME": str(tmp_path / "cache")}
    again = subprocess.run(
        command, cwd=team.path, env={"PATH": "/usr/bin:/bin", **home}, check=False
    )
    assert again.returncode == 0


@pytest.mark.parametrize(
    ("path", "is_judged"),
    [
        (".env", True),
        (".env.production", True),
        ("deploy/production.env", True),
        ("examples/production.env", True),
        (".env.example", False),
        ("env/sample.env", False),
        ("staging-template.env", False),
        ("dist.env", False),
        ("pyproject.toml", False),
        ("environment.py", False),
    ],
)
def test_the_hook_of_files_judges_env_files_that_are_no_templates(
    path: str, is_judged: bool
) -> None:
    """
    Each is an argument of `workerctl check`, so that a broken file fails the hook.
    """
    hook = {one["id"]: one for one in loaded(ROOT / HOOKS)}["workerctl-files"]
    is_excluded = re.search(hook["exclude"], path) is not None

    assert (re.search(hook["files"], path) is not None and not is_excluded) == is_judged
    assert hook["entry"] == "workerctl check"
    assert hook.get("pass_filenames", True)


def test_the_page_shows_both_hooks() -> None:
    """
    Every hook is in the page in one configuration.
    """
    shown = files(PAGE, ".pre-commit-config.yaml")

    assert len(shown) == 2
    for one in loaded(ROOT / HOOKS):
        assert sum(f"id: {one['id']}\n" in text for text in shown) == 1


def test_the_readme_shows_a_whole_configuration(tmp_path: Path) -> None:
    """
    Who has no configuration of pre-commit yet can copy it, with both hooks.
    """
    (shown,) = files(ROOT / "README.md", ".pre-commit-config.yaml")
    (tmp_path / "config.yaml").write_text(shown, "utf-8")
    command = [sys.executable, "-m", "pre_commit", "validate-config", "config.yaml"]
    subprocess.run(command, cwd=tmp_path, check=True)

    (repo,) = loaded(tmp_path / "config.yaml")["repos"]
    assert [each["id"] for each in repo["hooks"]] == [one["id"] for one in loaded(ROOT / HOOKS)]
