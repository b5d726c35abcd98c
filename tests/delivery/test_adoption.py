"""
A project adopts workerctl from nothing: init, targets, a baseline, and a new fault.
"""

import re
import subprocess
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from tests.delivery.conftest import BROKEN, LINE, PROGRAM, Team

Command = Callable[..., CompletedProcess[str]]


@pytest.fixture
def command(team: Team, environ: dict[str, str]) -> Command:
    """
    Return a function that runs workerctl in the project.
    """

    def run(*words: str) -> CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *words],
            cwd=team.path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_one_broken_target_of_three_fails_the_command(command: Command) -> None:
    """
    One command judges all of them, names the line, and exits with 1.
    """
    done = command("check")

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.count("✗ ") == 1
    assert f"{BROKEN}:{LINE} " in done.stdout
    assert done.stdout.endswith("1 of 3 configurations failed: production · exit code 1\n")


def test_a_project_adopts_the_checks_from_nothing(team: Team, command: Command) -> None:
    """
    What init shows is all that has to be added; then old findings are known, and a new one fails.
    """
    team.mend()
    toml, broken = team.path / "pyproject.toml", team.path / BROKEN
    toml.write_text('[project]\nname = "team"\nversion = "1"\n', "utf-8")
    broken.write_text(broken.read_text("utf-8").replace("rediss", "redis"), "utf-8")

    begun = command("init").stdout
    shown = begun.partition("for example:\n")[2].partition("  workerctl check ")[0]
    toml.write_text(toml.read_text("utf-8") + re.sub("(?m)^    ", "", shown), "utf-8")
    assert command("check").stdout.count("read deploy/") == 3
    assert command("check", "--write-baseline").returncode == 0
    for words in ((), ("production",), (BROKEN,)):
        assert command("check", "--fail-on", "warning", *words).returncode == 0

    broken.write_text(broken.read_text("utf-8").replace("=1800", "=changeme"), "utf-8")
    done = command("check", "--fail-on", "warning")
    assert done.returncode == 1
    assert re.findall(r"^  [✗!] (\w+ \w+)", done.stdout, re.MULTILINE) == [
        "ENV004 JOB_TIMEOUT_SECONDS"
    ]
    assert f"{BROKEN}:{LINE} " in done.stdout
