"""
Tests of `workerctl budget`: the chart, the JSON document, the SVG file and the fixes.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

import workerctl
from workerctl.commands.budget.command import LARGEST

Run = Callable[..., CompletedProcess[str]]

NOTHING: dict[str, str] = {}
TWICE = {"LLM_SDK_MAX_RETRIES": "2"}
HUGE = str(10**40)
HUGEST = "9" * 4299  # one digit less than the limit of int()
SVG = "{http://www.w3.org/2000/svg}"

HOSTILE = """
from workerctl.budget.pipeline import Pipeline, StageSettings
import workerctl.settings

class Settings(workerctl.settings.Settings):
    PARSE_SECONDS: int = 40

PIPELINE = Pipeline((
    StageSettings("<script>&'[red]{x}]]> 열쇠", timeout="PARSE_SECONDS"),
    StageSettings("x" * 40, timeout=1.5, retries=1, base=0.1, calls=3),
))
"""


def document(done: CompletedProcess[str]) -> Any:
    """
    Return the JSON document that a run wrote to standard output, validated against its schema.
    """
    path = Path(workerctl.__file__).parent / "output/budget.schema.json"
    found = json.loads(done.stdout)
    Draft202012Validator(json.loads(path.read_text("utf-8"))).validate(found)
    assert found["exit_code"] == done.returncode
    return found


def parsed(file: str) -> ET.Element:
    """
    Return the root element of an SVG file, which must be well-formed.
    """
    return ET.parse(file).getroot()  # noqa: S314 -- the test wrote the file


def data(call: Run, *arguments: str, environ: dict[str, str] | None = None) -> Any:
    """
    Return the budget of a configuration as a JSON document.
    """
    return document(call("budget", "--format", "json", *arguments, environ=environ))


# ------------------------------------------------------------------------------------- figures


def test_the_default_job_takes_1237_of_1800_seconds(call: Run) -> None:
    """
    The stages follow each other without gaps, and the totals of the default job are reported.
    """
    found = data(call)
    ends = [stage["end_seconds"] for stage in found["stages"]]

    assert [stage["worst_seconds"] for stage in found["stages"]] == [127, 393, 393, 247, 30, 47]
    assert ends == [127, 520, 913, 1160, 1190, 1237]
    assert [stage["start_seconds"] for stage in found["stages"]] == [0, *ends[:-1]]
    assert [stage["side_by_side"] for stage in found["stages"]] == [1, 1, 2, 1, 1, 1]
    assert found["job"] == {
        "worst_seconds": 1237,
        "timeout_seconds": 1800,
        "share": 0.687222,
        "runs": 3,
        "requests_of_a_run": 22,
        "requests": 66,
        "given_up_after_seconds": 5670,
        "not_counted": ["parsing", "saving"],
    }
    assert (found["findings"], found["remedies"]) == ([], {"together": [], "alone": []})


def test_retries_of_the_sdk_multiply(call: Run) -> None:
    """
    A failing LLM call is sent 27 times per job, and the fix is to disable the retries of the SDK.
    """
    found = data(call, environ=TWICE)
    stage = found["stages"][1]

    assert (stage["attempts"], stage["attempts_seconds"], stage["waits_seconds"]) == (9, 1170, 7.5)
    assert (stage["worst_seconds"], stage["requests"]) == (1177.5, 27)
    assert found["job"]["worst_seconds"] == 2806
    assert {finding["code"] for finding in found["findings"]} == {"BUD001", "BUD002"}
    assert found["remedies"]["together"] == [{"name": "LLM_SDK_MAX_RETRIES", "text": "0"}]


def test_figures_add_up(call: Run) -> None:
    """
    Every figure is the exact sum or product of its parts, including fractions of a second.
    """
    environ = {**TWICE, "LLM_RETRY_BASE_WAIT": "0.1", "STORAGE_RETRY_DELAY_SECONDS": "0.7"}
    found = data(call, environ=environ)

    for stage in found["stages"]:
        assert stage["attempts_seconds"] == stage["attempts"] * stage["attempt_seconds"]
        assert stage["worst_seconds"] == stage["attempts_seconds"] + stage["waits_seconds"]
        assert stage["requests_of_a_run"] == stage["attempts"] * stage["side_by_side"]
        assert stage["requests"] == stage["requests_of_a_run"] * found["job"]["runs"]
    assert found["job"]["requests"] == sum(stage["requests"] for stage in found["stages"])
    assert found["job"]["worst_seconds"] == found["stages"][-1]["end_seconds"]


def test_the_chart_shows_the_totals(call: Run) -> None:
    """
    The chart shows the total, the requests, when RQ gives the job up, and what is not counted.
    """
    done = call("budget", environ=TWICE)

    assert done.returncode == 0
    for text in (
        "✗ A job may take 2806 s, 156 % of its timeout.",
        "9 × 130 + 7.5 = 1177.5 s",
        "2 side by side",
        "job timeout 1800 s",
        "total     2806 s of 1800 s, 156 %: 1006 s too long; parsing and saving are not",
        "requests  40 per run, 120 in 3 runs",
        "gives up  after 5670 s (1 h 34 min)",
        "! BUD002 A failing LLM call is sent 27 times",
        "The smallest fix: LLM_SDK_MAX_RETRIES=0 (",
    ):
        assert text in done.stdout


@pytest.mark.parametrize(
    ("timeout", "sign"), [("1800", "✓"), ("1547", "✓"), ("1546", "!"), ("1237", "!"), ("1236", "✗")]
)
def test_the_sign_depends_on_the_share(call: Run, timeout: str, sign: str) -> None:
    """
    The sign is a check mark up to 80 % of the timeout, and a cross above 100 %.
    """
    done = call("budget", environ={"JOB_TIMEOUT_SECONDS": timeout})

    assert f"\n{sign} A job may take 1237 s" in done.stdout
    assert ("╳" in done.stdout) == (sign == "✗")


def test_a_job_that_is_not_retried_has_one_run(call: Run) -> None:
    """
    A job without retries has one run and is given up after it.
    """
    done = call("budget", environ={"JOB_MAX_RETRIES": "0"})

    assert "22 per run, 22 in 1 run\n" in done.stdout
    assert "after 1860 s\n" in done.stdout


def test_another_environment_is_judged_by_its_rules(call: Run) -> None:
    """
    `--env` applies the rules of that environment: only production needs a grace period.
    """
    environ = {"JOB_MAX_RETRIES": "2"}
    codes = [
        [finding["code"] for finding in data(call, *options, environ=environ)["findings"]]
        for options in ([], ["--env", "production"])
    ]

    assert codes == [[], ["BUD004"]]


@pytest.mark.parametrize("environ", [{}, {"JOB_MAX_RETRIES": "2"}])
def test_a_budget_on_defaults_says_so_and_has_no_warnings(
    call: Run, environ: dict[str, str]
) -> None:
    """
    Nobody has chosen the numbers, so there is nobody to warn; the check counts as skipped.
    """
    environ = {"ENV": "production", **environ}
    found = data(call, environ=environ)
    done = call("budget", environ=environ)

    assert found["on_defaults"] is (len(environ) == 1)
    assert ("69 % of its timeout, on defaults.\n" in done.stdout) is found["on_defaults"]
    assert ("skipped (on defaults)" in done.stdout) is found["on_defaults"]
    assert [each["code"] for each in found["findings"]] == ["BUD004"] * (len(environ) - 1)


@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize("number", [HUGE, HUGEST], ids=["huge", "hugest"])
def test_enormous_settings_are_reported_as_too_large(call: Run, number: str, format_: str) -> None:
    """
    Numbers beyond any sensible limit are reported as too large, in every format.
    """
    names = ["LLM_SDK_MAX_RETRIES", "JOB_MAX_RETRIES", "STORAGE_TIMEOUT_SECONDS"]
    for environ in ({"JOB_TIMEOUT_SECONDS": number}, dict.fromkeys(names, number)):
        done = call("budget", "--format", format_, "--svg", "a.svg", environ=environ)

        assert done.returncode == 0, done.stderr
        assert len(parsed("a.svg"))
        if format_ == "json":
            assert LARGEST in document(done)["job"].values()
        else:
            assert "over 1000000000 s" in done.stdout


# --------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("format_", ["text", "json"])
def test_values_that_are_not_valid_are_named(call: Run, format_: str) -> None:
    """
    Invalid values that the budget needs are named in one sentence, exit code 1.
    """
    environ = {"LLM_TIMEOUT_SECONDS": "s3cr3tvalue", "STORAGE_MAX_RETRIES": "99", "DEBUG": "x"}
    done = call("budget", "--format", format_, "--svg", "a.svg", environ=environ)

    assert done.returncode == 1
    assert done.stderr == (
        "workerctl: The budget cannot be drawn: LLM_TIMEOUT_SECONDS and STORAGE_MAX_RETRIES are "
        "invalid (SET001). Run `workerctl check` to see what is expected.\n"
    )
    assert not Path("a.svg").exists()
    if format_ == "json":
        assert document(done)["error"]["message"] in done.stderr
    else:
        assert not done.stdout


def test_the_hint_names_the_sources_that_were_typed(call: Run, directory: Path) -> None:
    """
    `workerctl check` without them would judge another configuration.
    """
    (directory / "a b.env").write_text("LLM_TIMEOUT_SECONDS=s3cr3tvalue\n")
    done = call("budget", "--isolated", "--env-file", "a b.env")

    command = "workerctl check --env-file 'a b.env' --isolated"
    assert done.stderr.endswith(f"Run `{command}` to see what is expected.\n")
    assert call("check", "--isolated", "--env-file", "a b.env").returncode == 1


def test_other_values_that_are_not_valid_do_not_matter(call: Run) -> None:
    """
    Invalid values that the budget does not need only skip the checks that use them.
    """
    environ = {"DEBUG": "x", "SHUTDOWN_GRACE_SECONDS": "x", "ENV": "production"}
    done = call("budget", environ=environ)

    assert done.returncode == 0
    assert "(skipped: SHUTDOWN_GRACE_SECONDS is invalid (SET001))" in done.stdout.replace(
        "\n         ", " "
    )


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_missing_source_is_reported(call: Run, format_: str) -> None:
    """
    A missing env file is reported, exit code 2.
    """
    done = call("budget", "--env-file", "missing.env", "--format", format_)

    assert done.returncode == 2
    assert done.stderr.startswith("workerctl: missing.env does not exist.")
    assert bool(done.stdout) == (format_ == "json")
    if format_ == "json":
        document(done)


def test_fix_and_json_exclude_each_other(call: Run) -> None:
    """
    `--fix` and `--format json` cannot be combined, because the document contains the fix.
    """
    done = call("budget", "--fix", "--format", "json")

    assert (done.returncode, done.stdout) == (2, "")
    assert "see `remedies`" in done.stderr


# ----------------------------------------------------------------------------------------- fix


def test_the_fix_can_be_pasted(call: Run, directory: Path) -> None:
    """
    The fix consists of lines for an env file that clear every finding; alternatives are comments.
    """
    environ = {**TWICE, "EMBEDDING_SDK_MAX_RETRIES": "3", "JOB_TIMEOUT_SECONDS": "300"}
    done = call("budget", "--fix", environ=environ)

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert all(re.fullmatch("[A-Z_]+=[0-9.]+|# [A-Z_]+=[0-9.]+|# BUD.*:", one) for one in lines)
    assert [one for one in lines if not one.startswith("#")] == [
        "LLM_SDK_MAX_RETRIES=0",
        "EMBEDDING_SDK_MAX_RETRIES=0",
        "JOB_TIMEOUT_SECONDS=1547",
    ]
    (directory / "fixed.env").write_text(done.stdout)
    assert data(call, "--isolated", "--env-file", "fixed.env")["findings"] == []


def test_the_fix_lists_alternatives(call: Run) -> None:
    """
    Alternatives are listed under the code that any one of them clears.
    """
    done = call("budget", "--fix", environ=TWICE)

    assert done.stdout.splitlines() == [
        "LLM_SDK_MAX_RETRIES=0",
        "# BUD001 alone is also cleared by any one of these:",
        "# LLM_TIMEOUT_SECONDS=44",
        "# LLM_MAX_RETRIES=0",
        "# JOB_TIMEOUT_SECONDS=3508",
    ]


def test_a_finding_that_needs_several_changes_is_marked(call: Run, directory: Path) -> None:
    """
    A comment says when no single setting clears a finding.
    """
    (directory / "pyproject.toml").write_text(
        "[tool.workerctl.pipeline]\n"
        'stages = [{name = "upload", timeout = 90}]\njob_timeout = "JOB_TIMEOUT_SECONDS"\n'
    )
    environ = {"ENV": "staging", "JOB_TIMEOUT_SECONDS": "60", "SHUTDOWN_GRACE_SECONDS": "60"}
    done = call("budget", "--fix", environ=environ)

    assert done.stdout.splitlines() == [
        "JOB_TIMEOUT_SECONDS=113",
        "SHUTDOWN_GRACE_SECONDS=90",
        "# BUD001 alone: no single setting clears it.",
    ]


def test_nothing_to_fix_is_reported_on_standard_error(call: Run) -> None:
    """
    If there is nothing to fix, standard output stays empty.
    """
    done = call("budget", "--fix")

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "The budget has no findings, so there is nothing to fix.\n"


def test_a_budget_that_no_setting_fixes_is_reported(call: Run, directory: Path) -> None:
    """
    Findings that no change of settings clears are reported, exit code 1.
    """
    table = '[tool.workerctl.pipeline]\njob_timeout = 60\nstages = [{name = "a", timeout = 100}]\n'
    (directory / "pyproject.toml").write_text(table)
    done = call("budget", "--fix")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("workerctl: No change of settings clears every budget finding")
    assert data(call)["remedies"] == {"together": [], "alone": [{"code": "BUD001", "changes": []}]}
    assert "smallest fix" not in call("budget").stdout


# ------------------------------------------------------------------------------ custom pipelines


def test_a_table_declares_a_pipeline(call: Run, directory: Path) -> None:
    """
    A table in pyproject.toml may use names of settings and numbers.
    """
    (directory / "pyproject.toml").write_text("""
        [tool.workerctl.pipeline]
        job_timeout = 600
        job_retries = 1

        [[tool.workerctl.pipeline.stages]]
        name = "render"
        timeout = 40
        retries = 2
        base = 1
        times = { setting = "ANALYSIS_MODE", phase_1 = 2, phase_2 = 4 }
        side_by_side = true

        [[tool.workerctl.pipeline.stages]]
        name = "upload"
        timeout = "STORAGE_TIMEOUT_SECONDS"
        """)
    found = data(call, environ={"ANALYSIS_MODE": "phase_2"})

    stages = [(one["name"], one["side_by_side"], one["worst_seconds"]) for one in found["stages"]]
    assert stages == [("render", 4, 123), ("upload", 1, 30)]
    assert (found["job"]["timeout_seconds"], found["job"]["runs"]) == (600, 2)
    assert "4 side by side" in call("budget", environ={"ANALYSIS_MODE": "phase_2"}).stdout


def test_an_invalid_table_is_reported(call: Run, directory: Path) -> None:
    """
    An invalid table is an error with a hint, exit code 2.
    """
    for table in ("stages = []", 'stages = [{name = "a", timeout = 1, times = 1000000000}]'):
        (directory / "pyproject.toml").write_text(f"[tool.workerctl.pipeline]\n{table}\n")
        found = data(call)

        assert found["exit_code"] == 2
        assert found["error"]["hint"]


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_stage_may_take_no_time(call: Run, directory: Path, format_: str) -> None:
    """
    A stage of zero seconds has a lane without a bar.
    """
    table = 'stages = [{name = "a", timeout = 0, retries = 9999}, {name = "b", timeout = 9}]'
    (directory / "pyproject.toml").write_text(f"[tool.workerctl.pipeline]\n{table}\n")
    done = call("budget", "--format", format_, "--svg", "a.svg")

    assert done.returncode == 0
    if format_ == "json":
        assert [one["worst_seconds"] for one in document(done)["stages"]] == [0, 9]
    else:
        assert re.search(r"^a   +│  10000 × 0 = +0 s$", done.stdout, re.MULTILINE)
        assert re.search(r"^b  █ +│ .* 1 × 9 = +9 s$", done.stdout, re.MULTILINE)


def test_a_name_of_a_stage_is_text(run: Run, screen: Run, directory: Path) -> None:
    """
    The name of a stage is interpreted neither as markup of rich nor as XML.
    """
    (directory / "hostile.py").write_text(HOSTILE, "utf-8")
    (directory / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "hostile:Settings"\n')
    shown = "<script>&'[red]{x}]]> 열쇠"

    for done in (run("budget"), screen("budget", env={"NO_COLOR": "1"}, columns=120)):
        assert done.returncode == 0, done.stdout
        assert shown in re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    assert document(run("budget", "--format", "json"))["stages"][0]["name"] == shown
    assert run("budget", "--svg", "a.svg").returncode == 0
    texts = {"".join(part.itertext()) for part in parsed("a.svg").iter(f"{SVG}text")}
    assert shown in texts
    assert any(text.startswith("xxx") and text.endswith("x…") for text in texts)
    assert run("budget", env={"PYTHONIOENCODING": "ascii"}).stdout.isascii()


# ----------------------------------------------------------------------------------------- SVG


def svg(call: Run, environ: dict[str, str]) -> ET.Element:
    """
    Return the root element of the SVG of a configuration.
    """
    done = call("budget", "--svg", "budget.svg", environ=environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    return parsed("budget.svg")


def boxes(root: ET.Element, style: str) -> list[tuple[float, float]]:
    """
    Return the left and right ends of the boxes of a style.
    """
    found = [part.attrib for part in root.iter(f"{SVG}rect") if part.get("class") == style]
    return [(float(box["x"]), float(box["x"]) + float(box["width"])) for box in found]


def test_the_svg_is_accessible(call: Run) -> None:
    """
    The title of the SVG is the verdict, and its description lists every stage and total.
    """
    root = svg(call, TWICE)
    title, desc = (root.findtext(f"{SVG}{tag}") or "" for tag in ("title", "desc"))

    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title desc"
    assert title == "A job may take 2806 s, 156 % of its timeout."
    assert "analysis, 2 side by side: 9 × 130 + 7.5 = 1177.5 s, from 1304.5 s to 2482 s." in desc
    assert "gives up: after 5670 s (1 h 34 min)." in desc


def test_the_svg_is_self_contained(call: Run) -> None:
    """
    The SVG loads and runs nothing, follows the reader's colour scheme, and is reproducible.
    """
    root = svg(call, TWICE)
    text = Path("budget.svg").read_text("utf-8")

    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"href|url\(|@import|<script|<image", text)
    assert re.findall('https?://[^"]*', text) == ["http://www.w3.org/2000/svg"]
    assert {part.tag for part in root.iter()} == {
        f"{SVG}{tag}" for tag in ("svg", "title", "desc", "style", "rect", "line", "text", "g")
    }
    svg(call, TWICE)
    assert Path("budget.svg").read_text("utf-8") == text


def test_the_svg_marks_what_exceeds_the_timeout(call: Run) -> None:
    """
    Each attempt is a box, and an attempt that the timeout cuts is two boxes.
    """
    root = svg(call, TWICE)
    (line,) = [float(part.get("x1", "")) for part in root.iter() if part.get("class") == "timeout"]
    legend = 1

    assert all(end <= line for _, end in boxes(root, "attempt"))
    assert all(start >= line for start, _ in boxes(root, "beyond")[:-legend])
    attempts = 4 + 9 + 2 * 9 + 4 + 1 + 4
    cut = 2
    drawn = len(boxes(root, "attempt")) + len(boxes(root, "beyond")) - 2 * legend
    assert drawn == attempts + cut
    assert not boxes(svg(call, NOTHING), "too-late")


def test_a_picture_that_cannot_be_written_is_reported(call: Run, directory: Path) -> None:
    """
    An SVG file that cannot be written makes the exit code 3; the other output is still written.
    """
    for options in ([], ["--fix"]):
        done = call("budget", "--svg", "nowhere/a.svg", *options, environ=TWICE)
        assert done.returncode == 3
        assert "The picture could not be written to nowhere/a.svg." in done.stderr
        assert "LLM_SDK_MAX_RETRIES=0" in done.stdout
    assert data(call, "--svg", "nowhere/a.svg")["exit_code"] == 3


# ----------------------------------------------------------------------- suppression, library


def test_a_suppressed_finding_is_marked(call: Run, directory: Path) -> None:
    """
    A suppressed finding is shown with its reason and its end date.
    """
    (directory / "pyproject.toml").write_text(
        "[[tool.workerctl.ignore]]\n"
        'code = "BUD002"\nreason = "the gateway asks for it"\nuntil = 2030-01-31\n'
    )
    done = call("budget", environ=TWICE)

    assert "– BUD002" in done.stdout
    assert "suppressed until 2030-01-31: the gateway asks for it" in done.stdout
    assert data(call, environ=TWICE)["findings"][0]["suppressed"]["until"] == "2030-01-31"


def test_the_library_draws_without_typer_and_rich(directory: Path, environ: dict[str, str]) -> None:
    """
    The chart on a pipe needs neither typer nor rich.
    """
    code = (
        "import sys; sys.modules.update(typer=None, rich=None)\n"
        "from workerctl.commands.shared.world import World\n"
        "from workerctl.preflight import Request\n"
        "from workerctl.commands.budget.command import BudgetOptions, execute\n"
        "sys.exit(execute(World.real(), Request(), BudgetOptions()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "A job may take" in done.stdout
