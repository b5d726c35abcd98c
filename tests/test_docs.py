"""
The documentation says what the program does.
"""

import re
import subprocess
import sys
from pathlib import Path

from workerctl import __version__

ROOT = Path(__file__).parents[1]


def test_the_reference_pages_are_current() -> None:
    """
    They are generated from the code, and `make docs` was run.
    """
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_links_between_the_pages_lead_somewhere() -> None:
    """
    Every relative link names a file that is there.
    """
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_contributing_guide_shows_a_check_that_exists() -> None:
    """
    The four steps name code that is really there.
    """
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")

    assert "logs.LEVEL," in (ROOT / "workerctl/checks/__init__.py").read_text("utf-8")
    assert "def debug_logging(" in (ROOT / "workerctl/checks/logs.py").read_text("utf-8")
    (test,) = re.findall(r"def (test_\w+)\(", guide)
    assert f"def {test}(" in (ROOT / "tests/checks/test_logs.py").read_text("utf-8")


def test_the_changelog_tells_of_this_version() -> None:
    """
    A release without a word about it is no release.
    """
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
