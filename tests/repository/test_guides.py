"""
Guides with examples that follow on from each other: the reports in them are what the program shows.

`WORKERCTL_GOLDEN=write pytest tests/repository/test_guides.py` renews the reports.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.any_python

Run = Callable[..., CompletedProcess[str]]

ROOT = Path(__file__).parents[2]
GUIDES = (
    *("docs/adopting.md", "docs/tutorial.md"),
    *("docs/how-to/compare.md", "docs/how-to/compose-files.md", "docs/how-to/schema.md"),
    "docs/how-to/kubernetes-manifests.md",
)
# `workerctl` and `python` of the environment that runs the tests.
PATH = f"{Path(sys.executable).parent}:/usr/bin:/bin"
_BLOCK = r"```(python|sh|toml|yaml|console)\n(.*?)```"


class Block(NamedTuple):
    """
    A block of a guide: a file that it shows whole, or a command with its output.
    """

    kind: str
    first: str
    rest: str


def blocks(text: str) -> Iterator[Block]:
    """
    Yield the blocks of a guide in order. A file begins with its path in a comment.
    """
    for kind, body in re.findall(_BLOCK, text, re.DOTALL):
        first, _, rest = body.partition("\n")
        if first.startswith(("# ", "$ ")):
            yield Block(kind, first[2:], rest)


@pytest.mark.parametrize("guide", GUIDES)
def test_the_reports_of_a_guide_are_what_the_program_shows(
    guide: str, directory: Path, run: Run
) -> None:
    """
    A reader who follows the guide sees exactly these reports.

    The files get the mode of the usual umask, so the guide says when to make one private.
    """
    shown = (ROOT / guide).read_text("utf-8")
    for block in blocks(shown):
        if block.kind == "console":
            done = run(script=f"{block.first} 2>&1", env={"PATH": PATH, "PYTHONPATH": f"{ROOT}:."})
            old = f"$ {block.first}\n{block.rest}```"
            shown = shown.replace(old, f"$ {block.first}\n{done.stdout}```", 1)
        else:
            file = directory / block.first
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.rest, "utf-8")
    if os.environ.get("WORKERCTL_GOLDEN") == "write":
        (ROOT / guide).write_text(shown, "utf-8")

    assert shown == (ROOT / guide).read_text("utf-8")


def test_the_readme_begins_with_the_report_of_the_guide() -> None:
    """
    The picture on the first screen of the README is the first report of the guide.
    """
    guide = blocks((ROOT / GUIDES[0]).read_text("utf-8"))
    first = next(block for block in guide if block.first.startswith("workerctl check"))
    readme = next(blocks((ROOT / "README.md").read_text("utf-8")))

    assert readme == first
