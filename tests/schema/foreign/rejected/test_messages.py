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


KEYS = """
from typing_extensions import TypedDict
class Limits(TypedDict):
    cpu: int
class Disk(BaseModel):
    kind: Literal["disk"]
    size: int
class Cloud(BaseModel):
    kind: Literal["cloud"]
    bucket: str
    tries: int = 1
class Lax(BaseModel, extra="allow"):
    __pydantic_extra__: dict[str, int] = Field(init=False)
Store = Annotated[Disk | Cloud, Field(discriminator="kind")]
class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="APP_", env_nested_delimiter="__", env_file=".env", extra="ignore"
    )
    limits: dict[str, PositiveInt] = {}
    disks: dict[str, Disk] = {}
    typed: Limits = {"cpu": 1}
    store: Store = Cloud(kind="cloud", bucket="b")
    stores: dict[str, Store] = {}
    lax: Lax = Lax()
"""
KIND = "must be of a kind that its discriminator knows"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["LIMITS__CPU=four", "LIMITS__RAM=3", "limits__io=0"],
            [
                "LIMITS__CPU must be a whole number above 0:1",
                "LIMITS__IO must be a whole number above 0:3",
            ],
        ),
        (
            ['LIMITS={"cpu": "x"}'],
            ["LIMITS must be a JSON object of the form that the class declares:1"],
        ),
        (["LIMITS__CPU=2", "TYPED__CPU=1", "LAX__ANY=3"], []),
        (["TYPED__CPU=four"], ["TYPED__CPU must be a whole number:1"]),
        (["TYPED__RAM=4"], ["TYPED__CPU is required but not set"]),
        (
            ["DISKS__A__SIZE=x", "DISKS__A__KIND=disk", "DISKS__B__KIND=disk"],
            ["DISKS__A__SIZE must be a whole number:1", "DISKS__B__SIZE is required but not set"],
        ),
        (
            ['DISKS__A={"kind": "disk"}', "DISKS__B__KIND=disk", "DISKS__B__SIZE=1"],
            ["DISKS__A must contain size:1"],
        ),
        (
            ['DISKS={"a": {"kind": "disk"}}'],
            ["DISKS must contain size in every item:1"],
        ),
        (["STORE__KIND=tape"], [f"STORE__KIND {KIND}:1"]),
        (["STORE__SIZE=3"], ["STORE__KIND is required but not set"]),
        (["STORE__KIND=disk", "STORE__SIZE=x"], ["STORE__SIZE must be a whole number:2"]),
        (['STORE={"kind": "tape"}'], [f"STORE {KIND}:1"]),
        (['STORE={"size": 3}'], ["STORE must contain kind:1"]),
        (["STORES__A__KIND=tape"], [f"STORES__A__KIND {KIND}:1"]),
        (
            ["STORES__A__KIND=cloud", "STORES__A__BUCKET=b", "STORES__A__TRIES=x"],
            ["STORES__A__TRIES must be a whole number:3"],
        ),
        (["LAX__ANY=x"], ["LAX__ANY must be a whole number:1"]),
    ],
)
def test_the_variable_of_a_key_is_named(
    load_module: Load, here: Path, lines: list[str], expected: list[str]
) -> None:
    """A key of a dictionary or a union has a line as well, where it is set by a variable."""
    (here / ".env").write_text("".join(f"app_{line}\n" for line in lines))
    found = load_module(KEYS)

    shown = [
        each.message.rstrip(".") + ("" if each.location is None else f":{each.location.line}")
        for each in found.findings
    ]
    assert shown == [f"APP_{each}" for each in expected]
    assert bool(found.invalid) == bool(expected)


def test_the_rest_of_a_dictionary_is_kept(load_module: Load) -> None:
    """Only the key with the bad value is left out, but the variable of the whole is invalid."""
    found = load_module(KEYS, {"APP_LIMITS__CPU": "x", "APP_LIMITS__RAM": "3"})

    assert found.settings.limits == {"ram": 3}
    assert {"APP_LIMITS", "APP_LIMITS__CPU"} == found.invalid & {"APP_LIMITS", "APP_LIMITS__CPU"}


@pytest.mark.parametrize("text", ["x", '{"kind": "disk"}'])
def test_a_key_that_may_be_a_secret_is_not_shown(load_module: Load, here: Path, text: str) -> None:
    """It stands at the line, and the dictionary is named."""
    (here / ".env").write_text(f"APP_DISKS__K9XQ2VB7NM4QWZTR5LP8={text}\n")
    found = load_module(KEYS)

    (finding,) = found.findings
    assert "K9XQ2VB7" not in repr(finding)
    assert finding.message.startswith("APP_DISKS must ")
