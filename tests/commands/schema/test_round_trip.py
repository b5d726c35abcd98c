"""
The generated files are read back to the defaults of the class, by pydantic-settings itself.
"""

import os
import re
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import create_model
from pydantic_settings import BaseSettings

from tests.commands.schema.classes import MANY, REQUIRED
from workerctl.commands.schema import command
from workerctl.commands.schema.entries import outline
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options

Run = Callable[..., CompletedProcess[str]]


def generated(settings_class: Any, name: Any = "env") -> str:
    """
    Return what is generated from a class in a format.
    """
    options = Options((), isolated=True, settings=settings_class, alone=True)
    lines = command.generated(outline(load(Settings, options, environ={})), name)
    return "\n".join(lines) + "\n"


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """
    Replace the process environment within the context.
    """
    with patch.dict(os.environ, variables, clear=True):
        yield


def read(settings_class: Any, text: str) -> Any:
    """
    Return the instance that pydantic-settings makes of an env file.
    """
    with tempfile.TemporaryDirectory() as folder, chdir(folder), environment({}):
        Path(folder, "made.env").write_text(text, "utf-8")
        return settings_class(_env_file="made.env")


def filled(text: str, values: dict[str, str]) -> str:
    """
    Return a generated env file with these values in place of the placeholders.
    """
    return re.sub(r"(?m)^([A-Z]\w*)=.*$", lambda one: f"{one[1]}={values[one[1]]}", text)


def uncommented(text: str) -> str:
    """
    Return a generated env file with its optional lines, except those that have a placeholder.
    """
    lines = text.split("\n")
    return "\n".join(line[1:] if re.match(r"#\w+=(?!\S*your-)", line) else line for line in lines)


@pytest.fixture(name="own")
def _own(directory: Path) -> Any:
    module = types.ModuleType("many_kinds_read")
    sys.modules[module.__name__] = module
    exec(MANY, vars(module))  # noqa: S102 -- it is ours
    return vars(module)["Own"]


@pytest.mark.parametrize("prepare", [str, uncommented], ids=["as generated", "with all defaults"])
def test_a_class_of_many_kinds_gets_its_defaults(own: Any, prepare: Callable[[str], str]) -> None:
    """The file means the defaults, whether its optional lines are comments or not."""
    expected = read(own, "".join(f"{name}={text}\n" for name, text in REQUIRED.items()))
    text = prepare(filled(generated(own), REQUIRED))
    text = re.sub(r"(?m)^X_EXTRA__.*$", "", text)  # of a model that is not used by default
    instance = read(own, text)

    assert instance.model_dump() == expected.model_dump()
    if prepare is uncommented:
        assert "\nX_QUOTED=" in text
        assert "\nX_LINES=" in text
        assert "\nX_SPLIT=p,q\n" in text


def test_manifests_hold_the_defaults_as_well(own: Any) -> None:
    """So do the variables that Kubernetes makes of the ConfigMap, and compose of the service."""
    expected = read(own, "".join(f"{name}={text}\n" for name, text in REQUIRED.items()))
    data, _ = yaml.safe_load_all(generated(own, "kubernetes"))
    service = yaml.safe_load(generated(own, "compose"))["services"]["own"]["environment"]
    compose = {
        name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value, flags=re.DOTALL).replace("$$", "$")
        for name, value in service.items()
        if value is not None and not value.endswith(":?}")
    }
    for variables in (data["data"], compose):
        with environment({**variables, **REQUIRED}):
            assert own().model_dump() == expected.model_dump()


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
_DEFAULTS = st.one_of(
    _TEXTS,
    st.sampled_from(["${HOME}", "$HOME", "'", '"', "\\", "a\\'b", " x ", "#", "a #b", "\n", "{}"]),
    st.integers(),
    st.booleans(),
    st.floats(allow_nan=False),
    st.lists(_TEXTS, max_size=3),
    st.dictionaries(_TEXTS, st.integers(), max_size=3),
)


@given(st.lists(_DEFAULTS, min_size=1, max_size=4))
def test_any_default_is_read_back(values: list[Any]) -> None:
    """Whatever the defaults are, a line that shows one is read back to it by pydantic-settings."""
    kinds = {list: list[str], dict: dict[str, int]}
    fields: Any = {
        f"field_{at}": (kinds.get(type(value), type(value)), value)
        for at, value in enumerate(values)
    }
    made = create_model("Made", __base__=BaseSettings, **fields)
    text = generated(made)
    instance = read(made, uncommented(text))

    assert instance == read(made, text)
    assert instance.model_dump() == {f"field_{at}": value for at, value in enumerate(values)}


@given(st.lists(_TEXTS, min_size=1, max_size=4))
def test_yaml_is_read_as_it_is_meant(values: list[str]) -> None:
    """A YAML parser reads every text as it is."""
    fields: Any = {f"field_{at}": (str, value) for at, value in enumerate(values)}
    made = create_model("Made", __base__=BaseSettings, **fields)
    data, _ = yaml.safe_load_all(generated(made, "kubernetes"))
    shown = data["data"] or {}

    assert all(shown[name] == values[int(name.rpartition("_")[2])] for name in shown)
    yaml.safe_load(generated(made, "compose"))


@pytest.mark.parametrize("prepare", [str, uncommented], ids=["as generated", "with all defaults"])
def test_the_built_in_schema_gets_its_defaults(
    prepare: Callable[[str], str], call: Run, directory: Path
) -> None:
    """For workerctl's own schema, too, the file means the defaults."""
    plain = Settings.model_construct().model_dump()
    text = re.sub(r"(?m)^[A-Z]\w*=.*$", "", generated(Settings))
    (directory / "a.env").write_text(prepare(text), "utf-8")
    options = Options(("a.env",), isolated=True, settings=Settings)
    loaded = load(Settings, options, environ={})

    assert loaded.settings.model_dump() == plain
