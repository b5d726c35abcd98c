"""
What the outputs look like, to the letter: `WORKERCTL_GOLDEN=write pytest tests/output` renews it.
"""

import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from workerctl import __version__

Run = Callable[..., CompletedProcess[str]]

GOLDEN = Path(__file__).parent / "golden"
FAKES = "tests.output.fakes"


def same(name: str, text: str) -> None:
    """
    Compare with a golden file, or write it.
    """
    path = GOLDEN / name
    text = text.replace(f"workerctl {__version__}", "workerctl VERSION")
    text = text.replace(f'"{__version__}"', '"VERSION"')
    if os.environ.get("WORKERCTL_GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("case", ["findings", "unjudged", "held", "error"])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_off_a_terminal(run: Run, case: str, format_: str) -> None:
    """
    No colour, nothing wrapped.
    """
    done = run(case, format_, module=FAKES)

    same(f"{case}.{'txt' if format_ == 'text' else 'json'}", done.stdout)


@pytest.mark.parametrize("detail", ["quiet", "verbose"])
@pytest.mark.parametrize("case", ["findings", "unjudged", "held"])
def test_more_and_less(run: Run, case: str, detail: str) -> None:
    """
    Quiet: only what fails the run. Verbose: every claim that holds.
    """
    same(f"{case}.{detail}.txt", run(case, "text", detail, module=FAKES).stdout)


def test_in_ascii(run: Run) -> None:
    """
    Signs have an ASCII form, letters are escaped.
    """
    done = run("findings", "text", env={"PYTHONIOENCODING": "ascii"}, module=FAKES)

    same("findings.ascii.txt", done.stdout)


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("case", ["findings", "unjudged"])
def test_on_a_terminal(screen: Run, case: str, columns: int) -> None:
    """
    In colour, and wrapped to its width.
    """
    same(f"{case}.{columns}.colour.txt", screen(case, "text", columns=columns, module=FAKES).stdout)


@pytest.mark.parametrize("columns", [80, 40])
def test_on_a_terminal_without_colour(screen: Run, columns: int) -> None:
    """
    With NO_COLOR bold and dim remain; a dumb terminal gets no escape at all.
    """
    done = screen("findings", "text", columns=columns, env={"NO_COLOR": "1"}, module=FAKES)
    same(f"findings.{columns}.no-colour.txt", done.stdout)

    done = screen("findings", "text", columns=columns, env={"TERM": "dumb"}, module=FAKES)
    same(f"findings.{columns}.dumb.txt", done.stdout)
    assert "\x1b" not in done.stdout
