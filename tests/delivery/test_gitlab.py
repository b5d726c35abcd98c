"""
Tests of the component for GitLab CI: its script runs in a shell with the variables of GitLab.
"""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.delivery.conftest import BROKEN, COMPOSE, COMPOSE_LINE, LINE, PROGRAM, ROOT, Team
from tests.support.programs.installers import local_installer

pytestmark = pytest.mark.any_python

COMPONENT = ROOT / "templates/check/template.yml"
Job = Callable[..., CompletedProcess[str]]


def documents() -> list[Any]:
    """
    Return the two documents of the component: its inputs, and the jobs.
    """
    return list(YAML(typ="safe", pure=True).load_all(COMPONENT.read_text("utf-8")))


INPUTS = documents()[0]["spec"]["inputs"]


def filled(node: Any, inputs: dict[str, str]) -> Any:
    """
    Return a part of the component with its inputs, which GitLab fills in after reading the YAML.
    """
    if isinstance(node, dict):
        return {filled(key, inputs): filled(value, inputs) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(one, inputs) for one in node]
    if isinstance(node, str):
        return re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: inputs[match[1]], node)
    return node


@pytest.fixture
def job(team: Team, tmp_path: Path, environ: dict[str, str]) -> Job:
    """
    Return a function that runs the job of the component in the project, with inputs.
    """
    path = local_installer(tmp_path / "bin", "pip", PROGRAM)

    def run(**inputs: str) -> CompletedProcess[str]:
        given = {name: one["default"] for name, one in INPUTS.items()} | inputs
        (made,) = filled(documents()[1], given).values()
        script = "\n".join([*made["before_script"], *made["script"]])
        return subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=team.path,
            env={
                **environ,
                "PATH": path,
                "CI": "true",
                "GITLAB_CI": "true",
                "CI_PROJECT_DIR": str(team.path),
                **{name: one["value"] for name, one in made["variables"].items()},
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_one_broken_target_of_three_fails_the_job(job: Job, team: Team) -> None:
    """
    The log has the report, the widget the line, the test report a failure, and the exit code is 1.
    """
    done = job()
    (issue,) = json.loads((team.path / "gl-code-quality-report.json").read_text("utf-8"))
    tests = (team.path / "workerctl-junit.xml").read_text("utf-8")

    assert (done.returncode, done.stderr) == (1, "")
    assert f"{BROKEN}:{LINE}" in done.stdout
    assert issue["location"] == {"path": BROKEN, "lines": {"begin": LINE}}
    assert tests.count("<failure") == 1


@pytest.mark.parametrize("version", ["", "0.1.0"])
def test_a_target_of_a_compose_file_is_checked(
    job: Job, team: Team, tmp_path: Path, version: str
) -> None:
    """
    What the component installs can read it.
    """
    team.mend()
    team.compose()
    done = job(version=version)

    assert (done.returncode, done.stderr) == (1, "")
    assert f"{COMPOSE}:{COMPOSE_LINE}" in done.stdout
    wanted = f"workerctl[manifests]=={version}" if version else "workerctl[manifests]"
    assert (tmp_path / "bin/installed").read_text("utf-8") == f"install --quiet {wanted}\n"


def test_nothing_is_installed_if_the_image_has_workerctl(
    job: Job, team: Team, tmp_path: Path
) -> None:
    """
    The workerctl of the image is used.
    """
    (tmp_path / "bin/workerctl").symlink_to(PROGRAM)

    assert job().returncode == 1
    assert not (tmp_path / "bin/installed").exists()


def test_a_mended_project_passes(job: Job, team: Team) -> None:
    """
    Without findings, the widget gets an empty list.
    """
    team.mend()

    assert job().returncode == 0
    assert json.loads((team.path / "gl-code-quality-report.json").read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("inputs", "exit_code"),
    [
        ({"targets": "staging"}, 0),
        ({"targets": "deploy/*.env"}, 1),
        ({"fail_on": "never"}, 0),
        ({"env": "production", "settings": "app.config:Settings", "targets": "staging"}, 0),
        ({"phase": "build"}, 1),
        ({"env": "nowhere"}, 2),
        ({"phase": "nowhere"}, 2),
        ({"settings": "app.config:Missing"}, 2),
    ],
)
def test_inputs_are_passed_on(job: Job, inputs: dict[str, str], exit_code: int) -> None:
    """
    Each input is an option or an argument of the check.
    """
    assert job(**inputs).returncode == exit_code


@pytest.mark.parametrize("name", ["targets", "env", "settings", "phase", "fail_on", "version"])
@pytest.mark.parametrize(
    "hostile", ['"; touch hacked; "', "$(touch hacked)", "`touch hacked`", "x\ntouch hacked\n"]
)
def test_no_input_reaches_the_shell_as_a_command(
    job: Job, team: Team, name: str, hostile: str
) -> None:
    """
    An input is only ever a word.
    """
    job(**{name: hostile})

    assert not (team.path / "hacked").exists()


def test_no_script_contains_an_input() -> None:
    """
    Inputs are in variables, which GitLab does not expand.
    """
    (made,) = documents()[1].values()

    assert "$[[" not in "".join([*made["before_script"], *made["script"]])
    assert not any(one["expand"] for one in made["variables"].values())
    assert made["artifacts"]["when"] == "always"
