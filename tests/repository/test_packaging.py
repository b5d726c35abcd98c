"""
Tests of what is published: the metadata, and the source distribution.
"""

import tarfile
import tomllib
from pathlib import Path

import pytest

from tests.support.distributions import built

pytestmark = pytest.mark.any_python

ROOT = Path(__file__).parents[2]


def test_the_metadata_has_links() -> None:
    """
    A package index shows them.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert {"Homepage", "Documentation", "Changelog", "Issues", "Source"} <= set(project["urls"])
    assert all(link.startswith("https://") for link in project["urls"].values())


def test_the_source_distribution_is_complete(tmp_path: Path) -> None:
    """
    It holds the documentation, the tests, and everything that these refer to.
    """
    with tarfile.open(built("sdist", tmp_path)) as archive:
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
        ".github/workflows/ci.yml",
        "action.yml",
        "Containerfile",
        "templates/check/template.yml",
    } <= names
    assert not [name for name in names if name.endswith(".pyc") or ".venv" in name]
