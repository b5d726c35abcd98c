"""
The guide to baselines: its commands are run in order, and show what it says.

`WORKERCTL_GOLDEN=write pytest tests/repository/test_baseline_guide.py` renews the reports.
"""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

pytestmark = pytest.mark.any_python

Run = Callable[..., CompletedProcess[str]]

GUIDE = Path(__file__).parents[2] / "docs/how-to/baseline.md"
_BLOCK = r"```(toml|sh|console)\n(.*?)```"
_IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@b.invalid")


def test_the_guide_shows_what_the_program_says(call: Run, directory: Path) -> None:
    """
    A reader who follows the guide on the first of June 2026 sees exactly these reports.
    """
    codes: list[int] = []

    def after(block: re.Match[str]) -> str:
        kind, body = block.groups()
        if kind != "console":
            name, _, content = body.partition("\n")
            file = directory / name.removeprefix("# ")
            file.parent.mkdir(exist_ok=True)
            file.write_text(content)
            return block[0]
        shown = ""
        for command in re.findall(r"^\$ workerctl (.*)$", body, re.MULTILINE):
            if "--diff-from" in command:
                _commit()
            done = call(*command.split())
            assert done.stderr == ""
            codes.append(done.returncode)
            gap = "\n" if shown else ""
            shown += f"{gap}$ workerctl {command}\n{done.stdout}"
        return f"```console\n{shown}```"

    text = GUIDE.read_text("utf-8")
    made = re.sub(_BLOCK, after, text, flags=re.DOTALL)
    if os.environ.get("WORKERCTL_GOLDEN") == "write":
        GUIDE.write_text(made, "utf-8")

    assert made == GUIDE.read_text("utf-8")
    assert codes == [1, 0, 1, 0, 0, 0, 0]


def _commit() -> None:
    """
    Commit all files of the working directory to a new repository.
    """
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "."),
        (*_IDENTITY, "commit", "--quiet", "--message=all"),
    ):
        subprocess.run(["git", *words], check=True, capture_output=True)
