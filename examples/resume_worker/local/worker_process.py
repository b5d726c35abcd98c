"""
The worker as a subprocess, started with `workerctl run` and stopped with everything it has forked.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

COMMAND = (
    *("workerctl", "run", "--"),
    *("rq", "worker", "-w", "workerctl.runtime.rq.Worker", "-j", "workerctl.runtime.rq.Job"),
    "--with-scheduler",
)
"""The command that starts a worker; append the names of its queues."""

LOG = "worker.log"

_EXAMPLES = Path(__file__).parents[2]
_INHERITED = ("HOME", "LANG", "LC_ALL", "TERM", "COLUMNS", "NO_COLOR", "TMPDIR")

# At the first signal, RQ waits for the running job. It ignores a second signal within one second.
_WARM_SECONDS = 1.2
_COLD_SECONDS = 3.0
_KILL_SECONDS = 5.0


def environment(redis_url: str) -> dict[str, str]:
    """
    Return the environment of a worker, without unrelated variables of this process.

    It contains REDIS_URL because `rq` itself reads no env file.
    """
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "PYTHONPATH": str(_EXAMPLES),
        "REDIS_URL": redis_url,
    }


@contextlib.contextmanager
def running_worker(
    directory: Path, environ: Mapping[str, str], *queues: str
) -> Iterator[subprocess.Popen[bytes]]:
    """
    Run a worker of these queues during the block.

    It reads its configuration from `.env` in the directory, and writes its log there.
    """
    with (directory / LOG).open("ab") as log:
        worker = subprocess.Popen(
            [*COMMAND, *queues],
            cwd=directory,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # In a new session, Ctrl-C does not reach it, and all its descendants can be found.
            start_new_session=True,
        )
    try:
        yield worker
    finally:
        stop(worker)


def stop(worker: subprocess.Popen[bytes]) -> None:
    """
    Terminate the worker, wait, terminate it again, and then kill everything that is left of it.
    """
    for seconds in (_WARM_SECONDS, _COLD_SECONDS):
        if worker.poll() is None:
            worker.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(seconds)
    deadline = time.monotonic() + _KILL_SECONDS
    while (remaining := members(worker.pid)) and time.monotonic() < deadline:
        for process in remaining:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        worker.poll()
        time.sleep(0.02)
    worker.wait()


def members(session: int) -> list[int]:
    """
    Return the processes of a session.

    A work-horse leaves the process group of its worker, but not the session.
    """
    return [process for process in _alive() if _session_of(process) == session]


def _alive() -> Iterator[int]:
    """
    Yield the ids of all processes except zombies.
    """
    proc = Path("/proc")
    if (proc / "self").exists():
        for entry in proc.iterdir():
            if entry.name.isdecimal() and not _is_dead(entry / "stat"):
                yield int(entry.name)
        return
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        process, state = line.split()
        if not state.startswith("Z"):
            yield int(process)


def _is_dead(stat: Path) -> bool:
    try:
        # The state follows the last parenthesis, which ends the name of the program.
        return stat.read_text("utf-8", "replace").rpartition(")")[2].split()[0] in "ZX"
    except (OSError, IndexError):
        return True


def _session_of(process: int) -> int | None:
    try:
        return os.getsid(process)
    except OSError:  # the process has ended, or belongs to another user
        return None
