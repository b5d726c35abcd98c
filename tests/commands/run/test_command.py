"""
Tests of `workerctl run`: it checks the configuration, and is then replaced by the command.
"""

import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.leaks.oracle import Mint

Run = Callable[..., CompletedProcess[str]]
Team = Callable[..., None]

SHOW = (sys.executable, "-c")
"""What precedes a program in Python on a command line."""
SETTINGS = """
from workerctl.settings import get_settings
settings = get_settings()
print(type(settings).__name__, settings.ENV, settings.OPENAI_MODEL)
"""


@contextmanager
def started(
    environ: dict[str, str], *words: str, **options: object
) -> Iterator[subprocess.Popen[str]]:
    """
    Context manager that yields the process of `workerctl run` with this command.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "workerctl", "run", "--", *words],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    ) as process:
        try:
            yield process
        finally:
            process.kill()


# --------------------------------------------------------------------------------- the process


@pytest.mark.parametrize("code", [0, 1, 7, 70, 130, 255])
def test_the_exit_code_is_the_commands(run: Run, good: Path, code: int) -> None:
    """
    The exit code is that of the command, even if it means something else to workerctl.
    """
    done = run("run", "--env-file", "good.env", "--", "sh", "-c", f"exit {code}")

    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_a_signal_ends_the_process(run: Run, good: Path) -> None:
    """
    The parent sees a signal that killed the command, because there is no process in between.
    """
    done = run("run", "--env-file", "good.env", "--", "sh", "-c", "kill -TERM $$")

    assert done.returncode == -signal.SIGTERM


def test_the_command_has_the_process_id(environ: dict[str, str], directory: Path) -> None:
    """
    The command keeps the process id, so PID 1 of a container gets the signals of the orchestrator.
    """
    with started(environ, "sh", "-c", "echo $$") as process:
        out, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert int(out) == process.pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_reach_the_command(
    environ: dict[str, str], directory: Path, number: signal.Signals
) -> None:
    """
    The command receives the signals that it handles.
    """
    script = f"trap 'echo got it; exit 9' {number}; echo ready; read line"
    with started(environ, "sh", "-c", script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (9, "got it\n", "")


def test_an_interrupt_ends_a_command_that_does_not_handle_it(
    environ: dict[str, str], directory: Path
) -> None:
    """
    SIGINT kills a command that does not handle it, without any output of Python.
    """
    with started(environ, "sh", "-c", "echo ready; exec sleep 60") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (-signal.SIGINT, "", "")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
@pytest.mark.parametrize("before", ["", "trap '' INT TERM; "], ids=["plain", "ignored"])
def test_signal_dispositions_are_restored(run: Run, good: Path, before: str) -> None:
    """
    The command inherits the signal dispositions of its parent, although Python ignores SIGPIPE.
    """
    words = ("grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status")
    ours = run("run", "--env-file", "good.env", "--", *words, script=f'{before}exec "$@"')
    plain = subprocess.run(
        ["bash", "-c", f'{before}exec "$@"', "bash", *words],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ours.stdout == plain.stdout
    assert (ours.returncode, ours.stderr) == (0, "")


def test_streams_are_the_commands(run: Run, good: Path) -> None:
    """
    Nothing is read from standard input or written to the other streams.
    """
    text = "first line\n\x00\x1b[0m é\nno end"
    script = "cat; echo error >&2; [ ! -t 0 ] || exit 1"
    done = run("run", "--env-file", "good.env", "--", "sh", "-c", script, stdin=text)

    assert (done.returncode, done.stdout, done.stderr) == (0, text, "error\n")


def test_descriptors_are_inherited(environ: dict[str, str], directory: Path) -> None:
    """
    Open file descriptors are inherited, as by any command that replaces a shell.
    """
    read, write = os.pipe()
    with started(environ, "bash", "-c", f"echo passed >&{write}", pass_fds=[write]) as process:
        os.close(write)
        _, err = process.communicate(timeout=60)
    with os.fdopen(read) as pipe:
        assert (pipe.read(), err) == ("passed\n", "")


# ----------------------------------------------------------------------------- the command line


@pytest.mark.parametrize(
    ("words", "out"),
    [
        ("run echo a", "a\n"),
        ("run -- echo a", "a\n"),
        ("run --no-env-file echo a --env-file b", "a --env-file b\n"),
        ("run --no-env-file -- echo -- --help", "-- --help\n"),
        ("run echo a --help", "a --help\n"),
        ("run --fail-on error env -- echo a", "a\n"),
        ("run -- echo --version run", "--version run\n"),
    ],
)
def test_everything_after_the_command_belongs_to_it(
    run: Run, directory: Path, words: str, out: str
) -> None:
    """
    Every word after the command is passed to it, with or without a preceding `--`.
    """
    done = run(*words.split())

    assert (done.returncode, done.stdout, done.stderr) == (0, out, "")


@pytest.mark.parametrize(
    "words", ["run", "run --", "run --env-file good.env", "run --fail-on never --"]
)
def test_a_command_is_needed(call: Run, good: Path, words: str) -> None:
    """
    A missing command is reported before anything is read.
    """
    done = call(*words.split())

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "workerctl: The command to run is missing. Add it: `workerctl run -- rq worker`.\n"
    )


def test_help_explains_what_happens(call: Run, run: Run) -> None:
    """
    The help explains what happens to the process and to the settings.
    """
    for words in (("run", "--help"), ("run", "-h")):
        text = run(*words).stdout
        assert text.startswith("Usage: workerctl run [OPTIONS] -- [COMMAND]...\n")
        assert "replaces this process" in text
        assert "WORKERCTL_ENV_FILE" in text
    for option in re.findall(r"--[a-z-]{3,}", text):
        stderr = call("run", option, "x").stderr
        assert not re.search("unknown option|has no option", stderr, re.IGNORECASE)


def _file(path: Path, text: str, mode: int) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_a_command_that_cannot_be_run_is_reported(call: Run, directory: Path) -> None:
    """
    The exit code is that of shells, and no word that may be a secret is repeated.

    The signal handlers of this process are restored.
    """
    token = Mint(51).token()
    plain = _file(directory / "plain", "", 0o600)
    script = _file(directory / "script", "true", 0o700)
    lost = _file(directory / "lost", f"#!/{token}\n", 0o700)
    cases = {
        token: (127, "The command was not found."),
        f"{token}/{token}": (127, "The command was not found."),
        f"./{token}\0": (127, "The command was not found."),
        "": (127, "The command was not found."),
        "nosuch": (127, "The command nosuch was not found. Check its name and PATH."),
        "./bin/nosuch": (127, "The command ./bin/nosuch was not found."),
        "python3.99": (127, "The command python3.99 was not found."),
        str(directory): (126, f"The command {directory} is a directory."),
        plain: (126, f"The command {plain} is not executable."),
        script: (126, f"The command {script} is not a program."),
        lost: (127, f"The command {lost} exists, but the interpreter in its first line was not"),
        f"{plain}/{token}": (127, "The command was not found."),
        "x" * 5000: (127, "The command was not found."),
    }
    before = [signal.getsignal(number) for number in (signal.SIGPIPE, signal.SIGINT)]
    for command, (code, message) in cases.items():
        done = call("run", "--", command, token)
        assert (done.returncode, done.stdout) == (code, ""), command
        assert done.stderr.startswith(f"workerctl: {message}"), command
        assert token not in done.stderr
    too_long = call("run", "--", "sh", "x" * 2**22)

    assert too_long.returncode == 126
    assert too_long.stderr.startswith("workerctl: The arguments and the environment are too large.")
    assert before == [signal.getsignal(number) for number in (signal.SIGPIPE, signal.SIGINT)]


def test_a_directory_of_path_that_cannot_be_searched_holds_no_command(
    call: Run, directory: Path
) -> None:
    """
    A command that is in no directory of PATH was not found, whatever the other errors are.
    """
    (directory / "file").touch()
    done = call("run", "--", "nosuch", environ={"PATH": f"{directory / 'file'}:{directory}"})
    assert done.returncode == 127

    _file(directory / "nosuch", "", 0o600)
    done = call("run", "--", "nosuch", environ={"PATH": f"{directory / 'file'}:{directory}"})
    assert (done.returncode, "nosuch is not executable." in done.stderr) == (126, True)


# -------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ("--env-file bad.env", 1, "exit code 1"),
        ("--env-file good.env --env staging --fail-on info", 1, "judged as staging"),
        ("--env-file missing.env", 2, "missing.env does not exist."),
        ("--env-file good.env --settings none:Settings", 2, "none:Settings cannot be loaded"),
        ("--env-file good.env --ignore SET001", 2, "SET001 cannot be ignored"),
        ("--env-file a --no-env-file", 2, "cannot be combined"),
        ("--bogus", 2, "Unknown option --bogus."),
        ("--isolated", 2, "`workerctl run` has no option --isolated."),
        ("--fail-on fatal", 2, "Invalid value for --fail-on: fatal."),
    ],
)
def test_a_refused_command_is_not_started(
    run: Run, good: Path, bad: Path, directory: Path, options: str, code: int, message: str
) -> None:
    """
    The report is written to standard error, and the exit code is that of `check`.
    """
    done = run("run", *options.split(), "--", "touch", "started")

    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert not (directory / "started").exists()


def test_the_report_is_that_of_check(run: Run, bad: Path) -> None:
    """
    The report equals that of `workerctl check`, byte for byte.
    """
    checked = run("check", "--env-file", "bad.env")
    done = run("run", "--env-file", "bad.env", "--", "true")

    assert (done.stdout, done.stderr) == ("", checked.stdout)
    assert done.returncode == checked.returncode == 1


@pytest.mark.parametrize(
    ("claim", "code"), [("raise ValueError", 3), ("raise KeyboardInterrupt", 130)]
)
def test_a_check_that_raises_prevents_the_start(
    run: Run, good: Path, directory: Path, team: Team, claim: str, code: int
) -> None:
    """
    A check that raises has not passed, so the command is not started.
    """
    team(f"def run(context):\n    {claim}\nCHECKS = [Check('TEA001', 'It holds', run)]\n")
    done = run("run", "--env-file", "good.env", "touch", "started")

    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr
    assert not (directory / "started").exists()


def test_warnings_are_not_reported(run: Run, good: Path) -> None:
    """
    Warnings are reported only if they fail the run, because the command owns standard error.
    """
    with good.open("a") as file:
        file.write("LOG_LEVEL=DEBUG\n")
    passed = run("run", "--env-file", "good.env", "echo", "a")
    failed = run("run", "--env-file", "good.env", "--fail-on", "warning", "echo", "a")
    ignored = run(*"run --env-file good.env --fail-on warning --ignore LOG echo a".split())

    assert (passed.returncode, passed.stdout, passed.stderr) == (0, "a\n", "")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "LOG001" in failed.stderr
    assert (ignored.returncode, ignored.stdout, ignored.stderr) == (0, "a\n", "")


@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_a_report_that_cannot_be_written_still_refuses(run: Run, bad: Path, closed: str) -> None:
    """
    If standard error cannot be written, the command is still not started.
    """
    words = ("run", "--env-file", "bad.env", "--", "touch", "started")
    done = run(*words, script=f'"$@" {closed}')

    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert not Path("started").exists()


# ----------------------------------------------------------------------------------- environment


def test_the_environment_is_passed_on_unchanged(
    run: Run, environ: dict[str, str], directory: Path
) -> None:
    """
    The command gets the environment with one more variable, including unusual names and values.
    """
    strange = {"COLUMNS": "0", "TERMINAL_WIDTH": "wide", "EMPTY": "", "a.b": "c=d\ne"}
    done = run("run", "--", "env", "-0", env=strange)
    passed_on = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)

    assert passed_on == {**environ, **strange, "WORKERCTL_ENV_FILE": ":"}


def test_no_value_of_a_file_gets_into_the_environment(run: Run, good: Path) -> None:
    """
    The values of an env file are not exported, because other processes could read them there.
    """
    done = run("run", "--env-file", "good.env", "--", "env")

    assert f"WORKERCTL_ENV_FILE={good}\n" in done.stdout
    assert "ENCRYPTION_KEY" not in done.stdout
    assert "oai_" not in done.stdout


@pytest.fixture(name="elsewhere")
def _elsewhere(directory: Path) -> str:
    """
    Return a shell command that shows the settings of a worker started in another directory.

    That directory contains an env file that was not checked.
    """
    other = directory / "elsewhere"
    other.mkdir()
    (other / ".env").write_text("OPENAI_MODEL=unchecked\n")
    (other / "worker.py").write_text(SETTINGS)
    return f"cd elsewhere && {sys.executable} -W ignore worker.py"


@pytest.mark.parametrize(
    ("options", "variables", "model"),
    [
        ("", {}, "default"),
        ("--no-env-file", {}, "gpt-4o"),
        ("--env-file one.env", {}, "one"),
        ("--env-file one.env --env-file two.env", {}, "two"),
        ("--env-file ./deep/../one.env", {}, "one"),
        ("--secrets-dir mounted --no-env-file", {}, "gpt-4o"),
        ("", {"WORKERCTL_ENV_FILE": "two.env:one.env"}, "one"),
        ("--env-file two.env", {"WORKERCTL_ENV_FILE": "one.env"}, "two"),
        ("--env-file two.env", {"OPENAI_MODEL": "environment"}, "environment"),
    ],
)
def test_the_worker_boots_with_what_was_checked(
    run: Run,
    directory: Path,
    elsewhere: str,
    options: str,
    variables: dict[str, str],
    model: str,
) -> None:
    """
    The worker loads the sources that were checked, in whatever directory it starts.
    """
    for name, text in {".env": "default", "one.env": "one", "two.env": "two"}.items():
        _file(directory / name, f"OPENAI_MODEL={text}\n", 0o600)
    (directory / "deep").mkdir()
    (directory / "mounted").mkdir()
    done = run("run", *options.split(), "--", "sh", "-c", elsewhere, env=variables)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Settings development {model}\n"


def test_without_a_file_none_is_read_later(run: Run, elsewhere: str) -> None:
    """
    If no env file was checked, not even the .env of the command's new directory is read.
    """
    done = run("run", "--", "sh", "-c", elsewhere)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Settings development gpt-4o\n"


def test_secrets_of_a_directory_are_found_again(run: Run, directory: Path, elsewhere: str) -> None:
    """
    The secrets directory is passed on as an absolute path.
    """
    mounted = directory / "mounted"
    mounted.mkdir()
    _file(mounted / "OPENAI_API_KEY", "oai_R4tq9WmZ2vB7nK5xD8cL3jH6fG1sPyTe", 0o600)
    script = elsewhere.replace(
        "worker.py", "-c 'import worker; print(len(worker.settings.OPENAI_API_KEY))'"
    )
    done = run("run", "--secrets-dir", "mounted", "--", "sh", "-c", script)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "36"


@pytest.mark.parametrize("how", ["option", "project"])
def test_a_team_may_have_its_own_settings(run: Run, directory: Path, team: Team, how: str) -> None:
    """
    The class is named by an option or by the project, whose env files are passed on as well.
    """
    table = 'env_file = ["team.env"]' + ('\nsettings = "team:Mine"' if how == "project" else "")
    team("from workerctl.settings import Settings\nclass Mine(Settings):\n    A: int = 1\n", table)
    _file(directory / "team.env", "OPENAI_MODEL=team\nA=2\n", 0o600)
    options = ["--settings", "team:Mine"] if how == "option" else []
    done = run(
        "run",
        *options,
        "--",
        *SHOW,
        f"import warnings; warnings.simplefilter('ignore')\n{SETTINGS}",
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Mine development team\n"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("-", "The command could not read standard input again. Pass a file to --env-file."),
        ("a:b.env", "The path of an env file contains `:`, which separates paths."),
    ],
)
def test_a_source_that_cannot_be_passed_on_is_refused(
    run: Run, directory: Path, path: str, message: str
) -> None:
    """
    A source that the worker could not read again is refused; standard input is left unread.
    """
    _file(directory / "a:b.env", "OPENAI_MODEL=x\n", 0o600)
    script = '"$@"; code=$?; cat; exit $code'
    done = run("run", "--env-file", path, "true", script=script, stdin="OPENAI_MODEL=x\n")

    assert (done.returncode, done.stdout) == (2, "OPENAI_MODEL=x\n")
    assert done.stderr.startswith(f"workerctl: {message}")


def test_a_pipe_is_not_an_env_file(run: Run, directory: Path) -> None:
    """
    A named pipe is refused, because it can be read only once.
    """
    os.mkfifo("pipe.env", stat.S_IRUSR | stat.S_IWUSR)
    done = run("run", "--env-file", "pipe.env", "true")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("workerctl: pipe.env ")
