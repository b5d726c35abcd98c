"""
Tests of what a settings class declares: groups, secrets, expectations, and decoding of lists.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, Optional

import pytest
from annotated_types import Ge, Interval
from pydantic import (
    AliasChoices,
    BaseModel,
    Field,
    IPvAnyAddress,
    PositiveInt,
    RootModel,
    Secret,
    SecretStr,
)
from typing_extensions import TypedDict

from tests.support.configurations import MakeLoaded
from workerctl.schema import declarations, description, inputs, introspection
from workerctl.schema.secrets.declared import declares_secret
from workerctl.schema.vocabulary import HttpUrl, group
from workerctl.secrecy.credential_names import is_credential_name
from workerctl.settings import Settings

ours = group("ours")


class Colour(Enum):
    """Values that a field may have."""

    RED = "red"
    BLUE = "blue"


class Nested(BaseModel):
    """A model in a field."""

    size: int = 1


class Team(BaseModel):
    """A team's fields, of every kind."""

    PLAIN: str = ours("x", "Text.")
    ENDPOINT: HttpUrl = ours("", "A URL.")
    REQUIRED: int = Field(description="A number.", gt=0)
    SIGNING_SECRET: SecretStr = ours(SecretStr("s"), "Declared secret.")
    MAYBE_SECRET: SecretStr | None = None
    OLD_SECRET: Optional[SecretStr] = None  # noqa: UP045 -- both spellings are in use
    MANY: list[SecretStr] = []
    API_TOKEN: str = ours("", "Named like a secret.")
    KEY_COUNT: int = ours(1, "Named like a secret.", public="it is a number")
    RENAMED: int = Field(1, validation_alias=AliasChoices("RENAMED", "OLD", "OLDER"))
    MOVED: int = Field(1, validation_alias="BEFORE")
    MADE: list[str] = Field(default_factory=lambda: ["a", "b"])


def setting(name: str) -> description.Setting:
    """Return the description of one field of the team's class."""
    return next(found for found in description.describe(Team) if found.name == name)


def default_text(name: str) -> str:
    """Return the text of the default of one field of the team's class."""
    return description.default_text(declarations.declared(Team), name)


def test_settings_are_described_in_the_order_of_declaration() -> None:
    """Every field is described once."""
    assert [found.name for found in description.describe(Team)] == list(Team.model_fields)


def test_a_description_has_all_that_was_declared() -> None:
    """A description has the group, the description, the expectation and the default."""
    assert setting("PLAIN") == description.Setting("PLAIN", "ours", "Text.", "text", "x")
    assert setting("ENDPOINT").url
    assert setting("KEY_COUNT").public == "it is a number"
    assert setting("MADE").default == ["a", "b"]


def test_a_field_without_a_group_is_among_the_others() -> None:
    """A subclass need not use the built-in vocabulary."""
    assert (setting("REQUIRED").group, setting("MOVED").description) == ("other", "")


def test_a_required_field_has_no_default() -> None:
    """A required field has an empty text of its default."""
    assert (setting("REQUIRED").required, default_text("REQUIRED")) == (True, "")


@pytest.mark.parametrize(
    ("name", "text"),
    [("PLAIN", "x"), ("RENAMED", "1"), ("MADE", "a,b"), ("SIGNING_SECRET", ""), ("API_TOKEN", "")],
)
def test_a_default_is_written_as_in_an_env_file(name: str, text: str) -> None:
    """A default is written as in an env file, unless the field is secret."""
    assert default_text(name) == text


def test_a_secret_is_recognized_by_type_or_by_name() -> None:
    """
    A name like that of a credential is secret by default; a stated reason makes the field public.
    """
    assert {found.name for found in description.describe(Team) if found.secret} == {
        "SIGNING_SECRET",
        "MAYBE_SECRET",
        "OLD_SECRET",
        "MANY",
        "API_TOKEN",
    }


def test_names_are_what_the_sources_need() -> None:
    """The names contain the fields, the secrets, and the new name for every old one."""
    names = inputs.names(Team)

    assert names.fields == set(Team.model_fields)
    assert names.deprecated == {"OLD": "RENAMED", "OLDER": "RENAMED", "BEFORE": "MOVED"}
    assert names.families == ()
    assert inputs.names(Settings).families == Settings.SECRET_FAMILIES


def test_every_built_in_field_is_declared_in_full() -> None:
    """Every field has a group and a description of one line, and every number has a lower bound."""
    for found in description.describe(Settings):
        info = Settings.model_fields[found.name]
        assert found.group != description.OTHER_GROUP, found.name
        assert found.description.endswith("."), found.name
        assert "\n" not in found.description, found.name
        if info.annotation in {int, float}:
            assert {"ge", "gt"} & set(description._bounds(info.metadata)), found.name


def test_every_built_in_credential_is_declared() -> None:
    """A field named like a credential is a SecretStr, or declares a reason for being public."""
    for name, info in Settings.model_fields.items():
        if is_credential_name(name):
            declared = declares_secret(info.annotation)
            assert declared or introspection.extras(info).get("public"), name


def test_no_default_of_a_built_in_secret_is_secret() -> None:
    """The default of a secret is empty, or a Redis server on localhost."""
    defaults = {
        found.default.get_secret_value() for found in description.describe(Settings) if found.secret
    }

    assert defaults == {"", "redis://localhost:6379/0"}


def declared(kind: Any, **more: Any) -> Any:
    """Return a field of this type."""

    class Model(BaseModel):
        """A model with one field."""

        X: kind = Field(None, **more)

    return Model.model_fields["X"]


@pytest.mark.parametrize(
    ("kind", "bounds", "expectation"),
    [
        (int, {}, "a whole number"),
        (int, {"gt": 0}, "a whole number above 0"),
        (int, {"ge": 0}, "a whole number of at least 0"),
        (int, {"le": 9}, "a whole number of at most 9"),
        (int, {"lt": 9}, "a whole number below 9"),
        (int, {"ge": 0, "le": 1048576}, "a whole number from 0 to 1048576"),
        (int, {"gt": 0, "le": 9}, "a whole number above 0 and of at most 9"),
        (int, {"ge": 0, "lt": 9}, "a whole number of at least 0 and below 9"),
        (float, {"ge": 0.25, "le": 0.85}, "a number from 0.25 to 0.85"),
        (float, {"ge": float("-inf")}, "a number"),
        (PositiveInt, {}, "a whole number above 0"),
        (int | None, {"gt": 0}, "a whole number above 0"),
        (Optional[float], {}, "a number"),  # noqa: UP045 -- both spellings are in use
        (bool, {}, "true or false"),
        (str, {}, "text"),
        (SecretStr, {}, "text"),
        (SecretStr | None, {}, "text"),
        (Any, {}, "text"),
        (int | str, {}, "text"),
        (Literal["a"], {}, "a"),
        (Literal["a", "b"], {}, "a or b"),
        (Literal["a", "b", 3], {}, "a, b or 3"),
        (Colour, {}, "red or blue"),
        (timedelta, {}, "a valid timedelta"),
        (dict[str, int], {}, "a JSON object"),
        (dict, {}, "a JSON object"),
        (list[str], {}, "a comma-separated list of values"),
        (list, {}, "a comma-separated list of values"),
        (list[str] | None, {}, "a comma-separated list of values"),
        (list[int], {}, "a comma-separated list of whole numbers"),
        (set[float], {}, "a comma-separated list of numbers"),
        (tuple[int, ...], {}, "a comma-separated list of whole numbers"),
        (list[PositiveInt], {}, "a comma-separated list of whole numbers above 0"),
        (list[Annotated[int, Ge(1)]], {}, "a comma-separated list of whole numbers of at least 1"),
        (
            list[Annotated[int, Field(ge=1, le=9)]],
            {},
            "a comma-separated list of whole numbers from 1 to 9",
        ),
        (list[Annotated[str, "x"]], {}, "a comma-separated list of values"),
        (HttpUrl, {}, "an http or https URL"),
        (int, {"multiple_of": 256}, "a whole number divisible by 256"),
        (float, {"ge": 0, "le": 9, "multiple_of": 3}, "a number from 0 to 9 and divisible by 3"),
        (Decimal, {"gt": 0}, "a number above 0"),
        (int | list[int], {}, "a whole number or a comma-separated list of whole numbers"),
        (list[str] | dict[str, int], {}, "a comma-separated list of values or a JSON object"),
        (NewType("Port", PositiveInt), {}, "a whole number above 0"),
        (Sequence[int], {}, "a JSON list of whole numbers"),
        (deque[Decimal], {}, "a JSON list of numbers"),
        (Iterable[str], {}, "a JSON list of values"),
        (Mapping[str, int], {}, "a JSON object"),
        (TypedDict("Limits", {"cpu": int}), {}, "a JSON object"),
        (Nested, {}, "a JSON object"),
        (list[Nested], {}, "a comma-separated list of JSON objects"),
        (tuple[int, int], {}, "a comma-separated list of 2 whole numbers"),
        (tuple[int, str], {}, "a comma-separated list of a whole number and text"),
        (tuple[()], {}, "a comma-separated list of values"),
        (Secret[int], {}, "a whole number"),
        (bytes, {}, "text"),
        (IPvAnyAddress, {}, "a valid IP address"),
        (IPv4Network, {}, "a valid IPv4Network"),
        (Path, {}, "a valid Path"),
        (RootModel[int], {}, "a whole number"),
    ],
)
def test_an_expectation_contains_no_value(
    kind: Any, bounds: dict[str, float], expectation: str
) -> None:
    """An expectation completes "NAME must be …" from the type and its bounds only."""
    assert description.expectation(declared(kind, **bounds)) == expectation


def test_an_interval_is_two_bounds() -> None:
    """An Interval gives both of its bounds."""
    assert description.expectation(declared(Annotated[int, Interval(ge=1, le=2)])) == (
        "a whole number from 1 to 2"
    )


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (str, "[1]", "[1]"),
        (str, "a,b", "a,b"),
        (int, "1", "1"),
        (list[str], "a,b", ["a", "b"]),
        (list[str], " a , b ,", ["a", "b"]),
        (list[str], ",", []),
        (list[str], "a", ["a"]),
        (list[str], '["a,b", "c"]', ["a,b", "c"]),
        (list[str], ' ["a"]', ["a"]),
        (list[str], "[]", []),
        (list[str], "[a", "[a"),
        (list[str], "[a]", "[a]"),
        (list[str], '["a"] b', '["a"] b'),
        (list[str], "{}", ["{}"]),
        (list[str], "[" * 100_000, "[" * 100_000),
        (list[int], "[" + "9" * 5000 + "]", "[" + "9" * 5000 + "]"),
        (list[int], "1,x", ["1", "x"]),
        (list[str] | None, "a,b", ["a", "b"]),
        (tuple[str, ...], "a,b", ["a", "b"]),
        (frozenset[str], "a,b", ["a", "b"]),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (dict[str, int] | None, '{"a": 1}', {"a": 1}),
        (dict[str, int], "a=1", "a=1"),
        (dict[str, int], "{", "{"),
    ],
)
def test_text_is_decoded_for_its_type(kind: Any, text: str, value: object) -> None:
    """A list is JSON if it starts with `[`, otherwise comma-separated; invalid JSON stays text."""
    assert introspection.decode(declared(kind), text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (1.5, "1.5"),
        ("a", "a"),
        (None, ""),
        ([], ""),
        (["a", 1, True], "a,1,true"),
        (("a", "b"), "a,b"),
        ({"a"}, "a"),
    ],
)
def test_a_value_is_written_as_it_is_read(value: object, text: str) -> None:
    """Booleans are written in lower case, lists with commas, and None as an empty text."""
    assert description.as_text(value) == text


def test_every_built_in_default_is_read_back(loaded: MakeLoaded) -> None:
    """The text of every default is read back as that default."""
    described, schema = description.describe(Settings), declarations.declared(Settings)
    texts = {found.name: description.default_text(schema, found.name) for found in described}
    text = "".join(f"{name}={default}\n" for name, default in texts.items())
    settings = loaded(text).settings

    assert [getattr(settings, found.name) for found in described] == [
        found.default for found in described
    ]
