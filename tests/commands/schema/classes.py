"""
Settings classes for the tests of `workerctl schema`, as the source text of modules.
"""

MANY = """\
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal, Optional

from pydantic import BaseModel, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Colour(Enum):
    RED = "r"


class Pool(BaseModel):
    size: int = 4
    label: str
    ratio: float = 0.5


class Extra(BaseModel):
    url: str
    retries: int = 3


class Own(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="X_", env_nested_delimiter="__")

    required_number: int
    required_list: list[int]
    text: str = "plain"
    empty: str = ""
    quoted: str = "it's \\"both\\" # and a \\\\ backslash"
    lines: str = "one\\ntwo\\ttab"
    flag: bool = True
    number: int = 7
    ratio: float = 2.0
    colour: Colour = Colour.RED
    choice: Literal["a", "b"] = "b"
    path: Path = Path("/srv/data")
    wait: timedelta = timedelta(seconds=90)
    listed: list[str] = ["a b", "c,d"]
    ordered: frozenset[str] = frozenset({"z", "y", "x", "w", "v"})
    table: dict[str, int] = {"a": 1, "b": 2}
    made: list[str] = Field(default_factory=lambda: ["made"])
    split: Annotated[list[str], NoDecode] = ["p", "q"]
    nothing: Optional[int] = None
    secret: SecretStr = SecretStr("kR7mqL2sXw9TfZ4c")
    changeme: SecretStr = SecretStr("changeme")
    dsn: str = "redis://:pV7mqL2sXw9RkT4c@cache.internal/0"
    pool: Pool = Pool(label="main", size=9)
    needed: Pool
    extra: Optional[Extra] = None

    @field_validator("split", mode="before")
    @classmethod
    def _split(cls, value):
        return value.split(",") if isinstance(value, str) else value
"""
"""A class with a default of each kind, and with nested models of each kind."""

SECRETS = ("kR7mqL2sXw9TfZ4c", "pV7mqL2sXw9RkT4c")
REQUIRED = {
    "X_REQUIRED_NUMBER": "1",
    "X_REQUIRED_LIST": "[1]",
    "X_CHANGEME": "real",
    "X_NEEDED__LABEL": "label",
}
"""The variables that have to be set, with values that the class accepts."""
