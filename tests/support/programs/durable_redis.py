"""
A Redis server with an append-only file, which can be killed and started again.
"""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from examples.resume_worker.local import redis_server


class DurableRedis:
    """
    A server that has lost nothing when it starts again.
    """

    def __init__(self, directory: str, port: int) -> None:
        self.directory, self.port = directory, port
        self.url = f"redis://127.0.0.1:{port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, and return when it answers."""
        self._process = subprocess.Popen(
            [
                *(redis_server._binary(), "--bind", "127.0.0.1", "--port", str(self.port)),
                *("--dir", self.directory, "--save", "", "--appendonly", "yes"),
                *("--appendfsync", "always"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert redis_server._answers(self.directory, self.port)

    def kill(self) -> None:
        """Kill the server."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def durable_redis() -> Iterator[DurableRedis]:
    """
    Run such a server during the block.
    """
    with tempfile.TemporaryDirectory(prefix="redis-") as directory:
        server = DurableRedis(str(Path(directory).resolve()), redis_server._free_port())
        server.start()
        try:
            yield server
        finally:
            server.kill()
