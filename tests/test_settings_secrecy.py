"""
Tests that an instance of the built-in schema gives no secret away: repr, dumps, errors, pickles.
"""

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, PostgresDsn, SecretStr, TypeAdapter, computed_field, field_validator

from tests.leaks.oracle import Mint, Oracle
from workerctl.report.errors import ConfigurationError
from workerctl.secrecy.masking import MASK
from workerctl.settings import Settings, validate_encryption_key

MINT = Mint(17)
TOKENS = {name: MINT.token() for name in ("nested", "dsn", "plain", "url", "key", "number", "list")}


class Database(BaseModel):
    """A nested model with a plain password."""

    host: str = "db"
    password: str = ""


class Team(Settings):
    """A class with secrets that no SecretStr declares."""

    DATABASE: Database = Database()
    DATABASES: list[Database] = []  # noqa: RUF012 -- pydantic copies it
    STORE: PostgresDsn | None = None
    PARTNER_TOKEN: str = ""
    PIN_TOKEN: int = 0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def HEADER(self) -> str:  # noqa: N802 -- as the fields
        """A computed field that contains a secret."""
        return f"key={self.PARTNER_TOKEN}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def DATABASE_LINE(self) -> str:  # noqa: N802 -- as the fields
        """A computed field that contains the secret of a nested model."""
        return f"{self.DATABASE.host} {self.DATABASE.password.upper()}"


@pytest.fixture(name="team")
def _team(directory: Path) -> Team:
    assert directory
    return Team(
        DATABASE=Database(password=TOKENS["nested"]),
        DATABASES=[Database(password=TOKENS["list"])],
        STORE=PostgresDsn(f"postgres://u:{TOKENS['dsn']}@db/app"),
        PARTNER_TOKEN=TOKENS["plain"],
        PIN_TOKEN=73918264,
        OPENAI_BASE_URL=f"https://u:{TOKENS['url']}@host/v1",
        OPENAI_API_KEY=SecretStr(TOKENS["key"]),
        OPENAI_MODEL=f"model-{TOKENS['key']}",
        ANTHROPIC_MODEL=f"sk-ant-{TOKENS['number']}",
    )


def leaks(text: object) -> list[str]:
    """Return the secrets of which a text contains a piece."""
    return Oracle([*TOKENS.values(), "73918264"]).leaks(str(text))


def test_no_secret_is_in_the_repr(team: Team) -> None:
    """Neither DSNs, nested models, computed fields nor a secret in a public field show any."""
    assert leaks(f"{team!r} {team}") == []
    assert f"DATABASE={{'host': 'db', 'password': '{MASK}'}}" in repr(team)
    assert f"PARTNER_TOKEN='{MASK}'" in repr(team)
    assert "JOB_TIMEOUT_SECONDS=1800" in repr(team)


def test_dumps_mask_by_default(team: Team) -> None:
    """All ways of pydantic to dump a model mask what is not a SecretStr."""
    dumps: list[Any] = [
        team.model_dump(),
        team.model_dump(mode="json"),
        team.model_dump_json(),
        dict(team),
        TypeAdapter(Team).dump_json(team).decode(),
    ]
    for dumped in dumps:
        assert leaks(dumped) == []
    assert team.model_dump()["DATABASE"] == {"host": "db", "password": MASK}
    assert json.loads(team.model_dump_json())["QUEUES"] == ["fast", "slow", "process", "parse"]
    assert team.model_dump(include={"ENV"}) == {"ENV": "development"}
    assert team.model_dump()["OPENAI_API_KEY"] == SecretStr(TOKENS["key"])


def test_a_context_opens_dumps(team: Team) -> None:
    """A SecretStr remains one; any other truth than True opens nothing."""
    opened = team.model_dump(context={"secrets": True})

    assert opened["PARTNER_TOKEN"] == TOKENS["plain"]
    assert opened["DATABASE"]["password"] == TOKENS["nested"]
    assert isinstance(opened["OPENAI_API_KEY"], SecretStr)
    assert leaks(team.model_dump(context={"secrets": "yes"})) == []


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_API_KEYS", "anything", MINT.token()])
def test_assignment_shows_no_value(team: Team, name: str) -> None:
    """The error names a field, or a name that looks like one, but never the value."""
    secret = MINT.token()

    def assign() -> None:
        setattr(team, name, secret)

    with pytest.raises(AttributeError, match="immutable") as caught:
        assign()

    oracle = Oracle([secret, *MINT.made])
    assert oracle.leaks(str(caught.value)) == []
    assert oracle.leaks(str(caught.traceback[-1].frame.f_locals.get("value"))) == []
    assert team.model_dump(context={"secrets": True})["PARTNER_TOKEN"] == TOKENS["plain"]


def test_showing_an_instance_does_not_change_it(directory: Path) -> None:
    """What was printed equals what was not."""
    assert directory
    shown, other = Settings(), Settings()
    assert repr(shown)
    assert shown.model_dump()

    assert shown == other
    assert copy.deepcopy(shown) == other


@pytest.mark.parametrize("table", ["door = { hidden = true }", "nothing = { hidden = true }"])
def test_what_the_table_hides_is_not_in_the_repr(directory: Path, table: str) -> None:
    """A rule in pyproject.toml counts as one at the field; with a wrong one, all is hidden."""

    class Own(Settings):
        """A subclass with a number that nobody would take for a secret."""

        door: int = 1

    shown, dumped = f"{Own(door=48151623)}", Own(door=48151623).model_dump_json()
    assert ("48151623" in shown, "48151623" in dumped) == (True, True)
    (directory / "pyproject.toml").write_text(f"[tool.workerctl.rules]\n{table}\n")
    hidden = Own(door=48151623)
    assert "48151623" not in f"{hidden!r} {hidden} {hidden.model_dump()} {dict(hidden)}"
    assert hidden.model_dump(context={"secrets": True})["door"] == 48151623


def test_further_secrets_are_not_pickled(directory: Path) -> None:
    """They can be copied within the process, with the settings and alone."""
    (directory / ".env").write_text(f"ENCRYPTION_KEY_V1={MINT.key()}\n")
    settings = Settings()
    assert list(settings.further_secrets) == ["ENCRYPTION_KEY_V1"]

    for make in (pickle.dumps, lambda thing: pickle.dumps([thing], protocol=2)):
        with pytest.raises(TypeError, match="secrets"):
            make(settings.further_secrets)
    for same in (copy.copy, copy.deepcopy):
        assert same(settings.further_secrets) == settings.further_secrets
        assert same(settings).further_secrets == settings.further_secrets


@pytest.mark.parametrize("kind", [str, SecretStr])
def test_no_frame_keeps_a_rejected_key(kind: Any) -> None:
    """Error reporters send local variables."""
    secret = MINT.token()

    with pytest.raises(ValueError, match="hexadecimal") as caught:
        validate_encryption_key(kind(secret), "production")

    frame = caught.traceback[-1].frame
    assert frame.code.name == "validate_encryption_key"
    assert (
        Oracle([secret]).leaks(str({name: str(each) for name, each in frame.f_locals.items()}))
        == []
    )
    assert "key" not in frame.f_locals


class Panic(BaseException):
    """An error as extension modules raise them, which `except Exception` does not catch."""


def test_an_error_that_is_no_exception_becomes_a_configuration_error(directory: Path) -> None:
    """A validator may raise anything."""
    assert directory
    secret = MINT.token()

    class Panicking(Settings):
        """A class whose validator panics."""

        @field_validator("OPENAI_MODEL")
        @classmethod
        def _panic(cls, value: str) -> str:
            raise Panic(value)

    with pytest.raises(ConfigurationError) as caught:
        Panicking(OPENAI_MODEL=secret)

    assert Oracle([secret]).leaks(f"{caught.value} {caught.value.__context__!r}") == []
    assert "Panic" in str(caught.value)
