"""
The worker as a process: started through `workerctl run`, and gone afterwards with all it forked.
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
"""What starts a worker; the names of its queues follow."""

LOG = "worker.log"

_EXAMPLES = Path(__file__).parents[1]
_INHERITED = ("HOME", "LANG", "LC_ALL", "TERM", "COLUMNS", "NO_COLOR", "TMPDIR")

# RQ lets the running job end at the first signal, and takes a second one only a second later.
_WARM_SECONDS = 1.2
_COLD_SECONDS = 3.0
_KILL_SECONDS = 5.0


def environment(redis_url: str) -> dict[str, str]:
    """
    The environment of a worker: nothing that the person at this machine has set for other programs.

    `rq` itself looks for REDIS_URL here, and not in an env file.
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
    A worker of these queues, configured by the `.env` of the directory, where its log is, too.
    """
    with (directory / LOG).open("ab") as log:
        worker = subprocess.Popen(
            [*COMMAND, *queues],
            cwd=directory,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A session of its own: Ctrl-C is not for it, and all that it forks can be found.
            start_new_session=True,
        )
    try:
        yield worker
    finally:
        stop(worker)


def stop(worker: subprocess.Popen[bytes]) -> None:
    """
    Ask the worker to end, ask again, and then end it with whatever it left behind.
    """
    for seconds in (_WARM_SECONDS, _COLD_SECONDS):
        if worker.poll() is None:
            worker.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(seconds)
    deadline = time.monotonic() + _KILL_SECONDS
    while (left := members(worker.pid)) and time.monotonic() < deadline:
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        worker.poll()
        time.sleep(0.02)
    worker.wait()


def members(session: int) -> list[int]:
    """
    The processes of a session. A work-horse leaves the group of its worker, but not the session.
    """
    return [process for process in _alive() if _session_of(process) == session]


def _alive() -> Iterator[int]:
    """
    The processes of this machine, without those that are dead and only not buried.
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
        # the name of a program, in brackets, may hold anything
        return stat.read_text("utf-8", "replace").rpartition(")")[2].split()[0] in "ZX"
    except (OSError, IndexError):
        return True


def _session_of(process: int) -> int | None:
    try:
        return os.getsid(process)
    except OSError:  # it has just ended, or is none of ours
        return None
