"""
Measure the start-up of workerctl, and compare it with its bounds and with its peers.

    python benchmarks/startup.py -n 21
    python benchmarks/startup.py --only "check on a terminal"

Every round runs each command once, in random order. A figure is the median of the rounds' ratios,
because absolute times mean little on shared cores. The exit code is 1 if a bound is missed, and 2
if nothing could be measured.
"""

import argparse
import contextlib
import os
import platform
import pty
import random
import shutil
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

VARIABLES, MANY_VARIABLES = 39, 1000  # in a typical shell, and in a pod next to many services
LINES, MANY_LINES = 1000, 10_000
COMPOSE_LINES = 500
LEAST_ROUNDS = 2

HEADER = f"{'what':<48} {'median':>6} {'(quartiles)':<13} {'cpu':>6} {'bound':>7}"

# The public imports, each with its bound as a ratio to R.
IMPORTS = {
    "workerctl.runtime": 0.08,
    "workerctl.runtime.exceptions": 0.15,
    "workerctl.runtime.retry": 0.20,
    "workerctl.keyring": 0.08,
    "workerctl.budget": 0.08,
    "workerctl.keys": 0.12,
    "workerctl.rules": 0.08,
    "workerctl.settings": 1.10,
    "workerctl.checks.base": 1.15,
}

# What a team's module pays for the vocabulary, besides pydantic-settings.
RULES = "import pydantic_settings, workerctl.rules"
BOOT = "from workerctl.settings import get_settings; get_settings()"

# Each of these programs prints milliseconds.
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
CHECK = REPEATED.format(
    imports="from workerctl.preflight import Request, preflight",
    act="assert preflight(Request()).exit_code == 0",
)


class Command(NamedTuple):
    """
    A command line and the directory in which it runs.

    `expects` is a text that the output of a trial run must contain, `variables` the size of the
    environment. `prints` marks a program that measures itself and prints milliseconds.
    """

    arguments: tuple[str, ...]
    directory: str = "production"
    expects: str = ""
    variables: int = VARIABLES
    terminal: bool = False
    prints: bool = False


class Row(NamedTuple):
    """
    A row of the table: a figure of two commands as a ratio, or the milliseconds of one command.
    """

    what: str
    command: Command
    against: Command | None
    bound: float | None = None
    figure: Literal["wall", "peak", "printed"] = "wall"


class Sample(NamedTuple):
    """
    One run: wall-clock and processor time in seconds, peak memory in KiB, printed milliseconds.
    """

    wall: float
    cpu: float
    peak: float
    printed: float = 0.0


class WrongAnswerError(Exception):
    """
    A command whose output or exit code is not what should be timed.
    """


Samples = dict[Command, list[Sample]]


def main() -> int:
    """
    Install, run every command once, measure, print the table. Return the exit code.
    """
    parser = argparse.ArgumentParser(description="Measure what a start of workerctl costs.")
    parser.add_argument("-n", type=int, default=21, help="rounds; default: 21")
    parser.add_argument("--only", default="", metavar="TEXT", help="only rows that contain TEXT")
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
            print(f"Nothing was measured: {error}.", file=sys.stderr)
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
    Return the rows that can be measured here, and the reasons why others cannot.
    """
    own = install.workerctl()
    python = str(own / "python")
    _make_directories(directory)
    _set_up([python, str(PEERS / "generate.py"), str(directory)])
    _copy_env_file(directory / "plain")
    check = Command((str(own / "workerctl"), "check"), expects="no findings")
    rows = [*_own_rows(str(own / "workerctl"), python, check)]
    skipped: list[str] = []
    plain = Command((python, "settings.py"), "plain", expects="settings are valid")
    rows.append(Row("check / a plain pydantic-settings script", check, plain, 0.95))
    rows.append(Row("get_settings() at boot / that script", Command((python, "-c", BOOT)), plain))
    _make_foreign_project(directory)
    foreign = check._replace(directory="foreign", expects="settings:Settings")
    called = plain._replace(directory="foreign")
    rows.append(Row("check of that script's class / the script", foreign, called, 1.15))
    for peers in (_python_rows, _node_rows):
        try:
            rows += peers(directory, check)
        except install.InstallError as error:
            skipped.append(f"{', '.join(_NAMES[peers])}: {error}")
    return rows, skipped


def _own_rows(workerctl: str, python: str, check: Command) -> Iterator[Row]:
    r = Command((python, "-c", "import pydantic_settings"))
    keyless = check._replace(directory="development", expects="KEY001 ENCRYPTION_KEY is not set")
    in_git = check._replace(directory="git")
    yield Row("check, in a git work tree / R", in_git, r, 1.05)
    yield Row("check, in no work tree / R", check, r, 1.05)
    yield Row("check on a file without a key / R", keyless, r, 1.00)
    options = Command((workerctl, "check", "--fail-on", "error"), expects="no findings")
    yield Row("check with an option / R", options, r, 1.05)
    keyless_options = keyless._replace(arguments=options.arguments)
    yield Row("check with an option, without a key / R", keyless_options, r, 1.00)
    yield Row("check on a terminal / R", in_git._replace(terminal=True), r, 1.15)
    yield from _command_rows(workerctl, r, Command((python, "-c", "pass")))
    yield from _library_rows(python, r)
    targets = check._replace(directory="three targets", expects="0 of 3 configurations failed")
    target = check._replace(directory="one target")
    yield Row("check of three targets / of one", targets, target, 1.25)
    composed = ("--compose", "compose.yaml", "--service", "worker")
    compose = check._replace(arguments=(*check.arguments, *composed), directory="compose")
    yield Row(f"check of a compose file of {COMPOSE_LINES} lines / R", compose, r, 1.40)
    yield Row("check, peak memory / R", in_git, r, 1.40, "peak")
    yield Row("check on a file without a key, peak memory / R", keyless, r, 1.10, "peak")
    crowded = check._replace(variables=MANY_VARIABLES)
    yield Row(f"check, {MANY_VARIABLES} / {VARIABLES} variables", crowded, check, 1.5)


def _command_rows(workerctl: str, r: Command, p: Command) -> Iterator[Row]:
    """
    Yield the rows of the other commands.
    """
    config = Command((workerctl, "show-config"), expects="LLM_TIMEOUT_SECONDS")
    yield Row("show-config / R", config, r, 1.00)
    budget = Command((workerctl, "budget"), expects="A job may take")
    yield Row("budget / R", budget, r, 1.00)
    schema = Command((workerctl, "schema"), expects="LLM_TIMEOUT_SECONDS")
    yield Row("schema / R", schema, r, 1.00)
    diff = Command((workerctl, "diff", ".env", "../development/.env"), expects="only in")
    yield Row("diff / R", diff, r, 1.00)
    for terminal in (False, True):
        where = " on a terminal" if terminal else ""
        whole = Command((workerctl, "--help"), expects="Preflight", terminal=terminal)
        one = Command((workerctl, "check", "--help"), expects="--fail-on", terminal=terminal)
        yield Row(f"--help{where} / R", whole, r, 0.75)
        yield Row(f"check --help{where} / R", one, r, 1.15)
    version = Command((workerctl, "--version"), expects="workerctl ")
    yield Row("--version / P", version, p, 1.25)
    yield Row("keygen / P", Command((workerctl, "keygen")), p, 2.5)


def _library_rows(python: str, r: Command) -> Iterator[Row]:
    """
    Yield the rows of what a worker imports and calls.
    """
    yield Row("get_settings() at boot / R", Command((python, "-c", BOOT)), r, 1.10)
    for name, bound in IMPORTS.items():
        yield Row(f"import {name} / R", Command((python, "-c", f"import {name}")), r, bound)
    yield Row(
        "import pydantic_settings, workerctl.rules / R", Command((python, "-c", RULES)), r, 1.02
    )
    again = Command((python, "-c", AGAIN), prints=True)
    forked = Command((python, "-c", FORKED), prints=True)
    yield Row("get_settings() again, ms", again, None, 0.05, "printed")
    yield Row("get_settings() in a forked child, ms", forked, None, 0.05, "printed")
    stages = Command((python, "-c", STAGES), prints=True)
    yield Row("a budget of 1000 stages, processor ms", stages, None, 50, "printed")
    for what, program in (("load()", READ), ("preflight()", CHECK)):
        few = Command((python, "-c", program), f"{LINES} lines", prints=True)
        many = few._replace(directory=f"{MANY_LINES} lines")
        yield Row(f"{what}, {MANY_LINES} / {LINES} lines", many, few, 12, "printed")
        few = Command((python, "-c", program), prints=True)
        many = few._replace(variables=MANY_VARIABLES)
        yield Row(f"{what}, {MANY_VARIABLES} / {VARIABLES} variables", many, few, 1.5, "printed")


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
    Make the directories for the commands: each has a private `.env`, one is a git work tree.
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
    _make_targets(directory / "one target", "a")
    _make_targets(directory / "three targets", "abc")
    _make_compose_file(directory / "compose")


def _make_targets(directory: Path, names: str) -> None:
    """
    Make a project with a target for each letter, which has an env file with its name.
    """
    _copy_env_file(directory)
    table = '[[tool.workerctl.target]]\nname = "{0}"\nenv_file = "{0}.env"\nisolated = true\n'
    for name in names:
        shutil.copy(directory / ".env", directory / f"{name}.env")
    (directory / "pyproject.toml").write_text("".join(map(table.format, names)))


def _make_compose_file(directory: Path) -> None:
    """
    Make a compose file with a worker that has the settings of the good example, and siblings.
    """
    _copy_env_file(directory)
    lines = (EXAMPLES / "production-good.env").read_text().splitlines()
    given = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    variables = [f"      {name}: ${{{name}}}" for name in given]
    text = ["services:"]
    for number in range(COMPOSE_LINES):
        text += [f"  {'worker' if number == 0 else f'sibling-{number}'}:", "    image: worker:1.0"]
        text += ["    restart: unless-stopped", "    stop_grace_period: 1h", "    environment:"]
        text += variables
        if len(text) >= COMPOSE_LINES:
            break
    (directory / "compose.yaml").write_text("\n".join([*text[:COMPOSE_LINES], ""]))


def _make_foreign_project(directory: Path) -> None:
    """
    Make a project with the plain settings class, which `check` judges without an option.
    """
    project = directory / "foreign"
    _copy_env_file(project)
    shutil.copyfile(directory / "plain/settings.py", project / "settings.py")
    (project / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "settings:Settings"\n')


def _set_up(command: list[str], directory: Path | None = None) -> None:
    done = subprocess.run(command, cwd=directory, env=_environ(), capture_output=True, check=False)
    if done.returncode != 0:
        sys.stderr.buffer.write(done.stderr)
        raise install.InstallError(f"`{Path(command[0]).name} {Path(command[1]).name}` failed")


def _copy_env_file(directory: Path, name: str = "production-good.env", more: int = 0) -> None:
    """
    Copy an example as `.env`, and append variables of other programs up to `more` lines.
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
    Return an environment of the given size that does not change how Python starts.
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
    Raise WrongAnswerError if the output is wrong. The run also fills the caches.
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
    if done.returncode != 0 or command.expects not in done.stdout + done.stderr:
        sys.stderr.write(done.stdout + done.stderr)
        raise WrongAnswerError(f"`{what}` exits with {done.returncode} or has unexpected output")
    if command.arguments[1:] == ("check",) and command.directory in {"git", "production"}:
        runs_git = "not in a git work tree" not in done.stdout
        if runs_git != (command.directory == "git"):
            raise WrongAnswerError(f"`{what}` runs git outside a work tree, or not inside one")


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
    captured = command.terminal or command.prints
    reader, writer = pty.openpty() if command.terminal else os.pipe() if captured else (-1, -1)
    if command.terminal:
        termios.tcsetwinsize(writer, (24, 120))  # wide enough for the help page
    streams: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)
    ]
    streams += [(os.POSIX_SPAWN_DUP2, writer, 1)] if captured else []
    text = b""
    start = time.perf_counter()
    child = os.posix_spawn(command.arguments[0], command.arguments, environ, file_actions=streams)
    if captured:
        os.close(writer)
        text = b"".join(_chunks(reader))
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    if captured:
        os.close(reader)
    if status:
        raise WrongAnswerError(f"`{Path(command.arguments[0]).name}` failed while it was timed")
    printed = float(text) if command.prints else 0.0
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, printed)


def _chunks(reader: int) -> Iterator[bytes]:
    """
    Yield the output until the last writer closes it; a terminal then raises OSError.
    """
    with contextlib.suppress(OSError):
        while chunk := os.read(reader, 65536):
            yield chunk


def _print(row: Row, samples: Samples) -> bool:
    """
    Print a row of the table. Return whether its bound is met.
    """
    ours = [getattr(sample, row.figure) for sample in samples[row.command]]
    theirs = [1.0] * len(ours)
    if row.against is not None:
        theirs = [getattr(sample, row.figure) for sample in samples[row.against]]
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    ratio = statistics.median(ratios)
    low, _, high = statistics.quantiles(ratios, n=4)
    met = row.bound is None or ratio <= row.bound
    bound = "" if row.bound is None else f"≤ {row.bound:.2f}"
    verdict = "" if row.bound is None else "met" if met else "MISSED"
    print(
        f"{row.what:<48} {ratio:6.3f} ({low:.3f}–{high:.3f})"
        f" {_cpu(row, samples)} {bound:>7} {verdict:<6} {_absolute(row, ours, theirs)}"
    )
    return met


def _cpu(row: Row, samples: Samples) -> str:
    if row.figure != "wall" or row.against is None:
        return " " * 6
    pairs = zip(samples[row.command], samples[row.against], strict=True)
    return f"{statistics.median(one.cpu / other.cpu for one, other in pairs):6.3f}"


def _absolute(row: Row, ours: list[float], theirs: list[float]) -> str:
    scale, unit = {"wall": (1000, "ms"), "peak": (1 / 1024, "MiB"), "printed": (1, "ms")}[
        row.figure
    ]
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
