"""
The example env files are tests: what must be found, at which line, with which exit code.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from workerctl.preflight import Request, preflight
from workerctl.report.findings import Finding, Severity
from workerctl.report.results import Report
from workerctl.schema.source_options import Options

EXAMPLES = Path(__file__).parents[2] / "examples" / "env"
EXPECTED: dict[str, Any] = json.loads((EXAMPLES / "expected.json").read_text("utf-8"))["files"]


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """
    Check a private copy of an example outside any work tree, with nothing from the environment.
    """
    monkeypatch.chdir(tmp_path)

    def judge(name: str) -> Report:
        shutil.copyfile(EXAMPLES / name, tmp_path / name)
        (tmp_path / name).chmod(0o600)
        return preflight(Request(Options((name,), isolated=True)), environ={})

    return judge


def test_every_example_is_expected() -> None:
    """No example stands there without saying what it shows."""
    assert {path.name for path in EXAMPLES.glob("*.env")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_example_is_judged_as_expected(judged: Any, name: str) -> None:
    """The exit code and the codes are those of expected.json."""
    report = judged(name)
    codes = {finding.code for finding in report.findings()}

    assert report.exit_code == EXPECTED[name]["exit"]
    assert set(EXPECTED[name]["must"]) <= codes
    if EXPECTED[name].get("must_not_error"):
        assert not [item for item in report.findings() if item.severity is Severity.ERROR]


def test_good_production_file_has_no_finding_at_all(judged: Any) -> None:
    """What is right is told as right, without a warning to get used to."""
    assert list(judged("production-good.env").findings()) == []


def test_every_finding_of_the_bad_file_carries_its_line(judged: Any) -> None:
    """Each mistake is told once, where it stands."""
    lines = (EXAMPLES / "production-bad.env").read_text("utf-8").splitlines()

    def at(finding: Finding) -> str:
        assert finding.location is not None
        assert finding.location.line is not None
        return f"{finding.code} {lines[finding.location.line - 1].partition('=')[0]}"

    assert sorted(map(at, judged("production-bad.env").findings())) == sorted(
        [
            "SET001 EMBEDDING_MAX_RETRIES",
            "SET001 CHUNK_KOREAN_THRESHOLD",
            "SET002 LLM_TIMEOUT_SECOND",
            "SET004 STORAGE_MAX_RETRIES",
            "SET005 this line is not an assignment",
            "ENV002 ANALYSIS_MODE",  # which demands ANTHROPIC_API_KEY
            "ENV002 WEBHOOK_SECRET",
            "ENV002 ENV",  # which demands GEMINI_API_KEY
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


def test_a_misspelt_name_is_answered_with_the_right_one(judged: Any) -> None:
    """One letter off is an error, and the hint says which name was meant."""
    found = [item for item in judged("production-bad.env").findings() if item.code == "SET002"]

    assert [item.hint for item in found] == ["Did you mean LLM_TIMEOUT_SECONDS?"]


def test_a_bad_value_is_named_by_what_waits_for_it(judged: Any) -> None:
    """A check that needs a bad value is shown as skipped, with the reason; the others run."""
    results = {result.code: result for result in judged("production-bad.env").results}

    assert results["BUD003"].reason == "EMBEDDING_MAX_RETRIES is invalid (SET001)"
    assert results["KEY003"].reason == "KEY002 failed"
    assert len(results) == len(set(results))


def test_nothing_set_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any configuration there are warnings for what development lacks, and no error."""
    monkeypatch.chdir(tmp_path)

    report = preflight(Request(), environ={})

    assert report.exit_code == 0
    assert [(item.code, item.severity) for item in report.findings()] == [
        ("KEY001", Severity.WARNING)
    ]
