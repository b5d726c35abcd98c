"""
Tests of secrecy by declaration and by value: what is secret, what is shown, what is redacted.
"""

import dataclasses
import enum
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NewType

import pytest
from pydantic import (
    AliasChoices,
    AmqpDsn,
    AnyUrl,
    BaseModel,
    Field,
    HttpUrl,
    PostgresDsn,
    RedisDsn,
    RootModel,
    Secret,
    SecretBytes,
    SecretStr,
)
from pydantic_settings import BaseSettings
from typing_extensions import TypeAliasType, TypedDict

from tests.leaks.oracle import Mint, Oracle
from workerctl.rules import Hidden, Public
from workerctl.schema.secrets.declared import is_secret
from workerctl.schema.secrets.shown import Shown, is_same, shown
from workerctl.schema.secrets.texts import secret_texts
from workerctl.secrecy.masking import MASK
from workerctl.secrecy.redaction import Redactor

MINT = Mint(31)
TOKEN = MINT.token()


class MySecret(SecretStr):
    """A subclass, as libraries have them."""


class Color(enum.Enum):
    """Choices."""

    RED = "red"


Alias = TypeAliasType("Alias", MySecret)
New = NewType("New", SecretStr)


class Model(BaseModel):
    """A nested model with a secret that only its name says."""

    host: str = "db"
    port: int = 5432
    password: str = ""


class Deep(BaseModel):
    """A model whose secret is two levels down."""

    model: Model = Model()


@dataclasses.dataclass
class Data:
    """A dataclass."""

    name: str = "app"
    api_key: str = ""


class Typed(TypedDict):
    """A typed dictionary."""

    token: str


class Root(RootModel[list[Model]]):
    """A model that is a list."""


class Node(BaseModel):
    """A model that contains itself."""

    label: str = ""
    following: "Node | None" = None


def declared(kind: Any, name: str = "upstream", **more: Any) -> bool:
    """Return whether a field of this type and name is secret."""
    fields = {name: (kind, Field(None, **more))}
    model: Any = type(
        "Of", (BaseModel,), {"__annotations__": {name: kind}, name: Field(None, **more)}
    )
    assert set(model.model_fields) == set(fields)
    return is_secret(name, model.model_fields[name])


SECRET_TYPES = [
    SecretStr, SecretBytes, MySecret, Secret[str], Secret[int], Alias, New, SecretStr | None,
    list[SecretStr], dict[str, SecretStr], tuple[str, SecretStr], list[Alias],
    dict[str, Secret[int]], Model, Model | None, list[Model], dict[str, Model], Deep, list[Deep],
    Data, dict[str, Data], Typed, Root, PostgresDsn, AmqpDsn, RedisDsn, list[PostgresDsn],
    Annotated[str, Hidden()],
    Annotated[str, Hidden], list[Annotated[str, Hidden()]], Annotated[SecretStr, Public("by type")],
]  # fmt: skip


@pytest.mark.parametrize("kind", SECRET_TYPES, ids=repr)
def test_a_type_says_that_a_field_is_secret(kind: Any) -> None:
    """Subclasses, aliases, new types, containers, models and dataclasses are looked into."""
    assert declared(kind)


@pytest.mark.parametrize(
    "kind",
    [
        str,
        int,
        list[str],
        dict[str, int],
        Node,
        Color,
        Literal["a"],
        Path,
        AnyUrl,
        HttpUrl,
        Any,
        None,
    ],
    ids=repr,
)
def test_other_types_say_nothing(kind: Any) -> None:
    """A model that contains itself is looked into once."""
    assert not declared(kind)


def test_the_name_of_a_field_or_of_an_alias_decides() -> None:
    """Numbers, flags and choices are public unless the name says that they are credentials."""
    assert declared(str, "db_pass")
    assert declared(str, "upstream", alias="UPSTREAM_TOKEN")
    assert declared(str, "upstream", validation_alias=AliasChoices("a", "UPSTREAM_PASSWORD"))
    assert declared(dict[str, str], "tokens_by_name")
    assert declared(int, "pin_token")
    assert declared(int | str, "token_buckets")
    assert not declared(int, "access_token_expire_minutes")
    assert not declared(int, "token_buckets")
    assert not declared(bool, "use_auth")
    assert not declared(Literal["basic", "none"], "auth")
    assert not declared(Color | None, "cookie")
    assert not declared(Node, "auth")


def test_rules_overrule_the_name() -> None:
    """Public wins over a name, and Hidden wins over Public."""
    assert not declared(Annotated[str, Public("an address")], "token_uri")
    assert not declared(str, "token_uri", json_schema_extra={"public": "an address"})
    assert declared(Annotated[str, Public("an address"), Hidden()], "address")


def test_everything_in_a_collection_of_secrets_is_secret() -> None:
    """The fields of a model called `secrets` are secret whatever they are called."""

    class Names(BaseModel):
        """Names of services."""

        stripe: str = ""
        retries: int = 3

    assert declared(Names, "secrets")
    assert not declared(Names, "services")
    assert show(Names(stripe=TOKEN), "secrets", Names) == Shown(
        {"stripe": MASK, "retries": 3}, True
    )


def show(value: Any, name: str = "upstream", kind: Any = Any) -> Shown:
    """Return what is shown of a value in a field."""
    model: Any = type("Of", (BaseModel,), {"__annotations__": {name: kind}, name: None})
    return shown(name, model.model_fields[name], value)


def test_a_value_keeps_its_structure() -> None:
    """Models, dataclasses, lists and dictionaries become JSON types with masked leaves."""
    value = {
        "a": [Model(password=TOKEN)],
        "b": Data(api_key=TOKEN),
        "c": Root([Model()]),
        "n": None,
    }

    assert show(value) == Shown(
        {
            "a": [{"host": "db", "port": 5432, "password": MASK}],
            "b": {"name": "app", "api_key": MASK},
            "c": [{"host": "db", "port": 5432, "password": ""}],
            "n": None,
        },
        True,
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        (Color.RED, "red"),
        (Path("/srv/data"), "/srv/data"),
        (True, True),
        (2.5, 2.5),
        (None, None),
        (["a", 1], ["a", 1]),
        (AnyUrl("https://host/x"), "https://host/x"),
        ("see https://host/x, or ask", "see https://host/x, or ask"),
    ],
)
def test_what_is_not_secret_is_shown(value: Any, expected: Any) -> None:
    """A value without a secret is shown as it is, in JSON types."""
    assert show(value) == Shown(expected, False)


def test_an_object_of_a_team_is_shown_by_its_type() -> None:
    """Its text may hold anything."""

    class Client:
        """A client whose text holds a password."""

        def __str__(self) -> str:
            return TOKEN

    assert show(Client()).value.endswith("Client>")


@pytest.mark.parametrize(
    "value",
    [
        f"sk-proj-{TOKEN}",
        f"host=db password={TOKEN}",
        f'{{"Authorization": "Bearer {TOKEN}"}}',
        f'[{{"client_secret": "{TOKEN}"}}]',
        {"Authorization": TOKEN},
        {"deep": {"er": [{"db_pass": TOKEN}]}},
        [("X-Api-Key", TOKEN)],
        ["password", TOKEN],
        f"{TOKEN}{TOKEN}",
        {f"sk-proj-{TOKEN}": "x"},
        f"https://u:{TOKEN}@host/x",
        f"postgres://u:{TOKEN}@a:1,b:2/x",
        AnyUrl(f"https://u:{TOKEN}@host/x"),
        f"https://host/{TOKEN}{TOKEN}",
        f"https://u:{TOKEN} x@host/",
        SecretStr(TOKEN),
        Secret[list[str]]([TOKEN]),
        [Secret[Model](Model(host=TOKEN))],
    ],
    ids=repr,
)
def test_a_shape_or_a_key_hides_a_value_in_any_field(value: Any) -> None:
    """Whatever the field is called, no piece of the secret is shown, nor in a public field."""
    for kind in (Any, Annotated[Any, Public("nothing to see")]):
        found = show(value, kind=kind)
        is_random = isinstance(value, str) and TOKEN + TOKEN in value
        if kind is Any or not is_random:
            assert found.secret
            assert Oracle([TOKEN]).leaks(str(found.value)) == []


KEY, OTHER = MINT.token(16), MINT.token(16)
HiddenKey = Annotated[str, Hidden()]
Names = TypeAliasType("Names", dict[HiddenKey, int])


class Tenant(BaseModel, extra="allow"):
    """A nested model, which takes further fields."""

    host: str = "db"


class Shape(TypedDict):
    """A typed dictionary."""

    clientId: str


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("api_keys", dict[str, str], {KEY: "tenant-a"}),
        ("api_keys", dict[str, Any], {"eu": {KEY: ["x"]}}),
        ("api_keys", dict[str, Tenant], {KEY: Tenant()}),
        ("api_keys", Tenant, Tenant(**{KEY: "x"})),
        ("users_by_token", dict[str, str], {MINT.key()[:32]: "x"}),
        ("users_by_token", dict[str, int], {KEY: 1}),
        ("options", dict[str, Any], {"tokens": {KEY: 1}}),
        ("badges", Annotated[dict[str, str], Hidden()], {"hunter": "x", KEY: "y"}),
        ("badges", Annotated[Tenant, Hidden()], Tenant(**{KEY: "x"})),
        ("upstream", dict[HiddenKey, int], {KEY: 1}),
        ("upstream", dict[HiddenKey, int] | None, {KEY: 1}),
        ("upstream", list[dict[HiddenKey, int]], [{KEY: 1}]),
        ("upstream", dict[str, dict[HiddenKey, int]], {"a": {KEY: 1}}),
        ("upstream", Names, {KEY: 1}),
        ("upstream", dict[SecretStr, int], {SecretStr(KEY): 1}),
        ("upstream", dict[tuple[str, HiddenKey], int], {("a", KEY): 1}),
        ("upstream", Secret[dict[str, int]], Secret({KEY: 1})),
    ],
    ids=repr,
)
def test_a_key_of_a_secret_field_is_secret(name: str, kind: Any, value: Any) -> None:
    """What holds secrets may hold them as keys, which are masked and redacted as well."""
    secrets = [*MINT.made, "hunter"] if name == "badges" else MINT.made
    found = show(value, name, kind)

    assert found.secret
    assert Oracle(secrets).leaks(str(found.value)) == []
    model: Any = type("Of", (BaseModel,), {"__annotations__": {name: kind}})
    redactor = Redactor(secret_texts(model.model_construct(**{name: value})))
    assert Oracle(secrets).leaks(redactor.redact(f"{_plain(value)}")) == []


def _plain(value: Any) -> Any:
    """Return a value as a job may log it."""
    value = getattr(value, "get_secret_value", lambda: value)()
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize("kind", [HiddenKey, SecretStr, Secret[str]])
def test_a_type_of_keys_says_that_a_field_is_secret(kind: Any) -> None:
    """A rule at the keys of a dictionary is one at its field."""
    assert declared(dict[kind, int])
    assert declared(list[dict[kind, int]] | None)
    assert not declared(dict[str, int])


def test_secret_keys_remain_distinct() -> None:
    """An entry stands for each key, whose masks are the same."""
    value = {KEY: "x", OTHER: "", "host": "y"}

    found = show(value, "api_keys", dict[str, str])
    assert found == Shown({MASK: MASK, f"{MASK} 2": "", "host": MASK}, True)
    hidden = show({1: "a", 2: "b"}, kind=dict[Annotated[int, Hidden()], str])
    assert hidden == Shown({MASK: "a", f"{MASK} 2": "b"}, True)


@pytest.mark.parametrize(
    ("name", "kind", "value", "keys"),
    [
        ("credentials", dict[str, str], {"host": "a", "client_secret": "b"}, None),
        ("credentials", Shape, {"clientId": "a"}, None),
        ("badges", Annotated[Shape, Hidden()], {"clientId": "a"}, None),
        ("badges", Annotated[Model, Hidden()], Model(), ["host", "port", "password"]),
        ("upstream", dict[str, str], {"Tenant A": "x", KEY: "y"}, None),
        ("upstream", dict[str, HiddenKey], {"Tenant A": "x"}, None),
        ("upstream", dict[str, HiddenKey] | None, {"Tenant A": "x"}, None),
        ("api_keys", Annotated[dict[str, str], Public("ids")], {"Tenant A": "x"}, None),
        ("tokens_by_model", dict[str, int], {"GPT-4o": 4096}, None),
        ("upstream", dict[int, str], {1: "x", 2: "y"}, ["1", "2"]),
        ("upstream", dict[Color, str], {Color.RED: "x"}, ["red"]),
        ("upstream", dict[Path, str], {Path("/srv"): "x"}, ["/srv"]),
    ],
    ids=repr,
)
def test_other_keys_are_shown(name: str, kind: Any, value: Any, keys: list[str] | None) -> None:
    """Words say what a value is, and names of declared fields are in the code of the class."""
    assert [*show(value, name, kind).value] == (keys or [*value])


def test_public_wins_over_random_characters_only() -> None:
    """A field that is declared public shows what looks random, but not a token of a known form."""
    public = Annotated[str, Public("a public key")]

    assert show(f"{TOKEN}{TOKEN}", kind=public) == Shown(f"{TOKEN}{TOKEN}", False)
    assert show(f"{TOKEN}{TOKEN}", "commit") == Shown(f"{TOKEN}{TOKEN}", False)
    assert show(f"ghp_{TOKEN}", kind=public) == Shown(MASK, True)


def test_a_dsn_shows_its_host() -> None:
    """Scheme, host and port of a DSN are public, as those of all URLs."""
    dsn = PostgresDsn(f"postgres://u:{TOKEN}@db:5432/app")

    assert show(dsn, kind=PostgresDsn).value == f"postgres://{MASK}@db:5432/{MASK}"
    assert show(RedisDsn("redis://localhost:6379/0"), kind=RedisDsn) == Shown(
        "redis://localhost:6379/0",
        False,
    )


class Foreign(BaseSettings):
    """A class with secrets in every kind of place."""

    mine: MySecret = MySecret("")
    wrapped: Secret[str] = Secret[str]("")
    alias: Alias = MySecret("")
    new: New = New(SecretStr(""))
    models: list[Model] = []
    by_name: dict[str, Model] = {}
    dsn: PostgresDsn | None = None
    broker: AmqpDsn | None = None
    url: AnyUrl | None = None
    headers: dict[str, str] = {}
    upstream: str = ""
    legacy: str = ""
    salt: SecretBytes = SecretBytes(b"")
    employee: Annotated[str, Hidden()] = ""
    _private: SecretStr = SecretStr("")

    @property
    def unrelated(self) -> Iterator[str]:
        """Raise: properties are not called."""
        raise AssertionError


def test_all_secrets_of_a_foreign_instance_are_redacted() -> None:
    """Logs and stored results need neither `further_secrets` nor SecretStr."""
    tokens = [MINT.token() for _ in range(17)]
    one = iter(tokens)
    settings = Foreign(
        mine=MySecret(next(one)),
        wrapped=Secret[str](next(one)),
        alias=MySecret(next(one)),
        new=SecretStr(next(one)),
        models=[Model(password=next(one))],
        by_name={"x": Model(password=next(one))},
        dsn=PostgresDsn(f"postgres://u:{next(one)}@db/x"),
        broker=AmqpDsn(f"amqp://u:{next(one)}@mq/"),
        url=AnyUrl(f"https://u:{next(one)}@host/?q={next(one)}"),
        headers={"Authorization": f"Bearer {next(one)}", "X": f"ghp_{next(one)}"},
        upstream=f"sk-proj-{next(one)}",
        legacy=f"host=db password={next(one)}",
        salt=SecretBytes(next(one).encode()),
        employee=next(one),
    )
    settings._private = SecretStr(next(one))
    redactor = Redactor(secret_texts(settings))

    assert [token for token in tokens if not redactor.holds(token)] == []
    assert not redactor.holds(
        "host=db Bearer Authorization postgres://db amqp://mq https://host 5432"
    )


class Opaque:
    """
    An object of a team's own type, of which nothing may be shown.
    """


class Quarrelsome:
    """
    An object that cannot be compared.
    """

    def __eq__(self, other: object) -> bool:
        raise ValueError

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "other", "same"),
    [
        (10, 10.0, True),
        (10, "10", True),
        ("10", "10.0", False),
        ("1.10", "1.1", False),
        (float("nan"), float("nan"), True),
        (True, "true", True),
        (None, "", True),
        (SecretStr("a"), SecretStr("a"), True),
        (SecretStr("a"), SecretStr("b"), False),
        (SecretStr("a"), "a", True),
        ({"x": [SecretStr("a")]}, {"x": [SecretStr("b")]}, False),
        ([["a"], ["b"]], [["a", "b"]], False),
        ({"a", "b", "c"}, {"c", "b", "a"}, True),
        (Opaque(), Opaque(), False),
        (Quarrelsome(), Quarrelsome(), False),
    ],
)
def test_values_are_compared_with_their_secrets(value: object, other: object, same: bool) -> None:
    """No mask makes two secrets equal, and the type of a value does not make it differ."""
    assert is_same(value, other) is same
