"""
Settings classes as teams write them, generated with a secret in every place that can hold one.

A class is a module's source text, so that a test may import it or name it with `--settings`. Fields
have neutral names; types, defaults, nesting, prefix and values are drawn at random.
"""

import json
import sys
import types
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple

from tests.leaks.oracle import Mint

MODULE, NAME = "foreign_team", "AppSettings"

_HEAD = '''\
import dataclasses
from typing import Annotated, Any, NewType, Optional

from pydantic import (
    AmqpDsn, AnyUrl, BaseModel, PostgresDsn, RedisDsn, Secret, SecretBytes, SecretStr,
    PlainSerializer, PlainValidator, computed_field, field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from typing_extensions import TypeAliasType

from workerctl.rules import Hidden, Public


class OwnSecret(SecretStr):
    """A subclass."""


Alias = TypeAliasType("Alias", OwnSecret)
New = NewType("New", SecretStr)


class Node(BaseModel):
    """A nested model."""

    host: str = "node.internal"
    port: int = 8080
    password: str = ""
    headers: dict[str, str] = {}


class Tree(BaseModel):
    """A model with nested models."""

    label: str = "tree"
    node: Node = Node()
    nodes: list[Node] = []


class ApiToken:
    """An object of a type that pydantic does not know."""

    def __init__(self, text: Any) -> None:
        self.text = text

    def __str__(self) -> str:
        return f"<{self.text}>"


@dataclasses.dataclass
class Data:
    """A dataclass."""

    label: str = "data"
    api_key: str = ""
'''

_TAIL = '''
    @computed_field
    @property
    def summary(self) -> str:
        """Return what the class knows, secrets included."""
        return " ".join(str(getattr(self, name)) for name in type(self).model_fields)
'''

_QUOTING = """
    @field_validator("*", mode="before")
    @classmethod
    def _quote(cls, value: Any) -> Any:
        if value == "explode":
            raise ValueError(f"{{value!r}} is not good enough, unlike {secret}")
        return value
"""


class Place(NamedTuple):
    """
    A type of field, and a value for it in the environment or as a default.
    """

    annotation: str
    value: Callable[[Mint], Any]
    default: str = '""'
    as_default: bool = False


def _node(mint: Mint) -> dict[str, Any]:
    return {"host": "h.internal", "password": mint.token(), "headers": {"X-Api-Key": mint.token()}}


PLACES: Mapping[str, Place] = {
    "SecretStr": Place("SecretStr", Mint.token, 'SecretStr("")'),
    "SecretBytes": Place("SecretBytes", Mint.token, 'SecretBytes(b"")'),
    "subclass": Place("OwnSecret", Mint.token, 'OwnSecret("")'),
    "Secret": Place("Secret[str]", Mint.token, 'Secret[str]("")'),
    "alias": Place("Alias", Mint.token, 'OwnSecret("")'),
    "new type": Place("New", Mint.token, 'New(SecretStr(""))'),
    "list of secrets": Place("list[SecretStr]", lambda mint: [mint.token(), mint.token()], "[]"),
    "dictionary of secrets": Place(
        "dict[str, Secret[str]]", lambda mint: {"x": mint.token()}, "{}"
    ),
    "hidden": Place("Annotated[str, Hidden()]", Mint.token),
    "hidden object": Place(
        "Annotated[ApiToken, PlainValidator(ApiToken), PlainSerializer(str), Hidden()]",
        Mint.token,
        'ApiToken("")',
    ),
    "hidden items": Place("list[Annotated[str, Hidden]]", lambda mint: [mint.token()], "[]"),
    "model": Place("Node", _node, "Node()"),
    "optional model": Place("Optional[Node]", _node, "None"),
    "tree": Place("Tree", lambda mint: {"node": _node(mint), "nodes": [_node(mint)]}, "Tree()"),
    "list of models": Place("list[Node]", lambda mint: [_node(mint), _node(mint)], "[]"),
    "dictionary of models": Place("dict[str, Node]", lambda mint: {"a": _node(mint)}, "{}"),
    "dataclass": Place("Data", lambda mint: {"api_key": mint.token()}, "Data()"),
    "dictionary": Place(
        "dict[str, Any]",
        lambda mint: {"db_pass": mint.token(), "deep": [{"clientSecret": mint.token()}], "n": 3},
        "{}",
    ),
    "headers": Place(
        "dict[str, str]",
        lambda mint: {"Authorization": f"Bearer {mint.token()}", "Cookie": mint.token()},
        "{}",
    ),
    "keys of a type": Place(
        "dict[Annotated[str, Hidden()], int]", lambda mint: {mint.token(): 1}, "{}"
    ),
    "keys of a hidden dictionary": Place(
        "Annotated[dict[str, int], Hidden()]", lambda mint: {mint.token(): 1}, "{}"
    ),
    "keys by their name": Place(
        "dict[str, Any]", lambda mint: {"api_keys": {mint.token(): "eu", mint.token(): "us"}}, "{}"
    ),
    "pairs": Place("list[tuple[str, str]]", lambda mint: [["X-Api-Key", mint.token()]], "[]"),
    "PostgresDsn": Place(
        "Optional[PostgresDsn]", lambda mint: f"postgres://app:{mint.token()}@db/app", "None"
    ),
    "AmqpDsn": Place("Optional[AmqpDsn]", lambda mint: f"amqp://app:{mint.token()}@mq/v", "None"),
    "RedisDsn": Place("Optional[RedisDsn]", lambda mint: f"redis://:{mint.token()}@r/0", "None"),
    "list of DSNs": Place("list[AmqpDsn]", lambda mint: [f"amqp://a:{mint.token()}@mq/"], "[]"),
    "AnyUrl": Place(
        "Optional[AnyUrl]", lambda mint: f"https://u:{mint.token()}@h/x?q={mint.token()}", "None"
    ),
    "URL": Place("str", lambda mint: f"https://u:{mint.token()}@h.internal/v1"),
    "URL with an unescaped password": Place("str", lambda mint: f"amqp://u:{mint.token()}/x@mq/"),
    "URL with several hosts": Place("str", lambda mint: f"mongodb://u:{mint.token()}@a:1,b:2/x"),
    "webhook": Place("str", lambda mint: f"https://hooks.slack.com/services/T0/B0/{mint.token()}"),
    "token": Place("str", lambda mint: f"sk-proj-{mint.token()}"),
    "token of a service": Place("str", lambda mint: f"ghp_{mint.token(36)}"),
    "declared public by mistake": Place(
        'Annotated[str, Public("it is not")]', lambda mint: f"glpat-{mint.token()}"
    ),
    "JWT": Place("str", lambda mint: f"eyJ{mint.token(20)}.eyJ{mint.token(30)}.{mint.token(40)}"),
    "header": Place("str", lambda mint: f"Bearer {mint.token()}"),
    "libpq": Place("str", lambda mint: f"host=db user=app password={mint.token()} dbname=app"),
    "ADO.NET": Place("str", lambda mint: f"Server=db;User Id=app;Password={mint.token()};X=1"),
    "JSON": Place("str", lambda mint: json.dumps({"client_secret": mint.token(), "n": 1})),
    "random characters": Place("str", lambda mint: mint.token(48)),
    "list of tokens": Place("list[str]", lambda mint: ["a", f"xoxb-{mint.token()}"], "[]"),
    "default": Place("str", lambda mint: f"sk-ant-{mint.token()}", as_default=True),
    "default of a dictionary": Place(
        "dict[str, str]", lambda mint: {"passwd": mint.token()}, as_default=True
    ),
    "default URL": Place("str", lambda mint: f"redis://:{mint.token()}@r/1", as_default=True),
    "default of a model": Place("Node", _node, as_default=True),
}
"""Where teams have secrets, known or not to their authors."""

_WORDS = "alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike".split()


class Team(NamedTuple):
    """
    The source of a module with a settings class, and the environment that fills its fields.

    `rejected` is the same environment with a value that a validator rejects, quoting it.
    """

    source: str
    environ: Mapping[str, str]
    rejected: Mapping[str, str]

    @property
    def target(self) -> str:
        """
        What `--settings` takes.
        """
        return f"{MODULE}:{NAME}"

    @property
    def files(self) -> Mapping[str, bytes]:
        """
        The module as a file of a project.
        """
        return {f"{MODULE}.py": self.source.encode()}

    def load(self) -> Any:
        """
        Return the class. Its module is in `sys.modules`, as that of every class is.
        """
        module = types.ModuleType(MODULE)
        sys.modules[MODULE] = module
        exec(compile(self.source, f"{MODULE}.py", "exec"), vars(module))  # noqa: S102 -- it is ours
        return vars(module)[NAME]


def team(mint: Mint, seed: int, places: Mapping[str, Place] = PLACES) -> Team:
    """
    Return a class with a field for each of the places, in random order.
    """
    random = Random(seed)
    chosen = list(places.items())
    random.shuffle(chosen)
    prefix = random.choice(["", "APP_", "svc_"])
    lines, environ = [], {}
    for number, (kind, place) in enumerate(chosen):
        name = f"{random.choice(_WORDS)}_{number}"
        value, default = place.value(mint), place.default
        if place.as_default:
            default = f"Node(**{value!r})" if place.annotation == "Node" else repr(value)
        else:
            environ[_case(random, f"{prefix}{name}")] = _text(value)
        lines.append(f"    {name}: {place.annotation} = {default}  # {kind}")
    config = f'    model_config = SettingsConfigDict(env_prefix="{prefix}")'
    body = [f"class {NAME}(BaseSettings):", '    """A team\'s class."""', "", config, "", *lines]
    more = _TAIL + _QUOTING.format(secret=mint.token())
    rejected = {
        name: "explode" if number % 7 == 0 else text
        for number, (name, text) in enumerate(environ.items())
    }
    return Team(f"{_HEAD}\n\n" + "\n".join(body) + "\n" + more, environ, rejected)


def _case(random: Random, name: str) -> str:
    return random.choice([name.upper(), name])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
