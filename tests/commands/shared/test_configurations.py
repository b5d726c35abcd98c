"""
`workerctl check` judges files, declared targets, or what the options name, in one run.
"""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]

TARGETS = """
[tool.workerctl]
env_file = "of-the-project.env"

[[tool.workerctl.target]]
name = "production"
env = "production"
env_file = ["deploy/base.env", "deploy/production.env"]

[[tool.workerctl.target]]
name = "staging"
env_file = "deploy/staging.env"
isolated = false
"""


@pytest.fixture
def project(directory: Path, good: Path) -> Path:
    """
    Return a project with two targets; that for staging is broken, on line 2 of its file.
    """
    (directory / "pyproject.toml").write_text(TARGETS)
    (directory / "deploy").mkdir()
    base, *rest = good.read_text().splitlines(keepends=True)
    (directory / "deploy/base.env").write_text(base)
    (directory / "deploy/production.env").write_text("".join(rest))
    (directory / "deploy/staging.env").write_text("ENV=staging\nJOB_MAX_RETRIES=many\n")
    (directory / "of-the-project.env").write_text("DEBUG=nonsense\n")
    return directory


def outcomes(done: CompletedProcess[str]) -> dict[str, tuple[int, str, list[str]]]:
    """
    Return for each configuration its exit code, environment and sources.
    """
    return {
        report["name"]: (report["exit_code"], report["judged_as"], report["sources"])
        for report in json.loads(done.stdout)["reports"]
    }


def test_all_targets_are_judged_in_one_run(call: Run, project: Path) -> None:
    """
    Without arguments, each target has a section; the exit code is the worst of them.
    """
    done = call("check")

    assert done.returncode == 1
    assert "deploy/staging.env:2" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 of 2 configurations failed: staging · exit code 1"
    assert outcomes(call("check", "--format", "json")) == {
        "production": (0, "production", ["deploy/base.env", "deploy/production.env"]),
        "staging": (1, "staging", ["deploy/staging.env"]),
    }


def test_a_target_is_judged_by_its_name(call: Run, project: Path) -> None:
    """
    One target is a report of the usual shape; what the project names besides does not count.
    """
    done = call("check", "production", "--format", "json")

    report = json.loads(done.stdout)
    assert (done.returncode, report["schema"]) == (0, "workerctl.report/1")
    assert report["sources"] == ["deploy/base.env", "deploy/production.env"]


def test_only_a_target_that_is_not_isolated_reads_the_environment(call: Run, project: Path) -> None:
    """
    What the machine of a CI job sets must not decide about production.
    """
    broken = {"JOB_TIMEOUT_SECONDS": "long"}

    assert call("check", "production", environ=broken).returncode == 0
    assert "JOB_TIMEOUT_SECONDS" in call("check", "staging", environ=broken).stdout


def test_a_file_is_judged_alone(call: Run, project: Path) -> None:
    """
    Neither the environment nor the files of the project count for a file that is an argument.
    """
    done = call(
        "check", "deploy/staging.env", "of-the-project.env", "--format", "json",
        environ={"ENV": "production"},
    )  # fmt: skip

    assert outcomes(done) == {
        "deploy/staging.env": (1, "staging", ["deploy/staging.env"]),
        "of-the-project.env": (1, "development", ["of-the-project.env"]),
    }


def test_a_file_of_a_target_is_judged_as_the_target(call: Run, project: Path) -> None:
    """
    The environment of a file is that of a target that lists it, unless `--env` names another.
    """
    done = call("check", "deploy/base.env", "--format", "json")
    assert json.loads(done.stdout)["judged_as"] == "production"

    done = call("check", "deploy/base.env", "--env", "development", "--format", "json")
    assert json.loads(done.stdout)["judged_as"] == "development"


def test_the_report_says_what_chose_the_environment(call: Run, project: Path) -> None:
    """
    Nobody who has not typed `--env` reads that it decides.
    """
    chosen = {
        ("production",): "judged as production (target production)",
        ("deploy/base.env",): "judged as production (target production)",
        ("production", "--env", "staging"): "judged as staging (--env)",
        ("staging",): "judged as staging (ENV=staging)",
    }

    for words, shown in chosen.items():
        assert shown in call("check", *words).stdout
    assert (
        "judged as production (target production)" in call("diff", "production", "staging").stdout
    )


def test_a_target_may_be_an_image_without_its_secrets(call: Run, project: Path) -> None:
    """
    Its phase defers the checks of secrets that are not set, unless `--phase` says otherwise.
    """
    text = "ENV=staging\nSUPABASE_URL=https://qz81.supabase.co\n"
    (project / "deploy/image.env").write_text(text)
    table = '\n[[tool.workerctl.target]]\nname = "image"\nenv_file = "deploy/image.env"\n'
    with (project / "pyproject.toml").open("a") as file:
        file.write(f'{table}phase = "build"\n')

    assert call("check", "image").returncode == 0
    assert call("check", "deploy/image.env").returncode == 0
    assert call("check", "image", "--phase", "run").returncode == 1
    assert "deferred" not in call("check", "staging", "--phase", "run").stdout


def test_options_that_name_sources_stand_alone(call: Run, project: Path) -> None:
    """
    With `--env-file`, the targets are not judged; together with an argument it is an error.
    """
    done = call("check", "--env-file", "deploy/base.env", "--format", "json")
    assert json.loads(done.stdout)["sources"] == ["deploy/base.env"]

    for option in (["--env-file", "x"], ["--isolated"], ["--secrets-dir", "x"], ["--no-env-file"]):
        done = call("check", "staging", *option)
        assert done.returncode == 2
        assert "cannot be combined with options that name sources" in done.stderr


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("stagin", "stagin is neither a file nor a declared target. Did you mean staging?"),
        ("other", "other is neither a file nor a declared target. The targets are production, sta"),
        ("Zt7Qm2Xc5Vb8Nn4Lp1Rr", "The argument is neither a file nor a declared target."),
    ],
)
def test_an_argument_that_is_neither_is_an_error(
    call: Run, project: Path, word: str, message: str
) -> None:
    """
    The argument is repeated, unless it may be a secret.
    """
    done = call("check", word)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"workerctl: {message}")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("env_file = 'a'", "[[tool.workerctl.target]] needs a name"),
        ("name = 'a b'", "[[tool.workerctl.target]] needs a name"),
        ("name = 'a'\nenvfile = 'b'", "envfile is not a known setting. Did you mean env_file?"),
        ("name = 'a'\nenv = 'live'", "The target a names an unknown environment. Choose from"),
        ("name = 'a'\nenv_file = 3", "env_file of the target a must be a string or a list"),
        ("name = 'a'\nisolated = 'no'", "isolated of the target a must be true or false."),
        ("name = 'a'\nphase = 'deploy'", "The target a names an unknown phase. Choose from build"),
        ("name = 'a'\nphase = 1", "phase of the target a must be a string."),
        ("name = 'a'\nsettings = 1", "settings of the target a must be a string."),
        ("name = 'a'\n[[tool.workerctl.target]]\nname = 'a'", "declares a twice."),
    ],
)
def test_a_table_that_is_not_valid_is_an_error(
    call: Run, directory: Path, table: str, message: str
) -> None:
    """
    The error names the target and the setting.
    """
    (directory / "pyproject.toml").write_text(f"[[tool.workerctl.target]]\n{table}\n")
    done = call("check")

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_a_missing_file_of_one_target_does_not_hide_the_others(call: Run, project: Path) -> None:
    """
    The error stands in the section of its target, and the exit code is that of an error.
    """
    (project / "deploy/staging.env").unlink()
    done = call("check")

    assert done.returncode == 2
    assert "deploy/staging.env does not exist." in done.stderr
    assert "· production ·" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 of 2 configurations failed: staging · exit code 2"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "yaml"], "yaml is not a known format. Use text, json, github, "),
        (["--format", "jsn"], "jsn is not a known format. Did you mean json?"),
        (["--format", "Zt7Qm2Xc5Vb8Nn4Lp1"], "The format is not a known format."),
        (["--format", "json="], "--format json= names no file."),
        (["--format", "json", "--format", "sarif"], "json and sarif would both be written to st"),
        (["--format", "json=a", "--format", "sarif=a"], "json and sarif would both be written to"),
        (["--format", "json=a", "--output", "b"], "--output names a file, but every format alr"),
    ],
)
def test_formats_need_distinct_destinations(
    call: Run, good: Path, options: list[str], message: str
) -> None:
    """
    Nothing is checked if two formats would overwrite each other.
    """
    done = call("check", *options)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"workerctl: {message}")


def test_several_formats_are_written_in_one_run(call: Run, project: Path) -> None:
    """
    Each format goes to its file, and the one without a file to standard output.
    """
    done = call(
        "check", "--format", "sarif=out.sarif", "--format", "github", "--format=junit=j.xml"
    )

    assert done.returncode == 1
    assert "::error file=deploy/staging.env,line=2,title=SET001" in done.stdout
    assert len(json.loads((project / "out.sarif").read_text())["runs"]) == 2
    assert (project / "j.xml").read_text().count("<testsuite ") == 2


def test_annotations_follow_the_text_in_github_actions(call: Run, project: Path) -> None:
    """
    A job that asks for no format gets both, unless `--no-annotations` says otherwise.
    """
    actions = {"GITHUB_ACTIONS": "true"}
    text = call("check").stdout

    assert "::error" not in text
    done = call("check", environ=actions).stdout
    assert done.startswith(text.partition("\n")[0])
    assert "\n::error file=deploy/staging.env,line=2,title=SET001" in done
    for options in (["--no-annotations"], ["--format", "json"]):
        assert "::error" not in call("check", *options, environ=actions).stdout


def test_a_fingerprint_depends_on_no_value(call: Run, directory: Path) -> None:
    """
    Otherwise it would be a hash by which a value that is easy to guess could be found.
    """
    marks = []
    for value in ("many", "few"):
        (directory / "a.env").write_text(f"JOB_MAX_RETRIES={value}\n")
        issues = json.loads(call("check", "a.env", "--format", "gitlab").stdout)
        marks.append([issue["fingerprint"] for issue in issues])

    assert marks[0] == marks[1] != []


def test_an_interruption_ends_the_run(call: Run, directory: Path) -> None:
    """
    What comes after it is not judged.
    """
    (directory / "team.py").write_text(
        "from workerctl.checks.base import Check\n\n"
        "def slow(context):\n    raise KeyboardInterrupt\n\n"
        "CHECKS = [Check('TEAM001', 'Slow', slow)]\n"
    )
    (directory / "pyproject.toml").write_text('[tool.workerctl]\nchecks = ["team:CHECKS"]\n')
    for name in ("a.env", "b.env"):
        (directory / name).write_text("ENV=development\n")

    done = call("check", "a.env", "b.env")
    assert (done.returncode, done.stderr) == (130, "workerctl: Interrupted.\n")
