"""
Every format says the same, follows its grammar, and cannot be broken out of by what it shows.
"""

import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Log

import workerctl.output
from tests.output.fakes import FILES, reports
from workerctl.output.ci import github
from workerctl.output.ci.placed import path_in_repository, placed
from workerctl.output.formats import FORMATS, Detail, renderer
from workerctl.report.exit_codes import ExitCode
from workerctl.report.findings import Finding, Severity
from workerctl.report.results import Problem, Report, Result, Status, worst

CASES = ["findings", "unjudged", "held", "error", "forty", "several", "known", "empty", *FILES]
ASIDE = ["suppressed", "known", "unchanged"]
LABELS = {
    **dict.fromkeys(("error", "critical", "✗"), "error"),
    **dict.fromkeys(("warning", "minor", "!"), "warning"),
    **dict.fromkeys(("info", "note", "notice", "ℹ"), "info"),
}
COMMAND = re.compile(
    r"::(?P<kind>error|warning|notice) "
    r"(?P<properties>[a-z]+=[^,:]*(?:,[a-z]+=[^,:]*)*)::(?P<data>.*)"
)
# The elements of JUnit's XML, each with its attributes and the elements that it may contain.
JUNIT = {
    "testsuites": ({"name"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testcase"}),
    "testcase": (
        {"classname", "name", "time"},
        {"failure", "error", "skipped", "system-out"},
    ),
    "failure": ({"message"}, set()),
    "error": ({"message"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}


def rendered(format_: str, case: str, detail: Detail | None = None) -> str:
    """
    Return the reports of a case in a format.
    """
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "utf-8", newline="")
    renderer(format_)(reports(case), stream, detail or Detail())
    stream.flush()
    return raw.getvalue().decode()


def said(case: str) -> list[tuple[str, str]]:
    """
    Return the code and severity of every finding of a case that counts, sorted.
    """
    return sorted(
        (finding.code, finding.severity.label)
        for report in reports(case)
        for finding in report.findings()
    )


def commands(text: str) -> list[dict[str, str]]:
    """
    Return the workflow commands in the output of the format github.
    """
    lines = [line for line in text.split("\n") if line.startswith("::")]
    matches = [COMMAND.fullmatch(line) for line in lines]
    assert all(matches), text
    return [match.groupdict() for match in matches if match]


def documents(case: str) -> list[dict[str, Any]]:
    """
    Return the JSON documents of the reports of a case.
    """
    made = json.loads(rendered("json", case))
    return [made] if "checks" in made else list(made["reports"])


@pytest.mark.parametrize("case", CASES)
def test_every_format_says_the_same(case: str) -> None:
    """
    Codes and severities are equal in all formats, and so are exit codes where a format has one.
    """
    sarif = json.loads(rendered("sarif", case))["runs"]
    gitlab = json.loads(rendered("gitlab", case))
    junit = ET.fromstring(rendered("junit", case).encode())  # noqa: S314 -- our own
    shown = {
        "json": [
            (finding["code"], finding["severity"])
            for document in documents(case)
            for check in document["checks"]
            for finding in check["findings"]
            if finding["state"] == "open"
        ],
        "github": [
            (code, LABELS[one["kind"]])
            for one in commands(rendered("github", case))
            for code in re.findall("title=([A-Z]+[0-9]+)", one["properties"])
            if "crashed" not in one["data"]
        ],
        "gitlab": [
            (one["check_name"], LABELS[one["severity"]])
            for one in gitlab
            if one["severity"] != "blocker"
        ],
        "sarif": [
            (one["ruleId"], LABELS[one["level"]])
            for run in sarif
            for one in run["results"]
            if not one["suppressions"] and one.get("baselineState", "new") == "new"
        ],
        "markdown": [
            (code, LABELS[sign])
            for sign, code in re.findall(r"\n\| ([✗!ℹ]) \| (\w+)", rendered("markdown", case))
        ],
        "text": [
            (code, LABELS[sign])
            for sign, code in re.findall(r"\n  ([✗!ℹ]) (\w+)", rendered("text", case))
        ],
    }
    assert {name: sorted(found) for name, found in shown.items()} == dict.fromkeys(
        shown, said(case)
    )
    codes = [int(report.exit_code) for report in reports(case)]
    assert [document["exit_code"] for document in documents(case)] == codes
    assert [run["invocations"][0]["exitCode"] for run in sarif] == codes
    failures = sum(int(suite.get("failures", 0)) for suite in junit)
    assert failures == sum(
        any(map(report.fails, result.findings))
        for report in reports(case)
        for result in report.results
    )
    problems = sum(
        (report.error is not None) + report.ended(Status.CRASHED) for report in reports(case)
    )
    assert sum(int(suite.get("errors", 0)) for suite in junit) == problems
    assert sum(one["severity"] == "blocker" for one in gitlab) == problems
    assert (
        sum(len(run["invocations"][0]["toolExecutionNotifications"]) for run in sarif) == problems
    )


@pytest.mark.parametrize("format_", FORMATS)
def test_no_format_says_that_an_error_is_without_findings(format_: str) -> None:
    """
    Nothing was checked, which is neither good nor bad news about the configuration.
    """
    assert "findings" not in rendered(format_, "error")
    assert "·  ·" not in rendered(format_, "error")


@pytest.mark.parametrize("case", ["findings", "several", "known"])
def test_every_format_counts_what_does_not_count(case: str) -> None:
    """
    The numbers of suppressed, known and unchanged findings are equal in all formats that have them.
    """
    results = [one for run in json.loads(rendered("sarif", case))["runs"] for one in run["results"]]
    known = [one for one in results if one.get("baselineState") == "unchanged"]
    reasons = [each["justification"] for one in results for each in one["suppressions"]]
    output = "".join(ET.fromstring(rendered("junit", case).encode()).itertext())  # noqa: S314 -- our own
    suppressed, changed = (
        sum("(until " in reason for reason in reasons),
        sum(reason == "The file has not changed." for reason in reasons),
    )
    counts = {
        "sarif": [suppressed, len(known), changed],
        "json": [sum(document["summary"][name] for document in documents(case)) for name in ASIDE],
        "listed": [
            sum(
                finding["state"] == name
                for document in documents(case)
                for check in document["checks"]
                for finding in check["findings"]
            )
            for name in ASIDE
        ],
        "junit": [
            output.count("(suppressed"),
            output.count("(known)"),
            output.count("(unchanged)"),
        ],
        **{name: _counted(rendered(name, case)) for name in ("text", "markdown")},
    }
    expected = [
        sum(len(list(report.findings(name))) for report in reports(case))  # type: ignore[arg-type]
        for name in ASIDE
    ]
    assert counts == dict.fromkeys(counts, expected)
    assert (case != "known") or all(expected)
    assert (case != "known") or _counted(rendered("github", case)) == expected


def _counted(text: str) -> list[int]:
    """
    Return the numbers in the summaries of a text.
    """
    return [sum(map(int, re.findall(rf"(\d+) {name}\b(?= ·|,)", text))) for name in ASIDE]


def test_every_format_says_what_a_baseline_no_longer_needs() -> None:
    """
    The notes are in all formats for people, in JSON and in SARIF.
    """
    (report,) = reports("known")
    (run,) = json.loads(rendered("sarif", "known"))["runs"]
    noted = run["invocations"][0]["toolConfigurationNotifications"]

    assert documents("known")[0]["notes"] == list(report.notes)
    assert documents("known")[0]["summary"]["gone"] == report.gone
    assert [(one["level"], one["message"]["text"]) for one in noted] == [
        ("note", note) for note in report.notes
    ]
    for name in ("text", "github"):
        assert all(note in rendered(name, "known").splitlines() for note in report.notes)
    assert "\n7 findings since &lt;b&gt;main&lt;/b&gt;.\n" in rendered("markdown", "known")


def test_known_findings_are_listed_if_they_are_asked_for() -> None:
    """
    Otherwise they are counted by code, because there may be hundreds; --quiet leaves them out.
    """
    counted = "– 14 known findings (deploy/known | findings.json): KEY901 (14)\n"
    plain, verbose, quiet = (
        rendered("text", "known", detail)
        for detail in (Detail(), Detail(verbose=True), Detail(quiet=True))
    )

    assert counted in plain
    assert "→ known: Mend it" not in plain
    assert counted not in verbose + quiet
    assert verbose.count("→ known: Mend it") == 14
    assert "14 known findings (deploy/known \\| findings.json)" in rendered("markdown", "known")


@pytest.mark.parametrize("case", CASES)
def test_sarif_follows_its_schema(case: str) -> None:
    """
    The log has the shape of SARIF 2.1.0, and what code scanning requires of it.
    """
    text = rendered("sarif", case)

    Log.model_validate_json(text)
    for run in json.loads(text)["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        for result in run["results"]:
            assert rules[result["ruleIndex"]] == result["ruleId"]
            assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            assert result["partialFingerprints"]


@pytest.mark.parametrize("case", CASES)
def test_junit_follows_its_grammar(case: str) -> None:
    """
    Only the elements and attributes occur that Jenkins' schema of JUnit files knows.
    """
    root = ET.fromstring(rendered("junit", case).encode())  # noqa: S314 -- our own

    for element in root.iter():
        attributes, children = JUNIT[element.tag]
        assert set(element.attrib) == attributes
        assert {child.tag for child in element} <= children
    for suite in root:
        assert int(suite.get("tests", -1)) == len(suite)


@pytest.mark.parametrize("case", CASES)
def test_gitlab_has_the_required_fields(case: str) -> None:
    """
    Every issue has the fields that GitLab reads; no two fingerprints are equal.
    """
    issues = json.loads(rendered("gitlab", case))

    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert not issue["location"]["path"].startswith(("/", "./"))
        assert issue["location"]["lines"]["begin"] >= 1
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


@pytest.mark.parametrize("case", CASES)
def test_json_follows_its_schema(case: str) -> None:
    """
    One report has the shape `workerctl.report/1`; several contain reports of this shape.
    """
    folder = Path(workerctl.output.__file__).parent
    single = json.loads((folder / "report.schema.json").read_text())
    several = json.loads((folder / "reports.schema.json").read_text())
    made = json.loads(rendered("json", case))

    jsonschema.validate(made, single if "checks" in made else several)
    for report in documents(case):
        report.pop("name", None)
        jsonschema.validate(report, single)


def test_github_writes_errors_first_and_all_of_them() -> None:
    """
    GitHub shows ten annotations of a kind, so errors come first, and a sentence counts the rest.
    """
    text = rendered("github", "forty")
    kinds = [one["kind"] for one in commands(text)]

    assert kinds == sorted(kinds, key=["error", "warning", "notice"].index)
    assert len(kinds) == 40
    assert text.count(f"GitHub shows {github.SHOWN} of the 1") == 3


def test_nothing_breaks_out_of_a_workflow_command() -> None:
    """
    Percent signs, line ends, colons and commas of paths and messages are escaped.
    """
    for one in commands(rendered("github", "forty")):
        assert one["properties"].startswith("file=deploy/a%2C b%3Ac%25.env,line=")
        assert "100%25" in one["data"]
        assert "\r" not in one["data"]
    for line in rendered("github", "forty").splitlines():
        assert line.startswith(("::", "GitHub shows", "13 errors, "))


def test_the_summary_of_a_job_is_appended_and_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The whole report goes to the summary, up to the size that GitHub accepts.
    """
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    monkeypatch.setenv(github.SUMMARY, str(path))

    rendered("github", "forty")
    assert path.read_text().startswith("before\n### ❌ workerctl check\n")
    assert path.read_text().count("| KEY901 |") == 40

    path.write_bytes(b"x" * 999_000)
    rendered("github", "forty")
    assert 999_000 < path.stat().st_size <= 1_000_000
    assert path.read_text().endswith("may hold 1 MiB only.\n")

    path.write_bytes(b"x" * 1_000_000)
    rendered("github", "forty")
    assert path.stat().st_size == 1_000_000


def test_a_table_of_markdown_keeps_its_columns() -> None:
    """
    No text begins a cell, a tag, a heading or a mention.
    """
    rows = [line for line in rendered("markdown", "forty").split("\n") if "KEY901" in line]

    assert len(rows) == 40
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 6
        assert not re.search(r"<|(?<!\\)\*|@", row)


def test_a_fingerprint_survives_a_moved_line() -> None:
    """
    It depends on code, path and field, but not on the line; equal findings are counted.
    """

    def moved(finding: Finding) -> Finding:
        where = finding.location
        assert where is not None
        assert where.line is not None
        return finding.replace(location=where.replace(line=where.line + 7))

    (before,) = reports("forty")
    marks = [each.fingerprint for each in placed([before])]
    first, *others = before.results
    first = first.replace(findings=tuple(map(moved, first.findings)))
    after = before.replace(results=(first, *others))
    assert [each.fingerprint for each in placed([after])] == marks
    assert len(set(marks)) == 40
    assert [each.fingerprint for each in placed([before.replace(name="other")])] != marks


def test_paths_are_those_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A path is relative to the root that the CI service names, else to the work tree.
    """
    (tmp_path / ".git").mkdir()
    (tmp_path / "backend").mkdir()
    monkeypatch.chdir(tmp_path / "backend")

    assert path_in_repository(".env", {}) == "backend/.env"
    assert path_in_repository("../deploy/a.env", {}) == "deploy/a.env"
    assert path_in_repository("/run/secrets/key", {}) is None
    assert path_in_repository("<stdin>", {}) is None
    named = {"GITHUB_WORKSPACE": str(tmp_path / "backend")}
    assert path_in_repository(".env", named) == ".env"
    assert path_in_repository("../deploy/a.env", named) is None


def test_the_worst_exit_code_is_that_of_the_run() -> None:
    """
    An error outweighs findings, and findings outweigh a crashed check.
    """
    assert worst(report.exit_code for report in reports("several")) == 2
    assert worst([]) == 0
    assert "2 of 3 configurations failed: production, broken · exit code 2" in rendered(
        "text", "several"
    )


def test_every_format_has_a_module() -> None:
    """
    The table lists exactly the modules that can render.
    """
    for name in FORMATS:
        assert callable(renderer(name))
    assert Severity.ERROR in github._KINDS


def test_equal_errors_of_several_targets_name_their_target() -> None:
    """
    GitLab shows equal problems once, so each has its own fingerprint.
    """
    problem = Problem("The file cannot be read.", "Correct the path.", ExitCode.USAGE)
    crash = Result("SET001", "A claim", Status.CRASHED, "KeyError")
    both = tuple(Report((crash,), error=problem, name=name) for name in ("blue", "green"))
    streams = {name: io.StringIO() for name in ("github", "gitlab")}
    for name, stream in streams.items():
        renderer(name)(both, stream, Detail())
    titles = [each["properties"] for each in commands(streams["github"].getvalue())]
    blockers = json.loads(streams["gitlab"].getvalue())

    assert titles == [
        f"title={code} · {name}" for name in ("blue", "green") for code in ("workerctl", "SET001")
    ]
    assert len({each["fingerprint"] for each in blockers}) == len(blockers) == 4
    assert {each["description"].partition(":")[0] for each in blockers} == {"blue", "green"}
