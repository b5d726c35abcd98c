"""
Running the services for a demo or a test, making them misbehave, and inspecting their state.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx

from .modes import Mode, Service
from .server import Keys
from .supabase import TABLES

_PACKAGES = Path(__file__).parents[2]
_STOP_SECONDS = 5


class RunningServices:
    """
    A client that controls the running services.
    """

    def __init__(self, url: str, keys: Keys) -> None:
        self.url = url
        self._keys = keys
        self._client = httpx.Client(base_url=url, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()

    def misbehave(
        self,
        service: Service,
        mode: Mode,
        *,
        times: int | None = None,
        job: str | None = None,
        retry_after: float = 1.0,
    ) -> None:
        """
        Make a service misbehave, for `times` requests or until `behave()`, for one job or for all.
        """
        rule = {"service": service, "mode": mode, "times": times, "job": job}
        self._client.post("/_mode", json={**rule, "retry_after": retry_after}).raise_for_status()

    def behave(self) -> None:
        """
        Make all services behave again.
        """
        self._client.delete("/_mode").raise_for_status()

    def forget(self) -> None:
        """
        Reset the services to their initial state, apart from the files of the storage.
        """
        self._client.delete("/_state").raise_for_status()

    def rows(self, table: str, **columns: str) -> list[dict[str, Any]]:
        """
        Return the rows of a table whose columns have these values.
        """
        query = {name: f"eq.{text}" for name, text in columns.items()}
        key = {"Authorization": f"Bearer {self._keys.supabase}"}
        rows: list[dict[str, Any]] = self._json(f"{TABLES}{table}", params=query, headers=key)
        return rows

    def deliveries(self) -> list[dict[str, Any]]:
        """
        Return the webhook deliveries that had a valid signature.
        """
        deliveries: list[dict[str, Any]] = self._json("/_deliveries")
        return deliveries

    def requests(self) -> dict[str, int]:
        """
        Return the number of requests by service, and by service and job if a request names a job.
        """
        requests: dict[str, int] = self._json("/_requests")
        return requests

    def _json(self, path: str, **options: Any) -> Any:
        return self._client.get(path, **options).raise_for_status().json()


@contextlib.contextmanager
def running_services(root: Path, keys: Keys) -> Iterator[RunningServices]:
    """
    Run the services on a free loopback port during the block, with the files of `root` as storage.

    The services also stop if this process ends without leaving the block.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "resume_worker.services", str(root)],
        env={
            **os.environ,
            "PYTHONPATH": str(_PACKAGES),
            "OPENAI_API_KEY": keys.openai,
            "SUPABASE_SERVICE_ROLE_KEY": keys.supabase,
            "WEBHOOK_SECRET": keys.webhook,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C must reach only the process that started the services, which then stops them.
        start_new_session=True,
    )
    with process:
        try:
            with RunningServices(_address(process), keys) as services:
                yield services
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    address = process.stdout.readline() if process.stdout else ""
    if not address:
        raise RuntimeError("The services do not start.")
    return address.strip()
