"""
Tests of the judged environment, and of the private names of pydantic-settings that it needs.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

import pydantic_settings
import pytest
from pydantic import BaseModel
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    InitSettingsSource,
    SecretsSettingsSource,
)
from pydantic_settings.sources.utils import parse_env_vars

from workerctl.schema.foreign.construction import Constructions
from workerctl.schema.foreign.judged import REMOTE, JudgedEnvironment

JUDGED = JudgedEnvironment({"A": "1", "b": "2"}, ({"A": "f", "C": "3"},))


class Plain(BaseSettings):
    """A class with a file."""

    model_config = {"env_file": "absent.env", "extra": "ignore"}

    a: str = ""
    b: str = ""
    c: str = ""


def state() -> list[Any]:
    """Return everything that the context replaces."""
    sources = [getattr(pydantic_settings, name) for name in REMOTE]
    return [
        list(os.environ.items()),
        sys.argv,
        sys.stdout,
        *(dict(vars(each)) for each in (DotEnvSettingsSource, SecretsSettingsSource, *sources)),
        vars(type(BaseSettings)).get("__call__"),
    ]


class PanicError(BaseException):
    """An exception that is not an Exception."""


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, PanicError])
def test_everything_is_restored(error: type[BaseException]) -> None:
    """Whatever ends the context."""
    before = state()

    def enter() -> None:
        with JUDGED.entered(), Constructions().lenient():
            assert dict(os.environ) == {"A": "1", "b": "2"}
            raise error

    with pytest.raises(error):
        enter()

    assert state() == before


def test_what_is_hidden_is_not_read() -> None:
    """Everywhere, or in the sources of one kind."""

    def read(judged: JudgedEnvironment) -> tuple[str, str, str]:
        with judged.entered():
            plain = Plain()
        return plain.a, plain.b, plain.c

    assert read(JUDGED) == ("1", "2", "3")
    assert read(JUDGED.without(["a"])) == ("", "2", "3")
    assert read(JUDGED.without(["A"], ["environment"])) == ("f", "2", "3")
    assert read(JUDGED.without(["C"], ["env-file"])) == ("1", "2", "")


def test_an_instance_that_is_refused_has_empty_values() -> None:
    """Of every type, so that the module that creates it can go on; models are as before."""

    class Part(BaseModel):
        size: int

    class Refused(BaseSettings):
        word: str
        words: list[str]
        part: Part
        any_time: complex
        size: int = 3

    class Failing(Refused):
        def __init__(self) -> None:
            raise PanicError

    made = Constructions()
    with made.lenient():
        refused, failing = Refused(), Failing()
        with pytest.raises(ValueError, match="size"):
            Part()  # type: ignore[call-arg]

    assert (refused.word, refused.words, refused.part.size) == ("", [], 0)
    assert (refused.any_time, refused.size, failing.word) == (None, 3, "")
    assert made.has_failed
    assert made.of(refused) is not None
    assert made.of(Part(size=1)) is None


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (EnvSettingsSource, "_extract_field_info"),
        (EnvSettingsSource, "_load_env_vars"),
        (DotEnvSettingsSource, "_load_env_vars"),
        (DotEnvSettingsSource, "_read_env_files"),
        (SecretsSettingsSource, "find_case_path"),
        (BaseSettings, "settings_customise_sources"),
        *[(getattr(pydantic_settings, name), "__call__") for name in REMOTE],
    ],
)
def test_the_names_that_are_used_exist(owner: type, name: str) -> None:
    """They are private or not meant to be replaced: a new version could change them."""
    assert callable(getattr(owner, name))


def test_the_private_names_mean_what_is_assumed() -> None:
    """What they return is what is relied on."""
    source = EnvSettingsSource(Plain, env_prefix="P_")
    assert source._extract_field_info(Plain.model_fields["a"], "a") == [("a", "p_a", False)]
    assert EnvSettingsSource._load_env_vars is not DotEnvSettingsSource._load_env_vars
    assert DotEnvSettingsSource(Plain)._read_env_files() == {}
    assert DotEnvSettingsSource(Plain).env_file == "absent.env"
    assert parse_env_vars({"A": ""}, False, True, None) == {}
    assert not isinstance(source, InitSettingsSource)
    find: Callable[..., Any] = SecretsSettingsSource.find_case_path
    assert find.__self__ is SecretsSettingsSource  # type: ignore[attr-defined]
    assert SecretsSettingsSource(Plain, secrets_dir="x").secrets_dir == "x"
