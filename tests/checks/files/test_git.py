"""
Questions to git, in real work trees.
"""

import os
import subprocess
from pathlib import Path

import pytest

from workerctl.checks.files.git import Answer, ask_git


@pytest.fixture(name="tree")
def _tree(directory: Path) -> Path:
    """
    Return an empty work tree.
    """
    subprocess.run(["git", "init", "--quiet"], cwd=directory, check=True)
    return directory


def test_the_answer_has_status_and_output(tree: Path) -> None:
    """
    Paths are literal, so a pattern matches nothing.
    """
    (tree / "a").touch()

    assert ask_git(tree, "ls-files", "--others", "--", "a") == Answer(0, b"a\n")
    assert ask_git(tree, "ls-files", "--others", "--", "?") == Answer(0, b"")
    assert ask_git(tree, "rev-parse", "--verify", "--quiet", "HEAD") == Answer(1, b"")


def test_there_is_a_reason_for_no_answer(
    tree: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Outside of a work tree git is not started, and it may not be installed.
    """
    assert ask_git(tmp_path_factory.mktemp("other"), "rev-parse") == "not in a git work tree"
    monkeypatch.setenv("PATH", str(tree))
    assert ask_git(tree, "rev-parse") == "git is not installed"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_work_tree_may_belong_to_another_account(tree: Path) -> None:
    """
    In a container it often does, and then git would refuse it.
    """
    for path in (tree, *tree.rglob("*")):
        os.chown(path, 12345, 12345)

    assert ask_git(tree, "rev-parse", "--is-inside-work-tree") == Answer(0, b"true\n")


def test_the_monitor_of_the_work_tree_is_not_run(tree: Path) -> None:
    """
    `core.fsmonitor` names a program that git would run to find changes.
    """
    program = tree / "program"
    program.write_text(f"#!/bin/sh\ntouch {tree}/was-run\n")
    program.chmod(0o755)
    subprocess.run(["git", "config", "core.fsmonitor", str(program)], cwd=tree, check=True)

    assert ask_git(tree, "ls-files", "--error-unmatch", "--", "a") == Answer(1, b"")
    assert not (tree / "was-run").exists()
