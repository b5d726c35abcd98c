"""
Tests of output to any destination: correct exit code, nothing lost, no traceback.
"""

import ctypes
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import typer

from workerctl.cli import app

pytestmark = pytest.mark.unmeasured

Run = Callable[..., CompletedProcess[str]]

ASCII = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
NOTHING = dict.fromkeys(["PATH", "HOME", "LANG", "TERM"])
ENVIRONMENTS: dict[str, dict[str, str | None]] = {
    "plain": {},
    "ascii-locale": dict(ASCII),
    "ascii-streams": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "no-color": {"NO_COLOR": "1"},
    "force-color": {"FORCE_COLOR": "1"},
    "both-colors": {"NO_COLOR": "1", "FORCE_COLOR": "1"},
    "github": {"GITHUB_ACTIONS": "true", "CI": "true"},
    "dumb": {"TERM": "dumb"},
    "no-term": {"TERM": None},
    "40-columns": {"COLUMNS": "40"},
    "0-columns": {"COLUMNS": "0"},
    "1-column": {"COLUMNS": "1"},
    "many-columns": {"COLUMNS": "99999999999"},
    "bad-columns": {"COLUMNS": "abc"},
    "bad-width": {"TERMINAL_WIDTH": "abc"},
    "no-width": {"TERMINAL_WIDTH": "0"},
    "no-home": {"HOME": None},
    "no-environment": dict(NOTHING),
    "optimized": {"PYTHONOPTIMIZE": "2"},
    "warnings": {"PYTHONWARNINGS": "error"},
}
COMMANDS: list[list[str]] = [[], ["budget"], ["check"], ["explain"], ["keygen"], ["show-config"]]
MESSAGE_ENDS = re.compile(r"\x1b\[[0-9;]*m|\s")

# Prints the help of every command in a forked child, which need not import anything again.
EVERY_HELP = f"""\
import os, sys
from workerctl import cli, settings
from workerctl.__main__ import main
for words in {COMMANDS}:
    if os.fork() == 0:
        sys.argv[1:] = [*words, "--help"]
        main()
    print("\\f", os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""

LONG = pytest.mark.long
HARDEST = [
    pytest.param(ENVIRONMENTS[name], id=name, marks=marks)
    for name, marks in {
        "ascii-locale": (),
        "dumb": LONG,
        "many-columns": LONG,
        "no-environment": (),
        "optimized": LONG,
    }.items()
]

EVERYWHERE = pytest.mark.parametrize("env", list(ENVIRONMENTS.values()), ids=list(ENVIRONMENTS))


def bare(text: str) -> str:
    """
    Return the text without colours and white space, which a terminal may change.
    """
    return MESSAGE_ENDS.sub("", text)


def words(call: Run, file: str) -> list[str]:
    """
    Return every message and every hint of a report, taken from its JSON format.
    """
    report = json.loads(call("check", "--env-file", file, "--format", "json", "-v").stdout)
    findings = [finding for check in report["checks"] for finding in check["findings"]]
    return [text for finding in findings for text in (finding["message"], finding["hint"]) if text]


def options_of(*command: str) -> set[str]:
    """
    Return the declared options of a command.
    """
    found: Any = typer.main.get_command(app)
    for name in command:
        found = found.commands[name]
    names = {name for param in found.params for name in (*param.opts, *param.secondary_opts)}
    return {name for name in names if name.startswith("--")} | {"--help"}


def sound(done: CompletedProcess[str], code: int) -> None:
    """
    Require the expected exit code, and no traceback or warning of Python.
    """
    output = done.stdout + done.stderr
    assert done.returncode == code, output
    assert not re.search("Traceback|Internal error|Exception ignored|Warning:", output)


@EVERYWHERE
@pytest.mark.parametrize("where", ["pipe", "terminal"])
def test_no_finding_is_lost(
    run: Run, screen: Run, call: Run, bad: Path, env: dict[str, str | None], where: str
) -> None:
    """
    Every message and hint is complete after wrapped lines are joined.
    """
    done = (run if where == "pipe" else screen)("check", "--env-file", "bad.env", env=env)

    sound(done, 1)
    expected = words(call, "bad.env")
    assert len(expected) > 10
    shown = bare(done.stdout)
    for text in expected:
        assert bare(text) in shown
    assert "exitcode1" in shown
    if where == "pipe":
        is_forced = "FORCE_COLOR" in env and "NO_COLOR" not in env
        assert ("\x1b" in done.stdout) == is_forced
        assert not done.stderr


@EVERYWHERE
@pytest.mark.parametrize("where", ["pipe", "terminal"])
def test_no_option_is_lost_in_the_help(
    run: Run, screen: Run, directory: Path, env: dict[str, str | None], where: str
) -> None:
    """
    Every option is shown in full, however narrow the terminal is.
    """
    (directory / "every_help.py").write_text(EVERY_HELP)
    done = (run if where == "pipe" else screen)(module="every_help", env=env)

    sound(done, 0)
    *helps, rest = re.split(r"\f (\d+)\n", re.sub(r"\x1b\[[0-9;]*m", "", done.stdout))
    assert rest == ""
    assert helps[1::2] == ["0"] * len(COMMANDS)
    for command, text in zip(COMMANDS, helps[::2], strict=True):
        assert options_of(*command) <= set(re.findall(r"--[a-z-]+\b", text)), command
    if where == "pipe":
        assert "\x1b" not in done.stdout


@pytest.mark.parametrize("env", HARDEST)
@pytest.mark.parametrize("where", ["pipe", "terminal"])
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("check --env-file good.env", "exitcode0"),
        ("explain ENV005", "Fix:usehttps:andrediss:URLs."),
        ("show-config --env-file bad.env", "EMBEDDING_MAX_RETRIESnotvalid,notshown"),
        ("show-config --env-file bad.env --format json", '"schema":"workerctl.config/1"'),
        ("budget --env-file good.env", "left;parsingandsavingarenotcounted"),
        ("budget --env-file good.env --format json", '"schema":"workerctl.budget/1"'),
        ("check --help", "--secrets-dir"),
        ("--version", "workerctl"),
    ],
)
def test_every_command_works_anywhere(
    run: Run,
    screen: Run,
    good: Path,
    bad: Path,
    env: dict[str, str | None],
    where: str,
    command: str,
    expected: str,
) -> None:
    """
    Every command works in every environment, on a pipe and on a terminal.
    """
    done = (run if where == "pipe" else screen)(*command.split(), env=env)

    sound(done, 0)
    assert expected in bare(done.stdout)


@pytest.mark.parametrize("columns", [1, 20, 40, 60, 140])
def test_no_option_is_lost_on_a_terminal_of_any_width(screen: Run, columns: int) -> None:
    """
    The help is plain text, because frames would truncate names.
    """
    done = screen("check", "--help", columns=columns)

    sound(done, 0)
    assert "…" not in done.stdout
    assert "--secrets-dir" in done.stdout
    assert "╭" not in done.stdout


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}], ids=str)
def test_no_color_means_no_colour(screen: Run, bad: Path, env: dict[str, str]) -> None:
    """
    With NO_COLOR only bold and dim remain; a dumb terminal gets no escape sequence.
    """
    coloured = screen("check", "--env-file", "bad.env").stdout
    plain = screen("check", "--env-file", "bad.env", env=env).stdout
    dumb = screen("check", "--env-file", "bad.env", env={"TERM": "dumb"}).stdout

    assert "\x1b[31m" in coloured
    assert set(re.findall(r"\x1b\[([0-9;]*)m", plain)) <= {"0", "1", "2"}
    assert "\x1b" not in dumb


@pytest.mark.parametrize(
    ("env", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "always"}, True),
        ({"CLICOLOR_FORCE": "1"}, True),
        ({"FORCE_COLOR": ""}, False),
        ({"FORCE_COLOR": "0"}, False),
        ({"CLICOLOR_FORCE": "0"}, False),
        ({"CLICOLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
        ({"FORCE_COLOR": "1", "CLICOLOR": "0"}, True),
        ({"CLICOLOR_FORCE": "1", "TERM": "dumb"}, True),
    ],
    ids=str,
)
def test_variables_force_colour_in_a_pipe(
    run: Run, bad: Path, env: dict[str, str], coloured: bool
) -> None:
    """
    NO_COLOR is the strongest, then FORCE_COLOR and CLICOLOR_FORCE. Lines are not wrapped in a pipe.
    """
    plain = run("check", "--env-file", "bad.env").stdout
    done = run("check", "--env-file", "bad.env", env=env)

    assert ("\x1b[31m" in done.stdout) == coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", done.stdout) == plain


@pytest.mark.parametrize("env", [{"CLICOLOR": "0"}, {"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_variables_switch_colour_off_on_a_terminal(
    screen: Run, bad: Path, env: dict[str, str]
) -> None:
    """
    CLICOLOR=0 has the effect of NO_COLOR.
    """
    assert "\x1b[31m" in screen("check", "--env-file", "bad.env").stdout
    assert "\x1b[31m" not in screen("check", "--env-file", "bad.env", env=env).stdout


def test_a_forced_budget_is_coloured(run: Run, good: Path) -> None:
    """
    It is as wide as without colours.
    """
    plain = run("budget", "--env-file", "good.env").stdout
    done = run("budget", "--env-file", "good.env", env={"FORCE_COLOR": "1"})

    assert "\x1b[1m" in done.stdout
    assert re.sub(r"\x1b\[[0-9;]*m| +$", "", done.stdout, flags=re.MULTILINE) == plain


@pytest.mark.parametrize("file", ["good.env", "bad.env"])
@pytest.mark.parametrize("reader", ["head -1", "true", "sleep 0.5"])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_reader_that_leaves_early_changes_nothing(
    run: Run, good: Path, bad: Path, file: str, reader: str, format_: str
) -> None:
    """
    A reader that leaves early changes neither the exit code nor standard error.
    """
    done = run(
        "check",
        "--env-file",
        file,
        "--format",
        format_,
        script=f'"$@" | {reader}; exit ${{PIPESTATUS[0]}}',
    )

    sound(done, int(file == "bad.env"))
    assert not done.stderr


@pytest.mark.parametrize("command", ["", "--help", "check --help", "--version", "explain"])
def test_a_reader_of_the_help_may_leave_early(run: Run, command: str) -> None:
    """
    It is not an error if the reader of the help leaves early.
    """
    done = run(*command.split(), script='"$@" | true; exit ${PIPESTATUS[0]}')

    sound(done, 0 if command else 2)
    assert not done.stderr


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("check --env-file good.env", 3),
        ("check --env-file bad.env", 1),
        ("check --env-file missing.env --format json", 2),
        ("check --env-file good.env --format json", 3),
        ("explain", 3),
        ("explain KEY001", 3),
        ("budget", 3),
        ("budget --format json", 3),
        ("show-config", 3),
        ("show-config --format json", 3),
        ("show-config --format env", 3),
        ("keygen", 3),
    ],
)
def test_a_report_that_is_lost_makes_the_run_incomplete(
    run: Run, good: Path, bad: Path, redirection: str, command: str, code: int
) -> None:
    """
    A report that cannot be written is reported; the exit code is 3 unless the verdict is worse.
    """
    done = run(*command.split(), script=f'"$@" {redirection}')

    sound(done, code)
    assert "could not be written" in done.stderr


@pytest.mark.parametrize(
    "command", ["--help", "check --help", "--version", "--show-completion", ""]
)
def test_a_full_disk_loses_the_help_too(run: Run, command: str) -> None:
    """
    Help that cannot be written has exit code 3, without a traceback.
    """
    done = run(*command.split(), script='"$@" >/dev/full')

    assert done.returncode == 3
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "redirection",
    [
        pytest.param("2>&-", marks=LONG),
        "2>/dev/full",
        pytest.param("<&-", marks=LONG),
        ">/dev/null 2>&- <&-",
    ],
)
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("check --env-file good.env", 0),
        ("check --env-file bad.env", 1),
        ("check --env-file missing.env", 2),
        ("check --nonsense", 2),
        ("check --env-file bad.env --output report.txt", 1),
        ("explain KEY001", 0),
        ("budget", 0),
        ("budget --svg budget.svg", 0),
        ("show-config", 0),
        ("keygen", 0),
        ("keygen --write new.env", 0),
        ("--help", 0),
        ("", 2),
    ],
)
def test_a_closed_standard_error_or_input_changes_nothing(
    run: Run, good: Path, bad: Path, redirection: str, command: str, code: int
) -> None:
    """
    A message that cannot be written does not stop the command.
    """
    sound(run(*command.split(), script=f'"$@" {redirection}'), code)


@pytest.mark.parametrize("descriptors", [">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_with_nowhere_to_write_the_exit_code_remains(
    run: Run, good: Path, bad: Path, descriptors: str
) -> None:
    """
    If nothing can be written, the exit code is still right.
    """
    for file, code in (("good.env", 3), ("bad.env", 1), ("missing.env", 2)):
        sound(run("check", "--env-file", file, script=f'"$@" {descriptors}'), code)


def _without_capabilities() -> None:
    """
    Drop the two capabilities that let root write anywhere.
    """
    drop, override, search = 24, 1, 2
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        libc.prctl(drop, override, 0, 0, 0)
        libc.prctl(drop, search, 0, 0, 0)


def test_a_read_only_directory_is_sufficient(
    environ: dict[str, str], directory: Path, good: Path
) -> None:
    """
    A read-only directory affects only commands that write a file, which report the failure.
    """
    directory.chmod(0o555)

    def run(*command: str) -> CompletedProcess[str]:
        return subprocess.run(
            command,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=_without_capabilities,
        )

    try:
        if run("touch", "new").returncode == 0:
            pytest.skip("the directory cannot be made read-only for this user")
        program = (sys.executable, "-m", "workerctl")
        sound(run(*program, "check", "--env-file", "good.env"), 0)
        sound(run(*program, "show-config"), 0)
        sound(run(*program, "keygen"), 0)
        sound(run(*program, "check", "--env-file", "good.env", "--output", "report"), 3)
        sound(run(*program, "keygen", "--write", "new.env"), 2)
        assert [path.name for path in directory.iterdir() if path.is_file()] == ["good.env"]
    finally:
        directory.chmod(0o755)


def test_env_lines_that_cannot_be_encoded_are_reported(run: Run, directory: Path) -> None:
    """
    A line that cannot be encoded becomes a comment, because an escape would change the value.
    """
    (directory / "letters.env").write_text("OPENAI_MODEL=gpt-\u00e9\nGEMINI_MODEL=plain\n", "utf-8")
    done = run(
        "show-config",
        "--env-file",
        "letters.env",
        "--format",
        "env",
        env={"PYTHONIOENCODING": "ascii"},
    )

    sound(done, 0)
    assert "\n# OPENAI_MODEL cannot be written in ascii\n" in done.stdout
    assert "\nGEMINI_MODEL=plain\n" in done.stdout


def test_a_key_on_a_terminal_is_one_line(screen: Run) -> None:
    """
    A key is not wrapped, so that it can be copied, and a note warns about the scrollback.
    """
    done = screen("keygen", columns=40)

    sound(done, 0)
    assert re.search(r"^[0-9a-f]{64}$", done.stdout, re.MULTILINE)
    assert "scrollback" in done.stdout
