"""
Tests of `--diff-from`: findings of files that have not changed are counted, and do not fail.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.leaks.oracle import Mint

Run = Callable[..., CompletedProcess[str]]

BAD = "ENV=production\nDEBUG=true\nENCRYPTION_KEY=\n"
FILES = ("--env-file", "a.env", "--env-file", "b.env")
ONE = ("--select", "ENV003", "--isolated", "--env-file", "a.env")


def git(*words: str) -> str:
    """
    Run git in the working directory, without the configuration of the machine.
    """
    environ = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{
            f"GIT_{who}_{what}": "a@b.invalid"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    }
    done = subprocess.run(["git", *words], env=environ, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(name="repository")
def _repository(directory: Path) -> Path:
    """
    Return a repository with two env files in its only commit, on the branch main.
    """
    for name in ("a.env", "b.env"):
        written(directory / name, BAD)
    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "--message=first")
    return directory


def written(path: Path, text: str) -> None:
    """
    Write a private file.
    """
    path.write_text(text)
    path.chmod(0o600)


def codes(done: CompletedProcess[str]) -> list[tuple[str, str | None]]:
    """
    Return the code and file of each finding that counts, in a JSON document.
    """
    return [
        (finding["code"], (finding["location"] or {}).get("file"))
        for check in json.loads(done.stdout)["checks"]
        for finding in check["findings"]
        if finding["state"] == "open"
    ]


def test_findings_of_unchanged_files_are_counted(call: Run, repository: Path) -> None:
    """
    They are not listed and do not fail; a sentence and the summary count them.
    """
    assert call("check", *ONE).returncode == 1
    done = call("check", *ONE, "--diff-from", "main")

    assert done.returncode == 0
    assert "1 finding in files that have not changed since main.\n" in done.stdout
    assert "1 unchanged · exit code 0" in done.stdout
    assert "✗" not in done.stdout


@pytest.mark.parametrize("revision", ["main", "HEAD", "v1", "abbreviated", "HEAD~0"])
def test_findings_of_a_changed_file_are_reported(
    call: Run, repository: Path, revision: str
) -> None:
    """
    A branch, a tag and a commit can be named; committed and other changes count alike.
    """
    git("tag", "v1")
    if revision == "abbreviated":
        revision = git("rev-parse", "--short", "HEAD")
    written(repository / "a.env", f"{BAD}# changed\n")
    done = call("check", *ONE, "--diff-from", revision)
    assert (done.returncode, "not changed" in done.stdout) == (1, False)
    git("checkout", "--quiet", "-b", "feature")
    git("commit", "--quiet", "--all", "--message=second")
    assert call("check", *ONE, "--diff-from", "main").returncode == 1
    assert call("check", *ONE, "--diff-from", "feature").returncode == 0


def test_each_file_is_compared_by_itself(call: Run, repository: Path) -> None:
    """
    Of two files, only the changed one is reported; what is in no file is counted.
    """
    written(repository / "b.env", "OPENAI_API_KEY=sk-replace-me\n")
    done = call("check", *FILES, "--format", "json", "--diff-from", "main")

    found = codes(done)
    assert found
    assert {file for _, file in found} == {"b.env"}
    assert json.loads(done.stdout)["summary"]["unchanged"] > 0


@pytest.mark.parametrize("case", ["untracked", "ignored", "renamed"])
def test_a_file_without_a_history_has_changed(call: Run, repository: Path, case: str) -> None:
    """
    There is nothing to compare it with; an env file that git ignores is judged in every run.
    """
    name = "new.env"
    if case == "ignored":
        (repository / ".gitignore").write_text("*.env\n")
    if case == "renamed":
        git("mv", "a.env", name)
    written(repository / name, BAD)

    words = ("--select", "ENV003", "--isolated", "--env-file", name)
    assert call("check", *words, "--diff-from", "main").returncode == 1


def test_links_and_line_ends(call: Run, repository: Path) -> None:
    """
    A link is compared, and so is its target; line ends that git converts do not count.
    """
    (repository / "link.env").symlink_to("a.env")
    git("add", ".")
    git("commit", "--quiet", "--message=link")
    words = ("--select", "ENV003", "--isolated", "--env-file", "link.env")
    assert call("check", *words, "--diff-from", "main").returncode == 0
    (repository / "a.env").write_bytes(BAD.replace("\n", "\r\n").encode())
    assert call("check", *words, "--diff-from", "main").returncode == 0
    written(repository / "a.env", f"{BAD}# changed\n")
    assert call("check", *words, "--diff-from", "main").returncode == 1


def test_a_file_outside_of_the_work_tree_has_not_changed(
    call: Run, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """
    The revision says nothing about it, so its findings are counted.
    """
    other = tmp_path_factory.mktemp("other") / "a.env"
    written(other, BAD)
    words = ("--select", "ENV003", "--isolated", "--env-file", str(other))

    assert call("check", *words, "--diff-from", "main").returncode == 0


def test_a_directory_below_is_compared_from_the_root(call: Run, repository: Path) -> None:
    """
    Paths are those of the repository, wherever the run is.
    """
    (repository / "deploy").mkdir()
    written(repository / "deploy" / "c.env", BAD)
    git("add", ".")
    git("commit", "--quiet", "--message=deploy")
    os.chdir(repository / "deploy")
    words = ("--select", "ENV003", "--isolated", "--env-file", "c.env", "--diff-from", "main")

    assert call("check", *words).returncode == 0
    written(Path("c.env"), f"{BAD}# changed\n")
    assert call("check", *words).returncode == 1


def test_known_findings_stay_known(call: Run, repository: Path) -> None:
    """
    The baseline comes first, and what is gone from it is said as without the option.
    """
    call("check", *ONE, "--write-baseline")
    done = call("check", *ONE, "--diff-from", "main")
    assert "1 known · exit code 0" in done.stdout
    assert "unchanged" not in done.stdout


@pytest.mark.parametrize(
    ("revision", "shown"),
    [
        ("nope", "nope, given with --diff-from, does not name a commit."),
        ("--all", "--all, given with --diff-from, does not name a commit."),
        ("--output=a.txt", "The revision, given with --diff-from, does not name a commit."),
        ("^main", "The revision, given with --diff-from, does not name a commit."),
        ("main..HEAD", "does not name a commit."),
        ("main:a.env", "does not name a commit."),
        ("", "The revision, given with --diff-from, does not name a commit."),
        (Mint(3).token(), "The revision, given with --diff-from, does not name a commit."),
    ],
)
def test_a_revision_that_does_not_exist_is_an_error(
    call: Run, repository: Path, revision: str, shown: str
) -> None:
    """
    None of them becomes an option of git, and what may be a secret is not repeated.
    """
    before = sorted(repository.iterdir())
    done = call("check", *ONE, f"--diff-from={revision}", "--format", "json")

    assert done.returncode == 2
    assert shown in json.loads(done.stdout)["error"]["message"]
    assert sorted(repository.iterdir()) == before


def test_without_a_work_tree_or_git_there_is_an_error(
    call: Run, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The sentence says which of them is missing.
    """
    written(directory / "a.env", BAD)
    done = call("check", *ONE, "--diff-from", "main")
    assert done.returncode == 2
    assert "--diff-from cannot be used: not in a git work tree." in done.stderr

    git("init", "--quiet", "--initial-branch=main")
    done = call("check", *ONE, "--diff-from", "main")
    assert done.returncode == 2
    assert "main, given with --diff-from, does not name a commit." in done.stderr

    monkeypatch.setenv("PATH", str(directory))
    done = call("check", *ONE, "--diff-from", "main")
    assert done.returncode == 2
    assert "--diff-from cannot be used: git is not installed." in done.stderr


def test_nothing_that_the_work_tree_names_is_run(call: Run, repository: Path) -> None:
    """
    Neither filters, monitors, aliases nor pagers of its configuration, which `git diff` would run.
    """
    program = repository.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {repository.parent}/was-run\ncat\n")
    program.chmod(0o755)
    (repository / ".gitattributes").write_text("*.env filter=f diff=f\n")
    for name in (
        *("filter.f.clean", "filter.f.process", "diff.f.command", "diff.f.textconv"),
        *("core.fsmonitor", "core.pager", "alias.ls-tree", "alias.rev-parse"),
    ):
        git("config", name, str(program))
    written(repository / "a.env", f"{BAD}# changed\n")

    assert call("check", *ONE, "--diff-from", "main").returncode == 1
    assert not (repository.parent / "was-run").exists()
