"""
Tests of action.yml: its steps run in a shell with the variables of GitHub Actions.

Only the installation is replaced: `uv` links to the workerctl of this environment.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.delivery.conftest import (
    BROKEN,
    COMPOSE,
    COMPOSE_LINE,
    LINE,
    PROGRAM,
    ROOT,
    Team,
    write_team,
)
from tests.support.programs.github import Ran, loaded, run_action
from tests.support.programs.installers import local_installer

pytestmark = pytest.mark.any_python

ACTION = ROOT / "action.yml"
Act = Callable[..., Ran]


@pytest.fixture
def act(team: Team, tmp_path: Path, environ: dict[str, str]) -> Act:
    """
    Return a function that runs the action in the project, with inputs.
    """

    def act(workspace: Path = team.path, **inputs: str) -> Ran:
        path = local_installer(tmp_path / "bin", "uv", PROGRAM)
        named = {name.replace("_", "-"): value for name, value in inputs.items()}
        return run_action(ACTION, workspace, named, {**environ, "PATH": path})

    return act


def installed(tmp_path: Path) -> str:
    """
    Return the arguments of each installation.
    """
    file = tmp_path / "bin/installed"
    return file.read_text("utf-8") if file.exists() else ""


def errors(ran: Ran) -> list[str]:
    """
    Return the annotations of a run that are errors.
    """
    return re.findall("^::error (.*)$", ran.output, re.MULTILINE)


def test_one_broken_target_of_three_fails_the_action(act: Act, tmp_path: Path) -> None:
    """
    The line that is wrong is annotated, the summary has the report, and the exit code is 1.
    """
    ran = act()
    (error,) = errors(ran)

    assert error.startswith(f"file={BROKEN},line={LINE},title=SET001")
    assert f"{BROKEN}:{LINE}" in ran.summary
    assert (ran.exit_code, ran.outputs["exit-code"]) == (1, "1")
    assert [name.partition("@")[0] for name, _ in ran.used] == ["astral-sh/setup-uv"]
    assert installed(tmp_path) == f"tool install --quiet --force workerctl[manifests] @ {ROOT}\n"


def test_a_mended_project_passes(act: Act, team: Team) -> None:
    """
    Without findings, the exit code is 0 and nothing is annotated.
    """
    team.mend()
    ran = act()

    assert (ran.exit_code, ran.outputs, errors(ran)) == (
        0,
        {"exit-code": "0", "sarif-file": ""},
        [],
    )


@pytest.mark.parametrize(
    ("targets", "exit_code"),
    [("staging", 0), ("staging production", 1), ("deploy/*.env", 1), ("deploy/d*.env", 0)],
)
def test_targets_files_and_patterns_are_named(act: Act, targets: str, exit_code: int) -> None:
    """
    Only what is named is judged.
    """
    assert act(targets=targets).exit_code == exit_code


@pytest.mark.parametrize("version", ["", "0.1.0"])
def test_a_target_of_a_compose_file_is_checked(act: Act, team: Team, version: str) -> None:
    """
    What the action installs can read it.
    """
    team.mend()
    team.compose()
    ran = act(version=version)
    (error,) = errors(ran)

    assert error.startswith(f"file={COMPOSE},line={COMPOSE_LINE},title=SET001")
    assert ran.exit_code == 1


def test_a_version_is_installed_by_name(act: Act, tmp_path: Path) -> None:
    """
    Without a version, the action installs the one that it is part of.
    """
    act(version="0.1.0")

    assert installed(tmp_path) == "tool install --quiet --force workerctl[manifests]==0.1.0\n"


def test_nothing_is_installed_if_the_project_has_workerctl(
    act: Act, team: Team, tmp_path: Path
) -> None:
    """
    The given executable is run, from the working directory.
    """
    (team.path / "bin").mkdir()
    (team.path / "bin/workerctl").symlink_to(PROGRAM)
    ran = act(executable="bin/workerctl")

    assert (ran.exit_code, ran.used, installed(tmp_path)) == (1, [], "")


@pytest.mark.parametrize(("upload", "uploads"), [("true", 1), ("false", 0)])
def test_the_sarif_file_is_uploaded_even_if_the_check_fails(
    act: Act, team: Team, upload: str, uploads: int
) -> None:
    """
    The file is named by its absolute path, and the step still fails.
    """
    ran = act(sarif_file="out.sarif", upload_sarif=upload)
    found = [options for name, options in ran.used if "upload-sarif" in name]

    assert ran.exit_code == 1
    assert ran.outputs["sarif-file"] == str(team.path / "out.sarif")
    assert (
        found == [{"sarif_file": str(team.path / "out.sarif"), "category": "workerctl"}] * uploads
    )


def test_nothing_is_uploaded_without_a_file(act: Act) -> None:
    """
    An upload without a file would hide the exit code behind its own error.
    """
    ran = act(upload_sarif="true")

    assert [name.partition("@")[0] for name, _ in ran.used] == ["astral-sh/setup-uv"]


def test_a_project_in_a_folder_is_annotated_from_the_root(act: Act, tmp_path: Path) -> None:
    """
    Paths in annotations begin at the root of the repository.
    """
    write_team(tmp_path / "repository/worker")
    ran = act(tmp_path / "repository", working_directory="worker")

    assert [error.partition(",")[0] for error in errors(ran)] == [f"file=worker/{BROKEN}"]


def test_the_severity_that_fails_the_step_is_passed_on(act: Act) -> None:
    """
    With `never`, findings do not fail the step.
    """
    assert act(fail_on="never").exit_code == 0


@pytest.mark.parametrize("name", ["env", "phase", "settings"])
def test_a_wrong_input_fails_with_the_code_of_a_usage_error(act: Act, name: str) -> None:
    """
    The exit code of workerctl is that of the step.
    """
    ran = act(**{name: "no-such-one"})

    assert (ran.exit_code, ran.outputs["exit-code"]) == (2, "2")


@pytest.mark.parametrize(
    "name",
    sorted(set(loaded(ACTION)["inputs"]) - {"working-directory", "upload-sarif"}),
)
@pytest.mark.parametrize(
    "hostile", ['"; touch hacked; "', "$(touch hacked)", "`touch hacked`", "x\ntouch hacked\n"]
)
def test_no_input_reaches_the_shell_as_a_command(
    act: Act, team: Team, name: str, hostile: str
) -> None:
    """
    An input is only ever a word.
    """
    act(**{name.replace("-", "_"): hostile})

    assert list(team.path.rglob("hacked")) == []


def test_a_line_break_in_an_input_adds_no_output(act: Act) -> None:
    """
    The file of outputs has one output a line.
    """
    ran = act(sarif_file="out\nexit-code=0")

    assert ran.outputs == {"exit-code": "1", "sarif-file": ""}
