"""
Tests of the arithmetic of the retry budget: exact, fast, and true of a simulated worker.

`HYPOTHESIS_PROFILE=ci` simulates 10 000 jobs instead of 300.
"""

import random
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.simulated import FAILS, HANGS, INSTANT, LATE, REFUSES, SUCCEEDS, World
from workerctl.budget.arithmetic import (
    KILL_SECONDS,
    SDK_FIRST_WAIT,
    SDK_LONGEST_WAIT,
    Budget,
    StageCost,
    exact,
    slowest,
    waits,
)
from workerctl.budget.pipeline import PIPELINE
from workerctl.settings import Settings

_LLM = StageCost("call", 120, retries=2, base=1, cap=8, connect=10)


def default(**changed: object) -> Budget:
    """
    Return the budget of the built-in pipeline with some settings changed.
    """
    settings = Settings.model_construct().model_copy(update=changed)
    return PIPELINE.budget(settings)


def worst(budget: Budget) -> dict[str, Fraction]:
    """
    Return the worst case of each step, keyed by the name of its slowest stage.
    """
    return {slowest(step).name: slowest(step).worst for step in budget.steps}


# ------------------------------------------------------------------------------ documented figures


def test_the_default_job_takes_1237_seconds_at_most() -> None:
    """
    The worst case is exact for every stage, and the sum is 69 % of the job timeout.
    """
    budget = default()

    assert worst(budget) == {
        "storage download": 127,
        "identity check": 393,
        "analysis": 393,
        "embedding": 247,
        "thumbnail": 30,
        "webhook": 47,
    }
    assert budget.worst == 1237
    assert round(budget.share * 100) == 69


def test_models_called_in_series_add_up() -> None:
    """
    Models called in series add up; in parallel they take as long as one.

    Phase 1 calls two models, phase 2 three.
    """
    in_series = default(USE_PARALLEL_LLM=False)
    assert (in_series.worst, round(in_series.share * 100)) == (1630, 91)
    assert [name for name in worst(in_series) if "analysis" in name] == ["analysis 1", "analysis 2"]
    assert default(USE_PARALLEL_LLM=False, ANALYSIS_MODE="phase_2").worst == 2023
    assert default(ANALYSIS_MODE="phase_2").worst == 1237


def test_retries_of_the_sdk_multiply() -> None:
    """
    Three attempts at each of three layers make 27 requests for one failing call.
    """
    budget = default(LLM_SDK_MAX_RETRIES=2)

    assert worst(budget)["identity check"] == Fraction("1177.5")
    assert budget.worst == 2806
    (identity,) = budget.steps[1]
    assert identity.requests * (budget.job_retries + 1) == 27
    assert identity.attempts == 9 * 130
    assert identity.waits == 3 * Fraction("1.5") + 3


def test_a_failing_job_is_given_up_after_5670_seconds() -> None:
    """
    A failing job takes every run until RQ kills it, and the waits between the runs.
    """
    assert default().given_up_after == 5670 == 3 * (1800 + KILL_SECONDS) + 30 + 60
    assert default(JOB_MAX_RETRIES=0).given_up_after == 1860
    assert default(JOB_MAX_RETRIES=1).given_up_after == 2 * 1860 + 30
    assert default(JOB_MAX_RETRIES=4).given_up_after == 5 * 1860 + 30 + 60 + 60 + 60
    assert default(JOB_RETRY_INTERVALS_SECONDS=[]).given_up_after == 5580


def test_the_requests_of_all_stages_count() -> None:
    """
    Requests of parallel calls count as well: 4 + 3 + 2 x 3 + 4 + 1 + 4, in each of three runs.
    """
    assert default().requests == 3 * (4 + 3 + 2 * 3 + 4 + 1 + 4)


def test_calls_in_a_row_add_up() -> None:
    """
    A stage of three calls takes three times as long and sends three times as many requests.
    """
    assert _LLM.worst == 393
    assert _LLM.replace(calls=3).worst == 3 * 393
    assert _LLM.replace(calls=3).requests == 9
    assert _LLM.replace(calls=0).worst == 0


def test_a_step_waits_for_its_slowest_stage() -> None:
    """
    A step takes as long as its slowest stage, not as long as the sum of its stages.
    """
    quick, slow = StageCost("quick", 5), StageCost("slow", 7)

    assert slowest((quick, slow)) is slow
    assert Budget(((quick, slow), (quick,)), 100).worst == 12


# ------------------------------------------------------------------------------------------ waits


@pytest.mark.generated
@given(
    retries=st.integers(0, 64),
    base=st.fractions(0, 20, max_denominator=1000) | st.integers(0, 1000),
    cap=st.none() | st.fractions(0, 50, max_denominator=1000),
)
def test_the_waits_are_those_of_the_definition(
    retries: int, base: Fraction, cap: Fraction | None
) -> None:
    """
    The closed form equals the sum of min(base · 2^i, cap), computed term by term.
    """
    terms = [base * 2**doublings for doublings in range(retries)]
    expected = sum(term if cap is None else min(term, cap) for term in terms)

    assert waits(retries, base, cap) == expected


def test_the_waits_of_the_sdks() -> None:
    """
    The SDKs wait 0.5, 1, 2, 4, 8 and 8 seconds at most, because jitter only shortens a wait.
    """
    sums = [waits(retries, SDK_FIRST_WAIT, SDK_LONGEST_WAIT) for retries in range(7)]

    assert sums == [0, Fraction("0.5"), Fraction("1.5"), Fraction("3.5"), Fraction("7.5"),
                    Fraction("15.5"), Fraction("23.5")]  # fmt: skip


@pytest.mark.parametrize(("base", "cap"), [(1, None), (1, 8), (0, None), (0, 8), (5, 3), (1, 0)])
def test_enormous_numbers_are_computed_quickly(base: int, cap: int | None) -> None:
    """
    Settings with thousands of digits are computed quickly, because no bound rules them out.
    """
    enormous = 10**4000
    stage = StageCost("s", enormous, enormous, base, cap, enormous, enormous, enormous)
    begun = time.process_time()
    budget = Budget(((stage,),), enormous, enormous, (enormous,))
    longest = (budget.worst, budget.share, budget.given_up_after, budget.requests)

    assert min(longest) > enormous
    assert time.process_time() - begun < 5


def test_floats_are_taken_as_written() -> None:
    """
    A float counts as the decimal that was written, so ten waits of 0.1 s are exactly one second.
    """
    assert exact(0.1) == Fraction(1, 10)
    assert sum(exact(0.1) for _ in range(10)) == 1
    assert StageCost("s", 0.1, retries=1, base=0.2, connect=0.3).worst == 1
    assert waits(2, 0.1, 0.15) == Fraction(1, 4)
    assert exact(1e308) == 10**308


# -------------------------------------------------------------------------------- a simulated job

_seconds = st.integers(0, 120) | st.fractions(0, 90, max_denominator=10)
_stages = st.builds(
    StageCost,
    st.just("stage"),
    timeout=_seconds,
    retries=st.integers(0, 4),
    base=_seconds,
    cap=st.none() | _seconds,
    connect=st.just(0) | _seconds,
    sdk_retries=st.just(0) | st.integers(0, 6),
    calls=st.integers(1, 2),
)
_steps = st.lists(_stages, min_size=1, max_size=3).map(tuple)
_jobs = st.lists(_steps, min_size=1, max_size=3).map(lambda steps: Budget(tuple(steps), 1800))


@pytest.mark.generated
@given(budget=_jobs, seed=st.integers(0, 2**32), well=st.booleans())
def test_no_server_keeps_a_job_longer_than_the_sum(budget: Budget, seed: int, well: bool) -> None:
    """
    No behaviour of a server exceeds the worst case, and a server that always hangs reaches it.
    """
    chance = random.Random(seed)
    answers = [REFUSES, FAILS, HANGS, HANGS, LATE] + [SUCCEEDS] * well
    erratic = World(lambda: chance.choice(answers))
    assert erratic.job(budget) <= budget.worst
    assert erratic.requests <= budget.requests

    hanging = World(lambda: HANGS)
    taken = hanging.job(budget)
    assert hanging.requests == budget.requests
    assert budget.worst - hanging.requests * INSTANT <= taken <= budget.worst


def test_the_simulation_distinguishes_servers() -> None:
    """
    The simulation gives each kind of server its own duration; otherwise it would prove nothing.
    """
    budget = Budget(((_LLM, _LLM), (_LLM,)), 1800)

    def taken(*answers: object) -> Fraction:
        queue = [*answers]
        return World(lambda: queue.pop(0) if len(queue) > 1 else queue[0]).job(budget)  # type: ignore[arg-type]

    assert taken(FAILS) == 2 * 3
    assert taken(REFUSES) == 2 * (3 * 10 + 3)
    assert taken(SUCCEEDS) == 2 * (130 - 2 * INSTANT)
    assert taken(HANGS) == 2 * (393 - 3 * INSTANT)
    assert taken(LATE) == 2 * (393 - 6 * INSTANT)
    assert taken(HANGS, HANGS, SUCCEEDS) == 2 * 130 + 1 + 130 - 5 * INSTANT


@pytest.mark.generated
@given(
    timeout=st.integers(1, 1000),
    retries=st.integers(0, 6),
    intervals=st.lists(st.integers(1, 600), max_size=8).map(tuple),
)
def test_a_job_is_given_up_when_its_last_run_is_killed(
    timeout: int, retries: int, intervals: tuple[int, ...]
) -> None:
    """
    Each run lasts until RQ kills it, 60 seconds after an interrupt that is ignored.
    """
    now = 0
    for run in range(retries + 1):
        now += timeout + 60
        if run < retries and intervals:
            now += intervals[run] if run < len(intervals) else intervals[-1]

    assert Budget((), timeout, retries, intervals).given_up_after == now
