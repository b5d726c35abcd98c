"""
Fixtures for jobs: an empty Redis, settings, and scripts that run with any version of RQ.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.support.programs.environments import interpreter
from workerctl.settings import get_settings

SCRIPTS = Path(__file__).parent / "scripts"
KEY = "9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2"

Answer = Callable[..., Any]


@pytest.fixture
def database(redis_url: str):
    """
    The URL of an empty Redis.
    """
    with Redis.from_url(redis_url) as connection:
        connection.flushall()
    return redis_url


@pytest.fixture
def connection(database: str):
    """
    A connection to that Redis.
    """
    with Redis.from_url(database) as opened:
        yield opened


@pytest.fixture
def configured(directory: Path, monkeypatch: pytest.MonkeyPatch):
    """
    Give the process an encryption key. Logging and cached settings are restored afterwards.
    """
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    get_settings.cache_clear()
    loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    before = [(logger, logger.level, logger.propagate, logger.handlers[:]) for logger in loggers]
    filters = [(handler, handler.filters[:]) for handler in logging.getLogger().handlers]
    yield
    for logger, level, propagate, handlers in before:
        logger.setLevel(level)
        logger.propagate, logger.handlers[:] = propagate, handlers
    for handler, kept in filters:
        handler.filters[:] = kept
    get_settings.cache_clear()


@pytest.fixture
def answer(environ: dict[str, str], directory: Path, database: str) -> Answer:
    """
    Return a function that runs one of the scripts and returns its output as JSON.

    The script runs in the named environment; `rq-3` is that of the tests themselves.
    """

    def run(environment: str, script: str, *arguments: str, **variables: str) -> Any:
        python = interpreter(environment) if environment != "rq-3" else sys.executable
        # Jobs are imported by name, even in a child process that is a new interpreter.
        path = os.pathsep.join((environ["PYTHONPATH"], str(SCRIPTS)))
        done = subprocess.run(
            [python, SCRIPTS / script, database, *arguments],
            env={**environ, "PYTHONPATH": path, "ENCRYPTION_KEY": KEY, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
