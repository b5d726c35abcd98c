"""
Tests of running, selecting, deferring and suppressing checks, and of the table of checks.
"""

import sys
from collections.abc import Iterator
from datetime import date

import pytest

from tests.support.configurations import KEY, MakeContext
from workerctl.checks.base import Check, Context, Run, SkipCheck
from workerctl.checks.engine.run import run
from workerctl.checks.engine.select import Selection, select
from workerctl.checks.table import CHECKS, table
from workerctl.report.errors import UsageError
from workerctl.report.findings import Finding, Severity, Suppression
from workerctl.report.results import Result, Status

CODES = [check.code for check in CHECKS]
TODAY = date(2026, 11, 22)


def passes(context: Context) -> Iterator[Finding]:
    """Yield no finding."""
    yield from ()


def warns(context: Context) -> Iterator[Finding]:
    """Yield one warning."""
    yield Finding("ACM001", Severity.WARNING, "Something is odd.", None, ("DEBUG",))


def statuses(results: tuple[Result, ...]) -> dict[str, tuple[Status, str | None]]:
    """
    Return the status and the reason of each result by code.
    """
    return {result.code: (result.status, result.reason) for result in results}


def test_a_finding_of_any_severity_fails_the_check(context: MakeContext) -> None:
    """A check fails if it has at least one finding that counts."""
    results = run(context(), (Check("ACM001", "All is well", warns),))

    assert statuses(results) == {"ACM001": (Status.FAILED, None)}


@pytest.mark.parametrize(
    "raised",
    [SystemExit(0), ValueError(KEY), RecursionError(), ExceptionGroup("a", [OSError(KEY)])],
)
def test_a_check_that_raises_has_crashed(context: MakeContext, raised: BaseException) -> None:
    """
    A run continues after any exception of a check, and reports only the type of the exception.
    """

    def crashes(context: Context) -> Iterator[Finding]:
        yield from warns(context)
        raise raised

    results = run(
        context(), (Check("ACM001", "All is well", crashes), Check("ACM002", "Too", passes))
    )

    assert statuses(results) == {
        "ACM001": (Status.CRASHED, type(raised).__name__),
        "ACM002": (Status.PASSED, None),
    }
    assert len(results[0].findings) == 1


def test_an_interrupt_is_not_a_crash(context: MakeContext) -> None:
    """Ctrl-C ends the run."""

    def interrupted(context: Context) -> Iterator[Finding]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(context(), (Check("ACM001", "All is well", interrupted),))


def test_yielding_something_else_than_a_finding_is_a_crash(context: MakeContext) -> None:
    """A check that yields anything but findings has crashed; it has not passed."""

    def confused(context: Context) -> Iterator[Finding]:
        yield "DEBUG is on"  # type: ignore[misc]

    results = run(context(), (Check("ACM001", "All is well", confused),))

    assert statuses(results) == {"ACM001": (Status.CRASHED, "TypeError")}


def test_a_printing_check_does_not_print_into_the_report(
    context: MakeContext, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a check prints does not reach standard output, where the report goes."""

    def prints(context: Context) -> Iterator[Finding]:
        sys.stdout.write("hello")
        yield from ()

    run(context(), (Check("ACM001", "All is well", prints),))

    assert capsys.readouterr().out == ""


def test_a_check_is_skipped_when_it_reads_a_bad_value(context: MakeContext) -> None:
    """A check that reads an invalid value is skipped; the reason names the value and the code."""
    check = Check("ACM001", "All is well", warns, reads=("DEBUG", "LOG_LEVEL"))

    assert statuses(run(context("DEBUG=perhaps\n"), (check,))) == {
        "ACM001": (Status.SKIPPED, "DEBUG is invalid (SET001)")
    }


def test_a_requirement_is_judged_even_when_it_is_not_selected(context: MakeContext) -> None:
    """A check has the same status whether it is selected alone or runs with all the others."""
    checks = (
        Check("ACM001", "Ground", warns),
        Check("ACM002", "On it", passes, requires="ACM001"),
        Check("ACM003", "Further", passes, requires="ACM002"),
    )

    assert statuses(run(context(), checks, Selection(selected=frozenset({"ACM003"})))) == {
        "ACM003": (Status.SKIPPED, "ACM001 failed")
    }


def test_a_check_may_have_nothing_to_judge(context: MakeContext) -> None:
    """A check that skips itself is reported with its reason, and keeps the findings made before."""

    def skips(context: Context) -> Iterator[Finding]:
        yield from ()
        reason = "there is no work tree"
        raise SkipCheck(reason)

    def finds_then_skips(context: Context) -> Iterator[Finding]:
        yield from warns(context)
        raise SkipCheck

    checks = (Check("ACM001", "One", finds_then_skips), Check("ACM002", "Two", skips))
    assert statuses(run(context(), checks)) == {
        "ACM001": (Status.FAILED, None),
        "ACM002": (Status.SKIPPED, "there is no work tree"),
    }


def test_the_messages_of_a_foreign_check_are_scrubbed(context: MakeContext) -> None:
    """A check of another package cannot show a secret, neither whole nor in part."""

    def leaks(context: Context) -> Iterator[Finding]:
        key = context.values.text("ENCRYPTION_KEY")
        yield Finding("ACM001", Severity.ERROR, f"{key} is bad.", f"Not {key[3:10]}!")

    results = run(context(f"ENCRYPTION_KEY={KEY}\n"), (Check("ACM001", "All is well", leaks),))

    (finding,) = results[0].findings
    assert (finding.message, finding.hint) == ("•••••••• is bad.", "Not ••••••••!")


# --- the build phase ---


def test_unset_secrets_are_deferred_at_build(context: MakeContext) -> None:
    """At build, checks that read an unset secret are deferred; all others run."""
    made = context("ENV=production\n", phase="build")

    results = {result.code: result for result in run(made, CHECKS)}
    deferred = {code for code, result in results.items() if result.status is Status.DEFERRED}
    keys = {f"KEY00{number}" for number in range(1, 8)}
    assert deferred == {"ENV004", "ENV005", "ENV007", "ENV008", *keys}
    # SUPABASE_URL is not a secret, so an image without it is already wrong.
    assert [finding.fields[0] for finding in results["ENV002"].findings] == ["SUPABASE_URL"]


def test_a_secret_that_is_set_is_judged_at_build(context: MakeContext) -> None:
    """At build, a secret that is set is judged; only missing ones are deferred."""
    results = {
        result.code: result.status
        for result in run(context("ENV=production\nENCRYPTION_KEY=short\n", phase="build"), CHECKS)
    }

    assert (results["KEY001"], results["KEY002"]) == (Status.PASSED, Status.FAILED)


def test_the_reason_of_a_deferral_names_the_secrets(context: MakeContext) -> None:
    """The reason of a deferral names the secrets that are not set."""
    reasons = {result.code: result.reason for result in run(context("", phase="build"), CHECKS)}

    assert reasons["KEY001"] == "not set at build: ENCRYPTION_KEY"
    assert reasons["KEY004"] == "not set at build: ENCRYPTION_KEY"


# --- selecting ---


@pytest.mark.parametrize(
    ("option", "chosen"),
    [
        ("KEY002", {"KEY002"}),
        ("KEY", {f"KEY00{number}" for number in range(1, 8)}),
        (" TMO00 , LOG001,", {"TMO001", "TMO002", "TMO003", "LOG001"}),
    ],
)
def test_codes_and_prefixes_select(option: str, chosen: set[str]) -> None:
    """A prefix selects all codes that begin with it."""
    assert select(CODES, [option], []).selected == chosen


def test_two_checks_run_in_every_selection(context: MakeContext) -> None:
    """SET001 and ENV001 run in every selection, because all other results depend on them."""
    results = run(context(), CHECKS, select(CODES, ["KEY001"], []))

    assert [result.code for result in results] == ["SET001", "ENV001", "KEY001"]


def test_ignoring_overrides_selecting_and_is_reported(context: MakeContext) -> None:
    """A selected check that is also ignored is reported as skipped."""
    results = run(context(), CHECKS, select(CODES, ["LOG"], ["LOG002", "KEY"]))

    assert statuses(results)["LOG002"] == (Status.SKIPPED, "ignored")
    assert [result.code for result in results] == ["SET001", "ENV001", "LOG001", "LOG002"]


@pytest.mark.parametrize(
    ("selected", "ignored", "message"),
    [
        (["KEY009"], [], "There is no code KEY009."),
        ([], ["TMO01"], "There is no code TMO01."),
        ([KEY], [], "There is no such code."),
        ([], ["SET001"], "SET001 cannot be ignored"),
        ([], ["ENV"], "ENV001 cannot be ignored"),
    ],
)
def test_a_bad_selection_is_a_usage_error(
    selected: list[str], ignored: list[str], message: str
) -> None:
    """The message names an unknown code, unless the text does not have the form of a code."""
    with pytest.raises(UsageError, match=message):
        select(CODES, selected, ignored)


# --- suppressing ---


def test_a_suppressed_finding_is_reported_and_does_not_count(context: MakeContext) -> None:
    """
    A suppressed finding stays in the result with its suppression, and does not fail the check.
    """
    suppression = Suppression("KEY001", "keys come later", TODAY)
    made = replace_suppressions(context(today=TODAY), suppression)

    results = {result.code: result for result in run(made, CHECKS)}
    assert results["KEY001"].status is Status.PASSED
    assert [finding.suppressed for finding in results["KEY001"].findings] == [suppression]
    assert results["SUP001"].status is Status.PASSED


def test_a_suppression_of_a_field_accepts_only_findings_whose_first_field_it_is(
    context: MakeContext,
) -> None:
    """
    The first field is the one to change; the others of a finding do not count.
    """

    def two_fields(context: Context) -> Iterator[Finding]:
        yield Finding("ACM001", Severity.ERROR, "One.", None, ("DEBUG", "ENV"))
        yield Finding("ACM001", Severity.ERROR, "Two.", None, ("ENV", "DEBUG"))
        yield Finding("ACM001", Severity.ERROR, "Three.", None, ())

    suppression = Suppression("ACM001", "known", TODAY, field="DEBUG")
    made = replace_suppressions(context(today=TODAY), suppression)

    (result,) = run(made, (Check("ACM001", "All is well", two_fields),))
    assert [finding.suppressed for finding in result.findings] == [suppression, None, None]
    assert result.status is Status.FAILED


@pytest.mark.parametrize(
    ("suppression", "message"),
    [
        (
            Suppression("KEY001", "keys come later", date(2026, 11, 21)),
            "The suppression of KEY001 expired on 2026-11-21.",
        ),
        (Suppression("LOG001", "loud", TODAY), "The suppression of LOG001 suppresses nothing."),
        (
            Suppression("LOG001", "loud", TODAY, ("development",)),
            "The suppression of LOG001 suppresses nothing.",
        ),
        (
            Suppression("KEY001", "keys come later", TODAY, field="OPENAI_API_KEY"),
            "The suppression of KEY001 for OPENAI_API_KEY suppresses nothing.",
        ),
    ],
)
def test_sup001_reports_expired_and_unused_suppressions(
    context: MakeContext, suppression: Suppression, message: str
) -> None:
    """An expired suppression has no effect. An unused one could hide a later finding."""
    results = {
        result.code: result
        for result in run(replace_suppressions(context(today=TODAY), suppression), CHECKS)
    }

    assert [finding.message for finding in results["SUP001"].findings] == [message]
    assert results["KEY001"].status is Status.FAILED


@pytest.mark.parametrize(
    "suppression",
    [
        Suppression("LOG001", "loud", TODAY, ("production",)),
        Suppression("KEY004", "not judged without a key", TODAY),
    ],
)
def test_sup001_is_silent_where_the_check_did_not_judge(
    context: MakeContext, suppression: Suppression
) -> None:
    """A suppression for another environment, or of a skipped check, is not reported as unused."""
    results = run(replace_suppressions(context(today=TODAY), suppression), CHECKS)

    assert results[-1].findings == ()


def replace_suppressions(made: Context, *suppressions: Suppression) -> Context:
    """
    Return the context with suppressions, as pyproject.toml would set them.
    """
    return made.replace(suppressions=suppressions)


# --- the table ---


def test_foreign_checks_run_before_the_last() -> None:
    """SUP001 looks at all results, so it stays last when checks are added."""
    more = Check("ACM001", "All is well", passes)

    assert [check.code for check in table([more])][-2:] == ["ACM001", "SUP001"]


@pytest.mark.parametrize("function", [check.run for check in CHECKS if not check.requires])
def test_no_check_raises_for_an_empty_configuration(context: MakeContext, function: Run) -> None:
    """A check without a requirement accepts an empty configuration; it may skip itself."""
    try:
        list(function(context()))
    except SkipCheck as skip:
        assert str(skip)  # noqa: PT017 -- a check may skip itself, but only with a reason
