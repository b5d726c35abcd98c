"""
Tests of the workflows and of what they publish, as far as they can be run without GitHub.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from zipfile import ZipFile

import pytest

from tests.delivery.conftest import ROOT
from tests.support.programs.environments import interpreter
from tests.support.programs.github import loaded
from workerctl import __version__

pytestmark = pytest.mark.any_python

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
CI, RELEASE = (loaded(ROOT / f".github/workflows/{name}.yml") for name in ("ci", "release"))


def steps(path: Path) -> Iterator[dict[str, Any]]:
    """
    Yield the steps of a workflow or an action.
    """
    contents = loaded(path)
    for job in contents.get("jobs", {"": contents.get("runs")}).values():
        yield from job["steps"]


def make(*targets: str, dist: Path) -> CompletedProcess[str]:
    """
    Run make with a folder for the distributions.
    """
    return subprocess.run(
        ["make", "--no-print-directory", *targets],
        cwd=ROOT,
        env={**os.environ, "DIST": str(dist)},
        capture_output=True,
        text=True,
        check=False,
    )


def tool(name: str, *arguments: str | Path, **env: str) -> CompletedProcess[str]:
    """
    Run a program of the environment with the tools of a release.
    """
    program = interpreter("release").parent / name
    return subprocess.run(
        [program, *arguments],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


# ----------------------------------------------------------------------------------- workflows


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "action.yml"], ids=lambda path: path.name)
def test_no_script_contains_an_expression(path: Path) -> None:
    """
    An expression in a script could contain commands; a variable cannot.
    """
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "action.yml"], ids=lambda path: path.name)
def test_actions_are_named_by_their_commits(path: Path) -> None:
    """
    Exceptions are known: their commits could not be looked up.
    """
    used = {step["uses"] for step in steps(path) if "uses" in step} - {"./"}
    unpinned = {name for name in used if not re.search("@[0-9a-f]{40}$", name)}

    assert unpinned <= {
        "github/codeql-action/upload-sarif@v4",
        "pypa/gh-action-pypi-publish@release/v1",
    }


def test_only_the_jobs_of_a_release_get_a_token() -> None:
    """
    Publishing needs no stored secret, and no other job may request an identity.
    """
    jobs = RELEASE["jobs"]

    assert CI["permissions"] == {"contents": "read"}
    assert RELEASE["permissions"] == {}
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert jobs["publish"]["needs"] == "build"
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text("utf-8")
    assert not any("permissions" in job for job in CI["jobs"].values())


def test_ci_runs_what_contributors_run() -> None:
    """
    Each command of the workflows that starts with `make` names targets of the Makefile.
    """
    makefile = (ROOT / "Makefile").read_text("utf-8")
    commands = [step["run"] for path in WORKFLOWS for step in steps(path) if "run" in step]
    targets = {word for line in commands if line.startswith("make ") for word in line.split()[1:]}

    assert "bash .ci/run" in commands
    assert targets == {"dist", "sbom", "audit"}
    assert all(re.search(f"^{name}: ", makefile, re.MULTILINE) for name in targets)


@pytest.mark.parametrize(("tag", "is_right"), [(f"v{__version__}", True), ("v9.9.9", False)])
def test_a_tag_must_be_that_of_the_version(tag: str, is_right: bool) -> None:
    """
    The release of another version than that of the package stops before anything is built.
    """
    (step,) = (one for one in RELEASE["jobs"]["build"]["steps"] if "TAG" in one.get("env", {}))
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=ROOT, env={**os.environ, "TAG": tag}, check=False
    )

    assert (done.returncode == 0) == is_right


@pytest.mark.environments
def test_the_files_follow_their_schemas() -> None:
    """
    The workflows and the action follow the published schemas, and zizmor finds no risk in them.
    """
    for schema, files in (
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.github-actions", [ROOT / "action.yml"]),
    ):
        done = tool("check-jsonschema", "--builtin-schema", schema, *files)
        assert done.returncode == 0, done.stdout
    done = tool("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml")
    assert done.returncode == 0, done.stdout
    options = ("--offline", "--min-severity=medium", "--no-progress", "--quiet")
    done = tool("zizmor", *options, ROOT / "action.yml", ROOT / ".github")
    assert done.returncode == 0, done.stdout


# ------------------------------------------------------------------------------- distributions


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Return a folder with what the job `build` of the release makes.
    """
    folder = tmp_path_factory.mktemp("dist")
    (command,) = (
        step["run"]
        for step in RELEASE["jobs"]["build"]["steps"]
        if step.get("run", "").startswith("make dist")
    )
    done = make(*command.split()[1:], dist=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2
    return folder


@pytest.mark.environments
def test_the_distributions_are_built_and_verified(dist: Path) -> None:
    """
    Both verifiers accept them, and the description has absolute links only.
    """
    (wheel,) = dist.glob("*.whl")
    with ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith("/METADATA"))
        metadata = archive.read(name).decode()
    links = re.findall(r"\]\(([^)]*)\)", metadata)

    assert len(links) > 10
    assert [link for link in links if not link.startswith("https://")] == []
    assert "Programming Language :: Python :: 3.14" in metadata
    assert metadata.count("\nProject-URL: ") == 5
    assert {path.name for path in dist.iterdir()} == {
        wheel.name,
        f"workerctl-{__version__}.tar.gz",
        "workerctl.cdx.json",
    }


@pytest.mark.environments
def test_the_bill_of_materials_lists_every_locked_package(dist: Path) -> None:
    """
    It is in the format CycloneDX, with the hashes of the lock file.
    """
    bill = json.loads((dist / "workerctl.cdx.json").read_text("utf-8"))
    locked = re.findall(
        r"^([\w.-]+)==(\S+)", (ROOT / "requirements/runtime.txt").read_text("utf-8"), re.MULTILINE
    )

    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "workerctl"
    assert {(one["name"], one["version"]) for one in bill["components"]} == set(locked)
    assert all(one["externalReferences"][0]["hashes"] for one in bill["components"])


@pytest.mark.environments
def test_an_audit_without_an_answer_is_not_a_success(tmp_path: Path) -> None:
    """
    Where the advisory service cannot be reached, the audit fails, and says that it is incomplete.
    """
    requirements = "no-such-package-of-workerctl==1 --hash=sha256:" + "0" * 64
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/runtime.txt").write_text(requirements + "\n", "utf-8")
    release = interpreter("release").parents[1]
    command = ["make", "--file", ROOT / "Makefile", "--assume-old"]
    done = subprocess.run(
        [*command, f"{release}/.stamp", f"RELEASE={release}", "audit"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "Either there is an advisory, or the audit is incomplete" in done.stderr


@pytest.mark.environments
@pytest.mark.parametrize("installer", ["uv", "pipx"])
def test_the_wheel_is_installed_as_a_tool(installer: str, dist: Path, tmp_path: Path) -> None:
    """
    `uv tool install` and `pipx install` give a program that checks a manifest.

    They need a package index.
    """
    (wheel,) = dist.glob("*.whl")
    words = {
        "uv": ("tool", "install", f"workerctl[manifests] @ {wheel}"),  # as action.yml writes it
        "pipx": ("install", f"{wheel}[manifests]"),
    }[installer]
    done = tool(
        installer,
        *words,
        UV_SYSTEM_CERTS="true",
        UV_TOOL_DIR=str(tmp_path / "tools"),
        UV_TOOL_BIN_DIR=str(tmp_path / "bin"),
        PIPX_HOME=str(tmp_path / "tools"),
        PIPX_BIN_DIR=str(tmp_path / "bin"),
    )
    assert done.returncode == 0, done.stderr
    file = tmp_path / "compose.yaml"
    file.write_text("services: {worker: {environment: {JOB_TIMEOUT_SECONDS: soon}}}\n", "utf-8")
    command = [tmp_path / "bin/workerctl", "check", "--compose", file]
    checked = subprocess.run(
        command, capture_output=True, text=True, env={"PATH": "/usr/bin"}, check=False
    )

    assert checked.returncode == 1
    assert "JOB_TIMEOUT_SECONDS must be a whole number" in checked.stdout
