"""
Shared fixtures: the program run in this process, in a subprocess and on a pseudo-terminal.
"""

import contextlib
import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from datetime import date
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from hypothesis import settings as hypothesis_settings

import workerctl
from tests.support.configurations import context, loaded  # noqa: F401 -- fixtures
from tests.support.machine import reset_inherited_state
from tests.support.programs.redis import redis_url  # noqa: F401 -- a fixture
from workerctl import cli
from workerctl.commands.shared.world import World

Run = Callable[..., CompletedProcess[str]]

reset_inherited_state()

# CI uses the same examples on every run, so that a failure is caused by the change under test;
# elsewhere they are random.
_CI = "CI" in os.environ
hypothesis_settings.register_profile("default", max_examples=300, deadline=None, derandomize=_CI)
hypothesis_settings.register_profile("quick", max_examples=30, deadline=None, derandomize=_CI)
hypothesis_settings.register_profile(
    "ci", max_examples=10_000, deadline=None, derandomize=_CI, print_blob=True
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """
    Return one worker more than there are CPUs, because many tests wait for a process or a timeout.
    """
    return (os.cpu_count() or 1) + 1


_GOOD = """\
ENV=production
REDIS_URL=rediss://:pV7mqL2sXw9RkT4c@queue.example-works.net:6380/0
SUPABASE_URL=https://kqzvdmxhrtpw.supabase.co
SUPABASE_SERVICE_ROLE_KEY=sbr_G7xw2LqVn5Rb8Tz3Kd6Yh9Mc4Pf1
OPENAI_API_KEY=oai_R4tq9WmZ2vB7nK5xD8cL3jH6fG1sPyTe
GEMINI_API_KEY=gmn_u8Wk3NqZ6xR1vB9mT4cJ7dL2hF5gSyPa
ENCRYPTION_KEY=9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2
SHUTDOWN_GRACE_SECONDS=1800
"""
_MISTAKES = """\
DEBUG=true
LLM_TIMEOUT_SECOND=60
LLM_SDK_MAX_RETRIES=2
EMBEDDING_MAX_RETRIES=three
ALLOWED_ORIGINS=*
WEBHOOK_URL=https://hooks.example-works.net/in/worker
WEBHOOK_SECRET=
"""


@pytest.fixture(name="directory")
def _directory(tmp_path: Path) -> Iterator[Path]:
    """
    Yield an empty directory that is the working directory during the test.
    """
    with contextlib.chdir(tmp_path):
        yield tmp_path


@pytest.fixture(autouse=True)
def _modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """
    Forget the modules of a test's project, so that the next test may have others of these names.
    """
    path, known = sys.path[:], set(sys.modules)
    yield
    sys.path[:] = path
    base = str(tmp_path_factory.getbasetemp())
    for name in set(sys.modules) - known:
        module = vars(sys.modules[name])  # a module may have a `__getattr__` that fails
        files = (module.get("__file__"), *module.get("__path__", ()))
        if any(str(file).startswith(base) for file in files):
            del sys.modules[name]


@pytest.fixture(name="good")
def _good(directory: Path) -> Path:
    """
    Return the path of an env file without mistakes.
    """
    return _written(directory / "good.env", _GOOD)


@pytest.fixture(name="bad")
def _bad(directory: Path) -> Path:
    """
    Return the path of an env file with mistakes of several kinds.
    """
    return _written(directory / "bad.env", _GOOD.replace("rediss:", "redis:") + _MISTAKES)


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.fixture(name="call")
def _call(directory: Path) -> Run:
    """
    Return a function that runs a command in this process, with its own streams and environment.
    """

    def call(
        *arguments: str,
        environ: MutableMapping[str, str] | None = None,
        stdin: bytes | None = b"",
    ) -> CompletedProcess[str]:
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        source = None if stdin is None else io.BytesIO(stdin)
        world = World({} if environ is None else environ, source, out, err, date(2026, 6, 1))
        code = cli.run(list(arguments), world)
        return CompletedProcess(arguments, code, _text(out), _text(err))

    return call


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


@pytest.fixture(name="environ")
def _environ(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """
    Return a minimal process environment that holds nothing of the machine that runs the tests.
    """
    home = tmp_path / "home"
    home.mkdir()
    measured = () if request.node.get_closest_marker("unmeasured") else os.environ.items()
    return {
        **{name: text for name, text in measured if name.startswith("COVERAGE_")},
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PYTHONPATH": str(Path(workerctl.__file__).parents[1]),
    }


@pytest.fixture(name="run")
def _run(directory: Path, environ: dict[str, str]) -> Run:
    """
    Return a function that runs the program in a subprocess without a terminal.

    A shell script that is given runs the program as "$@". A variable whose value is None is
    removed from the environment.
    """

    def run(
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        script: str = "",
        stdin: str = "",
        module: str = "workerctl",
    ) -> CompletedProcess[str]:
        command = [sys.executable, "-m", module, *arguments]
        if script:
            command = ["bash", "-c", f"set -o pipefail; {script}", "bash", *command]
        return subprocess.run(
            command,
            env=_merged(environ, env),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture(name="screen")
def _screen(directory: Path, environ: dict[str, str]) -> Run:
    """
    Return a function that runs the program on a pseudo-terminal of a given width.

    The escape sequences of its output are kept.
    """

    def screen(
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        columns: int = 80,
        module: str = "workerctl",
    ) -> CompletedProcess[str]:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        with subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=_merged(environ, env),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        ) as process:
            os.close(slave)
            text = _everything(master).decode(errors="backslashreplace").replace("\r\n", "\n")
        return CompletedProcess(arguments, process.returncode, text, "")

    return screen


@pytest.fixture(name="team")
def _team(directory: Path) -> Callable[..., None]:
    """
    Return a function that writes another team's project: a module and a pyproject.toml.

    By default, the `[tool.workerctl]` table names the checks of the module.
    """

    def write(module: str, table: str = 'checks = ["team:CHECKS"]') -> None:
        text = (
            "from workerctl.checks.base import Check, SkipCheck\n"
            "from workerctl.report.findings import Finding, Severity\n"
        )
        (directory / "team.py").write_text(text + module)
        (directory / "pyproject.toml").write_text(f"[tool.workerctl]\n{table}\n")

    return write


def _merged(environ: Mapping[str, str], more: Mapping[str, str | None] | None) -> dict[str, str]:
    merged = {**environ, **(more or {})}
    return {name: value for name, value in merged.items() if value is not None}


def _everything(master: int) -> bytes:
    """
    Return what is written to a terminal until its last writer closes it.

    Linux reports that end as an OSError.
    """
    chunks = []
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 65536):
            chunks.append(chunk)
    os.close(master)
    return b"".join(chunks)
