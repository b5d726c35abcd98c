"""
Tests of the text report: its content, its order, and that nothing is lost at any width.
"""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.output.fakes import FINDINGS, report
from workerctl.output.formats import Detail
from workerctl.output.text import render, summary, total
from workerctl.report.findings import Finding, Location, Severity
from workerctl.report.results import Problem, Report, Result, Status

Run = Callable[..., CompletedProcess[str]]

ERROR = Finding("KEY901", Severity.ERROR, "An error.", "Mend it.", ("A",))


def text(given: Report, detail: Detail | None = None) -> str:
    """
    Return the report as a pipe receives it.
    """
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "utf-8")
    render((given,), stream, detail or Detail())
    stream.flush()
    return raw.getvalue().decode()


def result(code: str, *findings: Finding, status: Status = Status.FAILED) -> Result:
    """
    Return the result of a check with this code.
    """
    return Result(code, f"{code} holds", status, None, 0.0, findings)


def bare(words: str) -> str:
    """
    Return the text without colours and white space.
    """
    return re.sub(r"\x1b\[[0-9;]*m|\s", "", words)


@pytest.mark.parametrize("columns", [20, 30, 40, 60, 80, 133])
@pytest.mark.parametrize("env", [{}, {"TERM": "dumb"}, {"NO_COLOR": "1"}], ids=str)
def test_no_width_loses_a_word(screen: Run, columns: int, env: dict[str, str]) -> None:
    """
    At any width, a terminal shows the same words as a pipe.
    """
    done = screen("findings", "text", columns=columns, env=env, module="tests.output.fakes")

    assert bare(done.stdout) == bare(text(report("findings")))
    assert (
        max(len(re.sub(r"\x1b\[[0-9;]*m", "", row)) for row in done.stdout.split("\n")) <= columns
    )


def test_the_worst_comes_first() -> None:
    """
    Findings are ordered by severity, with suppressed ones last, whatever the order of the checks.
    """
    shown = text(report("findings"))
    first_words = [finding.message.partition(" ")[0] for finding in FINDINGS]

    assert sorted(first_words, key=shown.index) == ["NEW_KEY", "OLD_KEY", "열쇠가", "SPARE_KEY"]


def test_each_area_has_a_heading() -> None:
    """
    Findings of one area share a heading; the prefix of a team's codes is a heading as well.
    """
    shown = text(
        Report(
            (
                result("KEY901", ERROR),
                result("KEY902", ERROR.replace(code="KEY902")),
                result("TEA901", ERROR.replace(code="TEA901")),
            ),
            judged_as="production",
        )
    )

    assert [row for row in shown.splitlines() if row and row[0] not in " w3"] == [
        "encryption key",
        "TEA",
    ]


@pytest.mark.parametrize(
    ("location", "hint", "expected"),
    [
        (Location("env-file", "a.env", 3), "Mend it.", "a.env:3 → Mend it."),
        (Location("secret-file", "/run/key"), "Mend it.", "/run/key → Mend it."),
        (Location("environment"), None, "environment"),
        (Location("default"), "Mend it.", "→ Mend it."),
        (None, "Mend it.", "→ Mend it."),
        (None, None, None),
    ],
)
def test_a_message_is_followed_by_location_and_hint(
    location: Location | None, hint: str | None, expected: str | None
) -> None:
    """
    A default is not shown as a location; without location and hint there is no such line.
    """
    finding = ERROR.replace(location=location, hint=hint)
    rows = text(Report((result("KEY901", finding),), judged_as="staging")).splitlines()

    below = rows[rows.index("  ✗ KEY901 An error.") + 1]
    assert below == (" " * 11 + expected if expected else "")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, " · judged as production · read a.env, b.env"),
        (
            {"env_from": "ENV is not set"},
            " · judged as production (ENV is not set) · read a.env, b.env",
        ),
        (
            {"settings_class": "app:Settings"},
            " · app:Settings (built in) · judged as production · read a.env, b.env",
        ),
        (
            {"settings_class": "app:Settings", "is_built_in": False},
            " · app:Settings · judged as production · read a.env, b.env",
        ),
        ({"sources": ()}, " · judged as production · read no file"),
        ({"judged_as": None}, ""),
    ],
)
def test_the_first_line_names_what_was_checked(changes: dict[str, object], expected: str) -> None:
    """
    The first line names the environment and the files, so a wrong directory is noticed.
    """
    made = Report(env="production", judged_as="production", sources=("a.env", "b.env"))
    heading = text(made.replace(**changes)).splitlines()[0]  # type: ignore[arg-type]

    assert re.fullmatch(r"workerctl [0-9.]+" + re.escape(expected), heading)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ((result("A1", status=Status.PASSED),), "no findings · 1 passed · exit code 0"),
        ((result("A1", ERROR),), "1 error · 1 failed · exit code 1"),
        (
            (result("A1", ERROR, ERROR, ERROR.replace(severity=Severity.INFO)),),
            "2 errors, 1 info · 1 failed · exit code 1",
        ),
        (
            (result("A1", status=Status.CRASHED), result("A2", status=Status.SKIPPED)),
            "no findings · 1 skipped, 1 crashed · exit code 3",
        ),
        (
            (result("A1", status=Status.DEFERRED), result("A2", status=Status.PASSED)),
            "no findings · 1 passed, 1 deferred · exit code 0",
        ),
    ],
)
def test_the_last_line_counts(results: tuple[Result, ...], expected: str) -> None:
    """
    The last line counts findings by severity and checks by status, and has the exit code.
    """
    assert summary(Report(results)).plain() == expected


def test_the_last_line_of_an_error_claims_no_result() -> None:
    """
    Without results, nothing is counted, and nothing is said about findings.
    """
    failed = Report(error=Problem("deploy/no.env does not exist.", None, 2), name="production")
    passed = Report(results=(result("A1", status=Status.PASSED),), name="staging")

    assert summary(failed).plain() == "nothing was checked · exit code 2"
    assert total((failed,)).plain() == "nothing was checked · exit code 2"
    several = "1 of 2 configurations failed: production · exit code 2"
    assert total((passed, failed)).plain() == several
    assert summary(passed).plain() == "no findings · 1 passed · exit code 0"


def test_a_crash_is_reported_even_if_quiet() -> None:
    """
    `--quiet` shows a crash, because it is the reason for exit code 3.
    """
    shown = text(report("unjudged"), Detail(quiet=True))

    assert "TMO901 Time is short (crashed: RuntimeError)" in shown
    assert "KEY901" not in shown


# --- checks that wait for the same thing ---


def skipped(code: str, reason: str, status: Status = Status.SKIPPED) -> Result:
    """
    Return the result of a check that could not be judged.
    """
    return Result(code, f"{code} holds", status, reason)


FOLDED = (
    skipped("KEY903", "KEY902 failed"),
    skipped("BUD901", "A_SECONDS is invalid (SET001)"),
    skipped("KEY904", "KEY902 failed"),
    skipped("BUD903", "A and B are invalid (SET001)"),
    skipped("BUD902", "A_SECONDS is invalid (SET001)"),
    skipped("TMO901", "KEY902 crashed"),
    skipped("LOG901", "ignored"),
    skipped("LOG902", "ignored"),
    skipped("ENV901", "not set at build: TOKEN", Status.DEFERRED),
    skipped("ENV902", "not set at build: TOKEN", Status.DEFERRED),
    skipped("TEA901", "RuntimeError", Status.CRASHED),
    skipped("TEA902", "RuntimeError", Status.CRASHED),
)


def test_checks_that_wait_for_the_same_thing_share_a_line() -> None:
    """
    The line has what they wait for and their codes; a check by itself has its title, as a crash.
    """
    assert text(Report(FOLDED, judged_as="staging")).split("\n\n")[1].splitlines() == [
        "– 2 checks wait for KEY902: KEY903 KEY904",
        "– 2 checks wait for A_SECONDS (SET001): BUD901 BUD902",
        "– BUD903 BUD903 holds (skipped: A and B are invalid (SET001))",
        "– TMO901 TMO901 holds (skipped: KEY902 crashed)",
        "– 2 checks skipped (ignored): LOG901 LOG902",
        "– 2 checks deferred (not set at build: TOKEN): ENV901 ENV902",
        "✗ TEA901 TEA901 holds (crashed: RuntimeError)",
        "✗ TEA902 TEA902 holds (crashed: RuntimeError)",
    ]


def test_verbose_does_not_fold() -> None:
    """
    `--verbose` shows each check with its title and its reason.
    """
    shown = text(Report(FOLDED, judged_as="staging"), Detail(verbose=True))

    for result_ in FOLDED:
        words = f"{result_.title} ({result_.status.value}: {result_.reason})"
        assert f" {result_.code} {words}\n" in shown


def test_a_broken_file_loses_nothing_by_folding(call: Run, bad: Path) -> None:
    """
    Each code of a check that was skipped stands in the report, once.
    """
    bad.write_text(bad.read_text().replace("76f2\n", "76fg\n"))
    shown = call("check", "--env-file", "bad.env").stdout
    document = json.loads(call("check", "--env-file", "bad.env", "--format", "json").stdout)
    codes = [check["code"] for check in document["checks"] if check["status"] == "skipped"]

    assert len(codes) > 6
    lines = [row for row in shown.splitlines() if row.startswith("– ")]
    assert sorted(re.findall(r"\b(?!SET001\))[A-Z]{3}[0-9]{3}\b", "\n".join(lines))) == sorted(
        [*codes, "KEY002"]
    )
    assert len(lines) < len(codes) - 3
