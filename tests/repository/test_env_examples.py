"""
The example env files produce the expected findings, line numbers and exit codes.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from workerctl.preflight import Request, preflight
from workerctl.report.findings import Finding, Severity
from workerctl.report.results import Report
from workerctl.sources.options import Options

EXAMPLES = Path(__file__).parents[2] / "examples" / "env"
EXPECTED: dict[str, Any] = json.loads((EXAMPLES / "expected.json").read_text("utf-8"))["files"]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """
    Return a function that checks a copy of an example outside any work tree, and nothing else.
    """
    monkeypatch.chdir(tmp_path)

    def check_copy(name: str) -> Report:
        shutil.copyfile(EXAMPLES / name, tmp_path / name)
        (tmp_path / name).chmod(0o600)
        return preflight(Request(Options((name,), isolated=True)), environ={})

    return check_copy


def test_every_example_is_expected() -> None:
    """Every example has an entry in expected.json."""
    assert {path.name for path in EXAMPLES.glob("*.env")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_has_the_expected_result(check: Any, name: str) -> None:
    """The exit code and the codes are those of expected.json."""
    report = check(name)
    codes = {finding.code for finding in report.findings()}

    assert report.exit_code == EXPECTED[name]["exit"]
    assert set(EXPECTED[name]["must"]) <= codes
    if EXPECTED[name].get("must_not_error"):
        assert not [item for item in report.findings() if item.severity is Severity.ERROR]


def test_the_good_production_file_has_no_findings(check: Any) -> None:
    """A correct file produces no findings, so that warnings are never routine."""
    assert list(check("production-good.env").findings()) == []


def test_every_finding_of_the_bad_file_has_a_line_number(check: Any) -> None:
    """Each mistake is reported once, with the line that contains it."""
    lines = (EXAMPLES / "production-bad.env").read_text("utf-8").splitlines()

    def at(finding: Finding) -> str:
        assert finding.location is not None
        assert finding.location.line is not None
        return f"{finding.code} {lines[finding.location.line - 1].partition('=')[0]}"

    assert sorted(map(at, check("production-bad.env").findings())) == sorted(
        [
            "SET001 EMBEDDING_MAX_RETRIES",
            "SET001 CHUNK_KOREAN_THRESHOLD",
            "SET002 LLM_TIMEOUT_SECOND",
            "SET004 STORAGE_MAX_RETRIES",
            "SET005 this line is not an assignment",
            "ENV002 ANALYSIS_MODE",  # requires ANTHROPIC_API_KEY
            "ENV002 WEBHOOK_SECRET",
            "ENV002 ENV",  # requires GEMINI_API_KEY
            "ENV003 DEBUG",
            "ENV004 SUPABASE_SERVICE_ROLE_KEY",
            "ENV005 REDIS_URL",
            "ENV005 SUPABASE_URL",
            "ENV006 ALLOWED_ORIGINS",
            "KEY002 ENCRYPTION_KEY",
            "TMO001 LLM_CONNECT_TIMEOUT_SECONDS",
            "TMO002 EMBEDDING_RETRY_BASE_WAIT",
            "BUD002 LLM_SDK_MAX_RETRIES",
            "CHU001 CHUNK_RAW_SECTION_OVERLAP",
            "LOG001 LOG_LEVEL",
        ]
    )


def test_a_misspelt_name_has_a_suggestion(check: Any) -> None:
    """A name with one wrong letter is an error, and the hint suggests the correct name."""
    found = [item for item in check("production-bad.env").findings() if item.code == "SET002"]

    assert [item.hint for item in found] == ["Did you mean LLM_TIMEOUT_SECONDS?"]


def test_a_skipped_check_names_the_bad_value(check: Any) -> None:
    """A check that needs a bad value is skipped with that reason; the others run."""
    results = {result.code: result for result in check("production-bad.env").results}

    assert results["BUD003"].reason == "EMBEDDING_MAX_RETRIES is invalid (SET001)"
    assert results["KEY003"].reason == "KEY002 failed"
    assert len(results) == len(set(results))


def test_an_empty_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any configuration, warnings say that nothing was read and that the key is missing."""
    monkeypatch.chdir(tmp_path)

    report = preflight(Request(), environ={})

    assert report.exit_code == 0
    assert [(item.code, item.severity) for item in report.findings()] == [
        ("SET010", Severity.WARNING),
        ("KEY001", Severity.WARNING),
    ]
