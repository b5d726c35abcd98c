"""
The leak tests can fail: the oracle finds the secrets when masking is broken in one of three places.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import workerctl
from tests.leaks.holdings import ENV_FILE, misplaced, valid
from tests.leaks.oracle import Mint, Oracle

SEED = 11

_BREAKAGES = {
    "masking.show_url returns the URL": (
        "secrecy/masking.py",
        "    parts = urls.split(url)\n    if parts is None:\n        return MASK\n",
        "    return url\n",
    ),
    "redaction.Redactor returns the text": (
        "secrecy/redaction.py",
        "        shown: list[str] = []\n",
        "        return text\n",
    ),
    "rejections.rejected_values uses pydantic's words": (
        "schema/rejections.py",
        "finding = _bad_value(schema, name, values, item)",
        "finding = _missing(f\"{name}: {item['msg']} {item['input']}\", values.location(name))",
    ),
}
_COMMANDS = ("check", "check --format json", "show-config", "show-config --format json")


@pytest.mark.parametrize("breakage", [None, *_BREAKAGES])
def test_a_breakage_is_found(
    breakage: str | None, directory: Path, run: Callable[..., CompletedProcess[str]]
) -> None:
    """
    A copy of the package leaks if one of these lines is replaced, and does not leak otherwise.
    """
    mint = Mint(SEED)
    broken = {**misplaced(mint, "token"), **dict(list(valid(mint).items())[::2])}
    (directory / ENV_FILE).write_text("".join(f"{name}={text}\n" for name, text in broken.items()))
    shutil.copy(Path(__file__).with_name("team.py"), directory)
    (directory / "pyproject.toml").write_text('[tool.workerctl]\nchecks = "team:CHECKS"\n')
    package = Path(shutil.copytree(Path(workerctl.__file__).parent, directory / "copy/workerctl"))
    if breakage is not None:
        _break(package, *_BREAKAGES[breakage])

    oracle = Oracle(mint.made)
    leaks = [
        leak for words in _COMMANDS for leak in oracle.leaks(_output(run, words, package.parent))
    ]

    assert bool(leaks) == (breakage is not None)


def _break(package: Path, name: str, line: str, other: str) -> None:
    file = package / name
    text = file.read_text()
    assert text.count(line) == 1, f"{name} has changed: update the breakage in this module"
    text = text.replace(line, other)
    file.write_text(text.replace("include_input=False, include_context=False, ", ""))


def _output(run: Callable[..., CompletedProcess[str]], words: str, path: Path) -> str:
    done = run(*words.split(), "--env-file", ENV_FILE, env={"PYTHONPATH": os.fspath(path)})
    assert done.returncode in {0, 1}, done
    return done.stdout + done.stderr
