"""
Tests of subclasses of the built-in schema: how they read texts, and what they inherit.
"""

from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, Json, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from workerctl.commands.show_config import rows
from workerctl.schema import inputs
from workerctl.schema.loading import Loaded, load
from workerctl.schema.secrets.declared import is_secret
from workerctl.settings import Settings
from workerctl.sources.options import Options


class Mode(Enum):
    """An enumeration whose names and values differ."""

    FAST = "a"
    SLOW = "b"


class Team(Settings):
    """A subclass with types that the built-in schema does not use."""

    model_config = SettingsConfigDict(env_parse_enums=True, env_parse_none_str="null")

    MODE: Mode = Mode.SLOW
    WORKERS: int = 3
    TTL: timedelta = timedelta(minutes=5)
    FLAGS: Json[list[int]] = Field("[]")
    HOSTS: Annotated[list[str], NoDecode] = Field([])
    LIMIT: int | None = 4
    SIZE: int | Literal["auto"] | None = 3
    ACCESS_TOKEN_EXPIRE_MINUTES: int = 60
    DEBUG: str = "off"
    WEBHOOK_URL: str = ""

    @field_validator("WORKERS")
    @classmethod
    def _is_not_four(cls, value: int) -> int:
        if value == 4:
            raise ValueError
        return value

    @field_validator("HOSTS", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return value.split(";") if isinstance(value, str) else value


def loaded(text: str) -> Loaded:
    """Return the configuration of an env file."""
    Path("team.env").write_text(text)
    return load(Team, Options(("team.env",), isolated=True))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("MODE=FAST", Mode.FAST),
        ("MODE=a", Mode.FAST),
        ("TTL=PT1H", timedelta(hours=1)),
        ("FLAGS=[1,2]", [1, 2]),
        ("HOSTS=a,b;c", ["a,b", "c"]),
        ("LIMIT=null", None),
        ("SIZE=auto", "auto"),
    ],
)
def test_a_subclass_reads_a_text_as_pydantic_settings_does(line: str, value: object) -> None:
    """Enumerations by name, JSON, lists that the class parses, and the word for None."""
    found = loaded(f"{line}\n")

    assert found.findings == ()
    assert getattr(found.settings, line.partition("=")[0]) == value


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        (
            "WORKERS=4",
            "WORKERS is rejected by a validator of Team.",
            "See the class for what it requires.",
        ),
        ("WORKERS=x", "WORKERS must be a whole number.", "The default is WORKERS=3."),
        ("MODE=c", "MODE must be a or b.", "The default is MODE=b."),
        ("SIZE=x", "SIZE must be a whole number or auto.", "The default is SIZE=3."),
        (
            "FLAGS=[",
            "FLAGS must be text of the form that the class parses.",
            "The default is FLAGS=[].",
        ),
    ],
)
def test_what_a_subclass_rejects(line: str, message: str, hint: str) -> None:
    """A validator is not a type, and a union is not text."""
    assert [(each.message, each.hint) for each in loaded(f"{line}\n").findings] == [(message, hint)]


def test_a_redeclared_field_stays_secret_and_in_its_group() -> None:
    """To change the type of a field is not to publish it."""
    found = {row.setting.name: row for row in rows.rows(loaded("WEBHOOK_URL=https://a.b/T0K3N4\n"))}

    assert found["WEBHOOK_URL"].setting.group == "webhook"
    assert found["WEBHOOK_URL"].setting.secret
    assert "T0K3N4" not in found["WEBHOOK_URL"].shown
    assert found["ACCESS_TOKEN_EXPIRE_MINUTES"].shown == "60"
    assert found["MODE"].shown == "b"


def test_the_secret_fields_are_those_that_their_declarations_say() -> None:
    """Asked one by one or all together, the same fields are secret."""
    secrets = inputs.names(Team).secrets
    expected = [name for name, info in Team.model_fields.items() if is_secret(name, info)]

    assert list(secrets) == expected
    assert len(secrets) == len(expected) == 10
    assert [name for name in Team.model_fields if name in secrets] == expected
    assert "OTHER_API_KEY" not in secrets
    assert 1 not in secrets
