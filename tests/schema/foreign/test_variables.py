"""
Tests of the variables of a class: their names, in the order in which pydantic-settings looks.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from workerctl.schema.declarations import Path
from workerctl.schema.foreign.variables import schema_of, settings_classes


@dataclass
class Pool:
    """A standard dataclass."""

    size: int = 3
    names: list[str] = field(default_factory=list)


class Db(BaseModel):
    """A nested model."""

    pool_size: int
    host: str = Field("h", validation_alias=AliasChoices("hostname", "server"))
    pool: Pool = Pool()


class Redis(BaseSettings):
    """A nested settings class."""

    model_config = SettingsConfigDict(env_prefix="REDIS_")

    port: int = 1
    env: str = ""


class Holder(BaseModel):
    """A model that holds a settings class."""

    redis: Redis = Field(default_factory=Redis)


def paths(settings_class: type[BaseSettings]) -> dict[str, Path]:
    """Return the path of every variable."""
    return {name: each.path for name, each in schema_of(settings_class).variables.items()}


def test_prefix_delimiter_and_aliases() -> None:
    """Nested fields have the names of all parts, in capitals."""

    class App(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="app_", env_nested_delimiter="__")
        db: Annotated[Db | None, "nothing"] = None
        url: str = Field(validation_alias=AliasChoices("URL", AliasPath("CONF", "url"), "old_url"))

    schema = schema_of(App)

    assert paths(App) == {
        "APP_DB": ("db",),
        "APP_DB__POOL_SIZE": ("db", "pool_size"),
        "APP_DB__HOSTNAME": ("db", "host"),
        "APP_DB__POOL": ("db", "pool"),
        "APP_DB__POOL__SIZE": ("db", "pool", "size"),
        "APP_DB__POOL__NAMES": ("db", "pool", "names"),
        "URL": ("url",),
    }
    assert schema.variables["URL"].aliases == ("CONF", "OLD_URL")
    assert schema.variables["APP_DB__HOSTNAME"].aliases == ("APP_DB__SERVER",)
    assert (schema.prefix, schema.delimiter, schema.is_own) == ("APP_", "__", False)


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"env_nested_delimiter": None}, {"DB"}),
        (
            {"env_nested_delimiter": "_"},
            {"DB", "DB_HOSTNAME", "DB_POOL", "DB_POOL_SIZE", "DB_POOL_NAMES"},
        ),
        (
            {"env_nested_delimiter": "_", "env_nested_max_split": 1},
            {"DB", "DB_POOL_SIZE", "DB_HOSTNAME", "DB_POOL"},
        ),
        ({"case_sensitive": True, "env_nested_delimiter": "_"}, {"db", "db_hostname", "db_pool"}),
    ],
)
def test_how_deeply_names_are_split(config: Any, names: set[str]) -> None:
    """A name that contains the delimiter cannot be read, unless no split is left."""

    class App(BaseSettings):
        model_config = SettingsConfigDict(**config)
        db: Db

    assert names <= set(paths(App))
    if config.get("env_nested_max_split") or config["env_nested_delimiter"] is None:
        assert names == set(paths(App))
    if config == {"env_nested_delimiter": "_"}:
        assert paths(App)["DB_POOL_SIZE"] == ("db", "pool", "size")


def test_nested_settings_classes_have_names_of_their_own() -> None:
    """Wherever they are; a variable may set several fields."""

    class App(BaseSettings):
        env: str = Field("", validation_alias="REDIS_ENV")
        redis: Redis = Redis()
        held: Holder = Holder()

    schema = schema_of(App)

    assert set(schema.variables) == {"REDIS_ENV", "REDIS", "REDIS_PORT", "HELD"}
    assert schema.variables["REDIS_PORT"].path == ("redis", "port")
    assert set(schema.variables["REDIS_PORT"].also) == {("held", "redis", "port")}
    assert set(schema.variables["REDIS_ENV"].also) == {("redis", "env"), ("held", "redis", "env")}
    assert set(settings_classes(schema)) == {(), ("redis",), ("held", "redis")}


def test_dictionaries_and_lax_models_are_open() -> None:
    """Their keys are not declared."""

    class Lax(BaseModel, extra="allow"):
        known: int = 1

    class App(BaseSettings):
        model_config = SettingsConfigDict(env_nested_delimiter="__")
        labels: dict[str, str] = {}
        lax: Lax = Lax()
        items: list[dict[str, str]] = []

    assert schema_of(App).open_prefixes == ("LABELS__", "LAX__")


def test_a_model_that_contains_itself_ends() -> None:
    """The search has a limit."""

    class Node(BaseModel):
        size: int = 1
        below: "Node | None" = None

    class App(BaseSettings):
        model_config = SettingsConfigDict(env_nested_delimiter="__")
        node: Node = Node()

    assert "NODE__BELOW__BELOW__SIZE" in paths(App)
