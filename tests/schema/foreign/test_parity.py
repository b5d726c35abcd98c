"""
Parity: a settings class is read as it reads itself, for random classes and environments.

Each example makes a class, writes two env files and a secrets directory, and compares what
workerctl loads with the instance that the class makes when it is called, or with the fields of its
errors.
"""

import contextlib
import enum
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from workerctl.schema.declarations import Variable
from workerctl.schema.loading import Loaded, load
from workerctl.settings import Settings
from workerctl.sources.options import Options


class Colour(enum.Enum):
    """An enumeration whose names and values differ."""

    RED = "r"
    BLUE = "b"


class Level(enum.IntEnum):
    """An enumeration of numbers."""

    LOW = 1
    HIGH = 2


class Leaf(BaseModel):
    """A nested model that requires a value, under a name with an underscore."""

    pool_size: int
    url: str = "u"


class Branch(BaseModel):
    """A nested model with another one, an alias and a list."""

    leaf: Leaf = Leaf(pool_size=1)
    host: str = Field("h", validation_alias="hostname")
    ports: list[int] = []
    mode: Literal["a", "b"] = "a"


class Inner(BaseSettings):
    """A nested settings class, which reads variables by itself."""

    model_config = SettingsConfigDict(env_prefix="INNER_")

    size: int = 3
    name: str | None = None


KINDS: dict[str, tuple[Any, Any]] = {
    "text": (str, "t"),
    "number": (int, 1),
    "fraction": (float, 0.5),
    "flag": (bool, False),
    "secret": (SecretStr, SecretStr("s")),
    "maybe": (int | None, None),
    "either": (int | str, 0),
    "colour": (Colour, Colour.RED),
    "level": (Level, Level.LOW),
    "word": (Literal["one", "two"], "one"),
    "numbers": (list[int], [1]),
    "texts": (set[str], {"x"}),
    "table": (dict[str, int], {}),
    "leaf": (Leaf, Leaf(pool_size=2)),
    "branch": (Branch, Branch()),
    "lax": (Leaf | None, None),
    "mixed": (list[int] | int, 5),
    "inner": (Inner, Inner()),
}
TEXTS = [
    *["1", "2", "x", "", "true", "null", "r", "RED", "LOW", "one", "0.5", " 7 ", "a b", "#", "é"],
    *["[1, 2]", '["x"]', '{"k": 1}', '{"pool_size": 4}', '{"leaf": {"pool_size": 5}}', "[1", "{"],
    *[
        '{"hostname": "q", "ports": [1]}',
        "[]",
        "{}",
        '{"pool_size": "x"}',
        "${ALPHA}",
        "a${BETA:-c}",
    ],
]
NESTED = [
    *[("pool_size",), ("url",), ("leaf", "pool_size"), ("hostname",), ("ports",), ("size",)],
    ("k",),
]
FIELDS = ["alpha", "beta", "gamma_ray", "DELTA"]


class Case(NamedTuple):
    """A class, and what its sources hold. `named` passes the sources as options."""

    settings_class: type[BaseSettings]
    environ: dict[str, str]
    files: tuple[list[tuple[str, str]], ...]
    secrets: dict[str, str]
    named: bool


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """Make the configuration of a class."""
    delimiter = draw(st.sampled_from([None, "__", "__", "_"]))
    return {
        "env_prefix": draw(st.sampled_from(["", "APP_", "app_"])),
        "env_nested_delimiter": delimiter,
        "env_nested_max_split": draw(st.sampled_from([None, None, 1, 2])) if delimiter else None,
        "case_sensitive": draw(st.sampled_from([False, False, True])),
        "env_ignore_empty": draw(st.booleans()),
        "env_parse_none_str": draw(st.sampled_from([None, None, "null"])),
        "env_parse_enums": draw(st.sampled_from([None, True])),
        "extra": draw(st.sampled_from(["ignore", "forbid", "allow"])),
        "validate_by_name": draw(st.booleans()),
        "validate_by_alias": True,
    }


@st.composite
def classes(draw: st.DrawFn) -> type[BaseSettings]:
    """Make a settings class."""
    fields: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(FIELDS), min_size=1, unique=True)):
        kind, default = KINDS[draw(st.sampled_from(sorted(KINDS)))]
        alias = draw(
            st.sampled_from(
                [
                    *[None] * 4,
                    f"X_{name}",
                    AliasChoices(f"first_{name}", f"Second_{name}"),
                    AliasChoices(f"Third_{name}", AliasPath(f"deep_{name}", "k")),
                    AliasPath(f"deep_{name}", 0),
                ]
            )
        )
        required = draw(st.sampled_from([False, False, True]))
        fields[name] = (kind, Field(... if required else default, validation_alias=alias))
    validators: dict[str, Any] = {}
    if draw(st.booleans()):
        validators["not_two"] = field_validator(*fields)(_not_two)
    if draw(st.booleans()):
        validators["not_three"] = model_validator(mode="after")(_not_three)
    base = type("Base", (BaseSettings,), {"model_config": draw(configurations())})
    return create_model("Random", __base__=base, __validators__=validators, **fields)


def _not_two(value: Any) -> Any:
    if value == 2:
        raise ValueError(value)
    return value


def _not_three(self: Any) -> Any:
    if "x" in self.model_dump().values():
        message = "x"
        raise ValueError(message)
    return self


def names_in(settings_class: type[BaseSettings]) -> list[str]:
    """Return names that the class may read, and some that it does not."""
    config = settings_class.model_config
    delimiter = config.get("env_nested_delimiter") or "__"
    prefix = config.get("env_prefix") or ""
    found = ["INNER_SIZE", "INNER_NAME", "OTHER", f"{prefix}unknown", "ALPHA"]
    for name in settings_class.model_fields:
        keys = [name, f"X_{name}", f"first_{name}", f"Second_{name}", f"deep_{name}"]
        keys.append(f"Third_{name}")
        found += [*keys, *(f"{prefix}{key}" for key in keys)]
        found += [delimiter.join([f"{prefix}{name}", *parts]) for parts in NESTED]
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Make a class and an environment."""
    settings_class = draw(classes())
    known = names_in(settings_class)
    name = st.builds(
        lambda text, change: change(text),
        st.sampled_from(known),
        st.sampled_from([str, str.upper, str.upper, str.lower]),
    )
    text = st.sampled_from([*TEXTS, *draw(st.lists(st.sampled_from(TEXTS), max_size=2)) * 20])
    pairs = st.lists(st.tuples(name, text), max_size=6)
    return Case(
        settings_class,
        dict(draw(st.lists(st.tuples(name, text), max_size=8))),
        (draw(pairs), draw(pairs)),
        dict(draw(st.lists(st.tuples(name, text), max_size=3))),
        draw(st.booleans()),
    )


@contextlib.contextmanager
def written(case: Case) -> Iterator[None]:
    """Write the sources into a directory, which is the working directory until the end."""
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        for path, pairs in zip(("a.env", "b.env"), case.files, strict=True):
            lines = (f"{name}={quoted(text)}\n" for name, text in pairs)
            Path(path).write_text("".join(lines), "utf-8")
        Path("secrets").mkdir()
        for name, text in case.secrets.items():
            Path("secrets", name).write_text(text, "utf-8")
        yield


def quoted(text: str) -> str:
    """Return the text as a value in an env file."""
    return f"'{text}'" if not text.isalnum() else text


@contextlib.contextmanager
def process(environ: Mapping[str, str]) -> Iterator[None]:
    """Give this process another environment until the end."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def called(case: Case) -> BaseSettings | set[str]:
    """Call the class by itself; return the instance, or the names of the fields of its errors."""
    files, secrets = ("a.env", "b.env"), "secrets"
    try:
        with process(case.environ):
            return case.settings_class(_env_file=files, _secrets_dir=secrets)
    except ValidationError as error:
        return {field(case.settings_class, item) for item in error.errors()}
    except SettingsError as error:
        match = re.search(r'field "(\w+)"', str(error))
        assert match is not None
        return {"SettingsError", match[1]}
    except TypeError:  # pydantic-settings decodes the value of an enumeration as JSON
        return {"TypeError"}


def field(settings_class: type[BaseSettings], item: Any) -> str:
    """Return the name of the field of an error, or what else it is."""
    if not item["loc"]:
        return "validator"
    if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
        return "extra"
    key = str(item["loc"][0])
    for name, info in settings_class.model_fields.items():
        alias = info.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
        keys = [each.path[0] if isinstance(each, AliasPath) else each for each in choices]
        if key.lower() in {str(each).lower() for each in (name, *keys)}:
            return name
    return key


def loaded(case: Case) -> Loaded:
    """Load the class with workerctl."""
    config = case.settings_class.model_config
    config["env_file"] = "none.env" if case.named else ("a.env", "b.env")
    config["secrets_dir"] = "none" if case.named else "secrets"
    options = Options(settings=case.settings_class)
    if case.named:
        options = options.replace(env_files=("a.env", "b.env"), secrets_dir="secrets")
    return load(Settings, options, environ=dict(case.environ))


def variable_of(found: Loaded, name: str) -> Variable:
    """Return the variable of a name, or that of the dictionary or model to which the name adds."""
    variables = found.schema.variables.values()
    known = {each: variable for variable in variables for each in variable.names}
    return known[max((each for each in known if name.startswith(each)), key=len)]


def subjects(found: Loaded) -> Iterator[set[str]]:
    """Yield what each finding is about: the fields that a variable sets, or something else."""
    for finding in found.findings:
        variables = [variable_of(found, name) for name in finding.fields]
        if variables:
            yield {path[0] for each in variables for path in (each.path, *each.also)}
        else:
            yield {"extra" if "forbids" in finding.message else "validator"}


def sets_unknown(found: Loaded) -> bool:
    """Return whether a file sets a name that the class forbids, which SET002 reports."""
    assignments = (each for source in found.values.env_files for each in source.assignments)
    return found.schema.forbids_unknown and any(
        each.sets is None and each.text for each in assignments
    )


def check(case: Case) -> None:
    """Compare what workerctl loads with what the class does by itself."""
    with written(case), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = dict(os.environ)
        expected = called(case)
        found = loaded(case)
        assert dict(os.environ) == before
    if not isinstance(expected, set):
        assert found.findings == ()
        assert found.invalid == frozenset()
        assert found.settings == expected
        assert type(found.settings) is case.settings_class
        return
    ours = [*subjects(found), *([{"extra"}] if sets_unknown(found) else [])]
    everything = set().union(*ours)
    if "TypeError" in expected:
        assert ours
    elif "SettingsError" in expected:  # it hides all other errors
        assert expected - {"SettingsError"} <= everything
    elif "extra" in expected:  # the name of a field that has an alias, for example
        assert expected - {"extra"} <= everything
        assert ours
    else:
        assert expected <= everything
        assert all(each & expected for each in ours if each != {"extra"})


@given(cases())
@settings(max_examples=min(settings().max_examples, 5000))  # each builds a class, twice
@pytest.mark.generated
def test_a_class_is_read_as_it_reads_itself(case: Case) -> None:
    """The instance is equal to that of the class, or the errors are at the same fields."""
    check(case)
