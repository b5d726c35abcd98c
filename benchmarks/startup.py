"""
What a start of workerctl costs, against the bounds that it promises and against its peers.

    python benchmarks/startup.py -n 21
    python benchmarks/startup.py --only "check on a terminal"

Every round runs every command once, in a shuffled order; a figure is the median of the rounds'
ratios, for the cores may be shared and times alone say little. Exit code 1 when a bound is missed.
"""

import argparse
import contextlib
import os
import platform
import pty
import random
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from peers import install

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).parent / "peers"
EXAMPLES = ROOT / "examples/env"

VARIABLES, MANY_VARIABLES = 39, 1000  # as many as a shell has, and a pod among many services
LINES, MANY_LINES = 1000, 10_000
LEAST_ROUNDS = 2

HEADER = f"{'what':<48} {'median':>6} {'(quartiles)':<13} {'cpu':>6} {'bound':>7}"

# The public imports, each with its bound as a share of R.
IMPORTS = {
    "workerctl.runtime": 0.08,
    "workerctl.runtime.exceptions": 0.15,
    "workerctl.runtime.retry": 0.20,
    "workerctl.keyring": 0.08,
    "workerctl.budget": 0.08,
    "workerctl.keys": 0.12,
    "workerctl.settings": 1.10,
    "workerctl.checks.base": 1.15,
}

BOOT = "from workerctl.settings import get_settings; get_settings()"

# Each prints milliseconds.
AGAIN = """
import time
from workerctl.settings import get_settings
get_settings()
start = time.perf_counter()
for _ in range(1000):
    get_settings()
print(time.perf_counter() - start)
"""
FORKED = """
import os, time
from workerctl.settings import get_settings
get_settings()
if os.fork() == 0:
    start = time.perf_counter()
    get_settings()
    print(1000 * (time.perf_counter() - start), flush=True)
    os._exit(0)
os.wait()
"""
STAGES = """
import time
from workerctl.budget.arithmetic import Budget, StageCost
stages = [
    (StageCost(str(n), 30 + n / 7, n % 11, 0.5 + n % 3, 8 + n % 5, n % 13, n % 4, 1 + n % 3),)
    for n in range(1000)
]
start = time.process_time()
budget = Budget(tuple(stages), 1800, 2, (30, 60))
assert min(budget.worst, budget.given_up_after, budget.requests) > 0
print(1000 * (time.process_time() - start))
"""
REPEATED = """
import time
{imports}
def seconds():
    start = time.perf_counter()
    {act}
    return time.perf_counter() - start
print(1000 * min(seconds() for _ in range(4)))
"""
READ = REPEATED.format(
    imports="from workerctl.schema.loading import load; from workerctl.settings import Settings",
    act="load(Settings)",
)
JUDGE = REPEATED.format(
    imports="from workerctl.preflight import Request, preflight",
    act="assert preflight(Request()).exit_code == 0",
)


class Command(NamedTuple):
    """
    A command line, where it runs, and what it must say in a trial run.

    `prints` is for a program that measures itself, and prints milliseconds.
    """

    arguments: tuple[str, ...]
    directory: str = "production"
    says: str = ""
    variables: int = VARIABLES
    terminal: bool = False
    prints: bool = False


class Row(NamedTuple):
    """
    A line of the table. Without `against` the figure is milliseconds; a bound may be missing.
    """

    what: str
    command: Command
    against: Command | None
    bound: float | None = None
    figure: Literal["wall", "peak", "said"] = "wall"


class Sample(NamedTuple):
    """
    One run: seconds by the clock and of the processor, KiB at the peak, milliseconds it printed.
    """

    wall: float
    cpu: float
    peak: float
    said: float = 0.0


class WrongAnswerError(Exception):
    """
    A command that does not do what is to be timed.
    """


Samples = dict[Command, list[Sample]]


def main() -> int:
    """
    Install, try every command once, measure, print.
    """
    parser = argparse.ArgumentParser(description="Measure what a start of workerctl costs.")
    parser.add_argument("-n", type=int, default=21, help="rounds; default: 21")
    parser.add_argument("--only", default="", metavar="TEXT", help="only rows that hold this text")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        try:
            rows, skipped = _prepared(directory)
            rows = [row for row in rows if options.only in row.what]
            commands = list(dict.fromkeys(_commands(rows)))
            for command in commands:
                _try(command, directory)
        except (install.InstallError, WrongAnswerError) as error:
            print(f"Nothing is measured: {error}.", file=sys.stderr)
            return 2
        load = os.getloadavg()[0]
        samples = _measure(commands, directory, max(options.n, LEAST_ROUNDS))
    print(HEADER)
    missed = [row.what for row in rows if not _print(row, samples)]
    print()
    for line in skipped:
        print(f"skipped: {line}")
    print(f"{_machine()}; load {load:.1f} before and {os.getloadavg()[0]:.1f} after")
    print(f"{max(options.n, LEAST_ROUNDS)} rounds; missed: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


def _prepared(directory: Path) -> tuple[list[Row], list[str]]:
    """
    The rows that can be measured here, and why the others cannot.
    """
    own = install.workerctl()
    python = str(own / "python")
    _make_directories(directory)
    _set_up([python, str(PEERS / "generate.py"), str(directory)])
    _copy_env_file(directory / "plain")
    check = Command((str(own / "workerctl"), "check"), says="no findings")
    rows = [*_own_rows(str(own / "workerctl"), python, check)]
    skipped: list[str] = []
    plain = Command((python, "settings.py"), "plain", says="settings are valid")
    rows.append(Row("check / a plain pydantic-settings script", check, plain, 0.95))
    for peers in (_python_rows, _node_rows):
        try:
            rows += peers(directory, check)
        except install.InstallError as error:
            skipped.append(f"{', '.join(_NAMES[peers])}: {error}")
    return rows, skipped


def _own_rows(workerctl: str, python: str, check: Command) -> Iterator[Row]:
    r = Command((python, "-c", "import pydantic_settings"))
    p = Command((python, "-c", "pass"))
    keyless = check._replace(directory="development", says="KEY001 ENCRYPTION_KEY is not set")
    in_git = check._replace(directory="git")
    config = Command((workerctl, "show-config"), says="LLM_TIMEOUT_SECONDS")
    version = Command((workerctl, "--version"), says="workerctl ")
    yield Row("check, in a git work tree / R", in_git, r, 1.05)
    yield Row("check, in no work tree / R", check, r, 1.05)
    yield Row("check on a file without a key / R", keyless, r, 1.00)
    options = Command((workerctl, "check", "--fail-on", "error"), says="no findings")
    yield Row("check with an option / R", options, r, 1.05)
    keyless_options = keyless._replace(arguments=options.arguments)
    yield Row("check with an option, without a key / R", keyless_options, r, 1.00)
    yield Row("check on a terminal / R", in_git._replace(terminal=True), r, 1.15)
    yield Row("show-config / R", config, r, 1.00)
    budget = Command((workerctl, "budget"), says="A job may take")
    yield Row("budget / R", budget, r, 1.00)
    for terminal in (False, True):
        where = " on a terminal" if terminal else ""
        whole = Command((workerctl, "--help"), says="Preflight", terminal=terminal)
        one = Command((workerctl, "check", "--help"), says="--fail-on", terminal=terminal)
        yield Row(f"--help{where} / R", whole, r, 0.75)
        yield Row(f"check --help{where} / R", one, r, 1.15)
    yield Row("--version / P", version, p, 1.25)
    yield Row("keygen / P", Command((workerctl, "keygen")), p, 2.5)
    yield Row("get_settings() at boot / R", Command((python, "-c", BOOT)), r, 1.10)
    for name, bound in IMPORTS.items():
        yield Row(f"import {name} / R", Command((python, "-c", f"import {name}")), r, bound)
    again = Command((python, "-c", AGAIN), prints=True)
    forked = Command((python, "-c", FORKED), prints=True)
    yield Row("get_settings() again, ms", again, None, 0.05, "said")
    yield Row("get_settings() in a forked child, ms", forked, None, 0.05, "said")
    stages = Command((python, "-c", STAGES), prints=True)
    yield Row("a budget of 1000 stages, processor ms", stages, None, 50, "said")
    yield Row("check, peak memory / R", in_git, r, 1.40, "peak")
    yield Row("check on a file without a key, peak memory / R", keyless, r, 1.10, "peak")
    crowded = check._replace(variables=MANY_VARIABLES)
    yield Row(f"check, {MANY_VARIABLES} / {VARIABLES} variables", crowded, check, 1.5)
    for what, program in (("load()", READ), ("preflight()", JUDGE)):
        few = Command((python, "-c", program), f"{LINES} lines", prints=True)
        many = few._replace(directory=f"{MANY_LINES} lines")
        yield Row(f"{what}, {MANY_LINES} / {LINES} lines", many, few, 12, "said")
        few = Command((python, "-c", program), prints=True)
        many = few._replace(variables=MANY_VARIABLES)
        yield Row(f"{what}, {MANY_VARIABLES} / {VARIABLES} variables", many, few, 1.5, "said")


def _python_rows(directory: Path, check: Command) -> Iterator[Row]:
    peers = install.python_peers()
    project = directory / "django"
    project.mkdir()
    start = [str(peers / "django-admin"), "startproject", "project", str(project)]
    _set_up(start)
    for name in ("dynaconf", "environs"):
        _copy_env_file(directory / name)
    python = str(peers / "python")
    deploy = (python, "manage.py", "check", "--deploy")
    validate = (str(peers / "dynaconf"), "-i", "config.settings", "validate")
    for what, command, bound in (
        ("Django check --deploy", Command(deploy, "django", "System check identified"), 0.70),
        ("dynaconf validate", Command(validate, "dynaconf", "Validation success"), None),
        ("an environs script", Command((python, "settings.py"), "environs", "are valid"), None),
    ):
        yield Row(f"check / {what}", check, command, bound)


def _node_rows(directory: Path, check: Command) -> Iterator[Row]:
    node, packages = install.node_peers()
    for name in ("dotenvx", "varlock"):
        _copy_env_file(directory / name)
    dotenvx = (str(node), str(packages / "@dotenvx/dotenvx/src/cli/dotenvx.js"), "get")
    varlock = (str(node), str(packages / "varlock/bin/cli.js"), "load")
    for what, command, bound in (
        ("dotenvx get", Command(dotenvx, "dotenvx", "LOG_FORMAT"), 0.75),
        ("varlock load", Command(varlock, "varlock", "LLM_TIMEOUT_SECONDS"), 1.10),
    ):
        yield Row(f"check / {what}", check, command, bound)


_NAMES = {
    _python_rows: ("Django", "dynaconf", "environs"),
    _node_rows: ("dotenvx", "varlock"),
}


def _make_directories(directory: Path) -> None:
    """
    Where the commands run: each holds a private `.env`, and only one is in a git work tree.
    """
    if any((parent / ".git").exists() for parent in (directory, *directory.parents)):
        raise install.InstallError("the temporary directory is in a git work tree")
    for name in ("production", "git"):
        _copy_env_file(directory / name)
    _copy_env_file(directory / "development", "development.env")
    for count in (LINES, MANY_LINES):
        _copy_env_file(directory / f"{count} lines", more=count)
    (directory / "git/.gitignore").write_text(".env\n")
    for command in (["git", "init", "--quiet"], ["git", "add", ".gitignore"]):
        _set_up(command, directory / "git")


def _set_up(command: list[str], directory: Path | None = None) -> None:
    done = subprocess.run(command, cwd=directory, env=_environ(), capture_output=True, check=False)
    if done.returncode != 0:
        sys.stderr.buffer.write(done.stderr)
        raise install.InstallError(f"`{Path(command[0]).name} {Path(command[1]).name}` failed")


def _copy_env_file(directory: Path, name: str = "production-good.env", more: int = 0) -> None:
    """
    An example as `.env`, filled up to `more` lines with variables of other programs.
    """
    directory.mkdir(exist_ok=True)
    text = (EXAMPLES / name).read_text()
    for number in range(text.count("\n"), more):
        value = f"cache-{number}.internal" if number % 10 else f"${{CACHE_{number - 1}_HOST}}:6379"
        text += f"CACHE_{number}_HOST={value}\n"
    path = directory / ".env"
    path.write_text(text)
    path.chmod(0o600)


def _environ(variables: int = VARIABLES) -> dict[str, str]:
    """
    An environment of that many variables, none of which changes how Python starts.
    """
    environ = {
        "PATH": os.defpath,
        "HOME": tempfile.gettempdir(),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "DO_NOT_TRACK": "1",
        "VARLOCK_TELEMETRY_DISABLED": "1",
    }
    for number in range(variables - len(environ)):
        environ[f"SERVICE_{number}_PORT_6379_TCP_ADDR"] = f"10.0.{number // 250}.{number % 250}"
    return environ


def _commands(rows: list[Row]) -> Iterator[Command]:
    for row in rows:
        yield row.command
        if row.against is not None:
            yield row.against


def _try(command: Command, directory: Path) -> None:
    """
    Refuse to time a wrong answer. This also makes the caches that a first run makes.
    """
    what = " ".join(Path(part).name for part in command.arguments[:3] if "\n" not in part)
    done = subprocess.run(
        command.arguments,
        cwd=directory / command.directory,
        env=_environ(command.variables),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or command.says not in done.stdout + done.stderr:
        sys.stderr.write(done.stdout + done.stderr)
        raise WrongAnswerError(f"`{what}` ends with code {done.returncode} or says something else")
    if command.arguments[1:] == ("check",) and command.directory in {"git", "production"}:
        asked = "not in a git work tree" not in done.stdout
        if asked != (command.directory == "git"):
            raise WrongAnswerError(f"`{what}` asks git where it should not, or does not")


def _measure(commands: list[Command], directory: Path, rounds: int) -> Samples:
    samples: Samples = {command: [] for command in commands}
    for number in range(rounds):
        if sys.stderr.isatty():
            print(f"\rround {number + 1} of {rounds}", end="", file=sys.stderr)
        for command in random.sample(commands, len(commands)):
            with contextlib.chdir(directory / command.directory):
                samples[command].append(_run(command))
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return samples


def _run(command: Command) -> Sample:
    environ = _environ(command.variables)
    heard = command.terminal or command.prints
    reader, writer = pty.openpty() if command.terminal else os.pipe() if heard else (-1, -1)
    if command.terminal:
        termios.tcsetwinsize(writer, (24, 120))  # wide enough for the help in frames
    streams: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)
    ]
    streams += [(os.POSIX_SPAWN_DUP2, writer, 1)] if heard else []
    text = b""
    start = time.perf_counter()
    child = os.posix_spawn(command.arguments[0], command.arguments, environ, file_actions=streams)
    if heard:
        os.close(writer)
        text = b"".join(_chunks(reader))
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    if heard:
        os.close(reader)
    if status:
        raise WrongAnswerError(f"`{Path(command.arguments[0]).name}` failed while it was timed")
    said = float(text) if command.prints else 0.0
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, said)


def _chunks(reader: int) -> Iterator[bytes]:
    """
    All that is written until the last writer is gone, which a terminal tells by an error.
    """
    with contextlib.suppress(OSError):
        while chunk := os.read(reader, 65536):
            yield chunk


def _print(row: Row, samples: Samples) -> bool:
    """
    Print a line of the table. Returns whether the bound is kept.
    """
    ours = [getattr(sample, row.figure) for sample in samples[row.command]]
    theirs = [1.0] * len(ours)
    if row.against is not None:
        theirs = [getattr(sample, row.figure) for sample in samples[row.against]]
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    ratio = statistics.median(ratios)
    low, _, high = statistics.quantiles(ratios, n=4)
    kept = row.bound is None or ratio <= row.bound
    bound = "" if row.bound is None else f"≤ {row.bound:.2f}"
    verdict = "" if row.bound is None else "kept" if kept else "MISSED"
    print(
        f"{row.what:<48} {ratio:6.3f} ({low:.3f}–{high:.3f})"
        f" {_cpu(row, samples)} {bound:>7} {verdict:<6} {_absolute(row, ours, theirs)}"
    )
    return kept


def _cpu(row: Row, samples: Samples) -> str:
    if row.figure != "wall" or row.against is None:
        return " " * 6
    pairs = zip(samples[row.command], samples[row.against], strict=True)
    return f"{statistics.median(one.cpu / other.cpu for one, other in pairs):6.3f}"


def _absolute(row: Row, ours: list[float], theirs: list[float]) -> str:
    scale, unit = {"wall": (1000, "ms"), "peak": (1 / 1024, "MiB"), "said": (1, "ms")}[row.figure]
    if row.against is None:
        return ""
    one, other = (scale * statistics.median(figures) for figures in (ours, theirs))
    return f"{one:.1f} / {other:.1f} {unit}"


def _machine() -> str:
    tuned = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    build = "optimised" if tuned else "not an optimised build"
    return (
        f"{platform.python_implementation()} {platform.python_version()} ({build})"
        f" on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    sys.exit(main())
