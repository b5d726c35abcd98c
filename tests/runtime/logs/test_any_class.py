"""
Tests of configure_logging() with a settings class of a team: where level and format come from.
"""

import logging
from enum import Enum
from typing import Annotated

import pytest
from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict

from workerctl.rules import LogLevel
from workerctl.runtime.logging_config import JsonFormatter, configure_logging

ROOT = logging.getLogger()


class Level(Enum):
    """
    Levels as a team may write them.
    """

    LOUD = "debug"
    QUIET = "error"


class Logs(BaseModel):
    """
    A nested model with settings of logging.
    """

    log_level: str = "ERROR"
    log_format: str = "JSON"


class Marked(BaseSettings):
    """
    A class that marks a field.
    """

    log_level: str = "ERROR"
    verbosity: Annotated[Level, LogLevel()] = Level.LOUD


class Nested(BaseSettings):
    """
    A class with the settings of logging in a nested model.
    """

    model_config = SettingsConfigDict(env_nested_delimiter="__")

    logs: Logs = Logs()


class Silent(BaseSettings):
    """
    A class that says nothing about logging.
    """

    name: str = "silent"


def named(field: str, default: object) -> type[BaseSettings]:
    """
    Return a class with one field.
    """
    return type("Named", (BaseSettings,), {"__annotations__": {field: object}, field: default})


@pytest.mark.parametrize(
    ("settings_class", "level", "is_json"),
    [
        (Marked, "DEBUG", False),
        (Nested, "ERROR", True),
        (Silent, "INFO", False),
        (named("LogLevel", 30), "WARNING", False),
        (named("LOG_LEVEL", "warning"), "WARNING", False),
        (named("logging_level", "trace"), "INFO", False),
        (named("loglevel", None), "INFO", False),
        (named("log_format", "json"), "INFO", True),
    ],
    ids="marked nested none number text unknown unset format".split(),
)
def test_level_and_format_are_those_of_the_class(
    settings_class: type[BaseSettings], level: str, is_json: bool, directory: object
):
    configure_logging(settings_class())

    assert logging.getLevelName(ROOT.level) == level
    assert isinstance(ROOT.handlers[-1].formatter, JsonFormatter) is is_json


def test_a_marked_level_that_does_not_exist_is_an_error(directory: object):
    class Wrong(BaseSettings):
        verbosity: Annotated[str, LogLevel()] = "loud"

    with pytest.raises(ValueError, match="A logging level must be a name"):
        configure_logging(Wrong())
