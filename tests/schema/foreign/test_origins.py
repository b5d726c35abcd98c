"""
Tests of sources that a class adds or reorders: their values, their names, and what is not called.
"""

import json
import zipfile
from pathlib import Path

import pytest

from tests.schema.foreign.conftest import Load, messages
from workerctl.checks.values import names
from workerctl.preflight import Request, context_of
from workerctl.report.findings import Location, Severity
from workerctl.schema.loaded import Loaded

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
    assert found.values.chosen["APP_SIZE"].shadowed == (Location("other", "json file app.json"),)


def test_an_origin_says_what_it_overrides(load_module: Load, here: Path) -> None:
    """Lines of env files and values of further sources, the strongest first."""
    (here / ".env").write_text("APP_SIZE=8\nAPP_SIZE=9\nAPP_DB__HOST=file\n")
    found = load_module(SOURCES.format(order=ORDER), {"APP_SIZE": "7", "APP_REGION": "env"})

    chosen = found.values.chosen
    assert chosen["APP_SIZE"].location == Location("environment")
    assert [str(each) for each in chosen["APP_SIZE"].shadowed] == [
        ".env:2",
        ".env:1",
        "toml file app.toml",
        "json file app.json",
    ]
    assert list(map(str, chosen["APP_REGION"].shadowed)) == ["json file app.json", "Remote"]
    assert list(map(str, chosen["APP_DB__HOST"].shadowed)) == ["toml file app.toml"]
    assert (found.values.text("APP_SIZE"), found.settings.size) == ("7", 7)


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


NESTED = """
class Cache(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CACHE_", {inner})
    host: str = "localhost"
    port: int{required}
    password: SecretStr = SecretStr("")

class Settings(BaseSettings):
    model_config = SettingsConfigDict({outer})
    stage: str = "dev"
    cache: Cache = {default}
"""
OWN = 'env_file=".env", extra="ignore"'
FILE = "STAGE=prod\nCACHE_HOST=cache.internal\nCACHE_PORT=6380\nCACHE_PASSWORD=k8d7Fj3Lq0Zx92Vn\n"
DEFAULTS = ["Cache()", "Field(default_factory=Cache)"]


def _unread(found: Loaded) -> list[tuple[str, str, str, Severity]]:
    """Return name, message, place and severity of the findings of SET002."""
    made = context_of(found, Request())
    return [
        (each.fields[0], each.message, str(each.location), each.severity)
        for each in names.SET002.run(made)
    ]


@pytest.mark.parametrize("default", DEFAULTS)
@pytest.mark.parametrize("port", ["6380", "63x9"])
def test_a_nested_class_reads_only_its_own_file(
    load_module: Load, here: Path, default: str, port: str
) -> None:
    """What stands in that of the outer class has no effect, whatever it is."""
    (here / ".env").write_text(FILE.replace("6380", port))
    text = NESTED.format(inner="", outer=OWN, required=" = 6379", default=default)
    found = load_module(text, {"CACHE_PASSWORD": "x2Vb7Nm4Qw"})

    assert messages(found) == []
    assert (found.settings.cache.host, found.settings.cache.port) == ("localhost", 6379)
    assert found.values.location("STAGE") == Location("env-file", ".env", 1)
    assert {found.values.location(f"CACHE_{each}").source for each in ("HOST", "PORT")} == {
        "default"
    }
    assert found.values.chosen["CACHE_PASSWORD"].location == Location("environment")
    assert found.values.chosen["CACHE_PASSWORD"].shadowed == ()
    assert _unread(found) == [
        (
            f"CACHE_{each}",
            f"CACHE_{each} is in .env, which Cache does not read.",
            f".env:{line}",
            Severity.WARNING,
        )
        for line, each in ((2, "HOST"), (3, "PORT"))
    ]


@pytest.mark.parametrize("default", [*DEFAULTS, 'Cache(_env_file=".env")'])
def test_a_nested_class_with_the_same_file_reads_it(
    load_module: Load, here: Path, default: str
) -> None:
    """So it does if the file is passed to its constructor; the rest is in the environment."""
    (here / ".env").write_text(FILE)
    inner = 'extra="ignore"' if "_env_file" in default else OWN
    text = NESTED.format(inner=inner, outer=OWN, required=" = 1", default=default)
    found = load_module(text, {"CACHE_PORT": "7"})

    assert (found.settings.cache.host, found.settings.cache.port) == ("cache.internal", 7)
    assert found.values.location("CACHE_HOST") == Location("env-file", ".env", 2)
    assert found.values.chosen["CACHE_PORT"].shadowed == (Location("env-file", ".env", 3),)
    assert _unread(found) == []


def test_a_bad_value_that_a_nested_class_reads_is_read(load_module: Load, here: Path) -> None:
    """The rest is judged without it, but it is not unread."""
    (here / ".env").write_text(FILE.replace("6380", "63x9"))
    found = load_module(NESTED.format(inner=OWN, outer=OWN, required="", default="Cache()"))

    assert [(each.message, str(each.location)) for each in found.findings] == [
        ("CACHE_PORT must be a whole number.", ".env:3")
    ]
    assert _unread(found) == []


def test_a_required_value_that_is_not_read_has_one_finding(load_module: Load, here: Path) -> None:
    """It is missing because the class does not read the file."""
    (here / ".env").write_text("CACHE_PORT=6380\n")
    text = NESTED.format(inner="", outer=OWN, required="", default="Field(default_factory=Cache)")
    found = load_module(text)

    assert [(each.message, str(each.location)) for each in found.findings] == [
        ("CACHE_PORT is required, but is in .env, which Cache does not read.", ".env:1")
    ]
    assert _unread(found) == []


def test_an_outer_class_does_not_read_the_file_of_a_nested_one(
    load_module: Load, here: Path
) -> None:
    """Only files that are named as an option are passed to it in its environment."""
    (here / ".env").write_text(FILE)
    text = NESTED.format(inner=OWN, outer="", required=" = 1", default="Cache()")
    found = load_module(text)

    assert (found.settings.stage, found.settings.cache.port) == ("dev", 6380)
    assert [name for name, *_ in _unread(found)] == ["STAGE"]
    named = load_module(text, env_files=(".env",))
    assert (named.settings.stage, named.settings.cache.port) == ("prod", 6380)
    assert _unread(named) == []


def test_a_delimiter_lets_the_outer_class_read_for_a_nested_one(
    load_module: Load, here: Path
) -> None:
    """What it finds is passed to the constructor, which is the strongest source."""
    (here / ".env").write_text("CACHE_HOST=a\nCACHE__PORT=8\n")
    outer = OWN + ', env_nested_delimiter="__"'
    found = load_module(
        NESTED.format(inner="", outer=outer, required=" = 1", default="Cache()"),
        {"CACHE_PORT": "9"},
    )

    assert (found.settings.cache.host, found.settings.cache.port) == ("localhost", 8)
    assert found.values.location("CACHE__PORT") == Location("env-file", ".env", 2)
    assert [name for name, *_ in _unread(found)] == ["CACHE_HOST"]


def test_a_nested_class_that_is_not_used_has_no_file(load_module: Load, here: Path) -> None:
    """Nobody knows what it would read."""
    (here / ".env").write_text(FILE)
    text = NESTED.format(inner="", outer=OWN, required=" = 1", default="None")
    assert _unread(load_module(text.replace("cache: Cache", "cache: Cache | None"))) == []


@pytest.mark.parametrize("default", ['Cache(host="fixed")', "Field(default_factory=made)"])
def test_an_argument_of_the_constructor_is_no_variable(load_module: Load, default: str) -> None:
    """The variable has no effect, so the value does not come from it."""
    made = "def made():\n    return Cache(host='fixed')\nclass Settings("
    text = NESTED.format(inner="", outer=OWN, required=" = 1", default=default)
    found = load_module(
        text.replace("class Settings(", made), {"CACHE_HOST": "other", "CACHE_PORT": "7"}
    )

    assert (found.settings.cache.host, found.settings.cache.port) == ("fixed", 7)
    assert found.values.location("CACHE_HOST") == Location("default")
    assert found.values.location("CACHE_PORT") == Location("environment")


def test_a_nested_class_reads_only_its_own_secrets_directory(load_module: Load, here: Path) -> None:
    """As with env files; SET003 judges these directories."""
    (here / "secrets").mkdir()
    (here / "secrets/cache_password").write_text("k8d7Fj3Lq0Zx92Vn")
    text = NESTED.format(
        inner="", outer='secrets_dir="secrets"', required=" = 1", default="Cache()"
    )
    found = load_module(text)

    assert not found.values.is_set("CACHE_PASSWORD")
    assert [each.message for each in names.SET003.run(context_of(found, Request()))] == [
        "CACHE_PASSWORD is in secrets/cache_password, which Cache does not read."
    ]


def test_a_source_that_the_class_leaves_out_sets_nothing(load_module: Load) -> None:
    """A variable of the environment is another program's then."""
    found = load_module(SOURCES.format(order="dotenv_settings, toml"), {"APP_SIZE": "9"})

    assert found.settings.size == 3
    assert found.values.chosen["APP_SIZE"].location == Location("other", "toml file app.toml")
    found = load_module(SOURCES.format(order="dotenv_settings, Remote(cls)"), {"APP_SIZE": "9"})
    assert not found.values.is_set("APP_SIZE")
    assert [*names.SET003.run(context_of(found, Request()))] == []
