"""
Tests of a machine on which the cryptography package is not installed, such as one that only checks.
"""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.support.without import without

Python = Callable[..., CompletedProcess[str]]

REASON = "cryptography is not installed"


@pytest.fixture
def python(directory: Path, environ: dict[str, str]) -> Python:
    """
    Return a function that runs Python without the cryptography package.
    """

    def run(*arguments: str) -> CompletedProcess[str]:
        return without("cryptography", directory / "packages", *arguments, environ=environ)

    return run


@pytest.fixture
def with_canary(good: Path, call: Callable[..., Any]) -> Path:
    """
    Return the path of an env file with a key and its canary.
    """
    assert call("keygen", "--canary", "--write", good.name).returncode == 0
    return good


def test_a_check_without_cryptography_skips_what_needs_it(
    with_canary: Path, python: Python
) -> None:
    """
    KEY004 and KEY006 are skipped with the reason. Every other check of keys runs, and passes.
    """
    done = python("-m", "workerctl", "check", with_canary.name, "--format", "json")
    ended = {
        one["code"]: (one["status"], one["reason"]) for one in json.loads(done.stdout)["checks"]
    }

    assert (done.returncode, done.stderr) == (0, "")
    assert ended["KEY004"] == ended["KEY006"] == ("skipped", REASON)
    for code in ("KEY001", "KEY002", "KEY003", "KEY005", "KEY007"):
        assert ended[code] == ("passed", None)


def test_the_reason_is_in_the_report(with_canary: Path, python: Python) -> None:
    """
    The text report says why the checks were skipped.
    """
    done = python("-m", "workerctl", "check", with_canary.name)

    assert f"2 checks skipped ({REASON}): KEY004 KEY006\n" in done.stdout


def test_a_worker_does_not_start_without_cryptography(with_canary: Path, python: Python) -> None:
    """
    A worker would encrypt, so that KEY004 is an error when one starts.
    """
    command = ("run", "--env-file", with_canary.name, "--", "true")
    done = python("-m", "workerctl", *command)

    assert done.returncode == 1
    assert "KEY004 AES-256-GCM does not work on this machine" in done.stdout + done.stderr


def test_a_canary_needs_cryptography(good: Path, python: Python) -> None:
    """
    `keygen --canary` says what is missing, and leaves the file as it was.
    """
    before = good.read_text("utf-8")
    done = python("-m", "workerctl", "keygen", "--canary", "--write", good.name)

    assert done.returncode == 3
    assert done.stderr.startswith(f"workerctl: No canary can be made, because {REASON}.")
    assert good.read_text("utf-8") == before
