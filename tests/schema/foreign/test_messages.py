"""
Tests of what SET001 says of a value that a class rejects: what is true, and never the value.
"""

from pathlib import Path

import pytest

from tests.schema.foreign.conftest import Load, messages

TYPES = """
from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NewType
from typing_extensions import TypedDict

Port = NewType("Port", PositiveInt)
class Word(enum.Enum):
    ONE = 1
    TWO = 2
class Pair(enum.Enum):
    ONE = (1, 2)
class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2
class Limits(TypedDict):
    cpu: int
class Hook(BaseModel):
    url: str
    codes: tuple[int, int] = (200, 201)
def odd(value):
    raise ValueError(value)
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore")
    field: {kind}
    {more}
"""
NO_TEXT = "FIELD has a type that accepts no text."


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        # what is missing inside of a value
        ("tuple[int, int, str] = (1, 2, '')", "[5]", "FIELD must contain at least 2 items."),
        ("list[Hook] = []", '[{"codes": [1, 2]}]', "FIELD must contain url in every item."),
        ("dict[str, Hook] = {}", '{"k9Xq2": {}}', "FIELD must contain url in every item."),
        ("Hook = None", "{}", "FIELD must contain url."),
        (
            "Hook = None",
            '{"url": "u", "codes": [1]}',
            "FIELD.codes must contain at least 2 items.",
        ),
        ("Limits = {}", '{"ram": 1}', "FIELD must contain cpu."),
        # types that were taken for text
        (
            "int | list[int] = 8",
            "k9Xq2",
            "FIELD must be a whole number or a JSON list of whole numbers.",
        ),
        ("Port = 1", "k9Xq2", "FIELD must be a whole number above 0."),
        ("Sequence[int] = []", '["k9Xq2"]', "FIELD must be a JSON list of whole numbers."),
        ("deque[float] = deque()", '["k9Xq2"]', "FIELD must be a JSON list of numbers."),
        (
            "Mapping[str, int] = {}",
            '{"a": "k9Xq2"}',
            "FIELD must be a JSON object of the form that the class declares.",
        ),
        (
            "tuple[int, str] = (1, '')",
            '["k9Xq2", ""]',
            "FIELD must be a JSON list of a whole number and text.",
        ),
        # constraints
        (
            "int = Field(512, multiple_of=256)",
            "700",
            "FIELD must be a whole number divisible by 256.",
        ),
        ("Decimal = Field(1, max_digits=2)", "123", "FIELD must be a number of fewer digits."),
        ("FiniteFloat = 1", "inf", "FIELD must be a finite number."),
        (
            "SecretStr = Field('', min_length=9, validate_default=False)",
            "k9Xq2",
            "FIELD must be longer.",
        ),
        ("list[int] = Field([1], min_length=1)", "[]", "FIELD must be a list of more items."),
        # types without a validator of the class
        ("ByteSize = 1", "lots", "FIELD must be a valid ByteSize."),
        ("ByteSize = 1", "1xyz", "FIELD must be a valid ByteSize."),
        ("IPvAnyAddress = '::1'", "localhost", "FIELD must be a valid IP address."),
        ("__import__('re').Pattern = 'x'", "(", "FIELD must be a valid regular expression."),
        ("ImportString = 'os'", "no_such_module.x", "FIELD must be a valid ImportString."),
        # types that accept no text
        ("Literal[1, 2, 3] = 1", "2", NO_TEXT),
        ("Literal[1, None] = 1", "5", NO_TEXT),
        ("Word = Word.ONE", "1", NO_TEXT),
        ("Pair = Pair.ONE", "(1, 2)", NO_TEXT),
        ("StrictInt = 3", "3", NO_TEXT),
        ("StrictBool = True", "true", NO_TEXT),
        ("int = Field(3, strict=True)", "3", NO_TEXT),
        ("Literal[1, 'a'] = 1", "b", "FIELD must be 1 or a."),
        ("Level = Level.LOW", "3", "FIELD must be 1 or 2."),
        ("int = 3", "k9Xq2", "FIELD must be a whole number."),
        ("list[StrictInt] = []", '["3"]', "FIELD must be a JSON list of whole numbers."),
    ],
)
def test_a_rejected_value(
    load_module: Load, here: Path, kind: str, text: str, message: str
) -> None:
    """The message names what the type requires, and the line; the value is in none of them."""
    (here / ".env").write_text(f"OTHER=1\nFIELD='{text}'\n")
    found = load_module(TYPES.format(kind=kind, more=""))

    assert [(each.message, str(each.location)) for each in found.findings] == [(message, ".env:2")]
    assert "k9Xq2" not in repr(found.findings)


@pytest.mark.parametrize(
    ("kind", "more", "message"),
    [
        ("Annotated[ByteSize, AfterValidator(odd)] = 1", "", "validator `odd` (config.py:29)."),
        (
            "int = 1",
            "check = field_validator('field')(lambda cls, value: odd(value))",
            "validator `Settings.<lambda>` (config.py:33).",
        ),
    ],
)
def test_a_validator_is_named(load_module: Load, kind: str, more: str, message: str) -> None:
    """Whatever it raises; the type of the field has accepted the value."""
    found = load_module(TYPES.format(kind=kind, more=more), {"FIELD": "12"})

    assert messages(found) == [f"FIELD is rejected by {message}"]


def test_a_type_is_not_taken_for_the_validator_of_its_field(load_module: Load) -> None:
    """A validator that has not been called has rejected nothing."""
    more = "check = field_validator('field')(lambda cls, value: value)"
    found = load_module(TYPES.format(kind="ByteSize = 1", more=more), {"FIELD": "lots"})

    assert messages(found) == ["FIELD must be a valid ByteSize."]


@pytest.mark.parametrize(
    ("kind", "valid"),
    [
        ("str = Field('', min_length=16)", "k9Xq2k9Xq2k9Xq2k9Xq2"),
        ("SecretStr = Field(SecretStr(''), min_length=4)", "k9Xq2"),
        ("int = Field(0, gt=0)", "1"),
    ],
)
def test_a_default_that_the_class_rejects(load_module: Load, kind: str, valid: str) -> None:
    """The variable is not set; nothing has to be corrected that nobody has written."""
    text = TYPES.format(kind=kind, more="")
    found = load_module(text)

    assert [(each.message, each.hint, each.location) for each in found.findings] == [
        ("FIELD is not set, and its default is not valid.", "Set FIELD.", None)
    ]
    assert messages(load_module(text, {"FIELD": valid})) == []
