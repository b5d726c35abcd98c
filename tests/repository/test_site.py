"""
The documentation site, built as `make site` builds it.
"""

import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / ".venv-site/bin/zensical"
pytestmark = pytest.mark.environments


class Page(HTMLParser):
    """
    The ids, links and loaded files of a page.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.code: list[str] = []
        self._in_code = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """
        Note what the tag refers to.
        """
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "link" and found.get("rel") not in ("canonical", "prev", "next"):
            self.loaded.append(found["href"])
        self.loaded += [found[name] for name in ("src", "srcset") if name in found]
        self._in_code = tag == "code"

    def handle_data(self, data: str) -> None:
        """
        Note code, in which a backslash before a bar would be shown.
        """
        if self._in_code:
            self.code.append(data)
        self._in_code = False


@pytest.fixture(name="site", scope="module")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """
    Yield a site that was built in strict mode from a copy of what it is made of.
    """
    if not GENERATOR.exists():
        pytest.fail("There is no .venv-site: run `make .venv-site/.stamp`.")
    root = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "zensical.toml", root)
    for name in ("docs", "workerctl"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    command = [GENERATOR, "build", "--strict"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    yield root / "build/site"
    shutil.rmtree(root)


@pytest.fixture(name="pages", scope="module")
def _pages(site: Path) -> dict[Path, Page]:
    """
    Return the pages of the site.
    """
    return {path: Page(path.read_text("utf-8")) for path in site.rglob("*.html")}


def test_every_page_is_built(site: Path, pages: dict[Path, Page]) -> None:
    """
    Every Markdown file becomes a page, and nothing of the generator is published.
    """
    sources = (ROOT / "docs").rglob("*.md")
    expected = {site / each.relative_to(ROOT / "docs").with_suffix(".html") for each in sources}

    assert set(pages) - expected == {site / "404.html"}
    assert expected <= set(pages)
    assert list(site.rglob("*.py")) == []


def test_every_internal_link_leads_to_a_page_and_an_anchor(pages: dict[Path, Page]) -> None:
    """
    The built pages link to each other as the sources do, and to no address without a page.
    """
    count = 0
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for link in (*page.links, *page.loaded):
            target, _, anchor = unquote(link).partition("#")
            if target.startswith(("https://", "data:", "mailto:")):
                continue
            file = (path.parent / target).resolve() if target else path
            assert file.is_file(), f"{path.name}: {link}"
            if anchor and file in pages and not anchor.startswith("__"):
                assert anchor in pages[file].ids, f"{path.name}: {link}"
            count += 1

    assert count > 1000


def test_a_page_loads_nothing_from_other_servers(pages: dict[Path, Page]) -> None:
    """
    No font, script or picture, nor the number of stars of a repository.
    """
    for page in pages.values():
        assert [each for each in page.loaded if "//" in each] == []
    for path in pages:
        assert 'data-md-component="source"' not in path.read_text("utf-8")


def test_no_code_shows_the_escape_of_a_bar(pages: dict[Path, Page]) -> None:
    r"""
    In a table, `\|` in code keeps its backslash on the site: write <code>&#124;</code>.
    """
    assert [text for page in pages.values() for text in page.code if r"\|" in text] == []


def test_the_reference_of_the_package_has_its_public_names(site: Path) -> None:
    """
    Names that a worker or a settings class imports have an entry, with their docstrings.
    """
    page = Page((site / "reference/api.html").read_text("utf-8"))

    assert {
        "workerctl.rules.Required",
        "workerctl.runtime.booting.boot",
        "workerctl.keyring.ring.KeyRing.encrypt",
        "workerctl.checks.base.Check",
        "workerctl.budget.pipeline.StageSettings",
    } <= page.ids
