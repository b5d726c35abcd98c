"""
Tests of the chart of a budget, compared character by character with golden files.
"""

import io
import os
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.golden import same
from workerctl.budget.arithmetic import Budget, StageCost
from workerctl.commands.budget.drawing import text
from workerctl.commands.budget.drawing.bars import Picture, bars, marks
from workerctl.report.results import Report

Run = Callable[..., CompletedProcess[str]]

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    "fits": {},
    "tight": {"USE_PARALLEL_LLM": "false"},
    "beyond": {"LLM_SDK_MAX_RETRIES": "2"},
    "waits": {"LLM_RETRY_BASE_WAIT": "60", "LLM_RETRY_MAX_WAIT": "600"},
    "huge": {"LLM_SDK_MAX_RETRIES": "1" + "0" * 30},
}
WIDTHS = pytest.mark.parametrize("columns", [60, 100, 160])

_counts = st.integers(0, 12) | st.integers(0, 10**30)
_times = st.floats(0, 1e12, allow_nan=False) | st.integers(0, 10**30) | st.integers(0, 600)
_stages = st.builds(
    StageCost,
    name=st.text("abc 열é", min_size=1, max_size=40),
    timeout=_times,
    retries=_counts,
    base=_times,
    cap=st.none() | _times,
    connect=_times,
    sdk_retries=_counts,
    calls=st.integers(1, 5),
)
_steps = st.builds(lambda stage, times: (stage,) * times, _stages, st.integers(1, 4))
_budgets = st.builds(
    Budget,
    steps=st.lists(_steps, min_size=1, max_size=6).map(tuple),
    job_timeout=st.integers(1, 10**30) | st.integers(1, 4000),
    job_retries=_counts,
    intervals=st.lists(st.integers(1, 600), max_size=3).map(tuple),
)


def drawn(budget: Budget, columns: int) -> list[str]:
    """
    Return the lines of a chart that is not written to a terminal.
    """
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="")
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(columns)
    try:
        text.render(Picture(Report(judged_as="development"), budget), stream)
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    stream.seek(0)
    return stream.read().splitlines()


@pytest.mark.parametrize("columns", [60, 100])
def test_parallel_lanes_are_adjacent(columns: int) -> None:
    """A third parallel lane has no text, and no empty line for it."""
    stage = StageCost("models", 10, retries=2, base=1)
    lines = drawn(Budget(((stage,) * 3,), 100), columns)
    lanes = [line for line in lines if "█" in line and "attempts" not in line]
    assert len(lanes) == 3
    first, last = lines.index(lanes[0]), len(lines) - lines[::-1].index(lanes[2])
    assert "" not in lines[first:last]


@pytest.mark.parametrize("case", CASES)
@WIDTHS
def test_off_a_terminal(run: Run, case: str, columns: int) -> None:
    """
    Off a terminal, the chart is as wide as COLUMNS says.
    """
    done = run("budget", "--no-env-file", env={**CASES[case], "COLUMNS": str(columns)})

    same(GOLDEN / f"budget.{case}.{columns}.txt", done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= columns


@WIDTHS
def test_on_a_terminal(screen: Run, columns: int) -> None:
    """
    On a terminal the chart is coloured, and without colours its text is the same.
    """
    shown = {}
    for name, env in {
        "colour": {},
        "no-colour": {"NO_COLOR": "1"},
        "dumb": {"TERM": "dumb"},
    }.items():
        done = screen("budget", "--no-env-file", columns=columns, env={**CASES["beyond"], **env})
        same(GOLDEN / f"budget.beyond.{columns}.{name}.txt", done.stdout)
        shown[name] = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)

    assert len(set(shown.values())) == 1


def test_in_ascii(run: Run) -> None:
    """
    Each sign has an ASCII form of the same width.
    """
    done = run("budget", "--no-env-file", env={**CASES["waits"], "PYTHONIOENCODING": "ascii"})

    same(GOLDEN / "budget.waits.ascii.txt", done.stdout)
    assert done.stdout.isascii()


def test_the_width_is_80_columns_by_default_and_160_at_most(run: Run) -> None:
    """
    Without COLUMNS the chart is 80 columns wide, and it is never wider than 160.
    """
    default = run("budget", "--no-env-file", env=CASES["beyond"]).stdout.splitlines()
    wide = run("budget", "--no-env-file", env={**CASES["beyond"], "COLUMNS": "900"}).stdout

    assert max(map(len, default)) == 80
    assert max(map(len, wide.splitlines())) == 160


@given(budget=_budgets, columns=st.integers(20, 200))
def test_every_budget_can_be_drawn(budget: Budget, columns: int) -> None:
    """
    The timeout is in the same column of every lane, and only what exceeds it is marked.
    """
    lines = drawn(budget, columns)
    lanes = [one for one in lines if "│" in one]
    count = sum(min(len(step), 3) for step in budget.steps)

    assert len(lanes) == count
    assert len({_columns(one[: one.index("│")]) for one in lanes}) == 1
    for lane in lanes:
        before, _, after = lane.partition("│")
        assert "╳" not in before
        assert "█" not in after
    if budget.share <= 1:
        assert "╳" not in "".join(lanes)
    assert all(_columns(one) <= max(columns, 60) for one in lanes)


def _columns(one: str) -> int:
    return sum(2 if letter == "열" else 1 for letter in one)


@given(budget=_budgets, most=st.integers(1, 60))
def test_spans_fill_their_bar(budget: Budget, most: int) -> None:
    """
    Spans are contiguous, cover the whole bar, and are not more than there is room for.
    """
    for bar in bars(budget):
        spans = bar.spans(most)

        assert len(spans) <= most
        assert bool(spans) == (bar.end > bar.start)
        if spans:
            assert (spans[0].start, spans[-1].end) == (bar.start, bar.end)
            assert all(one.end == other.start for one, other in pairwise(spans))


def test_attempts_are_merged_where_there_is_little_room() -> None:
    """
    With less room, the attempts of the SDK are merged first, then all attempts.
    """
    (bar,) = bars(Budget(((StageCost("a", 100, retries=2, base=1, sdk_retries=2),),), 1000))
    drawn_as = {most: [span.is_wait for span in bar.spans(most)] for most in (17, 16, 5, 4)}

    assert drawn_as[17] == [False, True] * 8 + [False]
    assert drawn_as[16] == drawn_as[5] == [False, True, False, True, False]
    assert drawn_as[4] == [False]


@pytest.mark.parametrize(
    ("end", "most", "expected"),
    [
        (1800, 5, [0, 500, 1000, 1500]),
        (1800, 1, [0]),
        (7, 8, [0, 1, 2, 3, 4, 5, 6]),
        (0.5, 9, []),
        (10**9, 9, []),
        (100, 0, []),
    ],
)
def test_marks_are_round(end: float, most: int, expected: list[int]) -> None:
    """
    Marks are at round numbers, and not more than there is room for.
    """
    assert marks(end, most) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stages", "legend"),
    [
        ((StageCost("a", 5), StageCost("b", 9, 1, 3)), "2 × 9 + 3: attempts × seconds + waits"),
        ((StageCost("a", 5), StageCost("b", 9)), "1 × 5: attempts × seconds"),
    ],
)
def test_the_legend_explains_a_formula_of_the_chart(
    stages: tuple[StageCost, ...], legend: str
) -> None:
    lines = drawn(Budget(tuple((stage,) for stage in stages), 60), 100)

    assert lines.count(legend) == 1
    assert any(f"{legend.split(':', maxsplit=1)[0]} = " in line for line in lines)


def test_no_golden_file_is_left_over() -> None:
    """
    Every golden file belongs to a test.
    """
    kinds = {f"budget.{case}.{columns}.txt" for case in CASES for columns in (60, 100, 160)}
    kinds |= {
        f"budget.beyond.{columns}.{kind}.txt"
        for columns in (60, 100, 160)
        for kind in ("colour", "no-colour", "dumb")
    }

    assert {path.name for path in GOLDEN.glob("budget.*")} == {*kinds, "budget.waits.ascii.txt"}
