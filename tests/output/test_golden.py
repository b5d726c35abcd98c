"""
Tests of the formats, compared character by character with golden files.
"""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support.golden import same

Run = Callable[..., CompletedProcess[str]]

GOLDEN = Path(__file__).parent / "golden"
FAKES = "tests.output.fakes"


@pytest.mark.parametrize("case", ["findings", "unjudged", "held", "error"])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_off_a_terminal(run: Run, case: str, format_: str) -> None:
    """
    Off a terminal nothing is coloured or wrapped.
    """
    done = run(case, format_, module=FAKES)

    same(GOLDEN / f"{case}.{'txt' if format_ == 'text' else 'json'}", done.stdout)


@pytest.mark.parametrize("detail", ["quiet", "verbose"])
@pytest.mark.parametrize("case", ["findings", "unjudged", "held"])
def test_more_and_less(run: Run, case: str, detail: str) -> None:
    """
    `--quiet` shows only what fails the run; `--verbose` also shows every check that passed.
    """
    same(GOLDEN / f"{case}.{detail}.txt", run(case, "text", detail, module=FAKES).stdout)


def test_in_ascii(run: Run) -> None:
    """
    Signs have an ASCII form, and letters are escaped.
    """
    done = run("findings", "text", env={"PYTHONIOENCODING": "ascii"}, module=FAKES)

    same(GOLDEN / "findings.ascii.txt", done.stdout)


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("case", ["findings", "unjudged"])
def test_on_a_terminal(screen: Run, case: str, columns: int) -> None:
    """
    On a terminal the report is coloured, and wrapped to its width.
    """
    same(
        GOLDEN / f"{case}.{columns}.colour.txt",
        screen(case, "text", columns=columns, module=FAKES).stdout,
    )


@pytest.mark.parametrize("columns", [80, 40])
def test_on_a_terminal_without_colour(screen: Run, columns: int) -> None:
    """
    With NO_COLOR only bold and dim remain; a dumb terminal gets no escape sequence.
    """
    done = screen("findings", "text", columns=columns, env={"NO_COLOR": "1"}, module=FAKES)
    same(GOLDEN / f"findings.{columns}.no-colour.txt", done.stdout)

    done = screen("findings", "text", columns=columns, env={"TERM": "dumb"}, module=FAKES)
    same(GOLDEN / f"findings.{columns}.dumb.txt", done.stdout)
    assert "\x1b" not in done.stdout
