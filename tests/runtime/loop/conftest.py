"""
Fixtures for the event loop: a clean thread, both kinds of loop, and RQ's job timeout.
"""

import asyncio
import contextlib
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import uvloop
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty

from workerctl.runtime.async_helpers import cleanup_event_loop
from workerctl.runtime.loop import alarm

Limit = Callable[..., AbstractContextManager[None]]
Script = Callable[..., str]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """
    Close the loop of the previous test, and reset the flag to its default.
    """
    monkeypatch.delenv("USE_NEW_ASYNC_HELPER", raising=False)
    cleanup_event_loop()
    yield
    cleanup_event_loop()


@pytest.fixture(params=["asyncio", "uvloop"])
def every_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """
    Run the test with asyncio's loop and with uvloop.
    """
    if request.param == "uvloop":
        monkeypatch.setattr(asyncio, "new_event_loop", uvloop.new_event_loop)
    name: str = request.param
    return name


@pytest.fixture
def grace(monkeypatch: pytest.MonkeyPatch) -> float:
    """
    Shorten the grace period.
    """
    monkeypatch.setattr(alarm, "GRACE_SECONDS", 0.2)
    return alarm.GRACE_SECONDS


@pytest.fixture
def limit() -> Limit:
    """
    Return RQ's job timeout as a context manager that accepts fractions of a second.
    """

    @contextlib.contextmanager
    def limited(seconds: float, error: type[BaseException] = JobTimeoutException) -> Iterator[None]:
        with UnixSignalDeathPenalty(60, error):
            signal.setitimer(signal.ITIMER_REAL, seconds)
            yield

    return limited


@pytest.fixture
def script(environ: dict[str, str], tmp_path: Path) -> Script:
    """
    Return a function that runs a program and returns its output.

    Any warning and any unhandled exception fails the test.
    """

    def run(code: str, *arguments: str, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *arguments],
            cwd=tmp_path,
            env={**environ, **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.stderr, done.returncode) == ("", 0), done.stdout
        return done.stdout

    return run


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """
    Return a function that returns the log messages so far, with their levels.
    """
    return lambda: [f"{record.levelname} {record.getMessage()}" for record in caplog.records]
