"""
Fixtures that give each test the logging state of a new process.
"""

import logging
from collections.abc import Generator, Iterator

import pytest

from workerctl.runtime import logging_config


@pytest.fixture(autouse=True)
def fresh_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """
    Remove all handlers, levels and the state of `configure_logging`. Restore them afterwards.
    """
    loggers = [logging.root, *(logger for _, logger in logging_config._loggers())]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers[:] = []
        logger.setLevel(logging.NOTSET)
    monkeypatch.setattr(logging_config, "_configured", logging_config._Configured())
    yield
    for _, logger in logging_config._loggers():
        logger.handlers[:] = []
        logger.setLevel(logging.NOTSET)
        logger.disabled, logger.propagate = False, True
    for logger, handlers, level, propagate in before:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """
    Remove the handlers that pytest has just added to the root logger.
    """
    logging.root.handlers[:] = []
    return (yield)
