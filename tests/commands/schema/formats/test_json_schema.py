"""
The JSON Schema accepts what the class accepts, and demands what it demands.
"""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from workerctl.commands.schema.formats import json_schema

Run = Callable[..., CompletedProcess[str]]

MODULE = """\
from enum import Enum
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from workerctl.rules import Environment, OneOf, Required


class Kind(Enum):
    A = "a"


class Own(BaseSettings):
    stage: Annotated[str, Environment(production=("live",))] = "dev"
    mode: Literal["fast", "slow"] = "fast"
    kind: Kind = Kind.A
    lower: Annotated[Literal["x"], BeforeValidator(str.lower)] = "x"
    size: int = Field(5, ge=1, le=9)
    flag: bool = False
    listed: list[str] = []
    token: SecretStr = Field(validation_alias=AliasChoices("TOKEN", "API_TOKEN"))
    hook: Annotated[str, Required(when="mode=slow")] = ""
    one: Annotated[str, OneOf("key")] = ""
    other: Annotated[str, OneOf("key")] = ""
"""


@pytest.fixture(name="validator")
def _validator(call: Run, directory: Path) -> Any:
    (directory / "schema_of_json.py").write_text(MODULE)
    done = call("schema", "--format", "json-schema", "--settings", "schema_of_json:Own")
    document = json.loads(done.stdout)
    Draft202012Validator.check_schema(document)
    assert document["properties"]["TOKEN"]["writeOnly"] is True
    return Draft202012Validator(document)


@pytest.mark.parametrize(
    ("variables", "is_valid"),
    [
        ({"TOKEN": "t"}, True),
        ({"API_TOKEN": "t"}, True),
        ({}, False),
        ({"TOKEN": "t", "OTHER_PROGRAM": "x"}, True),
        ({"TOKEN": "t", "MODE": "quick"}, False),
        ({"TOKEN": "t", "KIND": "b"}, False),
        ({"TOKEN": "t", "LOWER": "X"}, True),
        ({"TOKEN": "t", "SIZE": "7"}, True),
        ({"TOKEN": "t", "SIZE": 7}, True),
        ({"TOKEN": "t", "SIZE": 12}, False),
        ({"TOKEN": "t", "SIZE": "many"}, False),
        ({"TOKEN": "t", "FLAG": "YES"}, True),
        ({"TOKEN": "t", "FLAG": True}, True),
        ({"TOKEN": "t", "FLAG": "maybe"}, False),
        ({"TOKEN": "t", "STAGE": "live"}, False),
        ({"TOKEN": "t", "STAGE": "live", "OTHER": "k"}, True),
        ({"TOKEN": "t", "STAGE": "prod", "ONE": "k", "MODE": "slow"}, False),
        ({"TOKEN": "t", "STAGE": "prod", "ONE": "k", "MODE": "slow", "HOOK": "h"}, True),
    ],
)
def test_variables_are_valid_or_not(
    validator: Any, variables: dict[str, Any], is_valid: bool
) -> None:
    """Types, choices, bounds, aliases, and demands by environment and condition are stated."""
    assert validator.is_valid(variables) is is_valid


@given(st.one_of(st.text(max_size=6), st.from_regex(r"\A[-+ ]?[0-9_.eE]{1,6} ?\Z")))
@pytest.mark.parametrize("kind", [int, float, bool])
def test_a_pattern_accepts_what_the_type_accepts(kind: type[Any], text: str) -> None:
    """A text that pydantic reads as a number or a flag matches the pattern."""
    try:
        TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return
    expression = {
        int: rf"\s*{json_schema._INTEGER}\s*",
        float: rf"\s*({json_schema._FLOAT}|[-+]?(inf|infinity|nan))\s*",
        bool: "|".join(map(json_schema._in_any_case, json_schema._FLAGS)),
    }[kind]
    schema = json_schema._pattern(expression, empty=False)

    assert Draft202012Validator(schema).is_valid(text.lower())
