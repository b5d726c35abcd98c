"""
Tests of the checks of timeouts, backoffs and the waits between the runs of a job.
"""

import pytest

from tests.support.configurations import MakeContext
from workerctl.checks import timeouts
from workerctl.checks.base import SkipCheck
from workerctl.report.findings import Finding, Location, Severity


def test_tmo001_compares_the_connect_timeout_with_the_timeout(context: MakeContext) -> None:
    """A connect timeout that is not shorter than the timeout is reported with both numbers."""
    text = "LLM_CONNECT_TIMEOUT_SECONDS=120\n"

    assert list(timeouts.TMO001.run(context(text))) == [
        Finding(
            "TMO001",
            Severity.ERROR,
            "LLM_CONNECT_TIMEOUT_SECONDS (120 s) is not shorter than LLM_TIMEOUT_SECONDS (120 s).",
            "Set LLM_CONNECT_TIMEOUT_SECONDS to 10.",
            ("LLM_CONNECT_TIMEOUT_SECONDS", "LLM_TIMEOUT_SECONDS"),
            Location("env-file", "worker.env", 1),
        )
    ]
    assert list(timeouts.TMO001.run(context("LLM_CONNECT_TIMEOUT_SECONDS=119\n"))) == []


@pytest.mark.parametrize(
    ("timeout", "hint"),
    [
        (1, "Raise LLM_TIMEOUT_SECONDS."),
        (2, "Set LLM_CONNECT_TIMEOUT_SECONDS to 1."),
        (10, "Set LLM_CONNECT_TIMEOUT_SECONDS to 9."),
    ],
)
def test_tmo001_hint_clears_the_finding(context: MakeContext, timeout: int, hint: str) -> None:
    """The suggested number is below the timeout, or the hint suggests raising the timeout."""
    found = list(timeouts.TMO001.run(context(f"LLM_TIMEOUT_SECONDS={timeout}\n")))

    assert [finding.hint for finding in found] == [hint]


@pytest.mark.parametrize("stage", ["LLM", "EMBEDDING"])
def test_tmo002_compares_each_base_with_its_cap(context: MakeContext, stage: str) -> None:
    """A base wait above its maximum is reported; one that equals it is not."""
    above = f"{stage}_RETRY_BASE_WAIT=3\n{stage}_RETRY_MAX_WAIT=2.5\n"
    equal = f"{stage}_RETRY_BASE_WAIT=2.5\n{stage}_RETRY_MAX_WAIT=2.5\n"

    assert [
        (finding.message, finding.fields) for finding in timeouts.TMO002.run(context(above))
    ] == [
        (
            f"{stage}_RETRY_BASE_WAIT (3 s) exceeds {stage}_RETRY_MAX_WAIT (2.5 s).",
            (f"{stage}_RETRY_BASE_WAIT", f"{stage}_RETRY_MAX_WAIT"),
        )
    ]
    assert list(timeouts.TMO002.run(context(equal))) == []


def test_tmo002_judges_one_pair_when_the_other_is_invalid(context: MakeContext) -> None:
    """An invalid value skips its own pair and hides no finding of the other."""
    text = "LLM_RETRY_BASE_WAIT=soon\nEMBEDDING_RETRY_BASE_WAIT=11\n"
    run = iter(timeouts.TMO002.run(context(text)))

    assert next(run).fields[0] == "EMBEDDING_RETRY_BASE_WAIT"
    with pytest.raises(SkipCheck, match=r"LLM_RETRY_BASE_WAIT is invalid \(SET001\)"):
        next(run)


@pytest.mark.parametrize(
    ("retries", "intervals", "severity"),
    [(2, "30,60", None), (1, "30,60", Severity.WARNING), (3, "30,60", Severity.INFO)],
)
def test_tmo003_counts_intervals(
    context: MakeContext, retries: int, intervals: str, severity: Severity | None
) -> None:
    """More intervals than retries is a warning; fewer is an information."""
    text = f"JOB_MAX_RETRIES={retries}\nJOB_RETRY_INTERVALS_SECONDS={intervals}\n"

    found = [finding.severity for finding in timeouts.TMO003.run(context(text))]
    assert found == ([] if severity is None else [severity])


@pytest.mark.parametrize("text", ["JOB_MAX_RETRIES=0\n", "JOB_RETRY_INTERVALS_SECONDS=1,2,3\n"])
def test_tmo003_judges_only_values_that_are_set(context: MakeContext, text: str) -> None:
    """A difference between a set value and a default is not reported."""
    assert list(timeouts.TMO003.run(context(text))) == []
