"""
Tests of the checks of the budget: job timeout, grace period and layers of retries.
"""

import pytest

from tests.support.configurations import MakeContext
from workerctl.budget.pipeline import PIPELINE, Pipeline, StageSettings
from workerctl.checks import budget
from workerctl.checks.base import Check, SkipCheck
from workerctl.report.findings import Finding, Location, Severity

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


@pytest.mark.parametrize("text", ["", "JOB_TIMEOUT_SECONDS=1547\n"])
def test_bud001_passes_up_to_80_per_cent_of_the_timeout(context: MakeContext, text: str) -> None:
    """The defaults pass, and so does the timeout that the hint names."""
    assert list(budget.BUD001.run(context(f"ENV=production\n{text}"))) == []


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
    given = context(text)._replace(pipeline=Pipeline(stages, job_timeout=100))

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
    given = context("JOB_MAX_RETRIES=0\n")._replace(
        pipeline=PIPELINE._replace(job_timeout="JOB_MAX_RETRIES")
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
    ["", "LLM_SDK_MAX_RETRIES=5\nLLM_MAX_RETRIES=0\nJOB_MAX_RETRIES=0\n"],
)
def test_bud002_allows_one_layer(context: MakeContext, text: str) -> None:
    """The SDK may retry if neither the worker nor the job does."""
    assert list(budget.BUD002.run(context(text))) == []
