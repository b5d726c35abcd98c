"""
Tests of sources that a class adds or reorders: their values, their names, and what is not called.
"""

import json
import zipfile
from pathlib import Path

import pytest

from tests.schema.foreign.conftest import Load, messages
from workerctl.report.findings import Location

SOURCES = """
class Remote(PydanticBaseSettingsSource):
    def get_field_value(self, field, field_name):
        return None, field_name, False
    def __call__(self):
        return {{"region": "eu", "db": {{"user": "remote"}}}}

class Db(BaseModel):
    host: str = "h"
    port: int = 1
    user: str = "u"

class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="APP_", env_nested_delimiter="__", env_file=".env",
        toml_file="app.toml", json_file="app.json", extra="ignore",
    )
    region: str = ""
    size: int = 0
    level: int = Field(0, validation_alias="LEVEL")
    db: Db = Db()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
    ):
        toml = TomlConfigSettingsSource(settings_cls)
        return {order}
"""
ORDER = "env_settings, dotenv_settings, toml, JsonConfigSettingsSource(settings_cls), Remote(cls)"


@pytest.fixture(name="files", autouse=True)
def _files(here: Path) -> None:
    """Write the files of the class."""
    (here / "app.toml").write_text('size = 3\nLEVEL = 5\n[db]\nport = 7\nhost = "toml"\n')
    (here / "app.json").write_text(json.dumps({"size": 4, "region": "json"}))


def test_values_of_other_sources_have_their_origin(load_module: Load) -> None:
    """The value of the strongest source counts, and it is named."""
    found = load_module(SOURCES.format(order=ORDER), {"APP_DB__HOST": "env"})

    assert found.findings == ()
    db = found.settings.db
    assert (found.settings.size, found.settings.region, db.host, db.user) == (
        3,
        "json",
        "env",
        "remote",
    )
    origins = {name: str(value.location) for name, value in found.values.chosen.items()}
    assert {name: text for name, text in origins.items() if "DB" not in name} == {
        "APP_SIZE": "toml file app.toml",
        "APP_REGION": "json file app.json",
        "LEVEL": "toml file app.toml",
    }
    assert origins["APP_DB__HOST"] == "environment"
    assert origins["APP_DB__PORT"] == "toml file app.toml"
    assert origins["APP_DB__USER"] == "Remote"
    assert found.values.text("APP_SIZE") == "3"
    assert Location("other", "json file app.json") in found.values.chosen["APP_SIZE"].shadowed


def test_the_order_is_that_of_the_class(load_module: Load, here: Path) -> None:
    """A file may be stronger than the environment, and another source than both."""
    (here / ".env").write_text("APP_REGION=file\nAPP_SIZE=8\n")
    order = "toml, dotenv_settings, env_settings"
    found = load_module(SOURCES.format(order=order), {"APP_REGION": "env", "APP_SIZE": "9"})

    assert (found.settings.region, found.settings.size) == ("file", 3)
    assert found.values.location("APP_REGION") == Location("env-file", ".env", 1)
    assert found.values.location("APP_SIZE") == Location("other", "toml file app.toml")


def test_a_bad_value_of_another_source(load_module: Load, here: Path) -> None:
    """It is reported at the file, and the rest is judged without it."""
    (here / "app.toml").write_text('size = "many"\n[db]\nport = 7\n')
    found = load_module(SOURCES.format(order="toml, env_settings"))

    assert [(each.message, str(each.location)) for each in found.findings] == [
        ("APP_SIZE must be a whole number.", "toml file app.toml")
    ]
    assert (found.settings.size, found.settings.db.port) == (0, 7)
    assert found.invalid == {"APP_SIZE"}


CLOUD = """
class Settings(BaseSettings):
    token: str
    size: int = 1
    other: int = 2

    @classmethod
    def settings_customise_sources(
        cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
    ):
        return env_settings, {source}
"""


@pytest.mark.parametrize(
    "source",
    [
        "AWSSecretsManagerSettingsSource(settings_cls, 'id')",
        "AzureKeyVaultSettingsSource(settings_cls, 'https://vault.example', None)",
        "GoogleSecretManagerSettingsSource(settings_cls)",
    ],
)
def test_a_source_in_the_network_is_not_called(load_module: Load, source: str) -> None:
    """What it could set is deferred, and is not missing; the rest is judged."""
    found = load_module(CLOUD.format(source=source), {"SIZE": "x"})

    assert messages(found) == ["SIZE must be a whole number."]
    assert set(found.perhaps) == {"TOKEN", "OTHER"}
    assert not load_module("class Settings(BaseSettings):\n    a: int = 1\n").perhaps


def test_the_arguments_of_workerctl_are_not_those_of_the_class(
    load_module: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class with a command line in addition is built without one."""
    monkeypatch.setattr("sys.argv", ["workerctl", "check", "--size", "7"])
    text = """
class Settings(BaseSettings):
    model_config = SettingsConfigDict(cli_parse_args=True)
    size: int = 1
"""
    assert load_module(text).settings.size == 1


def test_a_file_may_be_inside_of_an_archive(load_module: Load, here: Path) -> None:
    """pydantic-settings reads a Traversable, too, which is not a path of the file system."""
    with zipfile.ZipFile(here / "app.zip", "w") as archive:
        archive.writestr("inner.json", '{"region": "zip"}')
    text = """
import zipfile

class Settings(BaseSettings):
    model_config = SettingsConfigDict(json_file=zipfile.Path("app.zip", "inner.json"))
    region: str

    @classmethod
    def settings_customise_sources(cls, settings_cls, **sources):
        return (JsonConfigSettingsSource(settings_cls),)
"""
    found = load_module(text)

    assert messages(found) == []
    assert found.settings.region == "zip"
    assert found.values.location("REGION") == Location("other", "json file inner.json")
