"""
Tests of pipelines: the built-in stages, and those that a team declares.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from tests.conftest import Run
from workerctl.budget import declaration, lookup
from workerctl.budget.arithmetic import Budget, StageCost
from workerctl.budget.pipeline import PIPELINE, Choice, Pipeline, StageSettings
from workerctl.budget.runtime_stages import RUNTIME_STAGES
from workerctl.preflight import Request, context_of
from workerctl.report.errors import ProjectError
from workerctl.runtime.classification.translation import RETRYABLE
from workerctl.schema.declarations import declared as schema_of
from workerctl.schema.loading import Loaded, load
from workerctl.secrecy.masking import MASK
from workerctl.settings import Settings
from workerctl.sources.options import Options

WHERE = "[tool.workerctl.pipeline]"


class Team(Settings):
    """Settings of every type that a pipeline may name, and of some that it may not."""

    FETCH_SECONDS: int = 20
    FETCH_RETRIES: int = 1
    FETCH_WAIT: float = 0.5
    FETCH_CAP: float | None = None
    PAGES: int = 3
    MODE: str = "quick"
    TURBO: bool = False
    BREAKS: tuple[Annotated[float, Field(ge=0)], ...] = (1.5, 2.5)
    OPTIONAL: int | None = None
    NAMES: list[str] = ["a"]  # noqa: RUF012 -- pydantic copies it
    SEEN: set[int] = set()  # noqa: RUF012 -- pydantic copies it


SCHEMA = schema_of(Team)


def declared(**table: Any) -> Pipeline:
    """
    Return the pipeline of a table, checked against the fields of Team.
    """
    return declaration.resolved(declaration.parsed(table), SCHEMA, WHERE)


def stage(**keys: Any) -> dict[str, Any]:
    """
    Return a table with one stage that has these additional keys.
    """
    return {"stages": [{"name": "fetch", "timeout": "FETCH_SECONDS", **keys}]}


def budget(table: dict[str, Any], **settings: Any) -> Budget:
    """
    Return the budget of a table.
    """
    return declared(**table).budget(Team.model_construct().model_copy(update=settings))


# ----------------------------------------------------------------------------------- the built-in


def test_every_setting_of_the_built_in_pipeline_exists() -> None:
    """
    Every setting that the built-in pipeline names exists and has the required type.
    """
    assert declaration.resolved(PIPELINE, schema_of(Settings), "PIPELINE") == PIPELINE
    assert len(set(PIPELINE.settings)) == len(PIPELINE.settings)


def test_each_runtime_stage_has_a_built_in_stage() -> None:
    """
    The built-in stages govern every runtime stage, so a worker need not declare a pipeline.
    """
    governed = {stage for one in PIPELINE.stages for stage in one.governs}

    assert governed == set(RUNTIME_STAGES) == set(RETRYABLE)


# ---------------------------------------------------------------------------------- valid tables


def test_a_stage_may_govern_any_number_of_runtime_stages() -> None:
    """
    A stage governs none, one or several runtime stages, whose names do not count as settings.
    """
    several = ["storage", "database"]
    for given, governs in (("llm", ("llm",)), (several, tuple(several)), ([], ())):
        (one,) = declared(**stage(stage=given)).stages
        assert (one.governs, one.settings) == (governs, ("FETCH_SECONDS",))
    assert declared(**stage()).stages[0].governs == ()


def test_a_stage_may_have_every_key() -> None:
    """
    A stage may have every key, with names of settings and numbers mixed.
    """
    own = {"retries": "FETCH_RETRIES", "base": "FETCH_WAIT", "cap": 4, "connect": 2.5}
    table = stage(**own, sdk_retries=1, calls="PAGES", stage=["storage", "database"])
    job = {"job_timeout": 600, "job_retries": 1, "intervals": [5, 2.5]}

    assert budget({**table, **job}) == Budget(
        ((StageCost("fetch", 20, 1, 0.5, 4, 2.5, 1, 3),),), 600, 1, (5, 2.5)
    )
    assert declared(**table, **job).settings == (
        "FETCH_SECONDS", "FETCH_RETRIES", "FETCH_WAIT", "PAGES",
    )  # fmt: skip


def test_defaults_of_a_table() -> None:
    """
    A stage is not retried by default, and the job uses the worker's settings.
    """
    assert budget(stage()) == Budget(((StageCost("fetch", 20),),), 1800, 2, (30, 60))
    assert budget({**stage(), "intervals": "BREAKS"}).intervals == (1.5, 2.5)
    assert budget({**stage(), "job_timeout": "FETCH_SECONDS"}).job_timeout == 20


def test_a_repeated_stage_runs_in_series_or_in_parallel() -> None:
    """
    `times` repeats a stage in series, or in parallel if `side_by_side` or its setting is true.
    """
    one = StageCost("fetch", 20)
    series = ((one.replace(name="fetch 1"),), (one.replace(name="fetch 2"),))

    assert budget(stage(times=2)).steps == series
    assert budget(stage(times=2, side_by_side=True)).steps == ((one, one),)
    assert budget(stage(times=2, side_by_side="TURBO")).steps == series
    assert budget(stage(times=2, side_by_side="TURBO"), TURBO=True).steps == ((one, one),)


@pytest.mark.parametrize(("mode", "times"), [("quick", 1), ("slow", 3), ("unheard", 3)])
def test_a_choice_depends_on_the_value(mode: str, times: int) -> None:
    """
    A choice takes the number of the setting's value, or the largest one for an unlisted value.
    """
    choice = {"setting": "MODE", "quick": 1, "slow": 3}

    assert len(budget(stage(times=choice), MODE=mode).steps) == times


@pytest.mark.parametrize(("turbo", "times"), [(True, 1), (False, 2)])
def test_a_choice_may_depend_on_a_boolean(turbo: bool, times: int) -> None:
    """
    A choice by a boolean setting uses the keys `true` and `false`, as an env file has them.
    """
    choice = {"setting": "TURBO", "true": 1, "false": 2}

    assert len(budget(stage(times=choice), TURBO=turbo).steps) == times


def test_a_cap_may_be_none() -> None:
    """
    A cap whose setting is None does not limit the waits.
    """
    assert budget(stage(cap="FETCH_CAP")).steps[0][0].cap is None
    assert budget(stage(cap="FETCH_CAP"), FETCH_CAP=2.0).steps[0][0].cap == 2.0


def test_negative_numbers_count_as_zero() -> None:
    """
    A negative number counts as zero, but a job without a positive timeout is an error.
    """
    table = {**stage(retries="FETCH_RETRIES"), "job_timeout": "PAGES"}

    assert budget(table, FETCH_RETRIES=-1).worst == 20
    for timeout in (0, -1):
        with pytest.raises(ProjectError, match=r"^PAGES gives a job no timeout\.$"):
            budget(table, PAGES=timeout)


# -------------------------------------------------------------------------------- invalid tables

_SECONDS = "must be a number or the name of a setting"
_COUNT = "must be a whole number or the name of a setting"
_GOVERNS = "stage must be one or more of llm, embedding, storage, database, webhook"
_TIMES = "times must be whole numbers from 1 to 1000"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, f"{WHERE} has no stages."),
        ({"stages": []}, f"{WHERE} has no stages."),
        ({"stages": {}}, f"{WHERE} has no stages."),
        ({**stage(), "job_timout": 1}, f"{WHERE}: job_timout is not a known key."),
        ({"stages": ["fetch"]}, f"A stage of {WHERE} needs a name and a timeout."),
        ({"stages": [{"name": "a"}]}, f"A stage of {WHERE} needs a name and a timeout."),
        ({"stages": [{"timeout": 1}]}, f"A stage of {WHERE} needs a name and a timeout."),
        (stage(retry=1), "[[tool.workerctl.pipeline.stages]]: retry is not a known key."),
        *(
            (stage(name=name), f"Stage 1 of {WHERE} needs a name of 1 to 40 printable characters.")
            for name in ("", "  ", 3, "a" * 41, "a\nb")
        ),
        *(
            (stage(timeout=value), f"Stage 1 of {WHERE}: timeout {_SECONDS}.")
            for value in (-1, -0.5, True, float("inf"), float("nan"), [1], {}, None)
        ),
        (stage(base=-1), f"Stage 1 of {WHERE}: base {_SECONDS}."),
        (stage(connect=[]), f"Stage 1 of {WHERE}: connect {_SECONDS}."),
        (stage(cap=-1), f"Stage 1 of {WHERE}: cap {_SECONDS}."),
        (stage(retries=1.5), f"Stage 1 of {WHERE}: retries {_COUNT}."),
        (stage(sdk_retries=-1), f"Stage 1 of {WHERE}: sdk_retries {_COUNT}."),
        (stage(calls=False), f"Stage 1 of {WHERE}: calls {_COUNT}."),
        (
            stage(retries="FETCH_WAIT"),
            f"Stage 1 of {WHERE}: retries names FETCH_WAIT, which is not a whole number.",
        ),
        (
            stage(timeout="NAMES"),
            f"Stage 1 of {WHERE}: timeout names NAMES, which is not a number.",
        ),
        (
            stage(timeout="NO_SUCH"),
            f"Stage 1 of {WHERE}: timeout names a setting that does not exist.",
        ),
        *(
            (stage(times=value), f"Stage 1 of {WHERE}: {_TIMES}.")
            for value in (
                0, 1001, 1.0, True, "PAGES", {"setting": "MODE"}, {"setting": "MODE", "a": 0},
            )
        ),
        (
            stage(times={"quick": 1}),
            f"Stage 1 of {WHERE}: times.setting names a setting that does not exist.",
        ),
        (
            stage(times={"setting": 1, "quick": 1}),
            f"Stage 1 of {WHERE}: times.setting must be the name of a setting.",
        ),
        *(
            (stage(stage=value), f"Stage 1 of {WHERE}: {_GOVERNS}.")
            for value in ("lmm", "", 3, True, {}, ["llm", "lmm"], [["llm"]], [3])
        ),
        (
            stage(side_by_side="MODE"),
            f"Stage 1 of {WHERE}: side_by_side names MODE, which is not true or false.",
        ),
        (
            stage(side_by_side=1),
            f"Stage 1 of {WHERE}: side_by_side must be true or false or the name of a setting.",
        ),
        (
            {**stage(), "job_timeout": 0},
            f"{WHERE}: job_timeout must be a number from 1 or the name of a setting.",
        ),
        ({**stage(), "job_retries": 0.5}, f"{WHERE}: job_retries {_COUNT}."),
        ({**stage(), "intervals": [-1]}, f"{WHERE}: intervals must be numbers."),
        (
            {**stage(), "intervals": 30},
            f"{WHERE}: intervals must be a list of numbers or the name of a setting.",
        ),
        *(
            (
                {**stage(), "intervals": name},
                f"{WHERE}: intervals names {name}, which is not a list of numbers.",
            )
            for name in ("NAMES", "SEEN", "PAGES")
        ),
    ],
)  # fmt: skip
def test_an_invalid_table_is_reported(table: dict[str, Any], message: str) -> None:
    """
    An invalid table raises an error whose message names the place.
    """
    with pytest.raises(ProjectError) as caught:
        declared(**table)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        (stage(timeout="FETCH_SECOND"), "Did you mean FETCH_SECONDS?"),
        (stage(retris=1), "Did you mean retries?"),
        ({**stage(), "interval": 1}, "Did you mean intervals?"),
        (stage(stage="embeding"), "Did you mean embedding?"),
        (stage(stage=["llm", "databse"]), "Did you mean database?"),
        (stage(stage=1), 'Write stage = "llm", or stage = ["storage", "database"].'),
        (stage(times="MODE"), 'Write times = { setting = "MODE", quick = 1, thorough = 3 }.'),
    ],
)
def test_an_invalid_table_gets_a_hint(table: dict[str, Any], hint: str) -> None:
    """
    The hint names the closest known name, or gives an example.
    """
    with pytest.raises(ProjectError) as caught:
        declared(**table)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    "pipeline",
    [
        Pipeline([StageSettings("a", 1)]),  # type: ignore[arg-type]
        Pipeline(("a",)),  # type: ignore[arg-type]
        Pipeline((StageSettings("a", 1, times=Choice("MODE", [("a", 1)])),)),  # type: ignore[arg-type]
        Pipeline((StageSettings("a", 1, cap="MODE"),)),
        Pipeline((StageSettings("a", 1, stage="lmm"),)),  # type: ignore[arg-type]
    ],
)
def test_an_invalid_pipeline_object_is_refused(pipeline: Pipeline) -> None:
    """
    A Pipeline object is validated like a table, because Python does not check its types.
    """
    with pytest.raises(ProjectError):
        declaration.resolved(pipeline, SCHEMA, "PIPELINE in team")


# ---------------------------------------------------------------------------------------- sources

TEAM = """
from workerctl.budget.pipeline import Pipeline, StageSettings
from workerctl.settings import Settings as Ours

class Settings(Ours):
    FETCH_SECONDS: int = 20
    TOKEN_OF_FETCH: str
"""
OWN = 'PIPELINE = Pipeline((StageSettings("fetch", "{name}"),), job_timeout=24)\n'


@pytest.fixture(name="team_of")
def _team_of(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Loaded]:
    """
    Return a function that loads the settings of a project with this module and this table.
    """
    monkeypatch.setattr(sys, "path", list(sys.path))

    def team_of(module: str, table: str = "", environ: dict[str, str] | None = None) -> Loaded:
        for name in ("pipeline_team", "pipeline_team_more"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        (directory / "pipeline_team.py").write_text(TEAM + module)
        (directory / "pyproject.toml").write_text(
            f'[tool.workerctl]\nsettings = "pipeline_team:Settings"\n{table}'
        )
        return load(Settings, Options(env_files=()), environ={} if environ is None else environ)

    return team_of


def pipeline_of(loaded: Loaded) -> Pipeline:
    """
    Return the pipeline of loaded settings.
    """
    found = lookup.pipeline_of(loaded.schema, loaded.project)
    assert found is not None
    return found


@pytest.mark.parametrize("environ", [{}, {"TOKEN_OF_FETCH": "4f"}])
def test_the_module_of_the_settings_class_may_define_a_pipeline(
    team_of: Callable[..., Loaded], environ: dict[str, str]
) -> None:
    """
    PIPELINE in the module of the settings class counts, but a table in pyproject.toml wins over it.

    It counts even if a required setting is missing.
    """
    own = OWN.format(name="FETCH_SECONDS")
    found = pipeline_of(team_of(own, environ=environ))
    assert found == Pipeline((StageSettings("fetch", "FETCH_SECONDS"),), job_timeout=24)

    table = '[[tool.workerctl.pipeline.stages]]\nname = "table"\ntimeout = 3\n'
    found = pipeline_of(team_of(own, table, environ))
    assert [stage.name for stage in found.stages] == ["table"]


@pytest.mark.parametrize(
    "module", ["", "PIPELINE = 3\n", "def __getattr__(name):\n    raise RuntimeError(name)\n"]
)
def test_the_built_in_pipeline_is_the_default(team_of: Callable[..., Loaded], module: str) -> None:
    """
    Without a table and a PIPELINE object of the right type, the built-in pipeline is used.
    """
    assert pipeline_of(team_of(module)) is PIPELINE


def test_a_pipeline_is_inherited(team_of: Callable[..., Loaded], directory: Path) -> None:
    """
    The first module along the class's MRO that defines PIPELINE supplies it.
    """
    (directory / "pipeline_team_more.py").write_text(TEAM + OWN.format(name="FETCH_SECONDS"))
    loaded = team_of("from pipeline_team_more import Settings as More\nclass Settings(More): ...\n")

    assert pipeline_of(loaded).stages[0].name == "fetch"


def test_a_secret_in_the_name_of_a_stage_is_masked(team_of: Callable[..., Loaded]) -> None:
    """
    A part of a secret in the name of a stage is masked.
    """
    module = OWN.format(name="FETCH_SECONDS").replace("fetch", "stage of 8c1fe04d")
    loaded = team_of(module, environ={"TOKEN_OF_FETCH": "8c1fe04d22b7"})

    (stage,) = context_of(loaded, Request()).declared_pipeline().stages
    assert (stage.name, stage.timeout) == (f"stage of {MASK}", "FETCH_SECONDS")


def test_an_unknown_setting_in_an_object_is_reported(
    team_of: Callable[..., Loaded],
) -> None:
    """
    An unknown setting in a PIPELINE object is reported with the module that defines the object.
    """
    with pytest.raises(ProjectError) as caught:
        pipeline_of(team_of(OWN.format(name="FETCH_SECOND")))
    assert caught.value.message == (
        "Stage 1 of PIPELINE in pipeline_team: timeout names a setting that does not exist."
    )
    assert caught.value.hint == "Did you mean FETCH_SECONDS?"


@pytest.mark.parametrize(
    ("table", "code", "text"),
    [
        ('stages = [{name = "a", timeout = "NO_SUCH_ONE"}]', 2, "names a setting that does not"),
        ("stages = 1", 2, "has no stages"),
        ('stages = [{name = "a", timeout = inf}]', 2, "timeout must be a number"),
        ('stages = [{name = "a", timeout = 1, times = 1000000000}]', 2, "from 1 to 1000"),
        ('stages = [{name = "slow stage", timeout = 9}]\njob_timeout = 10', 0, "9 slow stage"),
    ],
)
def test_the_command_validates_the_table(
    call: Run, directory: Path, table: str, code: int, text: str
) -> None:
    """
    `workerctl check` reports an invalid table as a usage error, exit code 2.
    """
    (directory / "pyproject.toml").write_text(f"[tool.workerctl.pipeline]\n{table}\n")
    done = call("check", "--isolated", "--no-env-file")

    assert done.returncode == code, done.stderr
    assert text in done.stdout + done.stderr
