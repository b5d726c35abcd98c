"""
Links inside the repository lead somewhere, on the site as well as where the sources are read.
"""

import os
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.any_python

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
HOME = r"https://github\.com/workerctl/workerctl/(?:blob|tree)/main/"
PAGES_OF_THE_SITE = sorted(DOCS.rglob("*.md"))
PAGES = [*ROOT.glob("*.md"), *PAGES_OF_THE_SITE]
EVERY_PAGE = pytest.mark.parametrize(
    "page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES]
)


def links(page: Path) -> Iterator[str]:
    """
    Yield the targets of links and pictures outside of code, with absolute ones made relative.
    """
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r'\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"', text):
        path = "".join(target)
        if re.match(HOME, path):
            path = os.path.relpath(ROOT / re.sub(HOME, "", path), page.parent)
        if not re.match(r"https?:", path):
            yield path


def anchors(page: Path) -> set[str]:
    """
    Return the anchors of a page that work both where the sources are read and on the site.

    The two make anchors of headings in different ways, and number equal ones differently.
    """
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    found = set(re.findall(r'<a id="([^"]+)"></a>', text))
    headings = [re.sub("`", "", each).lower() for each in re.findall(r"(?m)^#+ (.*)$", text)]
    for heading in headings:
        kept = re.sub(r"[^\w\s-]", "", heading).strip()
        if headings.count(heading) == 1 and not re.search(r"[-\s]{2}", kept):
            found.add(re.sub(r"\s", "-", kept))
    return found


@EVERY_PAGE
def test_every_link_leads_to_a_file_and_an_anchor(page: Path) -> None:
    """
    A relative link, or one to the repository, names an existing file and an anchor in it.
    """
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES_OF_THE_SITE, ids=lambda page: page.name)
def test_a_page_of_the_site_links_relatively_to_the_site_only(page: Path) -> None:
    """
    The site has nothing but docs/: what is elsewhere in the repository has an absolute link.
    """
    relative = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text("utf-8"))
    outside = [link for link in relative if DOCS not in (page.parent / link).resolve().parents]

    assert outside == [], "write https://github.com/workerctl/workerctl/blob/main/…"


def entries(nav: Any) -> Iterator[str]:
    """
    Yield the pages and patterns of a navigation.
    """
    if isinstance(nav, str):
        yield nav
    else:
        for part in nav.values() if isinstance(nav, dict) else nav:
            yield from entries(part)


def test_every_page_is_in_the_navigation_once() -> None:
    """
    A page that the navigation does not list can only be found by searching.
    """
    project = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
    patterns = list(entries(project["nav"]))
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).as_posix()
        matching = [pattern for pattern in patterns if fnmatch(name, pattern)]
        assert len(matching) == 1, f"{name}: add it to `nav` in zensical.toml"
    for pattern in patterns:
        assert list(DOCS.glob(pattern)), pattern


def test_the_documentation_shows_at_most_fifteen_entries() -> None:
    """
    The folder is small enough to be read at a glance.
    """
    assert len({path.name for path in DOCS.iterdir()} - {"__pycache__"}) <= 15
