"""
Tests of the limits of a call: those of the stage that governs it in the settings' pipeline.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from workerctl.budget.arithmetic import StageCost
from workerctl.budget.lookup import call_budget, pipeline_of
from workerctl.budget.pipeline import PIPELINE
from workerctl.report.errors import ProjectError
from workerctl.schema.declarations import declared
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options

NAME = ""  # the name of a stage does not matter for a call


class Team(Settings):
    """Settings that a pipeline may name."""

    FETCH_SECONDS: int = 20
    SLOW_SECONDS: float = 45.5


class Foreign(BaseModel):
    """A settings class without the settings that the built-in pipeline names."""

    FETCH_SECONDS: int = 20


@pytest.fixture(name="settings_of")
def _settings_of(directory: Path) -> Callable[..., Team]:
    """
    Return a function that loads the settings of a project whose pipeline has these TOML stages.
    """

    def settings_of(*stages: str, **given: Any) -> Team:
        lines = [f'[[tool.workerctl.pipeline.stages]]\nname = "a"\n{stage}\n' for stage in stages]
        (directory / "pyproject.toml").write_text("".join(lines))
        settings = load(Team, Options(env_files=(), isolated=True), environ={}).settings
        assert isinstance(settings, Team)
        return settings.model_copy(update=given)

    return settings_of


def test_every_number_of_the_governing_stage_bounds_the_call(
    settings_of: Callable[..., Team],
) -> None:
    """
    Every number of the governing stage applies to the call, except how often the stage makes it.
    """
    settings = settings_of(
        "timeout = 300",
        'timeout = "FETCH_SECONDS"\nretries = 4\nbase = 0.5\ncap = 3\nconnect = 2\n'
        'sdk_retries = 1\nstage = "llm"\ncalls = 7\ntimes = 3\nside_by_side = true',
    )

    expected = StageCost(
        NAME, timeout=20, retries=4, base=0.5, cap=3, connect=2, sdk_retries=1, calls=1
    )
    assert call_budget(settings, "llm") == expected
    changed = settings.model_copy(update={"FETCH_SECONDS": 9})
    assert call_budget(changed, "llm") == expected.replace(timeout=9)


def test_a_stage_may_govern_several_runtime_stages(settings_of: Callable[..., Team]) -> None:
    """
    A stage gives its numbers to each runtime stage that it lists.
    """
    settings = settings_of('timeout = 4\nretries = 2\nstage = ["database", "webhook"]')

    for stage in ("database", "webhook"):
        assert call_budget(settings, stage) == StageCost(NAME, 4, 2)


@pytest.mark.parametrize(
    ("update", "timeout", "retries"), [({}, 45.5, 0), ({"FETCH_SECONDS": 30}, 30, 1)]
)
def test_the_stage_with_the_longest_call_governs(
    settings_of: Callable[..., Team], update: dict[str, int], timeout: float, retries: int
) -> None:
    """
    The stage whose call may take longest supplies all numbers, however many calls a stage makes.
    """
    settings = settings_of(
        'timeout = "FETCH_SECONDS"\nretries = 1\ncalls = 50\nstage = "llm"',
        'timeout = "SLOW_SECONDS"\nstage = "llm"',
        **update,
    )

    assert call_budget(settings, "llm") == StageCost(NAME, timeout, retries)


def test_the_first_of_equally_long_stages_governs(settings_of: Callable[..., Team]) -> None:
    """
    The first stage wins a tie: two attempts of ten seconds are as long as one of twenty.
    """
    stages = ('timeout = 10\nretries = 1\nstage = "llm"', 'timeout = 20\nstage = "llm"')

    assert call_budget(settings_of(*stages), "llm") == StageCost(NAME, 10, 1)
    assert call_budget(settings_of(*reversed(stages)), "llm") == StageCost(NAME, 20)


def test_a_runtime_stage_that_nothing_governs_uses_the_built_in_settings(
    settings_of: Callable[..., Team],
) -> None:
    """
    A runtime stage that the pipeline does not mention uses the built-in settings.
    """
    settings = settings_of('timeout = 1\nstage = "llm"', STORAGE_TIMEOUT_SECONDS=17)

    assert call_budget(settings, "database") == StageCost(NAME, 17, 3, 1.0)
    assert call_budget(settings, "llm") == StageCost(NAME, 1)


@pytest.mark.parametrize("stage", ["llm", "embedding", "storage", "database", "webhook"])
def test_a_class_without_the_built_in_settings_must_declare_its_stages(stage: Any) -> None:
    """
    A class without the built-in settings gets an error that says what to add.
    """
    with pytest.raises(ProjectError) as caught:
        call_budget(Foreign(), stage)
    assert str(caught.value) == (
        f'No stage of the pipeline declares stage = "{stage}". '
        "Add it to the stage whose timeout and retries apply to such calls."
    )


def test_a_runtime_stage_that_does_not_exist_is_a_value_error(
    settings_of: Callable[..., Team],
) -> None:
    """
    An unknown runtime stage raises ValueError, with and without the built-in settings.
    """
    for settings in (settings_of(), Foreign()):
        with pytest.raises(ValueError, match="llm, embedding, storage, database, webhook"):
            call_budget(settings, "lmm")  # type: ignore[arg-type]


def test_the_project_is_the_one_that_the_settings_were_read_for(
    settings_of: Callable[..., Team], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """
    Settings remember their project, so changing the working directory does not change the pipeline.
    """
    one, other = (settings_of(f'timeout = {time}\nstage = "llm"') for time in (5, 6))

    with contextlib.chdir(tmp_path_factory.mktemp("elsewhere")):
        for settings, timeout in ((one, 5), (other, 6), (one, 5)):
            assert call_budget(settings, "llm").timeout == timeout


def test_settings_that_were_not_read_belong_to_no_project(
    settings_of: Callable[..., Team],
) -> None:
    """
    Settings that were not loaded from sources use the built-in pipeline.
    """
    assert settings_of('timeout = 1\nstage = "llm"').source_project is not None
    settings = Team.model_construct()

    assert settings.source_project is None
    assert pipeline_of(declared(Team), None) is PIPELINE
    assert call_budget(settings, "llm").timeout == 120


def test_a_pipeline_that_is_not_valid_is_refused_each_time(
    settings_of: Callable[..., Team],
) -> None:
    """
    An invalid pipeline raises on every call, because the log of the first one may be lost.
    """
    settings = settings_of('timeout = "NO_SUCH"\nstage = "llm"')

    for _ in range(2):
        with pytest.raises(ProjectError, match=r"^Stage 1 of \[tool.workerctl.pipeline\]"):
            call_budget(settings, "llm")
