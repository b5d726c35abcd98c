"""
Tests of pipelines of settings classes other than the built-in one.
"""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict

from tests.support.any_class import schema_of
from workerctl.budget import declaration
from workerctl.budget.arithmetic import Budget, StageCost
from workerctl.budget.lookup import call_budget, pipeline_for, pipeline_of
from workerctl.budget.pipeline import Choice, Pipeline, StageSettings
from workerctl.report.errors import ProjectError
from workerctl.schema import instances
from workerctl.schema.instances import Origin
from workerctl.sources import project as projects

WHERE = declaration.TABLE


class Worker(BaseModel):
    """The part of the settings that concerns calls."""

    timeout: float = 20
    retries: int | None = None
    waits: list[int] | None = None
    pause: timedelta = timedelta(seconds=1.5)
    mode: str = "quick"


class Foreign(BaseSettings):
    """A settings class with a prefix and a nested model."""

    model_config = SettingsConfigDict(env_prefix="APP_", env_nested_delimiter="__")

    worker: Worker = Worker()
    job_timeout: int | None = 100
    retries: int = 1
    name: str = "shop"


SCHEMA = schema_of(Foreign)


def resolved(**table: Any) -> Pipeline:
    """
    Return the pipeline of a table, resolved for Foreign.
    """
    return declaration.resolved(declaration.parsed(table), SCHEMA, WHERE)


def of_stage(**keys: Any) -> dict[str, Any]:
    """
    Return a table with a job timeout and one stage that has these additional keys.
    """
    return {"job_timeout": 60, "stages": [{"name": "fetch", "timeout": "worker.timeout", **keys}]}


# ------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["worker.timeout", "APP_WORKER__TIMEOUT"])
def test_a_name_is_the_path_of_a_field_or_its_variable(name: str) -> None:
    """
    The resolved pipeline has variables, because findings name these.
    """
    pipeline = resolved(**{**of_stage(timeout=name), "job_timeout": "job_timeout"})

    assert pipeline.settings == ("APP_WORKER__TIMEOUT", "APP_JOB_TIMEOUT")
    assert pipeline.budget(Foreign(), SCHEMA.value).worst == 20


def test_every_entry_may_name_a_nested_field() -> None:
    """
    Times may be durations, and numbers optional.
    """
    choice = {"setting": "worker.mode", "quick": 2}
    table = of_stage(
        retries="retries", base="worker.pause", calls="retries", times=choice, cap="worker.pause"
    )
    pipeline = resolved(**{**table, "intervals": "worker.waits", "job_retries": "worker.retries"})
    one = StageCost("fetch 1", 20, retries=1, base=1.5, cap=1.5)

    steps = ((one,), (one.replace(name="fetch 2"),))
    assert pipeline.budget(Foreign(), SCHEMA.value) == Budget(steps, 60, 0, ())


def test_paths_are_read_from_the_instance_without_a_schema() -> None:
    """
    The names of a pipeline that a program makes are paths, through models and mappings.
    """
    settings = {"worker": Worker(timeout=7), "mode": "slow"}
    times = Choice("mode", {"quick": 1, "slow": 3})
    pipeline = Pipeline((StageSettings("a", "worker.timeout", times=times),), 60, 0, ())

    assert pipeline.budget(settings).worst == 21


@pytest.mark.parametrize(
    ("timeout", "reason", "hint"),
    [
        ("worker.timout", "names a setting that does not exist", "Did you mean worker.timeout?"),
        (
            "NO_SUCH",
            "names a setting that does not exist",
            "It may name worker.timeout, worker.retries, worker.pause, job_timeout, retries.",
        ),
        (
            "APP_NAME",
            "names name, which is not a number",
            "It may name worker.timeout, worker.retries, worker.pause, job_timeout, retries.",
        ),
    ],
)
def test_a_wrong_name_is_told_what_may_be_named(timeout: str, reason: str, hint: str) -> None:
    with pytest.raises(ProjectError) as caught:
        resolved(**of_stage(timeout=timeout))
    assert caught.value.message == f"Stage 1 of {WHERE}: timeout {reason}."
    assert caught.value.hint == hint


# ---------------------------------------------------------------------------------- defaults


def test_defaults_that_name_built_in_settings_do_not_count() -> None:
    """
    Jobs are not retried, and the grace period is not known.
    """
    pipeline = resolved(**of_stage())

    assert pipeline == Pipeline(
        (StageSettings("fetch", "APP_WORKER__TIMEOUT"),),
        60,
        job_retries=0,
        intervals=(),
        grace=None,
    )
    assert pipeline.grace_seconds(Foreign()) is None


def test_the_job_timeout_must_be_given() -> None:
    with pytest.raises(ProjectError) as caught:
        resolved(stages=of_stage()["stages"])
    assert caught.value.message == (
        f"{WHERE} has no job_timeout, and Foreign has no field JOB_TIMEOUT_SECONDS."
    )


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (Foreign(job_timeout=None), "APP_JOB_TIMEOUT gives a job"),
        (Foreign(job_timeout=0), "APP_JOB_TIMEOUT gives a job"),
        (Foreign(worker=Worker(timeout=float("inf"))), "APP_WORKER__TIMEOUT gives a call"),
    ],
)
def test_a_budget_needs_timeouts(settings: Foreign, name: str) -> None:
    """
    Without a timeout, whatever it limits could take any time.
    """
    pipeline = resolved(**{**of_stage(), "job_timeout": "job_timeout"})

    with pytest.raises(ProjectError, match=f"^{name} no timeout"):
        pipeline.budget(settings, SCHEMA.value)


def test_no_pipeline_is_invented() -> None:
    assert pipeline_of(SCHEMA, None) is None


# ----------------------------------------------------------------------------------- runtime


@pytest.fixture(name="declare")
def _declare(directory: Path) -> Callable[[str], None]:
    """
    Return a function that declares a pipeline with one stage in the working directory.
    """

    def declare(stage: str) -> None:
        (directory / "pyproject.toml").write_text(
            "[tool.workerctl.pipeline]\njob_timeout = 60\n"
            f'[[tool.workerctl.pipeline.stages]]\nname = "a"\n{stage}\n'
        )

    return declare


def test_an_instance_of_a_team_finds_the_pipeline_once(
    declare: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """
    The working directory counts at the first call; a worker may change it later.
    """

    class Plain(BaseSettings):
        fetch_timeout: int = 9

    declare('timeout = "fetch_timeout"\nretries = 2\nstage = "llm"')
    assert call_budget(Plain(), "llm") == StageCost("", 9, 2)
    with contextlib.chdir(tmp_path_factory.mktemp("elsewhere")):
        assert call_budget(Plain(fetch_timeout=5), "llm") == StageCost("", 5, 2)


def test_a_booted_instance_belongs_to_its_project(
    declare: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """
    Nested fields and variables are found by the schema with which it was loaded.
    """
    declare('timeout = "APP_WORKER__TIMEOUT"\nretries = "retries"\nstage = "storage"')
    settings = Foreign()
    instances.remember(settings, Origin(SCHEMA, projects.here(), {}))

    with contextlib.chdir(tmp_path_factory.mktemp("elsewhere")):
        assert call_budget(settings, "storage") == StageCost("", 20.0, 1)
        with pytest.raises(ProjectError, match=r'^No stage of the pipeline declares stage = "llm"'):
            call_budget(settings, "llm")
        pipeline = pipeline_for(settings)
    assert pipeline is not None
    assert pipeline.settings == ("worker.timeout", "retries")


def test_an_instance_without_a_pipeline_has_none(directory: Path) -> None:
    class Plain(BaseSettings):
        LLM_TIMEOUT_SECONDS: int = 9

    assert pipeline_for(Plain()) is None
    with pytest.raises(ProjectError):
        call_budget(Plain(), "llm")
