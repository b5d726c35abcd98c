"""
Tests of the baseline: which findings it knows, when they are new or gone, and the file itself.
"""

import json
import os
import re
import shlex
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from workerctl.commands.check.baseline import SCHEMA, Baseline, Key, parse, rendered
from workerctl.report.errors import UsageError

Run = Callable[..., CompletedProcess[str]]
Team = Callable[..., None]

FILE = "workerctl-baseline.json"
OLD = [f"OLD_{number}=bad" for number in range(100)]
BAD = """
def bad(context):
    for source in context.values.env_files:
        for each in source.assignments:
            if each.text == "crash":
                raise ValueError
            if each.text in ("bad", "poor"):
                severity = Severity.ERROR if each.text == "bad" else Severity.WARNING
                fields = (each.name,)
                yield Finding("TEAM001", severity, each.text, "Mend it.", fields, each.location)


CHECKS = (Check("TEAM001", "Nothing is bad", bad),)
"""


@pytest.fixture(name="project")
def _project(
    team: Team, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., None]]:
    """
    Yield a function that writes .env, in a project whose check finds every value that is bad.
    """
    monkeypatch.setattr(sys, "path", sys.path[:])
    sys.modules.pop("team", None)
    team(BAD)

    def write(*lines: str, name: str = ".env") -> None:
        path = directory / name
        path.write_text("".join(f"{line}\n" for line in ("ENV=development", *lines)))
        path.chmod(0o600)

    yield write
    # Other tests have modules of the same name.
    sys.modules.pop("team", None)


def report(call: Run, *words: str) -> dict[str, Any]:
    """
    Return the JSON document of a check of the findings of the team.
    """
    made: dict[str, Any] = json.loads(call("check", "--format", "json", *words).stdout)
    return made


def states(document: dict[str, Any]) -> dict[str, str]:
    """
    Return the state of the team's finding about each field.
    """
    return {
        finding["fields"][0]: finding["state"]
        for check in document["checks"]
        if check["code"] == "TEAM001"
        for finding in check["findings"]
    }


def written(directory: Path) -> dict[str, Any]:
    """
    Return the baseline.
    """
    made: dict[str, Any] = json.loads((directory / FILE).read_text())
    return made


def test_only_a_new_finding_fails(call: Run, project: Callable[..., None]) -> None:
    """
    With a hundred old findings and a new one, the new one fails; without it, nothing does.
    """
    project(*OLD)
    assert call("check").returncode == 1
    assert call("check", "--write-baseline").returncode == 0
    assert call("check").returncode == 0

    project(*OLD, "NEW=bad")
    done = call("check", "--select", "TEAM")
    assert done.returncode == 1
    assert "✗ TEAM001 bad" in done.stdout
    assert "– 100 known findings (workerctl-baseline.json): TEAM001 (100)" in done.stdout
    assert "1 error · " in done.stdout
    assert "100 known · exit code 1" in done.stdout
    found = report(call)
    assert [name for name, state in states(found).items() if state == "open"] == ["NEW"]
    assert found["summary"]["errors"] == 1
    assert found["baseline"] == FILE

    project(*OLD)
    assert call("check").returncode == 0

    project(*OLD[1:])
    done = call("check")
    assert done.returncode == 0
    assert "1 known finding is gone; run `workerctl check --write-baseline`.\n" in done.stdout
    assert report(call)["summary"]["gone"] == 1
    done = call("check", "--write-baseline")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{FILE}: 1 finding removed; it has ")
    assert "gone" not in call("check").stdout
    project(*OLD)
    assert call("check").returncode == 1


def test_equal_findings_are_counted(call: Run, project: Callable[..., None]) -> None:
    """
    One more than before is new, wherever it is.
    """
    project("ONE=bad", "ONE=bad")
    call("check", "--write-baseline")
    project("", "ONE=bad", "OTHER=1", "ONE=bad")
    assert call("check").returncode == 0
    project("ONE=bad", "ONE=bad", "ONE=bad")
    assert call("check").returncode == 1
    (found,) = (each for each in report(call)["checks"] if each["code"] == "TEAM001")
    assert [each["state"] for each in found["findings"]] == ["known", "known", "open"]


@pytest.mark.parametrize(
    ("lines", "words", "known"),
    [
        (["", "# moved", "ONE=poor"], [], True),
        (["ONE=bad"], [], False),
        (["TWO=poor"], [], False),
        (["ONE=poor"], ["--env", "staging"], False),
        (["ONE=poor"], [".env"], False),
    ],
    ids=["moved", "more severe", "another field", "another environment", "another configuration"],
)
def test_what_a_finding_is_known_by(
    call: Run, project: Callable[..., None], lines: list[str], words: list[str], known: bool
) -> None:
    """
    Code, severity, field, file, target and environment count; line, message and value do not.
    """
    project("ONE=poor")
    call("check", "--write-baseline")
    project(*lines)

    assert set(states(report(call, *words)).values()) == {"known" if known else "open"}


@pytest.mark.parametrize(
    "words",
    [
        ["--isolated", "--env-file", "base.env"],
        ["base.env", "--env", "staging"],
        ["base.env", "--settings", "workerctl.settings:Settings"],
    ],
)
def test_the_note_names_the_configuration_that_was_checked(
    call: Run, project: Callable[..., None], words: list[str]
) -> None:
    """
    The command that it suggests removes what is gone; without the sources, it would keep it.
    """
    project("ONE=bad", "TWO=bad", name="base.env")
    call("check", *words, "--write-baseline")
    project("TWO=bad", name="base.env")
    done = call("check", *words)

    found = re.search(r"1 known finding is gone; run `workerctl (.*)`\.\n", done.stdout)
    assert found is not None
    assert sorted(shlex.split(found[1])) == sorted(["check", *words, "--write-baseline"])
    assert "1 finding removed" in call(*shlex.split(found[1])).stdout
    assert "gone" not in call("check", *words).stdout


def test_each_target_has_its_own_findings(
    call: Run, project: Callable[..., None], team: Team, directory: Path
) -> None:
    """
    What is known of one target is new in another one; both are in the same file.
    """
    target = '[[tool.workerctl.target]]\nname = "{0}"\nenv_file = "base.env"\nisolated = true\n'
    team(BAD, f'checks = ["team:CHECKS"]\n{target.format("one")}{target.format("two")}')
    project("ONE=bad", name="base.env")

    assert call("check", "one", "--write-baseline").returncode == 0
    assert (call("check", "one").returncode, call("check", "two").returncode) == (0, 1)
    done = call("check")
    assert (done.returncode, "gone" in done.stdout) == (1, False)
    assert call("check", "two", "--write-baseline").returncode == 0
    assert call("check").returncode == 0
    project(name="base.env")
    assert call("check").stdout.count("gone; run") == 2
    team(BAD, f'checks = ["team:CHECKS"]\n{target.format("two")}')
    done = call("check", "--write-baseline")
    assert done.returncode == 0
    assert {entry["target"] for entry in written(directory)["findings"]} == {"two"}


@pytest.mark.parametrize(
    ("more", "words", "known"),
    [
        ("", [], True),
        ('env = "development"\n', [], True),
        ("", ["--env", "staging"], False),
        ("isolated = false\n", [], False),
        ('secrets_dir = "secrets"\n', [], False),
        ('\n[[tool.workerctl.target]]\nname = "two"\nenv_file = "base.env"\n', [], False),
        ('\n[[tool.workerctl.target]]\nname = "two"\nenv_file = ["a", "base.env"]\n', [], True),
    ],
)
def test_a_file_that_is_all_of_a_target_has_its_known_findings(
    call: Run,
    project: Callable[..., None],
    team: Team,
    directory: Path,
    more: str,
    words: list[str],
    known: bool,
) -> None:
    """
    A hook that judges changed files alone accepts what the baseline of the targets knows.
    """
    target = '[[tool.workerctl.target]]\nname = "one"\nenv_file = "base.env"\n'
    team(BAD, f'checks = ["team:CHECKS"]\n{target}{more}')
    (directory / "secrets").mkdir()
    project("ONE=bad", name="base.env")
    project(name="a")
    assert call("check", "one", "--write-baseline").returncode == 0

    assert states(report(call, "base.env", *words)) == {"ONE": "known" if known else "open"}
    if known:
        call("check", "base.env", "--write-baseline")
        assert {entry["target"] for entry in written(directory)["findings"]} == {"one"}


def test_what_a_run_does_not_judge_stays(
    call: Run, project: Callable[..., None], directory: Path
) -> None:
    """
    Neither checks that were not selected nor files that were not read are gone.
    """
    project("ONE=bad")
    project("TWO=bad", name="other.env")
    call("check", "--write-baseline")
    call("check", "--env-file", "other.env", "--write-baseline")
    before = written(directory)

    assert {entry["file"] for entry in before["findings"]} == {".env", "other.env"}
    project()
    done = call("check", "--select", "KEY")
    assert (done.returncode, "gone" in done.stdout) == (0, False)
    assert "gone" not in call("check", "--env-file", "other.env").stdout
    call("check", "--select", "KEY", "--write-baseline")
    assert written(directory) == before
    Path("other.env").unlink()
    done = call("check", "--write-baseline")
    assert done.returncode == 0
    assert "TEAM001" not in (directory / FILE).read_text()


def test_a_crashed_check_keeps_what_is_known(
    call: Run, project: Callable[..., None], directory: Path
) -> None:
    """
    It may have found only a part, so nothing of it is gone or removed; the exit code stays 3.
    """
    project("ONE=bad", "TWO=bad")
    call("check", "--write-baseline")
    before = written(directory)
    project("ONE=bad", "CRASH=crash", "TWO=bad")
    done = call("check")

    assert done.returncode == 3
    assert "gone" not in done.stdout
    call("check", "--write-baseline")
    assert written(directory) == before


def test_the_date_is_kept_until_it_has_passed(
    call: Run, project: Callable[..., None], directory: Path
) -> None:
    """
    A new baseline counts for ninety days; afterwards, its findings fail and it gets a new date.
    """
    project("ONE=bad")
    done = call("check", "--write-baseline")
    assert "is valid until 2026-08-30." in done.stdout

    def set_date(day: str) -> None:
        (directory / FILE).write_text(json.dumps({**written(directory), "expires": day}))

    set_date("2026-06-01")
    assert call("check").returncode == 0
    call("check", "--write-baseline")
    assert written(directory)["expires"] == "2026-06-01"
    set_date("2026-05-31")
    done = call("check")
    assert done.returncode == 1
    assert (
        "The baseline workerctl-baseline.json expired on 2026-05-31, so its findings count again.\n"
    ) in done.stdout
    assert " known" not in done.stdout
    call("check", "--write-baseline")
    assert written(directory)["expires"] == "2026-08-30"


def test_what_all_results_depend_on_is_never_known(
    call: Run, project: Callable[..., None], directory: Path
) -> None:
    """
    SET001 stays a failure, and writing the baseline says so.
    """
    project("DEBUG=maybe", "ONE=bad")
    done = call("check", "--write-baseline")

    assert done.returncode == 0
    assert (
        "1 finding of ENV001 and SET001 cannot be in it, because all other results depend"
        in done.stdout
    )
    assert "SET001" not in (directory / FILE).read_text()
    done = call("check")
    assert done.returncode == 1
    assert "✗ SET001" in done.stdout


def test_a_suppressed_finding_is_not_known(call: Run, project: Callable[..., None]) -> None:
    """
    A decision with a reason needs no place in the baseline.
    """
    comment = "# workerctl: ignore[TEAM001] until 2026-06-01 tried"
    project("ONE=bad")
    call("check", "--write-baseline")
    project(comment, "ONE=bad")
    done = call("check")

    assert done.returncode == 0
    assert "1 known finding is gone" in done.stdout
    assert "suppressed until 2026-06-01: tried" in done.stdout
    assert "1 finding removed" in call("check", "--write-baseline").stdout


def test_a_worker_boots_regardless_of_the_baseline(call: Run, project: Callable[..., None]) -> None:
    """
    It only says which findings are new to a reviewer; `run` refuses what it refused before.
    """
    project("ONE=bad")
    call("check", "--write-baseline")

    assert call("check").returncode == 0
    assert call("run", "--", "true").returncode == 1


def test_the_project_names_the_file(
    call: Run, project: Callable[..., None], team: Team, directory: Path
) -> None:
    """
    It is relative to pyproject.toml; a named file that is missing is an error.
    """
    (directory / "ci").mkdir()
    team(BAD, 'checks = ["team:CHECKS"]\nbaseline = "ci/known.json"')
    project("ONE=bad")
    done = call("check")

    assert done.returncode == 2
    assert "The baseline cannot be used: ci/known.json does not exist." in done.stderr
    assert call("check", "--write-baseline").stdout.startswith("ci/known.json: ")
    assert call("check").returncode == 0
    assert not (directory / FILE).exists()
    (directory / "below").mkdir()
    os.chdir(directory / "below")
    (directory / "below" / ".env").write_bytes((directory / ".env").read_bytes())
    done = call("check", "--env-file", "../.env")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_file_is_deterministic_and_has_a_line_for_each_key(
    call: Run, project: Callable[..., None], directory: Path
) -> None:
    """
    It is readable for every account, as it holds no value; writing it again changes nothing.
    """
    project("B=bad", "A=bad")
    call("check", "--write-baseline")
    first = (directory / FILE).read_bytes()
    done = call("check", "--write-baseline")

    assert (directory / FILE).read_bytes() == first
    assert "no finding added or removed" in done.stdout
    lines = [line for line in first.decode().splitlines() if line.startswith("    {")]
    assert lines == sorted(lines)
    assert json.loads(lines[-1].rstrip(","))["count"] == 1
    assert stat.S_IMODE((directory / FILE).stat().st_mode) == 0o644
    baseline = parse(first.decode(), FILE)
    assert rendered(baseline, FILE) == first
    assert rendered(Baseline(date(2026, 1, 1), {}), FILE).endswith(b'"findings": []\n}\n')


ENTRY = {
    "code": "TEAM001",
    "severity": "error",
    "target": None,
    "env": "development",
    "file": ".env",
    "fields": ["ONE"],
    "count": 1,
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "workerctl.baseline/2"}, "does not have the schema workerctl.baseline/1."),
        ({"expires": "2026-13-01"}, "needs the keys `expires`, a date, and `findings`, a list."),
        ({"expires": None}, "needs the keys `expires`, a date, and `findings`, a list."),
        ({"findings": {}}, "needs the keys `expires`, a date, and `findings`, a list."),
        ({"more": 1}, "needs the keys `expires`, a date, and `findings`, a list."),
        *(
            ({"findings": [ENTRY, {**ENTRY, **wrong}]}, "is not valid.")
            for wrong in (
                {"code": "no code"},
                {"code": None},
                {"severity": "fatal"},
                {"target": 1},
                {"env": "prod"},
                {"env": []},
                {"file": 1},
                {"fields": "ONE"},
                {"fields": [1]},
                {"count": 0},
                {"count": True},
                {"message": "x"},
            )
        ),
        ({"findings": [{"code": "TEAM001"}]}, "is not valid."),
        ({"findings": [1]}, "is not valid."),
        ({"findings": [{**ENTRY, "code": "SET001"}]}, "names SET001, which is never a part"),
    ],
)
def test_a_baseline_that_is_not_valid_is_an_error(change: dict[str, Any], message: str) -> None:
    """
    The message says what is wrong, without the text of the file.
    """
    document = {"schema": SCHEMA, "expires": "2026-08-30", "findings": [ENTRY], **change}
    with pytest.raises(UsageError) as caught:
        parse(json.dumps(document), "a.json")

    assert message in caught.value.message
    assert "a.json" in caught.value.message


@pytest.mark.parametrize("option", [[], ["--format", "json"], ["--write-baseline"]])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{\n<<<<<<< HEAD\n  "schema": 1', "is not valid JSON (line 2)."),
        (b"[]", "does not have the schema"),
        (b"", "is not valid JSON (line 1)."),
        (b"[" * 100_000, "is not valid JSON"),
        (b"\xff", "is not UTF-8"),
    ],
)
def test_a_file_that_is_not_a_baseline_is_left_alone(
    call: Run,
    project: Callable[..., None],
    directory: Path,
    option: list[str],
    content: bytes,
    message: str,
) -> None:
    """
    The exit code is 2 in every mode, a document stays valid, and the file stays as it is.
    """
    project("ONE=bad")
    (directory / FILE).write_bytes(content)
    done = call("check", *option)

    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert (directory / FILE).read_bytes() == content
    if "json" in option:
        assert message in json.loads(done.stdout)["error"]["message"]


def test_lines_of_both_branches_are_merged() -> None:
    """
    If both have added the same line, it counts once.
    """
    document = {"schema": SCHEMA, "expires": "2026-08-30", "findings": [ENTRY, ENTRY]}
    key = Key("TEAM001", "error", None, "development", ".env", ("ONE",))

    assert parse(json.dumps(document), "a.json").counts == {key: 1}


def test_nothing_is_written_without_a_result(
    call: Run, project: Callable[..., None], directory: Path
) -> None:
    """
    If a configuration cannot be checked, its findings are not known.
    """
    project("ONE=bad")
    done = call("check", ".env", "missing.env", "--write-baseline")

    assert done.returncode == 2
    assert "missing.env does not exist." in done.stderr
    assert "The baseline was not written." in done.stderr
    assert not (directory / FILE).exists()


def test_a_baseline_is_not_written_through_a_link(
    call: Run, project: Callable[..., None], directory: Path
) -> None:
    """
    The file is replaced atomically, which would replace the link.
    """
    project("ONE=bad")
    (directory / "other.json").write_text("")
    (directory / FILE).symlink_to("other.json")
    done = call("check", "--write-baseline")

    assert done.returncode == 2
    assert "Check the path of the baseline and its permissions." in done.stderr


@pytest.mark.parametrize(
    "words", [["--format", "json"], ["--output", "a.txt"], ["--diff-from", "HEAD"]]
)
def test_writing_the_baseline_makes_no_report(call: Run, directory: Path, words: list[str]) -> None:
    """
    Options of the report contradict it.
    """
    done = call("check", "--write-baseline", *words)

    assert done.returncode == 2
    assert "--write-baseline cannot be combined" in done.stderr
