"""
Tests of the JSON documents: each matches its schema, and its numbers add up.
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

import workerctl
from workerctl.report.exit_codes import ExitCode
from workerctl.report.findings import Severity, SourceKind
from workerctl.report.results import Status

Run = Callable[..., CompletedProcess[str]]
Team = Callable[..., None]

SECRET = "9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2"
TEAM = """
def claim(context):
    raise RuntimeError(context.values.text("ENCRYPTION_KEY"))
    yield

CHECKS = (Check("TEA001", "The team's claim holds", claim),)
"""
SUPPRESSION = """
[[tool.workerctl.ignore]]
code = "ENV006"
reason = "public by design"
until = 2027-01-31
"""


def schema(name: str) -> Any:
    """
    Return a JSON Schema that is shipped with the package.
    """
    path = Path(workerctl.__file__).parent / "output" / f"{name}.schema.json"
    return json.loads(path.read_text("utf-8"))


def document(run: CompletedProcess[str], name: str = "report") -> Any:
    """
    Return the JSON document that a run wrote to standard output, validated against its schema.
    """
    found = json.loads(run.stdout)
    Draft202012Validator(schema(name)).validate(found)
    return found


def objects(value: Any) -> list[dict[str, Any]]:
    """
    Return every part of a schema that describes an object completely.
    """
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    found = [part for item in inner for part in objects(item)]
    is_object = isinstance(value, dict) and isinstance(value.get("required"), list)
    return [value, *found] if is_object else found


@pytest.mark.parametrize("name", ["report", "config", "budget", "diff"])
def test_the_schemas_are_closed(name: str) -> None:
    """
    Each schema is valid, and each object in it requires all its keys and allows no other.
    """
    Draft202012Validator.check_schema(schema(name))

    for part in objects(schema(name)):
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"])


def test_the_schema_lists_what_the_code_can_write() -> None:
    """
    The exit codes, statuses, severities and kinds of source are those of the code.
    """
    parts = schema("report")["$defs"]

    assert schema("report")["properties"]["exit_code"]["enum"] == list(map(int, ExitCode))
    assert parts["check"]["properties"]["status"]["enum"] == [status.value for status in Status]
    assert set(parts["finding"]["properties"]["severity"]["enum"]) == {
        severity.label for severity in Severity
    }
    for name in ("report", "config", "budget", "diff"):
        kinds = schema(name)["$defs"]["location"]["properties"]["source"]["enum"]
        assert tuple(kinds) == SourceKind.__args__  # type: ignore[attr-defined]


CHECK = ["check", "--format", "json"]


@pytest.mark.parametrize(
    ("arguments", "environ", "code"),
    [
        (["--env-file", "good.env"], {}, 0),
        (["--env-file", "bad.env"], {}, 1),
        (["--env-file", "bad.env", "--fail-on", "never"], {}, 0),
        (["--env-file", "bad.env", "--quiet"], {}, 1),
        (["--env-file", "bad.env", "--ignore", "SET00,ENV00,KEY", "--select", "ENV,BUD"], {}, 2),
        (["--env-file", "bad.env", "--ignore", "ENV006,KEY"], {}, 1),
        (["--env-file", "bad.env", "--select", "ENV006"], {}, 1),
        (["--env-file", "good.env", "--env", "staging"], {}, 0),
        ([], {"ENV": "production"}, 1),
        (["--phase", "build"], {"ENV": "production"}, 1),
        ([], {"ENV": "prod", "LLM_TIMEOUT_SECONDS": "soon", "DEBUGG": "1"}, 1),
        ([], {"ENCRYPTION_KEY_FILE": "nowhere", "ENV": ""}, 1),
        (["--env-file", "missing.env"], {}, 2),
        (["--env-file", "."], {}, 2),
        (["--select", "KEY9"], {}, 2),
        (["--ignore", "SET001"], {}, 2),
        (["--settings", SECRET], {}, 2),
        (["--settings", "no_such:Settings"], {}, 2),
        ([], {"LLM_TIMEOUT_SECONDS": "\udce9\x1b[31m\x00\u202e"}, 1),
        (["--env-file", "\udce9\x1b.env"], {}, 2),
    ],
)
def test_a_report_has_the_promised_shape(
    call: Run, good: Path, bad: Path, arguments: list[str], environ: dict[str, str], code: int
) -> None:
    """
    Whatever the result, the report matches its schema and repeats the exit code.
    """
    run = call(*CHECK, *arguments, environ=environ)
    found = document(run)

    assert (run.returncode, found["exit_code"]) == (code, code)
    assert run.stdout.isascii()
    assert (found["error"] is None) == (code < 2)
    assert SECRET not in run.stdout


@pytest.mark.parametrize("arguments", [["bad.env"], ["good.env"], ["bad.env", "--phase", "build"]])
def test_the_summary_counts_what_is_listed(
    call: Run, good: Path, bad: Path, arguments: list[str]
) -> None:
    """
    The summary counts checks by status, findings by severity, and suppressed findings separately.
    """
    (bad.parent / "pyproject.toml").write_text(SUPPRESSION)
    found = document(call(*CHECK, "--ignore", "BUD", "--env-file", *arguments))
    findings = [finding for check in found["checks"] for finding in check["findings"]]
    counted = [finding for finding in findings if finding["suppressed"] is None]
    severities = Counter(finding["severity"] for finding in counted)

    expected = Counter(check["status"] for check in found["checks"])
    expected.update({f"{severity}s": count for severity, count in severities.items()})
    expected["suppressed"] = len(findings) - len(counted)
    assert {name: count for name, count in found["summary"].items() if count} == +expected
    assert sum(found["summary"][status.value] for status in Status) == len(found["checks"])


def test_a_suppressed_finding_is_listed_with_its_reason(call: Run, bad: Path) -> None:
    """
    The check of a suppressed finding has passed, and the summary counts the finding as suppressed.
    """
    (bad.parent / "pyproject.toml").write_text(SUPPRESSION)
    found = document(call(*CHECK, "--env-file", "bad.env", "--select", "ENV006"))
    (check,) = [check for check in found["checks"] if check["code"] == "ENV006"]

    assert check["status"] == "passed"
    assert check["findings"][0]["suppressed"] == {
        "reason": "public by design",
        "until": "2027-01-31",
    }
    assert found["summary"]["suppressed"] == 1
    assert found["summary"]["errors"] == 1


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ("raise RuntimeError(context.values.text('ENCRYPTION_KEY'))", "crashed", "RuntimeError"),
        ("raise SystemExit(0)", "crashed", "SystemExit"),
        ("raise SkipCheck('not here')", "skipped", "not here"),
        ("return None", "crashed", "TypeError"),
        ("return [None]", "crashed", "TypeError"),
        ("return [Finding('TEA001', 'error', 'text')]", "crashed", "TypeError"),
        ("return [Finding('TEA002', Severity.ERROR, 'text')]", "crashed", "TypeError"),
        ("return [Finding('TEA001', Severity.ERROR, None)]", "crashed", "TypeError"),
        ("return [Finding('TEA001', Severity.ERROR, 'text', 3)]", "crashed", "TypeError"),
        ("return [Finding('TEA001', Severity.ERROR, 'text', fields='AB')]", "crashed", "TypeError"),
        ("return [Finding('TEA001', Severity.ERROR, 'text', fields=(1,))]", "crashed", "TypeError"),
        ("return [Finding('TEA001', Severity.INFO, '\\x1b[31m\\x00 text')]", "failed", None),
        ("print('noise'); return []", "passed", None),
    ],
)
def test_a_check_of_a_team_cannot_break_the_report(
    run: Run, good: Path, team: Team, body: str, status: str, reason: str | None
) -> None:
    """
    Whatever a team's check does, the report is valid, and a crash makes the run incomplete.
    """
    team(f"def claim(context):\n    {body}\nCHECKS = (Check('TEA001', 'It holds', claim),)\n")
    done = run(*CHECK, "--env-file", "good.env")
    found = document(done)
    (check,) = [check for check in found["checks"] if check["code"] == "TEA001"]

    assert (check["status"], check["reason"]) == (status, reason)
    assert done.returncode == found["exit_code"] == (3 if status == "crashed" else 0)
    assert SECRET not in done.stdout + done.stderr


def test_what_a_team_module_prints_is_not_in_the_report(run: Run, good: Path, team: Team) -> None:
    """
    What a team's module prints at import or during validation goes to standard error.
    """
    team(
        "import workerctl.settings\nprint('noise')\n"
        "class Settings(workerctl.settings.Settings):\n"
        "    def __init__(self, *a, **k):\n        print('more noise')\n"
        "        super().__init__(*a, **k)\n",
        'settings = "team:Settings"',
    )
    report = run(*CHECK, "--env-file", "good.env")
    config = run("show-config", "--format", "json", "--env-file", "good.env")

    assert document(report)["exit_code"] == 0
    assert document(config, "config")["settings"]
    for done in (report, config):
        assert "noise\n" in done.stderr
        assert "more noise\n" in done.stderr


def test_an_internal_error_is_a_document_too(run: Run, good: Path, team: Team) -> None:
    """
    An internal error is reported with its type and the line in workerctl, but without a value.
    """
    team(
        "import workerctl.settings\n"
        "class Settings(workerctl.settings.Settings):\n    SECRET_FAMILIES = 5\n",
        'settings = "team:Settings"',
    )
    done = run(*CHECK, "--env-file", "good.env")
    found = document(done)

    assert done.returncode == found["exit_code"] == 70
    assert found["error"]["message"].startswith("Internal error: TypeError at workerctl/")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("code", "hint"),
    [("x", "capital letters"), ("TEA-1", "capital letters"), ("KEY001", "")],
)
def test_the_code_of_a_teams_check_is_validated(
    run: Run, good: Path, team: Team, code: str, hint: str
) -> None:
    """
    A code has the form ABC123, and must not be a built-in one.
    """
    team(f"CHECKS = (Check({code!r}, 'It holds', lambda context: []),)\n")
    found = document(run(*CHECK, "--env-file", "good.env"))

    assert found["exit_code"] == 2
    assert hint in (found["error"]["hint"] or "")


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        ([], {}),
        (["--env-file", "good.env"], {}),
        (["--env-file", "bad.env", "--env-file", "good.env"], {"DEBUG": "true"}),
        (["--env-file", "bad.env", "--changed"], {}),
        (["--env-file", "bad.env", "--group", "llm"], {}),
        (["ENCRYPTION_KEY", "--env-file", "good.env"], {}),
        ([], {"ENCRYPTION_KEY_V1": SECRET, "ENCRYPTION_KEY_FILE": "nowhere"}),
        ([], {"OPENAI_MODEL": "\udce9\x1b[31m\x00"}),
    ],
)
def test_a_configuration_has_the_promised_shape(
    call: Run, good: Path, bad: Path, arguments: list[str], environ: dict[str, str]
) -> None:
    """
    The configuration matches its schema, with secrets masked and URLs without credentials.
    """
    run = call("show-config", "--format", "json", *arguments, environ=environ)
    found = document(run, "config")

    assert run.returncode == 0
    assert found["settings"]
    assert run.stdout.isascii()
    for secret in (SECRET, "pV7mqL2sXw9RkT4c", "oai_R4tq9", "\x1b"):
        assert secret not in run.stdout


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"extra": 1}, []),
        ({"exit_code": 4}, ["exit_code"]),
        ({"error": {"message": "m", "hint": None}}, ["error"]),
        ({"judged_as": "qa"}, ["judged_as"]),
        ({"checks": []}, ["checks"]),
    ],
)
def test_the_schema_refuses_an_invalid_report(
    call: Run, good: Path, change: dict[str, Any], path: list[str]
) -> None:
    """
    The schema refuses an invalid report; a schema that accepts everything would prove nothing.
    """
    found = document(call(*CHECK, "--env-file", "good.env")) | change
    errors = list(Draft202012Validator(schema("report")).iter_errors(found))

    assert path in [list(error.absolute_path) for error in errors]
