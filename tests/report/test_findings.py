"""
Tests of findings and reports: equality, severities and exit codes.
"""

from datetime import date

import pytest

from workerctl.report.exit_codes import ExitCode
from workerctl.report.findings import Finding, Location, Severity, Suppression, by_environment
from workerctl.report.results import Problem, Report, Result, Status

SUPPRESSION = Suppression("SET001", "known", date(2027, 1, 31))


def finding(severity: Severity, suppressed: Suppression | None = None) -> Finding:
    """Return a finding of this severity."""
    return Finding("SET001", severity, "It is wrong.", suppressed=suppressed)


def report(*findings: Finding, fail_on: Severity | None = Severity.ERROR) -> Report:
    """Return a report of one check with these findings."""
    return Report((Result("SET001", "Claim", Status.FAILED, findings=findings),), fail_on=fail_on)


def test_severities_are_ordered() -> None:
    """Severities are ordered from info to error, and each has the word that users write."""
    assert [severity.label for severity in sorted(Severity)] == ["info", "warning", "error"]


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (Location("default"), "default"),
        (Location("environment"), "environment"),
        (Location("secret-file", "/run/secrets/TOKEN"), "/run/secrets/TOKEN"),
        (Location("env-file", ".env", 7), ".env:7"),
    ],
)
def test_a_location_reads_as_a_place(location: Location, text: str) -> None:
    """A location is shown as the file with its line, or as the kind of source."""
    assert str(location) == text


def test_findings_compare_by_value_and_are_frozen() -> None:
    """Equal findings compare equal, so a test of a check is a single comparison."""
    one = finding(Severity.ERROR)

    assert one == finding(Severity.ERROR)
    assert one != finding(Severity.INFO)
    assert hash(one) == hash(finding(Severity.ERROR))
    with pytest.raises(AttributeError):
        one.code = "SET002"  # type: ignore[misc]


def test_a_severity_depends_on_the_environment() -> None:
    """A rule that names no severity for an environment does not apply there."""
    found = [
        by_environment(env, staging=Severity.INFO, production=Severity.WARNING)
        for env in ("development", "staging", "production")
    ]

    assert found == [None, Severity.INFO, Severity.WARNING]


@pytest.mark.parametrize(
    ("fail_on", "failing"),
    [
        (None, []),
        (Severity.ERROR, [Severity.ERROR]),
        (Severity.WARNING, [Severity.WARNING, Severity.ERROR]),
        (Severity.INFO, [Severity.INFO, Severity.WARNING, Severity.ERROR]),
    ],
)
def test_a_finding_fails_a_run_from_a_severity_on(
    fail_on: Severity | None, failing: list[Severity]
) -> None:
    """A finding of at least that severity fails the run, unless it is suppressed."""
    for severity in Severity:
        expected = ExitCode.FINDINGS if severity in failing else ExitCode.OK
        assert report(finding(severity), fail_on=fail_on).exit_code is expected
        hidden = finding(severity, SUPPRESSION)
        assert report(hidden, fail_on=fail_on).exit_code is ExitCode.OK


def test_a_report_yields_the_findings_that_count() -> None:
    """Suppressed findings are left out."""
    shown, hidden = finding(Severity.INFO), finding(Severity.ERROR, SUPPRESSION)

    assert list(report(shown, hidden).findings()) == [shown]


def test_a_report_counts_how_checks_ended() -> None:
    """A report counts its checks by status."""
    ended = (Status.PASSED, Status.PASSED, Status.SKIPPED)
    results = tuple(Result("SET001", "Claim", status) for status in ended)

    assert [Report(results).ended(status) for status in Status] == [2, 0, 1, 0, 0, 0]


@pytest.mark.parametrize(
    "status", [Status.PASSED, Status.SKIPPED, Status.DEFERRED, Status.NOT_APPLICABLE]
)
def test_a_check_without_findings_does_not_fail_a_run(status: Status) -> None:
    """A check that was skipped or deferred does not make a run incomplete."""
    assert Report((Result("SET001", "Claim", status, "reason"),)).exit_code is ExitCode.OK


def test_a_crash_makes_a_run_incomplete_unless_it_fails() -> None:
    """Exit code 1 takes precedence over 3, and an error of the run over both."""
    crashed = Result("SET002", "Claim", Status.CRASHED, "KeyError")
    incomplete = Report((crashed,))
    failed = incomplete.replace(results=(crashed, *report(finding(Severity.ERROR)).results))

    assert incomplete.exit_code is ExitCode.INCOMPLETE
    assert failed.exit_code is ExitCode.FINDINGS
    problem = Problem("No such file.", None, ExitCode.USAGE)
    assert failed.replace(error=problem).exit_code is ExitCode.USAGE


def test_a_run_without_checks_passes() -> None:
    """A run without checks has exit code 0."""
    assert Report().exit_code is ExitCode.OK


def test_exit_codes_are_a_contract() -> None:
    """The exit codes never change, because users' pipelines depend on them."""
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "FINDINGS": 1,
        "USAGE": 2,
        "INCOMPLETE": 3,
        "INTERNAL": 70,
        "INTERRUPTED": 130,
    }
