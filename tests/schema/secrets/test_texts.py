"""
Tests of secrecy by variable: rules in a table count as those at the field, at every depth.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AnyUrl, BaseModel, PlainValidator, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from tests.leaks.oracle import Mint, Oracle
from workerctl.rules import Hidden, Public
from workerctl.schema import instances, loading
from workerctl.schema.declarations import Schema, with_rules
from workerctl.schema.foreign.variables import schema_of
from workerctl.schema.instances import Origin
from workerctl.schema.loading import load
from workerctl.schema.secrets.shown import Shown
from workerctl.schema.secrets.texts import secret_texts, secret_variables, shown_variable
from workerctl.secrecy.masking import MASK
from workerctl.secrecy.redaction import Redactor
from workerctl.settings import Settings
from workerctl.sources import project as projects
from workerctl.sources.options import Options

TOKEN = Mint(41).token()


class Database(BaseModel):
    """A nested model."""

    host: str = "db"
    password: str = ""
    note: str = ""


class Auth(BaseModel):
    """A model whose field name is that of credentials."""

    issuer: str = "app"
    token: str = ""
    ttl: int = 60


class AppSettings(BaseSettings):
    """A class that cannot be edited."""

    model_config = SettingsConfigDict(env_prefix="KEY_", env_nested_delimiter="__")

    db: Database = Database()
    auth: Auth = Auth()
    url: AnyUrl | None = None
    token_uri: str = ""
    employee: str = ""
    plain: str = ""
    api_key: SecretStr = SecretStr("")


def schema(**rules: object) -> Schema:
    """Return the schema of the class with rules as a table gives them."""
    found = schema_of(AppSettings)
    return with_rules(found, [(found.variables[name], rule) for name, rule in rules.items()])


def test_the_variables_of_secret_fields_are_secret() -> None:
    """The names of the fields decide, not the prefix of the class."""
    assert secret_variables(schema()) == {
        "KEY_DB", "KEY_DB__PASSWORD", "KEY_AUTH", "KEY_AUTH__TOKEN", "KEY_TOKEN_URI", "KEY_API_KEY",
    }  # fmt: skip


def test_rules_in_a_table_count() -> None:
    """What is hidden, is hidden with all that is in it."""
    found = schema(KEY_TOKEN_URI=Public("an address"), KEY_EMPLOYEE=Hidden(), KEY_DB=Hidden())

    assert secret_variables(found) == {
        "KEY_DB", "KEY_DB__HOST", "KEY_DB__PASSWORD", "KEY_DB__NOTE", "KEY_AUTH", "KEY_AUTH__TOKEN",
        "KEY_EMPLOYEE", "KEY_API_KEY",
    }  # fmt: skip
    settings = AppSettings(employee=TOKEN, token_uri="https://host/token", db=Database(note=TOKEN))
    assert shown_variable(found, settings, "KEY_EMPLOYEE") == Shown(MASK, True)
    assert shown_variable(found, settings, "KEY_DB__NOTE") == Shown(MASK, True)
    assert shown_variable(found, settings, "KEY_TOKEN_URI") == Shown("https://host/token", False)
    assert shown_variable(schema(), settings, "KEY_TOKEN_URI") == Shown(MASK, True)


def test_what_a_table_hides_is_redacted(directory: object) -> None:
    """The rules are those with which the instance was loaded."""
    assert directory
    settings = AppSettings(employee=TOKEN)
    assert not Redactor(secret_texts(settings)).holds(TOKEN)

    instances.remember(settings, Origin(schema(KEY_EMPLOYEE=Hidden()), projects.here(), {}))
    assert Redactor(secret_texts(settings)).holds(TOKEN)


def test_a_known_secret_is_masked_in_any_other_setting() -> None:
    """It may stand in the middle of a public text."""
    settings = AppSettings(api_key=SecretStr(TOKEN), plain=f"with {TOKEN[:9]} in it")
    redact = Redactor(secret_texts(settings), MASK).redact

    found = shown_variable(schema(), settings, "KEY_PLAIN", redact)
    assert found == Shown(f"with {MASK} in it", secret=True)
    assert Oracle([TOKEN]).leaks(str(found)) == []


class Client:
    """An object of a team's own type, which shows what it was made from."""

    def __init__(self, text: str = "") -> None:
        self.text = text

    def __str__(self) -> str:
        return f"{self.text}/end"


class Silent:
    """An object that does not show what it was made from, in one of three ways."""

    def __init__(self, text: str = "") -> None:
        self.text = text


class Masking(Silent):
    """An object whose text is a mask."""

    def __str__(self) -> str:
        return "masked"


class Raising(Silent):
    """An object without a text."""

    def __str__(self) -> str:
        raise RuntimeError(self.text)


class ObjectSettings(BaseSettings):
    """A class whose secrets are objects."""

    broker_dsn: Annotated[Any, PlainValidator(Client)] = None
    upstream: Annotated[Any, PlainValidator(Client)] = None
    employee: Annotated[Any, PlainValidator(Client), Hidden()] = None
    tokens: list[Annotated[Any, PlainValidator(Client)]] = []
    api_token: Annotated[Any, PlainValidator(Silent)] = None
    auth_token: Annotated[Any, PlainValidator(Masking)] = None
    db_password: Annotated[Any, PlainValidator(Raising)] = None
    queue: Annotated[Any, PlainValidator(Silent)] = None
    region: Annotated[Any, PlainValidator(Client)] = None


def test_the_texts_of_objects_are_redacted() -> None:
    """The text of an object is what logs show of it; the name of its class is not secret."""
    mint = Mint(42)
    one = [mint.token() for _ in range(4)]
    settings = ObjectSettings.model_validate(
        {
            "broker_dsn": f"amqp://svc:{one[0]}@mq/",
            "upstream": f"https://u:{one[1]}@host/",
            "employee": one[2],
            "tokens": [one[3]],
            "region": "europe-west",
        }
    )
    redactor = Redactor(secret_texts(settings))

    assert [token for token in one if not redactor.holds(token)] == []
    for value in (settings.broker_dsn, settings.upstream, settings.employee, *settings.tokens):
        assert Oracle(one).leaks(redactor.redact(f"{value}")) == []
    assert not redactor.holds(f"{Client.__module__}.{Client.__qualname__} Client")
    assert not redactor.holds("europe-west/end https://host amqp://mq")


def test_the_sources_of_objects_are_redacted(directory: Path) -> None:
    """What an object does not show, a job can still read from it."""
    assert directory
    mint = Mint(43)
    environ = {
        "BROKER_DSN": f"amqp://svc:{mint.token()}@mq/",
        "API_TOKEN": mint.token(),
        "AUTH_TOKEN": mint.token(),
        "DB_PASSWORD": mint.token(),
        "QUEUE": f"https://u:{mint.token()}@host/",
        "REGION": "europe-west",
    }
    loaded = load(Settings, Options(settings=ObjectSettings, env_files=()), environ=environ)
    loading.remember(loaded)
    redactor = Redactor(secret_texts(loaded.settings))

    assert [token for token in mint.made if not redactor.holds(token)] == []
    assert not redactor.holds("europe-west https://host amqp://mq")


def test_a_text_in_the_sources_is_redacted_only_as_a_whole_secret(directory: Path) -> None:
    """The JSON of a dictionary holds names and punctuation, which occur in every log."""
    assert directory
    environ = {"KEY_DB": f'{{"host": "database", "password": "{TOKEN}"}}'}
    loaded = load(Settings, Options(settings=AppSettings, env_files=()), environ=environ)
    loading.remember(loaded)
    redactor = Redactor(secret_texts(loaded.settings))

    assert redactor.holds(TOKEN)
    assert not redactor.holds('{"host": "database", "password": "x"}')
