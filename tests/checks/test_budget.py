"""
Tests of the checks of the budget: job timeout, grace period and layers of retries.
"""

from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_settings import BaseSettings

from tests.support.any_class import schema_of
from tests.support.configurations import MakeContext
from workerctl.budget.declaration import resolved
from workerctl.budget.pipeline import PIPELINE, Pipeline, StageSettings
from workerctl.checks import budget, timeouts
from workerctl.checks.base import Check, Context, NotApplicable, SkipCheck
from workerctl.checks.engine.run import run
from workerctl.report.findings import Finding, Location, Severity
from workerctl.report.results import Status
from workerctl.sources.values import Value

RETRY_AFTER = "a Retry-After header can stretch each wait of the SDK to 120 s or more"
MULTIPLIED = (
    "A failing {what} call is sent {product} times: "
    f"3 by the SDK x {{own}} by the worker x 3 by the job; {RETRY_AFTER}."
)
BEYOND = "JOB_TIMEOUT_SECONDS=900\n"
TIGHT = "JOB_TIMEOUT_SECONDS=1546\n"


def test_bud001_adds_up_what_a_job_may_take(context: MakeContext) -> None:
    """
    The message has the time of each stage, and the hint a timeout of which a job uses 80 %.
    """
    assert list(budget.BUD001.run(context(f"ENV=production\n{BEYOND}"))) == [
        Finding(
            "BUD001",
            Severity.ERROR,
            "A job may take 1237 s, 138 % of its timeout (900 s): 127 storage download + "
            "393 identity check + 393 analysis + 247 embedding + 30 thumbnail + 47 webhook.",
            "Set JOB_TIMEOUT_SECONDS=1547, or see `workerctl budget --fix`.",
            (
                "JOB_TIMEOUT_SECONDS",
                *(name for name in PIPELINE.settings if name != "JOB_TIMEOUT_SECONDS"),
            ),
            Location("env-file", "worker.env", 2),
        )
    ]


@pytest.mark.parametrize("text", ["JOB_TIMEOUT_SECONDS=1800\n", "JOB_TIMEOUT_SECONDS=1547\n"])
def test_bud001_passes_up_to_80_per_cent_of_the_timeout(context: MakeContext, text: str) -> None:
    """The timeout that the hint names passes, for instance."""
    assert list(budget.BUD001.run(context(f"ENV=production\n{text}"))) == []


@pytest.mark.parametrize("check", [budget.BUD001, budget.BUD002, budget.BUD003, budget.BUD004])
@pytest.mark.parametrize("env", ["staging", "production"])
def test_a_budget_whose_numbers_nobody_set_is_on_defaults(
    context: MakeContext, check: Check, env: str
) -> None:
    """Numbers that nobody has chosen are neither a warning nor a success."""
    with pytest.raises(SkipCheck, match="on defaults"):
        list(check.run(context(f"ENV={env}\nDEBUG=false\n")))


@pytest.mark.parametrize(
    ("env", "text", "severity"),
    [
        ("development", BEYOND, Severity.WARNING),
        ("staging", BEYOND, Severity.ERROR),
        ("production", BEYOND, Severity.ERROR),
        ("production", "JOB_TIMEOUT_SECONDS=1236\n", Severity.ERROR),
        ("production", "JOB_TIMEOUT_SECONDS=1237\n", Severity.WARNING),
        ("development", TIGHT, Severity.WARNING),
        ("staging", TIGHT, Severity.WARNING),
        ("production", TIGHT, Severity.WARNING),
        ("production", "USE_PARALLEL_LLM=false\n", Severity.WARNING),
        ("production", "USE_PARALLEL_LLM=false\nANALYSIS_MODE=phase_2\n", Severity.ERROR),
    ],
)
def test_bud001_is_an_error_where_rq_ends_the_job_first(
    context: MakeContext, env: str, text: str, severity: Severity
) -> None:
    """
    More than 100 % of the timeout is an error, except in development.

    From 80 to 100 % is a warning in every environment.
    """
    found = list(budget.BUD001.run(context(f"ENV={env}\n{text}")))

    assert [finding.severity for finding in found] == [severity]


def test_bud001_lists_each_of_several_models(context: MakeContext) -> None:
    """Models that are called one after another are numbered in the message."""
    (found,) = budget.BUD001.run(context("USE_PARALLEL_LLM=false\n"))

    assert "1630 s, 91 % of its timeout (1800 s)" in found.message
    assert "393 analysis 1 + 393 analysis 2 +" in found.message


def test_bud001_mentions_the_waits_that_a_server_controls(context: MakeContext) -> None:
    """If the SDK retries, the message says that the server can extend its waits."""
    (found,) = budget.BUD001.run(context("LLM_SDK_MAX_RETRIES=2\n"))

    assert "2806 s, 156 % of" in found.message
    assert "1177.5 identity check" in found.message
    assert found.message.endswith(f"47 webhook; {RETRY_AFTER}.")


def test_bud001_suggests_no_excessive_timeout(context: MakeContext) -> None:
    """The hint does not suggest a timeout that no job would be configured with."""
    (found,) = budget.BUD001.run(context(f"LLM_TIMEOUT_SECONDS={'9' * 4000}\n"))

    assert "may take over 1000000000 s, over 1000000000 % of" in found.message
    assert found.hint == "See `workerctl budget --fix`."


def test_bud001_of_a_pipeline_whose_timeout_is_a_number(context: MakeContext) -> None:
    """
    If the job timeout is a number, the hint names no setting to raise.

    The finding points at the first setting that counts.
    """
    stages = (StageSettings("fetch", "LLM_TIMEOUT_SECONDS"), StageSettings("rest", 30))
    text = "LLM_TIMEOUT_SECONDS=60\n"
    given = context(text).replace(pipeline=Pipeline(stages, job_timeout=100))

    (found,) = budget.BUD001.run(given)
    assert found.message == "A job may take 90 s, 90 % of its timeout (100 s): 60 fetch + 30 rest."
    assert found.hint == "See `workerctl budget --fix`."
    assert found.fields[0] == "LLM_TIMEOUT_SECONDS"
    assert found.location == Location("env-file", "worker.env", 1)


@pytest.mark.parametrize(
    ("env", "severity"),
    [
        ("development", None),
        ("staging", Severity.WARNING),
        ("production", Severity.WARNING),
    ],
)
def test_bud004_compares_the_grace_period(
    context: MakeContext, env: str, severity: Severity | None
) -> None:
    """A grace period that is too short is a warning in staging and production."""
    found = list(budget.BUD004.run(context(f"ENV={env}\nSHUTDOWN_GRACE_SECONDS=30\n")))

    expected = Finding(
        "BUD004",
        Severity.WARNING,
        "A job may take 1237 s, but a deploy kills it after SHUTDOWN_GRACE_SECONDS (30 s).",
        "Extend the orchestrator's grace period, and set SHUTDOWN_GRACE_SECONDS=1237.",
        ("SHUTDOWN_GRACE_SECONDS",),
        Location("env-file", "worker.env", 2),
    )
    assert found == ([] if severity is None else [expected])


@pytest.mark.parametrize(
    ("text", "longest"),
    [
        ("SHUTDOWN_GRACE_SECONDS=1237\n", None),
        ("SHUTDOWN_GRACE_SECONDS=1236\n", "1237 s"),
        ("SHUTDOWN_GRACE_SECONDS=900\nJOB_TIMEOUT_SECONDS=900\n", None),
        ("SHUTDOWN_GRACE_SECONDS=899\nJOB_TIMEOUT_SECONDS=900\n", "900 s"),
        ("SHUTDOWN_GRACE_SECONDS=1237\nLLM_RETRY_BASE_WAIT=1.1\n", "1237.6 s"),
    ],
)
def test_bud004_waits_no_longer_than_rq(
    context: MakeContext, text: str, longest: str | None
) -> None:
    """The grace period need not exceed the job timeout, because RQ ends the job then."""
    found = list(budget.BUD004.run(context(f"ENV=production\n{text}")))

    assert [finding.message.split(", ")[0] for finding in found] == (
        [] if longest is None else [f"A job may take {longest}"]
    )


def test_bud004_rounds_up(context: MakeContext) -> None:
    """The hint rounds up to whole seconds, so that its value clears the finding."""
    text = "ENV=production\nLLM_RETRY_BASE_WAIT=1.1\n"
    (found,) = budget.BUD004.run(context(text))

    assert (
        found.hint == "Extend the orchestrator's grace period, and set SHUTDOWN_GRACE_SECONDS=1238."
    )
    assert list(budget.BUD004.run(context(f"{text}SHUTDOWN_GRACE_SECONDS=1238\n"))) == []


def test_bud004_suggests_no_excessive_grace_period(context: MakeContext) -> None:
    """The hint does not suggest a grace period that no orchestrator would be configured with."""
    huge = "9" * 4000
    text = f"ENV=production\nLLM_TIMEOUT_SECONDS={huge}\nJOB_TIMEOUT_SECONDS={huge}\n"
    (found,) = budget.BUD004.run(context(text))

    assert found.hint == "See `workerctl budget --fix`."


@pytest.mark.parametrize(
    ("check", "name", "judged"),
    [
        (budget.BUD001, "WEBHOOK_TIMEOUT_SECONDS", False),
        (budget.BUD001, "JOB_RETRY_INTERVALS_SECONDS", False),
        (budget.BUD001, "ANALYSIS_MODE", False),
        (budget.BUD001, "SHUTDOWN_GRACE_SECONDS", True),
        (budget.BUD001, "CHUNK_KOREAN_SIZE", True),
        (budget.BUD004, "WEBHOOK_TIMEOUT_SECONDS", False),
        (budget.BUD004, "SHUTDOWN_GRACE_SECONDS", False),
    ],
)
def test_an_invalid_number_of_the_sum_skips_the_check(
    context: MakeContext, check: Check, name: str, judged: bool
) -> None:
    """The reason of the skip names the invalid value; a value that does not count skips nothing."""
    run = iter(check.run(context(f"ENV=staging\n{BEYOND}{name}=soon\n")))

    if judged:
        assert next(run).code == check.code
    else:
        with pytest.raises(SkipCheck, match=rf"^{name} is invalid \(SET001\)$"):
            next(run)


def test_a_job_without_a_timeout_has_no_budget(context: MakeContext) -> None:
    """A job timeout of 0, which a team's own setting allows, skips the check."""
    given = context("JOB_MAX_RETRIES=0\n").replace(
        pipeline=PIPELINE.replace(job_timeout="JOB_MAX_RETRIES")
    )

    with pytest.raises(SkipCheck, match=r"^JOB_MAX_RETRIES gives a job no timeout$"):
        next(iter(budget.BUD001.run(given)))


@pytest.mark.parametrize(
    ("check", "stage", "what", "own"),
    [
        (budget.BUD002, "LLM", "LLM", 3),
        (budget.BUD003, "EMBEDDING", "embedding", 4),
    ],
)
def test_bud002_and_bud003_multiply_the_layers(
    context: MakeContext, check: Check, stage: str, what: str, own: int
) -> None:
    """The number of requests is the product of the attempts of all layers."""
    found = list(check.run(context(f"{stage}_SDK_MAX_RETRIES=2\n")))

    assert [(finding.severity, finding.message) for finding in found] == [
        (Severity.WARNING, MULTIPLIED.format(what=what, product=3 * own * 3, own=own))
    ]
    assert found[0].hint == f"Set {stage}_SDK_MAX_RETRIES=0."


@pytest.mark.parametrize(
    "text",
    ["LLM_SDK_MAX_RETRIES=0\n", "LLM_SDK_MAX_RETRIES=5\nLLM_MAX_RETRIES=0\nJOB_MAX_RETRIES=0\n"],
)
def test_bud002_allows_one_layer(context: MakeContext, text: str) -> None:
    """The SDK may retry if neither the worker nor the job does."""
    assert list(budget.BUD002.run(context(text))) == []


def test_bud002_judges_the_stages_of_a_team(context: MakeContext) -> None:
    """
    Each kind of call that declares stage = "llm" is judged by its own retries.
    """
    stages = (
        StageSettings("a", "LLM_TIMEOUT_SECONDS", retries=1, sdk_retries=1, stage="llm"),
        StageSettings("b", 9, retries="STORAGE_MAX_RETRIES", stage="llm"),
        StageSettings("c", 9, sdk_retries="LLM_SDK_MAX_RETRIES", stage=("llm", "webhook")),
    )
    given = context("LLM_SDK_MAX_RETRIES=1\n").replace(pipeline=Pipeline(stages, job_retries=0))
    assert [each.message[:34] for each in budget.BUD002.run(given)] == [
        "A failing LLM call is sent 4 times"
    ]

    given = given.replace(pipeline=Pipeline(stages))
    found = list(budget.BUD002.run(given))
    assert [(each.hint, each.fields) for each in found] == [
        ("Set sdk_retries=0.", ("JOB_MAX_RETRIES",)),
        ("Set LLM_SDK_MAX_RETRIES=0.", ("LLM_SDK_MAX_RETRIES", "JOB_MAX_RETRIES")),
    ]


def test_bud002_of_a_pipeline_that_declares_no_stage(context: MakeContext) -> None:
    """
    The built-in settings govern LLM calls then, in the worker as well.
    """
    pipeline = Pipeline((StageSettings("a", 9),))
    given = context("LLM_SDK_MAX_RETRIES=2\n").replace(pipeline=pipeline)

    (found,) = budget.BUD002.run(given)
    assert found.fields == ("LLM_SDK_MAX_RETRIES", "LLM_MAX_RETRIES", "JOB_MAX_RETRIES")
    assert {"LLM_MAX_RETRIES", "JOB_MAX_RETRIES"} <= given.looked_at(budget.BUD002)


# --------------------------------------------------------------------------- any settings class


class Worker(BaseModel):
    """The part of the settings that concerns calls."""

    timeout: int = 50
    sdk_retries: int = 2
    retries: int | None = None


class Foreign(BaseSettings):
    """A settings class with a nested model."""

    worker: Worker = Worker()
    job_timeout: int | None = 100
    job_retries: int = 1
    waits: list[int] = [1, 2]
    grace: int | None = 30


SCHEMA = schema_of(Foreign)
BUDGET = (budget.BUD001, budget.BUD002, budget.BUD003, budget.BUD004, timeouts.TMO003)
STAGES = (
    StageSettings(
        "fetch", "worker.timeout", "worker.retries", sdk_retries="worker.sdk_retries", stage="llm"
    ),
)
FOREIGN = Pipeline(STAGES, "job_timeout", "job_retries", "waits", "grace")


@pytest.fixture(name="foreign")
def _foreign(context: MakeContext) -> Any:
    """
    Return a function that returns the context of an instance of Foreign and a pipeline.

    `chosen` are the variables that a source sets.
    """

    def foreign(
        pipeline: Pipeline | None, settings: Foreign | None = None, *chosen: str, **more: Any
    ) -> Context:
        made = context()
        where = Location("env-file", "worker.env", 1)
        values = made.values.replace(chosen={name: Value("1", where) for name in chosen})
        if pipeline is not None:
            pipeline = resolved(pipeline, SCHEMA, "PIPELINE")
        return made.replace(
            settings=settings or Foreign(),
            schema=SCHEMA,
            values=values,
            pipeline=pipeline,
            **{"env": "production", **more},
        )

    return foreign


def statuses(context: Context) -> list[tuple[Status, str | None]]:
    """
    Return how each check of the stages of a job ends.
    """
    return [(each.status, each.reason) for each in run(context, BUDGET)]


def test_without_a_pipeline_no_check_of_the_stages_is_applicable(foreign: Any) -> None:
    expected = [(Status.NOT_APPLICABLE, "no pipeline is declared")] * len(BUDGET)

    assert statuses(foreign(None)) == expected


def test_findings_name_the_variables_of_fields(foreign: Any) -> None:
    """
    A finding is located where the variable is set.
    """
    results = run(foreign(FOREIGN, None, "APP_WORKER__TIMEOUT", "APP_GRACE"), BUDGET)
    found = {each.code: each for result in results for each in result.findings}

    assert found["BUD001"].fields == (
        "APP_JOB_TIMEOUT",
        "APP_WORKER__TIMEOUT",
        "APP_WORKER__RETRIES",
        "APP_WORKER__SDK_RETRIES",
        "APP_JOB_RETRIES",
        "APP_WAITS",
    )
    assert found["BUD001"].hint.startswith("Set APP_JOB_TIMEOUT=190, or see")
    assert found["BUD002"].hint == "Set APP_WORKER__SDK_RETRIES=0."
    assert found["BUD004"].fields == ("APP_GRACE",)
    assert found["BUD004"].location == Location("env-file", "worker.env", 1)
    assert "BUD003" not in found


def test_what_the_pipeline_does_not_have_is_not_applicable(foreign: Any) -> None:
    pipeline = FOREIGN.replace(grace=None, intervals=(1, 2), stages=(STAGES[0].replace(stage=()),))
    _, *others = statuses(foreign(pipeline))

    assert others == [
        (Status.NOT_APPLICABLE, 'no stage of the pipeline declares stage = "llm"'),
        (Status.NOT_APPLICABLE, 'no stage of the pipeline declares stage = "embedding"'),
        (Status.NOT_APPLICABLE, "the pipeline names no grace period"),
        (Status.NOT_APPLICABLE, "the pipeline names no settings for the retries of a job"),
    ]


@pytest.mark.parametrize(
    ("env", "status"), [("development", Status.SKIPPED), ("production", Status.FAILED)]
)
def test_numbers_that_nobody_has_chosen_bring_no_warning(
    foreign: Any, env: str, status: Status
) -> None:
    """
    An error remains, and warnings as soon as a source sets one of the numbers.
    """
    first, second, *_ = statuses(foreign(FOREIGN, env=env))
    assert first[0] is status
    assert second == (Status.SKIPPED, "on defaults")
    set_one = statuses(foreign(FOREIGN, None, "APP_JOB_RETRIES", env=env))
    assert [status for status, _ in set_one[:2]] == [Status.FAILED, Status.FAILED]


def test_numbers_of_the_pipeline_itself_are_chosen(foreign: Any) -> None:
    """
    A timeout that is a number in the pipeline was chosen by the team.
    """
    pipeline = FOREIGN.replace(job_timeout=170)

    assert statuses(foreign(pipeline, env="development"))[0][0] is Status.FAILED


def test_a_timeout_of_none_skips_the_sum(foreign: Any) -> None:
    """
    An optional number that is None counts as 0, but a timeout of None is not one of 0 seconds.
    """
    reason = "APP_JOB_TIMEOUT gives a job no timeout"
    settings = Foreign(job_timeout=None, grace=None, worker=Worker(sdk_retries=0))
    found = statuses(foreign(FOREIGN, settings, "APP_WAITS", "APP_JOB_RETRIES"))

    assert found[0] == found[3] == (Status.SKIPPED, reason)
    assert found[1] == (Status.PASSED, None)


def test_a_grace_period_of_none_skips_the_comparison(foreign: Any) -> None:
    found = statuses(foreign(FOREIGN, Foreign(grace=None)))

    assert found[3] == (Status.SKIPPED, "APP_GRACE gives no grace period")


def test_tmo003_compares_the_settings_that_the_pipeline_names(foreign: Any) -> None:
    (found,) = timeouts.TMO003.run(foreign(FOREIGN, None, "APP_WAITS", "APP_JOB_RETRIES"))

    assert found.message == (
        "The number of APP_WAITS (2) differs from APP_JOB_RETRIES (1): the surplus is never used."
    )
    with pytest.raises(NotApplicable):
        list(timeouts.TMO003.run(foreign(FOREIGN.replace(job_retries=1))))
