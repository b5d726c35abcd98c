"""
Tests of what is published: the metadata, the source distribution, and the pre-commit hook.
"""

import re
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")


def test_the_metadata_has_links() -> None:
    """
    A package index shows them.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert {"Homepage", "Documentation", "Changelog", "Issues"} <= set(project["urls"])
    assert all(link.startswith("https://") for link in project["urls"].values())


def test_the_source_distribution_is_complete(tmp_path: Path) -> None:
    """
    It holds the documentation, the tests, and everything that these refer to.
    """
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {
        "docs/checks.md",
        "docs/decisions/0021-rooms.md",
        "tests/conftest.py",
        "tests/output/golden/findings.txt",
        "examples/env/production-good.env",
        "requirements/dev.txt",
        "tools/wording.py",
        "demo/demo.py",
        "benchmarks/startup.py",
        "Makefile",
        "CONTRIBUTING.md",
        ".pre-commit-hooks.yaml",
    } <= names
    assert not [name for name in names if name.endswith(".pyc") or ".venv" in name]


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
def test_the_hook_judges_env_files_that_are_no_templates(path: str, is_judged: bool) -> None:
    """
    Each is an argument of `workerctl check`, so that a broken file fails the hook.
    """
    files, exclude = (
        re.findall(rf"^  {key}: (.*)$", HOOKS, re.MULTILINE)[0] for key in ("files", "exclude")
    )

    assert (re.search(files, path) is not None and re.search(exclude, path) is None) == is_judged
    assert "entry: workerctl check\n" in HOOKS
    assert "pass_filenames: false" not in re.sub("(?m)^#.*", "", HOOKS)
