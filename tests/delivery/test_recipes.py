"""
Tests of the recipes in docs/how-to: their files are read, and their command lines run.
"""

import configparser
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from shutil import which
from subprocess import CompletedProcess
from typing import Any

import pytest
from dotenv import dotenv_values
from ruamel.yaml import YAML

from tests.delivery.conftest import BROKEN, PROGRAM, ROOT, Team
from tests.support.distributions import built
from tests.support.pages import files, paths
from tests.support.programs.environments import interpreter
from tests.support.programs.github import loaded

pytestmark = pytest.mark.any_python

PAGES = ROOT / "docs/how-to"
CONTAINERS, SERVICES, TASKS = (PAGES / f"{name}.md" for name in ("containers", "services", "tasks"))
GITHUB, GITLAB = PAGES / "github-actions.md", PAGES / "gitlab.md"
Shell = Callable[..., CompletedProcess[str]]


@pytest.fixture
def shell(team: Team, tmp_path: Path, environ: dict[str, str]) -> Shell:
    """
    Return a function that runs a command in the project, with workerctl and Python on the PATH.

    `variables` names an env file whose variables the platform would set.
    """
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/workerctl").symlink_to(PROGRAM)
    (tmp_path / "bin/python").symlink_to(sys.executable)
    (team.path / "app/worker.py").write_text('print("working")\n', "utf-8")

    def run(
        *command: str, variables: str | None = None, env: dict[str, str] | None = None
    ) -> CompletedProcess[str]:
        path = f"{tmp_path}/bin:/usr/bin:/bin"
        set_by_platform = dotenv_values(team.path / variables) if variables else {}
        return subprocess.run(
            command,
            cwd=team.path,
            env={**environ, "PATH": path, **set_by_platform, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )

    # Each recipe judges one configuration, that of the platform.
    project = team.path / "pyproject.toml"
    project.write_text(project.read_text("utf-8").partition("\n[[")[0], "utf-8")
    return run


def yaml(text: str) -> Any:
    """
    Return the contents of a YAML document, with its anchors and merge keys resolved.
    """
    return YAML(typ="safe", pure=True).load(text)


def verdicts(shell: Shell, command: list[str], **options: Any) -> list[int]:
    """
    Return the exit codes of a command for a configuration that is sound, and for one that is not.
    """
    return [
        shell(*command, variables=file, **options).returncode
        for file in ("deploy/staging.env", BROKEN)
    ]


# ---------------------------------------------------------------------------------- containers


def test_the_preflight_of_compose_gates_the_worker(shell: Shell) -> None:
    """
    The worker waits for the preflight, which has the same image and the same variables.
    """
    (text,) = files(CONTAINERS, "compose.yaml")
    services = yaml(text)["services"]
    preflight, worker = services["preflight"], services["worker"]

    assert worker["depends_on"] == {"preflight": {"condition": "service_completed_successfully"}}
    assert preflight["restart"] == "no"
    assert all(preflight[key] == worker[key] for key in ("build", "env_file"))
    assert verdicts(shell, shlex.split(preflight["command"])) == [0, 1]
    assert shell(*shlex.split(worker["command"])).stdout == "working\n"


def test_the_init_container_of_kubernetes_has_what_the_worker_has(shell: Shell) -> None:
    """
    It has the same image and the same variables, and judges them as the startup probe does.
    """
    (text,) = files(CONTAINERS, "worker.yaml")
    pod = yaml(text)["spec"]["template"]["spec"]
    (preflight,), (worker,) = pod["initContainers"], pod["containers"]
    probe = worker["startupProbe"]["exec"]["command"]

    assert all(preflight[key] == worker[key] for key in ("image", "envFrom"))
    assert pod["securityContext"]["runAsNonRoot"]
    assert verdicts(shell, preflight["command"]) == [0, 1]
    assert verdicts(shell, probe) == [0, 1]
    assert shell(*worker["command"]).stdout == "working\n"


def test_the_image_of_a_worker_checks_before_it_starts(shell: Shell) -> None:
    """
    `workerctl run` starts the worker only with a sound configuration.
    """
    (text,) = files(CONTAINERS, "Containerfile")
    (line,) = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    command = yaml(line)

    assert re.search(r"^USER [1-9]", text, re.MULTILINE)
    assert verdicts(shell, command) == [0, 1]
    assert shell(*command, variables="deploy/staging.env").stdout == "working\n"


@pytest.mark.environments
def test_the_image_of_workerctl_is_built_from_the_wheel(tmp_path: Path) -> None:
    """
    The instructions of the Containerfile are carried out in a folder, in place of an image.

    The result runs without privileges, and has nothing but the locked packages and workerctl.
    """
    text = (ROOT / "Containerfile").read_text("utf-8").replace("\\\n", " ")
    steps = [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line[:1].isupper()]
    wheel = built("wheel", tmp_path / "dist")
    (tmp_path / "build").mkdir()
    for name in ("requirements/runtime.txt", wheel):
        source = ROOT / name
        (tmp_path / "build" / source.name).write_bytes(source.read_bytes())
    (script,) = (rest for name, rest in steps if name == "RUN")
    script = re.sub("/(opt|build)/", rf"{tmp_path}/\1/", script)
    script = script.replace("python -m venv", f"{sys.executable} -m venv")
    subprocess.run(["sh", "-e", "-c", script], check=True)
    program = tmp_path / "opt/workerctl/bin/workerctl"
    listed = [tmp_path / "opt/workerctl/bin/python", "-m", "pip", "list", "--format=freeze"]
    packages = subprocess.run(listed, capture_output=True, text=True, check=True).stdout

    copied = [rest for name, rest in steps if name == "COPY"]
    assert copied[0] == "requirements/runtime.txt dist/workerctl-*.whl /build/"
    assert [rest for name, rest in steps if name == "USER"] == ["65532:65532"]
    assert [rest for name, rest in steps if name == "ENTRYPOINT"] == ['["workerctl"]']
    assert "workerctl==0." in packages
    assert "pytest" not in packages
    (tmp_path / "compose.yaml").write_text("services: {worker: {environment: {DEBUG: maybe}}}\n")
    checked = subprocess.run(
        [program, "check", "--compose", tmp_path / "compose.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (1, "")
    assert "DEBUG" in checked.stdout


def test_the_locked_packages_of_the_image_read_manifests() -> None:
    """
    They are what workerctl requires, and what the extra `manifests` adds.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    required = {*project["dependencies"], *project["optional-dependencies"]["manifests"]}
    lock = (ROOT / "requirements/runtime.txt").read_text("utf-8")
    locked = set(re.findall(r"^([\w-]+)==", lock, re.MULTILINE))

    assert {re.split("[^\\w-]", name)[0] for name in required} <= locked


# ------------------------------------------------------------------------------------ services


def unit() -> dict[str, list[str]]:
    """
    Return the settings of the unit of systemd, each with its values.
    """
    (text,) = files(SERVICES, "worker.service")
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def test_the_unit_checks_what_the_worker_reads(shell: Shell, team: Team) -> None:
    """
    The check before each start reads the variables and the credentials of the service.
    """
    settings = unit()
    credentials = team.path / "credentials"
    credentials.mkdir()
    (name, _) = settings["LoadCredential"][0].split(":")
    (credentials / name).write_text(
        "9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2"
    )
    config = team.path / "app/config.py"
    field = "    encryption_key: SecretStr\n"
    text = config.read_text("utf-8").replace("RedisDsn\n", "RedisDsn, SecretStr\n", 1) + field
    config.write_text(text, "utf-8")
    (variable,) = settings["Environment"]
    env = dict([variable.replace("%d", str(credentials)).split("=", 1)])
    command = settings["ExecStartPre"][0].replace("/srv/worker/.venv/bin/", "").split()

    assert verdicts(shell, command, env=env) == [0, 1]
    assert verdicts(shell, command) == [1, 1]  # without its credentials


@pytest.mark.skipif(which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """
    `systemd-analyze verify` finds nothing wrong with it.
    """
    (text,) = files(SERVICES, "worker.service")
    file = tmp_path / "worker.service"
    file.write_text(re.sub(r"/srv/worker/.venv/bin/\w+", sys.executable, text), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True, check=False
    )
    about_it = [line for line in done.stderr.splitlines() if "worker.service" in line]

    assert about_it == []


def test_the_release_phase_gates_the_release(shell: Shell) -> None:
    """
    The release fails with a configuration that is not sound, and so does each process.
    """
    (text,) = files(SERVICES, "Procfile")
    phases = dict(line.split(": ", 1) for line in text.splitlines())

    for phase in ("release", "worker"):
        assert verdicts(shell, phases[phase].split()) == [0, 1]
    done = shell(*phases["worker"].split(), variables="deploy/staging.env")
    assert done.stdout == "working\n"


# --------------------------------------------------------------------------------------- tasks


def test_make_deploys_only_what_was_checked(shell: Shell, team: Team) -> None:
    """
    A finding stops make before the deploy.
    """
    (text,) = files(TASKS, "Makefile")
    (team.path / "Makefile").write_text(text, "utf-8")
    deploy = team.path / "deploy.sh"
    deploy.write_text("#!/bin/sh\necho deployed\n", "utf-8")
    deploy.chmod(0o755)
    ends = [shell("make", "deploy", variables=file) for file in ("deploy/staging.env", BROKEN)]

    assert [done.returncode for done in ends] == [0, 2]
    assert ["deployed\n" in done.stdout for done in ends] == [True, False]


def test_the_command_of_tox_checks(shell: Shell) -> None:
    """
    The environment installs workerctl, and its command passes the words on.
    """
    (text,) = files(TASKS, "tox.ini")
    parser = configparser.ConfigParser()
    parser.read_file(StringIO(text))
    section = parser["testenv:preflight"]
    command = section["commands"].replace("{posargs}", "").split()

    assert section["deps"] == "workerctl[manifests]"
    assert verdicts(shell, command) == [0, 1]
    assert shell(*command, BROKEN).returncode == 1


@pytest.mark.environments
@pytest.mark.parametrize("tool", ["tox", "nox"])
def test_the_session_checks(tool: str, team: Team, tmp_path: Path) -> None:
    """
    Both tools install workerctl, here from its wheel, and fail if a target is broken.

    The installation needs a package index.
    """
    release = interpreter("release")
    dist = tmp_path / "dist"
    built("wheel", dist)
    project = team.path / "pyproject.toml"
    named = '[project]\nname = "team"\nversion = "1"\n\n[tool.setuptools]\npackages = ["app"]\n\n'
    project.write_text(named + project.read_text("utf-8"), "utf-8")
    recipe, session = ("tox.ini", "-e") if tool == "tox" else ("noxfile.py", "-s")
    (text,) = files(TASKS, recipe)
    (team.path / recipe).write_text(text, "utf-8")
    links = f"{dist} {os.environ.get('PIP_FIND_LINKS', '')}"
    env = {**os.environ, "PIP_FIND_LINKS": links, "HOME": str(tmp_path)}
    env.pop("PYTHONPATH", None)

    def run(*words: str) -> CompletedProcess[str]:
        return subprocess.run(
            [release, "-m", tool, session, "preflight", "--", *words],
            cwd=team.path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    sound, broken = run("staging"), run()

    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert broken.returncode == 1, broken.stdout + broken.stderr
    assert BROKEN in broken.stdout


# -------------------------------------------------------------------------------- CI services


@pytest.mark.parametrize("page", [GITHUB, GITLAB, TASKS], ids=lambda page: page.stem)
def test_who_checks_every_target_installs_what_reads_manifests(page: Path) -> None:
    """
    Where `workerctl check` runs without a target, the project may name one of a compose file.
    """
    lines = page.read_text("utf-8").splitlines()
    installs = [
        line for line in lines if re.search(r"pipx? install |session\.install|deps = ", line)
    ]

    assert installs
    assert [line for line in installs if "workerctl[manifests]" not in line] == []


@pytest.mark.parametrize("path", paths(GITHUB))
def test_a_workflow_of_the_page_is_sound(path: str, shell: Shell, team: Team) -> None:
    """
    Its steps use inputs that the action has, and its commands check the project.
    """
    (text,) = files(GITHUB, path)
    workflow = yaml(text)
    ran = False
    for step in workflow["jobs"]["preflight"]["steps"]:
        uses, command = step.get("uses", ""), step.get("run", "")
        if uses.startswith("workerctl/workerctl@"):
            assert set(step.get("with", {})) <= set(loaded(ROOT / "action.yml")["inputs"])
            ran = True
        elif command.startswith("workerctl"):
            assert verdicts(shell, command.split()) == [0, 1]
            ran = True
    assert ran
    assert workflow["permissions"]["contents"] == "read"


def test_the_pipelines_of_the_page_are_sound(shell: Shell, team: Team) -> None:
    """
    They use inputs that the component has, and the job without it checks and writes its report.
    """
    component, with_inputs, without = (yaml(text) for text in files(GITLAB, ".gitlab-ci.yml"))
    inputs = next(
        YAML(typ="safe", pure=True).load_all(
            (ROOT / "templates/check/template.yml").read_text("utf-8")
        )
    )["spec"]["inputs"]

    for pipeline in (component, with_inputs):
        (include,) = pipeline["include"]
        assert set(include["inputs"]) <= set(inputs)
    assert without["preflight"]["before_script"] == ['pip install --quiet "workerctl[manifests]"']
    (command,) = without["preflight"]["script"]
    assert verdicts(shell, command.split()) == [0, 1]
    assert (team.path / without["preflight"]["artifacts"]["reports"]["codequality"]).is_file()
