"""
Tests of causes: one fault has one finding, and no error disappears.
"""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support.configurations import KEY, MakeContext
from workerctl.checks.base import Context
from workerctl.checks.engine.run import run
from workerctl.checks.engine.select import Selection
from workerctl.checks.table import CHECKS
from workerctl.report.causes import without_hidden
from workerctl.report.findings import Finding, Severity, Suppression
from workerctl.report.results import Result, Status

Call = Callable[..., CompletedProcess[str]]

TODAY = date(2026, 11, 22)


def about(results: tuple[Result, ...], name: str) -> list[tuple[str, Severity]]:
    """
    Return the findings about a variable.
    """
    found = (each for result in results for each in result.findings)
    return [(each.code, each.severity) for each in found if each.fields[:1] == (name,)]


def ended(results: tuple[Result, ...], code: str) -> tuple[Status, str | None]:
    """
    Return how a check has ended, and why.
    """
    (result,) = (result for result in results if result.code == code)
    return result.status, result.reason


@pytest.mark.parametrize("env", ["staging", "production"])
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ENCRYPTION_KEY=your-key", "ENV004"),
        ("ENCRYPTION_KEY=op://vault/key/field", "REF001"),
        ("REDIS_URL=your-redis-url", "ENV004"),
        ("REDIS_URL={{ redis_url }}", "REF001"),
        ("REDIS_URL={{ your_redis_url }}", "ENV004"),
        ("SUPABASE_URL=undefined", "REF002"),
        ("SUPABASE_URL=http://your-project.supabase.co", "ENV004"),
        ("LLM_TIMEOUT_SECONDS=null", "REF002"),
        ("LLM_TIMEOUT_SECONDS=your-timeout", "ENV004"),
        ("DEBUG=$(DEBUG)", "REF001"),
        ("JOB_RETRY_INTERVALS_SECONDS=30;60", "SET001"),
        ("LLM_TIMEOUT_SECONDS=60 s", "SET001"),
        ("SUPABASE_URL=https://${PROXY_HOST}/v1", "SET011"),
        ("LLM_TIMEOUT_SECONDS=${LONGEST}0x", "SET011"),
    ],
)
def test_one_fault_has_one_finding(context: MakeContext, env: str, line: str, code: str) -> None:
    """
    The finding that names the cause stands alone.
    """
    results = run(context(f"ENV={env}\n{line}\n"), CHECKS)

    assert about(results, line.partition("=")[0]) == [(code, Severity.ERROR)]


def test_the_others_are_skipped_with_the_reason(context: MakeContext) -> None:
    """
    So are the checks that have waited for them.
    """
    results = run(
        context("ENV=staging\nENCRYPTION_KEY=your-key\nLLM_TIMEOUT_SECONDS=null\n"), CHECKS
    )

    key = (Status.SKIPPED, "ENCRYPTION_KEY is a placeholder (ENV004)")
    number = (Status.SKIPPED, "LLM_TIMEOUT_SECONDS is the text of a missing value (REF002)")
    assert [ended(results, code) for code in ("KEY002", "KEY003", "KEY004")] == [key] * 3
    assert [ended(results, code) for code in ("SET001", "TMO001", "BUD001")] == [number] * 3


@pytest.mark.parametrize(
    ("line", "name", "code"),
    [
        (f"ENCYRPTION_KEY={KEY}", "ENCRYPTION_KEY", "KEY001"),
        ("OPENIA_API_KEY=oai-zubSMknJxdnPeFn7", "OPENAI_API_KEY", "ENV002"),
    ],
)
def test_a_misspelt_name_is_why_a_variable_is_missing(
    context: MakeContext, line: str, name: str, code: str
) -> None:
    """
    Nobody is asked to make a new key while the right one is in the file.
    """
    results = run(context(f"ENV=production\n{line}\n"), CHECKS)

    assert about(results, name) == [("SET002", Severity.ERROR)]
    assert code == "ENV002" or ended(results, code) == (
        Status.SKIPPED,
        f"{name} is misspelt (SET002)",
    )


def test_a_misspelt_name_hides_nothing_about_the_value(context: MakeContext) -> None:
    """
    If the variable is set as well, what is wrong with its value has another cause.
    """
    text = "ENV=production\nSUPABASE_URL=http://db.resume-works.net\nSUPABSE_URL=x\n"
    found = about(run(context(text), CHECKS), "SUPABASE_URL")

    assert {code for code, _ in found} == {"SET002", "ENV005"}


def test_a_check_with_other_findings_has_failed(context: MakeContext) -> None:
    """
    Only the finding about that variable is withheld.
    """
    results = run(context("LLM_TIMEOUT_SECONDS=null\nDEBUG=maybe\n"), CHECKS)

    assert about(results, "DEBUG") == [("SET001", Severity.ERROR)]
    assert ended(results, "SET001") == (Status.FAILED, None)


def test_an_error_is_not_hidden_by_a_warning(context: MakeContext) -> None:
    """
    A placeholder is a warning in development, but one that the class rejects stops the worker.
    """
    results = run(context("REDIS_URL=your-redis-url\nOPENAI_API_KEY=your-key\n"), CHECKS)

    assert about(results, "REDIS_URL") == [("ENV004", Severity.ERROR)]
    assert about(results, "OPENAI_API_KEY") == [("ENV004", Severity.WARNING)]


@pytest.mark.parametrize(
    "selection",
    [Selection(selected=frozenset({"KEY002"})), Selection(ignored=frozenset({"ENV004"}))],
)
def test_a_check_that_does_not_run_stands_for_nothing(
    context: MakeContext, selection: Selection
) -> None:
    """
    With KEY002 selected or ENV004 ignored, KEY002 is reported.
    """
    results = run(context("ENV=staging\nENCRYPTION_KEY=your-key\n"), CHECKS, selection)

    assert about(results, "ENCRYPTION_KEY") == [("KEY002", Severity.ERROR)]


def test_a_suppressed_finding_stands_for_nothing(context: MakeContext) -> None:
    """
    To accept a placeholder is not to accept a key of the wrong form.
    """
    made = context("ENV=staging\nENCRYPTION_KEY=your-key\n", today=TODAY)
    results = run(made.replace(suppressions=(Suppression("ENV004", "later", TODAY),)), CHECKS)

    assert about(results, "ENCRYPTION_KEY") == [
        ("ENV004", Severity.ERROR),
        ("KEY002", Severity.ERROR),
    ]


def test_what_is_rendered_later_is_deferred(context: MakeContext) -> None:
    """
    Information about a file that a tool renders is not raised to an error.
    """
    made: Context = context("ENV=staging\nREDIS_URL={{ url }}\n")
    results = run(made.replace(rendered_by="helm"), CHECKS)

    assert about(results, "REDIS_URL") == [("REF001", Severity.INFO)]
    assert ended(results, "SET001") == (
        Status.DEFERRED,
        "REDIS_URL is a reference (REF001)",
    )


def test_the_report_tells_the_truth(call: Call, directory: Path) -> None:
    """
    The exit code is that of the error which is withheld.
    """
    (directory / ".env").write_text("LLM_TIMEOUT_SECONDS=your-timeout\n")

    done = call("check", "--format", "json")
    report = json.loads(done.stdout)
    assert done.returncode == report["exit_code"] == 1
    assert report["summary"]["errors"] == 1


def test_the_order_is_cause_then_form_then_meaning() -> None:
    """
    The form of a text stands for what it would mean, and a team's own findings are left alone.
    """

    def finding(code: str, severity: Severity = Severity.WARNING, name: str = "A") -> Finding:
        return Finding(code, severity, code, None, (name,))

    found = without_hidden(
        [
            finding("SET001", Severity.ERROR),
            finding("FRM001"),
            finding("FRM002"),
            finding("ACM001"),
            finding("SET002", name=""),
            finding("KEY002", name="B"),
            finding("ENV005", name="B"),
            Finding("SET010", Severity.WARNING, "nothing"),
        ]
    )
    assert [(each.code, each.severity) for each in found] == [
        ("FRM001", Severity.ERROR),
        ("FRM002", Severity.WARNING),
        ("ACM001", Severity.WARNING),
        ("SET002", Severity.WARNING),
        ("KEY002", Severity.WARNING),
        ("ENV005", Severity.WARNING),
        ("SET010", Severity.WARNING),
    ]
