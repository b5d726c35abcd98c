"""
Tests of the command line: exit codes, options and formats, on which users' pipelines depend.
"""

import html
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Never
from xml.etree import ElementTree as ET

import pytest

from workerctl import __version__
from workerctl.checks.base import titled
from workerctl.checks.table import CHECKS
from workerctl.output.formats import FORMATS
from workerctl.schema.declarations import declared
from workerctl.settings import Settings
from workerctl.sources import envfile

Run = Callable[..., CompletedProcess[str]]
Team = Callable[..., None]

SECRET = "wk9_Zt7Qm2Xc5Vb8Nn4Lp1"
READERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "json": json.loads,
    "github": str.splitlines,
    "gitlab": json.loads,
    "sarif": json.loads,
    "junit": lambda text: list(ET.fromstring(text.encode()).iter()),  # noqa: S314 -- ours
    "markdown": str.splitlines,
}
"""A function that parses each format; a new format needs an entry here."""

FORMATTED = pytest.mark.parametrize("format_", list(FORMATS))


class Unreadable(dict[str, str]):
    """
    A process environment that cannot be listed, and whose error contains a secret.
    """

    def __iter__(self) -> Never:
        """
        Raise an error that contains the secret.
        """
        raise RuntimeError(SECRET)

    items = __iter__


def statuses(done: CompletedProcess[str]) -> dict[str, str]:
    """
    Return the status of each check in a JSON report.
    """
    return {check["code"]: check["status"] for check in json.loads(done.stdout)["checks"]}


def findings(done: CompletedProcess[str]) -> Iterator[dict[str, Any]]:
    """
    Yield the findings of a JSON report.
    """
    for check in json.loads(done.stdout)["checks"]:
        yield from check["findings"]


def settings(done: CompletedProcess[str]) -> dict[str, Any]:
    """
    Return the settings of a JSON configuration, by name.
    """
    return {setting["name"]: setting for setting in json.loads(done.stdout)["settings"]}


# ---------------------------------------------------------------------------------- exit codes


@FORMATTED
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--env-file", "good.env"], 0),
        (["--env-file", "bad.env"], 1),
        (["--env-file", "missing.env"], 2),
        (["--env-file", "good.env", "--select", "KEY9"], 2),
        (["--env-file", "good.env", "--settings", "no_such_module:Settings"], 2),
        (["--env-file", "good.env", "--secrets-dir", "missing"], 2),
    ],
)
def test_a_verdict_has_its_exit_code(
    call: Run, good: Path, bad: Path, format_: str, arguments: list[str], code: int
) -> None:
    """
    The exit code is independent of the format, and a JSON report is complete in every case.
    """
    done = call("check", "--format", format_, *arguments)

    assert done.returncode == code
    assert bool(done.stderr) == (code == 2)
    if format_ != "text":
        READERS[format_](done.stdout)


@FORMATTED
@pytest.mark.parametrize(("file", "code"), [("good.env", 3), ("bad.env", 1)])
def test_a_crash_makes_a_run_incomplete(
    run: Run, good: Path, bad: Path, team: Team, format_: str, file: str, code: int
) -> None:
    """
    A crash has exit code 3, unless findings make it 1.
    """
    team(
        "def claim(context):\n    raise SystemExit(0)\n"
        "CHECKS = (Check('TEA001', 'It holds', claim),)\n"
    )
    done = run("check", "--format", format_, "--env-file", file)

    assert done.returncode == code
    assert "SystemExit" in done.stdout
    READERS[format_](done.stdout)


@FORMATTED
def test_an_internal_error_is_reported_in_one_line(call: Run, format_: str) -> None:
    """
    The line has the type of the exception and its place in workerctl, but no value or traceback.
    """
    done = call("check", "--format", format_, environ=Unreadable())

    assert done.returncode == 70
    assert re.match(
        r"workerctl: Internal error: RuntimeError at workerctl/[\w/]+\.py:\d+\. .*\n\Z", done.stderr
    )
    assert SECRET not in done.stdout + done.stderr
    if format_ != "text":
        assert READERS[format_](done.stdout)
    else:
        assert not done.stdout


@pytest.mark.parametrize(
    "command", ["budget", "show-config", "keygen --id", "keygen --write new.env", "run true"]
)
def test_every_command_reports_internal_errors(call: Run, command: str) -> None:
    """
    Every command reports an internal error in the same way as `check`.
    """
    done = call(*command.split(), environ=Unreadable())

    assert done.returncode == 70
    assert done.stderr.startswith("workerctl: Internal error: RuntimeError at workerctl/")
    assert not done.stdout
    assert SECRET not in done.stderr


@FORMATTED
def test_an_interrupt_ends_a_run(
    environ: dict[str, str], directory: Path, team: Team, format_: str
) -> None:
    """
    An interrupt has exit code 130, and a JSON report is complete.
    """
    team(
        "import pathlib, time\n"
        "def claim(context):\n    pathlib.Path('started').touch()\n    time.sleep(60)\n    yield\n"
        "CHECKS = (Check('TEA001', 'It holds', claim),)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "workerctl", "check", "--format", format_],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 30
        while not (directory / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert err == "workerctl: Interrupted.\n"
    if format_ != "text":
        assert READERS[format_](out)


# ------------------------------------------------------------------------------- usage errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("chek", "Unknown command chek. Did you mean check?"),
        ("show_config", "Unknown command show_config. Did you mean show-config?"),
        ("Check", "Unknown command Check. Did you mean check?"),
        ("validate", "Unknown command validate. Run"),
        ("check --env-fil x", "Unknown option --env-fil. Did you mean --env-file?"),
        ("check --Format json", "Unknown option --Format. Did you mean --format?"),
        ("check --json", "Unknown option --json. Did you mean --format json?"),
        ("check --production", "Unknown option --production. Did you mean --env production?"),
        ("check -x", "Unknown option -x. Run"),
        (
            "check --fail-on fatal",
            "Invalid value for --fail-on: fatal. Use error, warning, info or",
        ),
        ("check --fail-on warn", "Invalid value for --fail-on: warn. Did you mean warning?"),
        ("check --env prod", "Invalid value for --env: prod. Did you mean production?"),
        ("check --env Production", "Invalid value for --env: Production. Did you mean production?"),
        ("check --phase test", "Invalid value for --phase: test. Use build or run."),
        ("check --svg x", "`workerctl check` has no option --svg."),
        ("--svg x", "Unknown option --svg."),
        ("--vresion", "Unknown option --vresion. Did you mean --version?"),
        ("check --env-file", "--env-file requires a value."),
        ("check --quiet=1", "--quiet does not take a value."),
        ("show-config --format yaml", "Invalid value for --format: yaml. Use table, json or env."),
        ("show-config ENV DEBUG", "Too many arguments: DEBUG."),
        ("explain KEY ENV", "Too many arguments: ENV."),
        ("keygen --bits 128", "Unknown option --bits. Run"),
        ("keygen --rotate --from one", "Invalid value for --from. Use a whole number."),
        ("--bogus", "Unknown option --bogus."),
    ],
)
def test_an_error_in_the_options_leaves_stdout_empty(
    call: Run, arguments: str, message: str
) -> None:
    """
    The message names the option and the problem, and refers to `--help`; the exit code is 2.
    """
    done = call(*arguments.split())

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"workerctl: {message}")
    assert re.search(r"Run `workerctl( \S+)? --help`\.\n\Z", done.stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("check --env-file a --no-env-file", "cannot be combined"),
        ("check --select KEY01", "There is no code KEY01. Did you mean KEY001?"),
        ("check --select kex", "There is no code kex."),
        ("check --ignore set001", "SET001 cannot be ignored"),
        ("check --ignore env", "ENV001 cannot be ignored, because no other result is meaningful"),
        ("check --ignore env", "Use --ignore ENV002,ENV003,"),
        ("budget --svg - --fix", "--svg - and --fix cannot be combined."),
        ("budget --svg - --format json", "--svg - and --format json cannot be combined."),
        ("keygen --write -", "--write - does not name an env file."),
        ("check -q -v", "--quiet and --verbose cannot be combined."),
        ("check --format yml", "yml is not a known format. Use text, json, github, "),
        ("check --format=JSON", "JSON is not a known format. Did you mean json?"),
        ("check a.env --env-file b.env", "cannot be combined with options that name sources"),
        ("check extra", "extra is neither a file nor a declared target."),
        ("explain unknown", "unknown is not a known check or setting."),
        ("check deploy/prod2.env", "deploy/prod2.env does not exist."),
        ("check --ignore KEY001,ENV04", "There is no code ENV04. Did you mean ENV004?"),
        ("check --ignore SET001", "SET001 cannot be ignored"),
        ("check --ignore ENV", "ENV001 cannot be ignored"),
        ("explain KEY01", "KEY01 is not a known check or setting. Did you mean KEY001?"),
        ("explain LLM_TIMEOUT", "LLM_TIMEOUT is not a known check or setting. Did you mean LLM_"),
        ("explain llm_timeout", "llm_timeout is not a known check or setting. Did you mean LLM_"),
        ("explain JBSWY3DPEHPK3PXP", "The name is not a known check or setting."),
        ("explain nonsense", "nonsense is not a known check or setting."),
        ("show-config LLM_TIMEOUT_SECOND", "LLM_TIMEOUT_SECOND is not a known setting. Did you"),
        ("show-config --group lm", "Unknown group lm. Did you mean llm?"),
        ("show-config --group zz", "Unknown group zz. The groups are general, queue,"),
        ("keygen --id", "ENCRYPTION_KEY is not set."),
    ],
)
def test_an_unknown_name_is_reported(call: Run, arguments: str, message: str) -> None:
    """
    The message suggests the closest known name, if there is one.
    """
    done = call(*arguments.split())

    assert done.returncode == (1 if "--id" in arguments else 2)
    assert message in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        "{}",
        "--{}",
        "-{}",
        "check {}",
        "check {0} {0}",
        "check a/{0} {0}",
        "run -- {}",
        "check --{}",
        "check --{}=x",
        "check -x{}",
        "check --quiet={}",
        "check --format {}",
        "check --format={}",
        "check --fail-on {}",
        "check --env {}",
        "check --phase {}",
        "check --select {}",
        "check --ignore {}",
        "check --settings {}",
        "check --settings a:{}!",
        "check --format json --select {}",
        "check --format json --settings {}",
        "explain {}",
        "keygen {}",
        "budget {}",
        "budget --format {}",
        "budget --svg= {}",
        "show-config {}",
        "show-config --group {}",
        "show-config --format {}",
        "show-config ENV {}",
    ],
)
def test_what_was_typed_is_not_repeated(call: Run, arguments: str) -> None:
    """
    An argument is not repeated where it may be a misplaced secret.
    """
    done = call(*arguments.format(SECRET).split())

    assert done.returncode == (127 if arguments.startswith("run") else 2)
    assert done.stderr
    output = (done.stdout + done.stderr).lower()
    for start in range(len(SECRET) - 5):
        assert SECRET[start : start + 6].lower() not in output


# --------------------------------------------------------------------------------------- check


@pytest.mark.parametrize(
    ("severity", "codes"),
    [
        ("error", {"error": 1, "warning": 1, "info": 1, "never": 0}),
        ("warning", {"error": 0, "warning": 1, "info": 1, "never": 0}),
        ("info", {"error": 0, "warning": 0, "info": 1, "never": 0}),
        ("none", {"error": 0, "warning": 0, "info": 0, "never": 0}),
    ],
)
def test_fail_on_is_the_lowest_severity_that_fails(
    call: Run, good: Path, severity: str, codes: dict[str, int]
) -> None:
    """
    The default is error, and with never no finding fails the run.
    """
    lines = {
        "error": "DEBUG=true\n",
        "warning": "QUEUES=a\nQUEUES=b\n",
        "info": "LLM_TIMEOUTS_SEC=1\n",
    }
    good.write_text(good.read_text() + lines.get(severity, ""))
    command = ["check", "--env-file", "good.env", "--format", "json"]

    assert {finding["severity"] for finding in findings(call(*command))} == {severity} - {"none"}
    assert call(*command).returncode == codes["error"]
    for fail_on, code in codes.items():
        assert call(*command, "--fail-on", fail_on).returncode == code


def test_quiet_shows_only_what_fails_the_run(call: Run, bad: Path) -> None:
    """
    `--quiet` shows findings at or above `--fail-on`, the first line and the last one.
    """
    whole = call("check", "--env-file", "bad.env").stdout
    quiet = call("check", "--env-file", "bad.env", "-q").stdout
    quieter = call("check", "--env-file", "bad.env", "--quiet", "--fail-on", "never").stdout

    assert set(quiet.splitlines()) < set(whole.splitlines())
    assert "DEBUG is on" in quiet
    assert "BUD002" in whole
    assert not re.search("BUD002|✓|–", quiet)
    assert [bool(row) for row in quieter.splitlines()] == [True, False, True]


def test_verbose_lists_every_claim(call: Run, good: Path) -> None:
    """
    `--verbose` shows one line for each check, with its title; without a manifest, none of a deploy.
    """
    done = call("check", "--env-file", "good.env", "--verbose")

    for check in CHECKS:
        claim = f"{check.code} {titled(check, declared(Settings))}"
        assert (claim in done.stdout) is not check.deploy


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--select", "key"], "SET001 ENV001 KEY001 KEY002 KEY003 KEY004 KEY005 -KEY006 KEY007"),
        (["--select", "key002", "--ignore", "Log"], "SET001 ENV001 KEY002"),
        (["--select", "KEY"], "SET001 ENV001 KEY001 KEY002 KEY003 KEY004 KEY005 -KEY006 KEY007"),
        (["--select", "KEY002,TMO001"], "SET001 ENV001 KEY002 TMO001"),
        (["--select", " KEY002 , ", "--select", "TMO001"], "SET001 ENV001 KEY002 TMO001"),
        (["--select", "LOG", "--ignore", "LOG001"], "SET001 ENV001 -LOG001 LOG002"),
    ],
)
def test_codes_and_prefixes_select(
    call: Run, good: Path, options: list[str], expected: str
) -> None:
    """
    SET001 and ENV001 always run; `--ignore` wins over `--select`, and ignored checks are shown.
    """
    done = call("check", "--env-file", "good.env", "--format", "json", *options)
    shown = [("-" if status == "skipped" else "") + code for code, status in statuses(done).items()]

    assert " ".join(shown) == expected


def test_an_ignored_check_is_reported(call: Run, bad: Path) -> None:
    """
    An ignored check is shown as skipped, and its findings do not count.
    """
    done = call("check", "--env-file", "bad.env", "--ignore", "ENV006")

    assert "– ENV006 Allowed origins are explicit (skipped: ignored)" in done.stdout
    assert "ALLOWED_ORIGINS" not in done.stdout


def test_another_environments_rules_can_be_applied(call: Run, good: Path) -> None:
    """
    `--env` adds a warning that the worker itself boots in another environment.
    """
    done = call("check", "--env-file", "good.env", "--env", "staging", "--format", "json")
    report = json.loads(done.stdout)

    assert (report["env"], report["judged_as"]) == ("production", "staging")
    (finding,) = findings(done)
    assert (finding["code"], finding["severity"]) == ("ENV001", "warning")
    assert finding["message"].startswith("The worker will boot as production")


def test_stricter_rules_find_more(call: Run, directory: Path) -> None:
    """
    Production requires values that development does not.
    """
    assert call("check").returncode == 0
    assert call("check", "--env", "production").returncode == 1


def test_missing_secrets_are_deferred_at_build(call: Run, good: Path) -> None:
    """
    Checks of missing secrets are listed as deferred, and secrets that are set are checked.
    """
    lines = good.read_text().splitlines(keepends=True)
    good.write_text("".join(line for line in lines if re.match("ENV=|SUPABASE_URL=", line)))
    command = ["check", "--env-file", "good.env", "--format", "json"]
    build = call(*command, "--phase", "build")

    assert call(*command).returncode == 1
    assert build.returncode == 0
    assert {statuses(build)[code] for code in ("ENV002", "KEY001", "KEY004")} == {"deferred"}
    good.write_text(good.read_text() + "ENCRYPTION_KEY=short\n")
    assert statuses(call(*command, "--phase", "build"))["KEY002"] == "failed"


def test_output_gets_the_report(call: Run, bad: Path, directory: Path) -> None:
    """
    With `--output` standard output is empty, and standard error has a one-line summary.
    """
    plain = call("check", "--env-file", "bad.env")
    done = call("check", "--env-file", "bad.env", "--output", "report.txt")

    assert (done.returncode, done.stdout) == (1, "")
    assert (directory / "report.txt").read_text("utf-8") == plain.stdout
    assert done.stderr == plain.stdout.splitlines()[-1] + "\n"


@FORMATTED
@pytest.mark.parametrize("words", [["--env-file", "bad.env"], ["bad.env", "good.env"]])
def test_a_dash_is_standard_output(
    call: Run, good: Path, bad: Path, directory: Path, format_: str, words: list[str]
) -> None:
    """
    `--output -` has no effect, and there is no file of that name.
    """
    command = ["check", *words, "--format", format_]

    plain, done = call(*command), call(*command, "--output", "-")

    assert (done.returncode, done.stderr) == (1, "")
    seconds = r'"seconds": .*|time="[^"]*"'
    assert re.sub(seconds, "", done.stdout) == re.sub(seconds, "", plain.stdout)
    assert not (directory / "-").exists()


def test_a_drawing_may_go_to_standard_output(call: Run, good: Path, directory: Path) -> None:
    """
    It is all that standard output gets, in ASCII.
    """
    call("budget", "--env-file", "good.env", "--svg", "file.svg")
    done = call("budget", "--env-file", "good.env", "--svg", "-")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert html.unescape(done.stdout) == html.unescape((directory / "file.svg").read_text("utf-8"))
    assert not (directory / "-").exists()


@FORMATTED
def test_a_report_of_a_failed_run_goes_to_the_file(
    call: Run, directory: Path, format_: str
) -> None:
    """
    A run without a verdict overwrites an older report, which could be mistaken for its own.
    """
    (directory / "report").write_text("all is well")
    done = call("check", "--env-file", "missing.env", "--format", format_, "--output", "report")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "missing.env does not exist." in (directory / "report").read_text()
    READERS[format_]((directory / "report").read_text())


@FORMATTED
@pytest.mark.parametrize(("file", "code"), [("good.env", 3), ("bad.env", 1), ("missing.env", 2)])
@pytest.mark.parametrize("path", ["missing/report", ".", "/dev/full"])
def test_a_report_that_cannot_be_written_is_reported(
    call: Run, good: Path, bad: Path, format_: str, file: str, code: int, path: str
) -> None:
    """
    The exit code is 3, unless the verdict is worse.
    """
    done = call("check", "--env-file", file, "--format", format_, "--output", path)

    assert (done.returncode, done.stdout) == (code, "")
    assert f"The report could not be written to {path}." in done.stderr


# ------------------------------------------------------------------------------------- sources


def test_standard_input_is_a_file(call: Run, good: Path) -> None:
    """
    `--env-file -` reads standard input, for pipelines such as `sops -d … | workerctl check`.
    """
    done = call("check", "--env-file", "-", "--format", "json", stdin=good.read_bytes())

    assert (done.returncode, json.loads(done.stdout)["sources"]) == (0, ["<stdin>"])


@pytest.mark.parametrize("redirection", ["<&-", "0>/dev/null"])
def test_standard_input_can_be_closed(call: Run, run: Run, redirection: str) -> None:
    """
    A closed standard input is a usage error, not an internal one.
    """
    assert call("check", "--env-file", "-", stdin=None).returncode == 2
    done = run("check", "--env-file", "-", script=f'"$@" {redirection}')
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("workerctl: Standard input is closed.")


def test_the_default_file_can_be_left_out(call: Run, bad: Path) -> None:
    """
    `.env` is read by default, and not read with `--no-env-file`.
    """
    bad.rename(".env")

    assert call("check").returncode == 1
    assert call("check", "--no-env-file").returncode == 0


def test_a_later_file_wins(call: Run, good: Path, bad: Path) -> None:
    """
    Later files win over earlier ones, and the environment wins over files unless isolated.
    """
    files = ["--env-file", "good.env", "--env-file", "bad.env"]
    done = call("show-config", "DEBUG", *files, "--format", "json")
    assert settings(done)["DEBUG"]["location"]["file"] == "bad.env"

    done = call("show-config", *files, "--format", "json", environ={"DEBUG": "false"})
    assert settings(done)["DEBUG"]["location"]["source"] == "environment"
    assert settings(done)["DEBUG"]["shadows"][0]["file"] == "bad.env"

    done = call("show-config", *files, "--isolated", "--format", "json", environ={"DEBUG": "false"})
    assert settings(done)["DEBUG"]["value"] == "true"


def test_variables_name_the_sources(call: Run, good: Path, directory: Path) -> None:
    """
    WORKERCTL_ENV_FILE is a list like PATH; with `--isolated` the variables have no effect.
    """
    (directory / "more.env").write_text("DEBUG=true\n")
    (directory / "secrets").mkdir()
    (directory / "secrets" / "HANCOM_API_KEY").write_text(SECRET)
    environ = {
        "WORKERCTL_ENV_FILE": os.pathsep.join(["good.env", "more.env"]),
        "WORKERCTL_SECRETS_DIR": "secrets",
    }
    done = call("check", "--format", "json", environ=environ)
    found = settings(call("show-config", "--format", "json", environ=environ))

    assert json.loads(done.stdout)["sources"] == ["good.env", "more.env", "secrets"]
    assert found["DEBUG"]["location"]["file"] == "more.env"
    assert found["HANCOM_API_KEY"]["location"]["source"] == "secret-file"
    done = call("check", "--isolated", "--format", "json", environ=environ)
    assert json.loads(done.stdout)["sources"] == []


@pytest.mark.parametrize("how", ["option", "variable", "project"])
def test_a_team_may_have_its_own_settings(run: Run, team: Team, how: str) -> None:
    """
    The class is named by an option, a variable or the project, and checked like the built-in one.
    """
    team(
        "import workerctl.settings\n"
        "class Settings(workerctl.settings.Settings):\n    TEAM_SIZE: int = 3\n",
        'settings = "team:Settings"' if how == "project" else "",
    )
    options = ["--settings", "team:Settings"] if how == "option" else []
    env = {"TEAM_SIZE": "many"} | (
        {"WORKERCTL_SETTINGS": "team:Settings"} if how == "variable" else {}
    )
    done = run("check", "--format", "json", *options, env=env)
    shown = run("show-config", "--format", "json", *options, env=env)

    assert next(finding["fields"] for finding in findings(done)) == ["TEAM_SIZE"]
    assert not settings(shown)["TEAM_SIZE"]["valid"]


# ------------------------------------------------------------------------- the other commands


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    """
    The help goes to standard output, and the exit code is that of a usage error.
    """
    alone, help_ = run(), run("--help")

    assert alone.stdout == help_.stdout
    assert (alone.returncode, help_.returncode) == (2, 0)
    for command in ("budget", "check", "explain", "keygen", "show-config"):
        assert re.search(rf"^  {command} +[A-Z].*\.$", help_.stdout, re.MULTILINE)
    assert "...\n" not in help_.stdout.partition("Commands:")[2], "a sentence is cut short"


@pytest.mark.parametrize("arguments", [["--version"], ["--version", "check"]])
def test_the_version_is_one_line(run: Run, arguments: list[str]) -> None:
    """
    `--version` prints one line, even before a command.
    """
    done = run(*arguments)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"workerctl {__version__}\n", "")


@pytest.mark.parametrize("arguments", [["keygen"], ["keygen", "--no-env-file"]])
def test_a_key_is_all_that_keygen_prints(run: Run, arguments: list[str]) -> None:
    """
    The key goes to standard output, and its id to standard error.
    """
    done = run(*arguments)

    assert done.returncode == 0
    assert re.fullmatch("[0-9a-f]{64}\n", done.stdout)
    assert re.fullmatch("key id wk1:[0-9a-f]{16}\n", done.stderr)


def test_keygen_recognizes_a_written_key(call: Run, directory: Path) -> None:
    """
    `--id` prints the id that `--write` reported, and neither of them prints the key.
    """
    written = call("keygen", "--write", "worker.env")
    known = call("keygen", "--id", "--env-file", "worker.env")
    again = call("keygen", "--write", "worker.env")

    assert (written.returncode, written.stdout) == (0, "")
    identity = re.findall("wk1:[0-9a-f]{16}", written.stderr)[0]
    assert known.stdout == f"ENCRYPTION_KEY {identity}\n"
    assert (again.returncode, again.stdout) == (1, "")
    assert identity in again.stderr
    key = (directory / "worker.env").read_text().partition("=")[2].strip()
    for done in (written, known, again):
        assert key not in done.stdout + done.stderr


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_explain_prints_the_manual_of_a_check(call: Run, check: Any) -> None:
    """
    The manual has the title, the reason and the fix; the case of the code does not matter.
    """
    done = call("explain", check.code)

    assert done.stdout.startswith(f"{check.code} · {titled(check, declared(Settings))}\n\n")
    assert re.search(r"^  Why: ", done.stdout, re.MULTILINE)
    assert re.search(r"^  Fix: ", done.stdout, re.MULTILINE)
    assert call("explain", check.code.lower()).stdout == done.stdout


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_explain_prints_the_page_of_a_setting(call: Run, name: str) -> None:
    """
    The page has the description, the expectation, the default and the checks of the setting.
    """
    done = call("explain", name)

    assert done.returncode == 0
    assert done.stdout.startswith(f"{name} · ")
    for word in ("must be", "default", "secret", "checked by  SET001"):
        assert f"\n  {word}" in done.stdout


def test_the_public_part_of_a_secret_default_is_shown(call: Run) -> None:
    """
    The default of REDIS_URL contains no credential, so it is shown.
    """
    assert re.search("default +redis://localhost:6379/0\n", call("explain", "REDIS_URL").stdout)
    assert re.search("default +not set\n", call("explain", "OPENAI_API_KEY").stdout)


@pytest.mark.parametrize("name", ["KEY", "key", "KEY00", "Tmo"])
def test_explain_lists_an_area(call: Run, name: str) -> None:
    """
    The first letters of codes list their checks.
    """
    listed = [check for check in CHECKS if check.code.startswith(name.upper())]
    done = call("explain", name)

    assert done.returncode == 0
    assert re.findall(r"^([A-Z]+[0-9]+)  ", done.stdout, re.MULTILINE) == [
        check.code for check in listed
    ]


def test_a_setting_may_have_the_name_of_an_area(call: Run) -> None:
    """
    Its page comes first.
    """
    done = call("explain", "env")

    assert done.stdout.startswith("ENV · general\n")
    assert "\n\nENV001  " in done.stdout


def test_explain_lists_the_checks(call: Run) -> None:
    """
    Without an argument, every check is listed with its title.
    """
    done = call("explain")

    for check in CHECKS:
        assert f"{check.code}  {titled(check, declared(Settings))}\n" in done.stdout


def test_explain_knows_old_names_and_a_teams_checks(run: Run, team: Team) -> None:
    """
    A deprecated name leads to its setting, and a check without a manual page says so.
    """
    team("CHECKS = (Check('TEA001', 'It holds', lambda context: []),)\n")

    assert run("explain", "llm_connect_timeout").stdout.startswith("LLM_CONNECT_TIMEOUT_SECONDS · ")
    assert "This check has no manual page." in run("explain", "TEA001").stdout


def test_show_config_lists_every_setting(call: Run, bad: Path) -> None:
    """
    Invalid values are marked and not shown, and the exit code is 0.
    """
    done = call("show-config", "--env-file", "bad.env")

    assert done.returncode == 0
    for name in Settings.model_fields:
        assert re.search(rf"^[* ] {name} ", done.stdout, re.MULTILINE)
    assert re.search(r"EMBEDDING_MAX_RETRIES +not valid, not shown +bad\.env:\d+\n", done.stdout)
    assert "three" not in done.stdout


def test_show_config_as_env_lines_can_be_read_back(call: Run, bad: Path) -> None:
    """
    The lines are read back as the same values; secrets and invalid values are commented out.
    """
    text = call("show-config", "--env-file", "bad.env", "--format", "env").stdout
    before = settings(call("show-config", "--env-file", "bad.env", "--format", "json"))
    read = {entry.name: entry.value for entry in envfile.parse(text, "x").entries if entry.name}

    assert {name: value or "" for name, value in read.items()} == {
        name: setting["value"]
        for name, setting in before.items()
        if setting["valid"] and not setting["secret"]
    }
    assert "# EMBEDDING_MAX_RETRIES is not valid\n" in text
    assert "# ENCRYPTION_KEY is set\n" in text


@pytest.mark.parametrize("format_", ["table", "json", "env"])
def test_show_config_can_be_filtered(call: Run, good: Path, format_: str) -> None:
    """
    It can show changed settings, a group, or one setting by any of its names.
    """

    def names(*options: str) -> list[str]:
        done = call("show-config", "--env-file", "good.env", "--format", format_, *options)
        assert done.returncode == 0
        found = re.findall(r"[A-Z][A-Z0-9_]{2,}(?= |=|\")", done.stdout)
        return [name for name in dict.fromkeys(found) if name in Settings.model_fields]

    assert names("--changed", "--group", "llm") == ["OPENAI_API_KEY", "GEMINI_API_KEY"]
    assert names("--group", "flags") == ["USE_SPLIT_QUEUES", "USE_NEW_ASYNC_HELPER"]
    assert "ENCRYPTION_KEY" in names("--changed")
    assert "DEBUG" not in names("--changed")
    assert names("llm_connect_timeout")[0] == "LLM_CONNECT_TIMEOUT_SECONDS"


def test_show_config_can_leave_origins_out(call: Run, good: Path) -> None:
    """
    `--no-origin` gives output that can be compared between machines.
    """
    command = ["show-config", "--env-file", "good.env"]

    assert "good.env:1" in call(*command).stdout
    assert "good.env" not in call(*command, "--no-origin").stdout


def test_show_config_shows_the_details_of_one_setting(call: Run, good: Path, bad: Path) -> None:
    """
    The details are the value, its origin, what it shadows and who checks it.
    """
    files = ["--env-file", "bad.env", "--env-file", "good.env"]
    done = call("show-config", "REDIS_URL", *files)

    assert re.search(
        r"^  value +rediss://•+@queue\.example-works\.net:6380/0$", done.stdout, re.MULTILINE
    )
    assert re.search(r"^  comes from +good\.env:2$", done.stdout, re.MULTILINE)
    assert re.search(r"^  shadows +bad\.env:2$", done.stdout, re.MULTILINE)
    assert re.search(r"^  checked by +SET001, .*ENV005", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("command", ["budget", "show-config", "keygen --id"])
def test_other_commands_report_an_unreadable_source(call: Run, command: str) -> None:
    """
    A missing env file is reported, exit code 2.
    """
    done = call(*command.split(), "--env-file", "missing.env")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("workerctl: missing.env does not exist.")


@pytest.mark.parametrize("command", ["budget", "check", "explain", "show-config"])
def test_a_deleted_working_directory_is_reported(run: Run, command: str) -> None:
    """
    A deleted working directory is a usage error, not an internal one.
    """
    done = run(command, script='mkdir gone && cd gone && rmdir ../gone && "$@"')

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(
        "workerctl: The working directory no longer exists. Change to one that exists.\n"
    )


# ---------------------------------------------------------------------------------- completion


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (
            {"_WORKERCTL_COMPLETE": "complete_bash", "COMP_WORDS": "workerctl ", "COMP_CWORD": "1"},
            {"budget", "check", "explain", "keygen", "run", "show-config"},
        ),
        (
            {
                "_WORKERCTL_COMPLETE": "complete_bash",
                "COMP_WORDS": "workerctl check --fo",
                "COMP_CWORD": "2",
            },
            {"--format"},
        ),
        (
            {
                "_WORKERCTL_COMPLETE": "complete_bash",
                "COMP_WORDS": "workerctl check --format ",
                "COMP_CWORD": "3",
            },
            {"text", "json"},
        ),
        (
            {"_WORKERCTL_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "workerctl ex"},
            {"explain"},
        ),
        (
            {
                "_WORKERCTL_COMPLETE": "complete_fish",
                "_TYPER_COMPLETE_FISH_ACTION": "get-args",
                "_TYPER_COMPLETE_ARGS": "workerctl key",
            },
            {"keygen"},
        ),
    ],
)
def test_shells_complete(run: Run, variables: dict[str, str], expected: set[str]) -> None:
    """
    Commands, options and choices are completed in the protocol of each shell.
    """
    done = run(env=variables)

    assert (done.returncode, done.stderr) == (0, "")
    assert expected <= set(re.findall(r"[a-z-]+", done.stdout))


@pytest.mark.parametrize("home", [None, ""])
def test_a_completion_needs_a_home(run: Run, directory: Path, home: str | None) -> None:
    """
    Without HOME, nothing is written into the home directory of the account.
    """
    done = run("--install-completion", env={"HOME": home}, script='"$@" | cat')

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("workerctl: HOME is not set")


def test_a_home_that_cannot_be_written_is_reported(run: Run) -> None:
    """
    It is not an internal error.
    """
    done = run("--install-completion", env={"HOME": "/proc/none"}, script='"$@" | cat')

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("workerctl: The completion could not be written")


def test_an_unknown_completion_is_a_usage_error(run: Run) -> None:
    """
    An unknown value of the completion variable does not cause a traceback.
    """
    done = run(env={"_WORKERCTL_COMPLETE": "complete_nonsense"})

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_completion_script_is_shown(run: Run) -> None:
    """
    The script is that of the calling shell.
    """
    done = run("--show-completion", script='"$@" | cat')

    assert done.returncode == 0
    assert "_WORKERCTL_COMPLETE=complete_bash" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["good", "bad"])
@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("check", "--fail-on=error"),
        ("show-config", "--format=table"),
        ("budget", "--format=text"),
        ("schema", "--format=env"),
        ("check .env", "--fail-on=error"),
        ("check missing.env", "--fail-on=error"),
        ("diff .env .env", "--format=text"),
        ("diff .env", "--format=text"),
    ],
)
def test_a_plain_command_has_the_output_of_one_with_options(
    run: Run, request: pytest.FixtureRequest, name: str, command: str, option: str
) -> None:
    """
    A command without options bypasses the parser of the command line, with the same result.
    """
    file = request.getfixturevalue(name)
    file.rename(file.with_name(".env"))

    plain, parsed = run(*command.split()), run(*command.split(), option)

    assert (plain.returncode, plain.stdout, plain.stderr) == (
        parsed.returncode,
        parsed.stdout,
        parsed.stderr,
    )


@pytest.mark.parametrize("command", ["check", "show-config", "budget"])
def test_a_plain_command_reports_errors_in_the_same_way(
    run: Run, directory: Path, command: str
) -> None:
    """
    An error is a message with exit code 2 there as well.
    """
    (directory / ".env").mkdir()

    done = run(command)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("workerctl: .env is a directory.")


@pytest.mark.parametrize("options", [[], ["--format=table"]], ids=["plain", "parsed"])
def test_an_exit_in_a_teams_type_shows_nothing(
    run: Run, directory: Path, options: list[str]
) -> None:
    """
    If an attribute of a value exits with a message, the exit code is 2 and nothing is printed.
    """
    (directory / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "exits:S"\n')
    (directory / "exits.py").write_text(
        "import sys\n"
        "from pydantic_settings import BaseSettings\n"
        "class Loud:\n"
        "    def __getattr__(self, name):\n"
        "        sys.exit('hidden-text') if name == 'get_secret_value' else None\n"
        "        raise AttributeError(name)\n"
        "class S(BaseSettings, arbitrary_types_allowed=True):\n    a: Loud = Loud()\n"
    )
    done = run("show-config", *options)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_show_config_writes_infinity_as_text(call: Run, directory: Path) -> None:
    """
    JSON has no infinity, and a value that a class allows must not break the document.
    """
    (directory / "endless.py").write_text(
        "from pydantic_settings import BaseSettings\n"
        "class S(BaseSettings):\n    wait: float = float('inf')\n    rate: float = 1\n"
    )
    done = call(
        "show-config", "--settings", "endless:S", "--format", "json", environ={"RATE": "nan"}
    )

    assert [row["typed"] for row in json.loads(done.stdout)["settings"]] == ["inf", "nan"]
