"""
Tests of secrecy by variable: rules in a table count as those at the field, at every depth.
"""

from pydantic import AnyUrl, BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from tests.leaks.oracle import Mint, Oracle
from workerctl.rules import Hidden, Public
from workerctl.schema import instances
from workerctl.schema.declarations import Schema, with_rules
from workerctl.schema.foreign.variables import schema_of
from workerctl.schema.instances import Origin
from workerctl.schema.secrets.shown import Shown
from workerctl.schema.secrets.texts import secret_texts, secret_variables, shown_variable
from workerctl.secrecy.masking import MASK
from workerctl.secrecy.redaction import Redactor
from workerctl.sources import project as projects

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
