"""
The documentation names existing files and modules only.
"""

import importlib.util
import pkgutil
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_python

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
EVERY_PAGE = pytest.mark.parametrize(
    "page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES]
)
PATH = r"\b(?:workerctl|tests|docs|benchmarks|examples|tools)/[\w./-]+\.\w+"
MODULE = r"(?:from |import |`)(workerctl(?:\.\w+)+)"
# Where the README links to, so that its links work on a package index, too.
ABSOLUTE = r"https://github\.com/workerctl/workerctl/(?:blob|tree)/main/"
# An invented path, and classes that are named by the root of their package.
INVENTED = {"workerctl/a/b.py", "workerctl.NestedRunError", "workerctl.ForcedStopError"}


@EVERY_PAGE
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """
    Every path in a page, relative to the root of the repository, is an existing file.
    """
    named = set(re.findall(PATH, re.sub(ABSOLUTE, "", page.read_text("utf-8")))) - INVENTED

    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_every_link_of_the_readme_works_on_a_package_index() -> None:
    """
    A package index shows the README without the repository, so that its links must be absolute.
    """
    links = re.findall(r"\]\(([^)]*)\)", (ROOT / "README.md").read_text("utf-8"))

    assert len(links) > 10
    assert [link for link in links if not re.match(ABSOLUTE, link)] == []
    assert [link for link in links if not (ROOT / re.sub(ABSOLUTE, "", link)).exists()] == []


@EVERY_PAGE
def test_every_name_of_the_package_that_a_page_uses_exists(page: Path) -> None:
    """
    Every module and attribute of the package that a page names, in code or text, exists.
    """
    named = set(re.findall(MODULE, page.read_text("utf-8"))) - INVENTED

    assert [name for name in sorted(named) if not is_module(name) and not is_defined(name)] == []


def is_module(name: str) -> bool:
    """
    Return whether a module exists, without importing it, because some modules read the settings.
    """
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def is_defined(name: str) -> bool:
    """
    Return whether a module defines the name.
    """
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True
