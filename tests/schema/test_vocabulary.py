"""
Tests of the field types: what each accepts and returns, and that no error contains the value.
"""

import inspect
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, PydanticUserError, SecretStr, TypeAdapter, ValidationError

from workerctl import rules
from workerctl.rules import Rule
from workerctl.schema.vocabulary import (
    BadValueError,
    HttpUrl,
    LoggingLevel,
    OriginList,
    QueueNames,
    SecretHttpUrl,
    SecretRedisUrl,
    group,
)

RULES = [
    each
    for name, each in vars(rules).items()
    if isinstance(each, type) and issubclass(each, Rule) and each is not Rule and name[0] != "_"
]


def validated(kind: Any, value: object) -> Any:
    """Return what a field of this type makes of a value, with a secret as plain text."""
    made = TypeAdapter(kind).validate_python(value)
    return made.get_secret_value() if isinstance(made, SecretStr) else made


GOOD_URLS = [
    "http://h",
    "https://h:8443/v1?x=1#y",
    "https://user:word@h.example/",
    "https://user:p%2Fw@h",
    "https://[::1]:8443/",
    "https://10.0.0.1",
    "https://a_b.internal",
    "https://h/@scope/x",
]
BAD_URLS = [
    "h",
    "h:80",
    "//h",
    "https:/h",
    "https://",
    "https:///path",
    "https://:80",
    "ftp://h",
    "https://h:x",
    "https://h:65536",
    "https://h:",
    "https://u:p/w@h",
    "https://u:p#w@h",
    "https://[::1",
    "https://h h",
    "https://h/a b",
    "https://h/\n",
    "https://h/\x00",
    "https://\uac00",
    " https://h",
]


@pytest.mark.parametrize("kind", [HttpUrl, SecretHttpUrl], ids=["public", "secret"])
@pytest.mark.parametrize("url", ["", *GOOD_URLS])
def test_an_http_url_stays_as_it_is(kind: Any, url: str) -> None:
    """A valid URL is unchanged, and an empty one means that it is not set."""
    assert validated(kind, url) == url


@pytest.mark.parametrize("kind", [HttpUrl, SecretHttpUrl], ids=["public", "secret"])
@pytest.mark.parametrize("url", BAD_URLS)
def test_an_invalid_http_url_is_refused(kind: Any, url: str) -> None:
    """
    A URL needs a scheme, a host and a valid port, without white space or a raw `/` in a password.
    """
    with pytest.raises(ValidationError):
        validated(kind, url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "redis://localhost",
        "redis://localhost:6379/0",
        "rediss://:word@h:6380/15",
        "redis://user:p@ss@h/0",
        "redis://user:p%2Fw%40@h/0",
        "redis://[::1]:6379",
        "unix:///run/redis.sock?db=0",
        "unix:///run/re@dis.sock",
    ],
)
def test_a_redis_url_stays_as_it_is(url: str) -> None:
    """redis, rediss and unix URLs are unchanged; a raw `@` in a password is unambiguous."""
    assert validated(SecretRedisUrl, url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "h:6379",
        "redis:h",
        "redis://",
        "redis://:6379",
        "redis://:p/w@h",
        "redis://:p#w@h",
        "redis://:p?w@h",
        "redis://u:123/w@h/0",
        "redis://u:123#w@h/0",
        "redis://u:123?w@h/0",
        "redis://:p@ss/w@h/0",
        "redis://h:port/0",
    ],
)
def test_an_invalid_redis_url_is_refused(url: str) -> None:
    """A raw `/`, `#` or `?` in a password is refused, because clients would use a part of it."""
    with pytest.raises(ValidationError):
        validated(SecretRedisUrl, url)


@pytest.mark.parametrize(
    ("value", "level"),
    [
        ("INFO", "INFO"),
        ("debug", "DEBUG"),
        (" Warning \n", "WARNING"),
        ("warn", "WARNING"),
        ("fatal", "CRITICAL"),
        ("critical", "CRITICAL"),
        ("10", "DEBUG"),
        ("30", "WARNING"),
        ("50", "CRITICAL"),
        (40, "ERROR"),
        ("1", "1"),
        ("49", "49"),
        (25, "25"),
    ],
)
def test_a_log_level_has_a_name_or_a_number(value: object, level: str) -> None:
    """Case and surrounding white space do not matter; numbers of standard levels become names."""
    assert validated(LoggingLevel, value) == level


@pytest.mark.parametrize(
    "value",
    ["", " ", "VERBOSE", "INFOO", "0", "-1", "51", "010", "1.5", "\u0661\u0660", True, False, 100,
     2.5, None, b"INFO", ["INFO"]],
)  # fmt: skip
def test_an_invalid_log_level_is_refused(value: object) -> None:
    """A log level must be a known name, or a whole number from 1 to 50."""
    with pytest.raises(ValidationError):
        validated(LoggingLevel, value)


@pytest.mark.parametrize(
    ("items", "names"),
    [(["a"], ["a"]), (["a", "b"], ["a", "b"]), ([" a ", "A"], ["a", "A"]), (["a b"], ["a b"])],
)
def test_queue_names_are_trimmed_and_keep_their_order(items: list[str], names: list[str]) -> None:
    """Names differ by case, as they do for Redis."""
    assert validated(QueueNames, items) == names


@pytest.mark.parametrize("items", [[], [""], ["a", " "], ["a", "b", "a"], ["a", " a"], [1], "a"])
def test_queue_names_must_be_unique_and_not_empty(items: object) -> None:
    """An empty list, an empty name and a repeated name are refused."""
    with pytest.raises(ValidationError):
        validated(QueueNames, items)


@pytest.mark.parametrize(
    "items", [[], ["*"], ["https://a.example"], ["http://localhost:3000", "https://a.example"]]
)
def test_origins_stay_as_they_are(items: list[str]) -> None:
    """No origin, every origin, and origins of a scheme and a host are accepted."""
    assert validated(OriginList, items) == items


def test_a_slash_at_the_end_of_an_origin_is_removed() -> None:
    """A browser sends an origin without one, and both are compared as texts."""
    assert validated(OriginList, ["https://a.example/"]) == ["https://a.example"]


@pytest.mark.parametrize(
    "origin",
    ["", "a.example", "https://a.example/x", "https://a.example?x", "https://a.example#x",
     "https://u@a.example", "https://*.example", "null", "ftp://a.example", "**"],
)  # fmt: skip
def test_an_invalid_origin_is_refused(origin: str) -> None:
    """An origin has no path, query, fragment, user or wildcard."""
    with pytest.raises(ValidationError):
        validated(OriginList, [origin])


def test_the_error_of_a_validator_contains_no_value() -> None:
    """Validators raise one fixed text."""
    error = BadValueError()

    assert (str(error), error.args) == ("rejected", ("rejected",))
    assert isinstance(error, ValueError)


def test_a_group_declares_its_fields() -> None:
    """
    One call declares the default, the description, the bounds, the group and other properties.
    """
    demo = group("demo")

    class Model(BaseModel):
        """A model with two fields of one group."""

        RETRIES: int = demo(2, "How often.", ge=0, le=10)
        KEY_COUNT: int = demo(1, "How many keys.", public="it is a number", file=True)

    retries, count = Model.model_fields.values()
    assert (retries.default, retries.description) == (2, "How often.")
    assert retries.json_schema_extra == {"group": "demo", "public": None, "file": False}
    assert count.json_schema_extra == {"group": "demo", "public": "it is a number", "file": True}
    assert Model(RETRIES=10).RETRIES == 10
    with pytest.raises(ValidationError):
        Model(RETRIES=11)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"gt": 0, "le": 10, "validation_alias": "OFTEN"},
        {"ge": 0, "lt": 10, "title": "Often"},
        {"alias": "OFTEN"},
        {"serialization_alias": "often", "deprecated": True},
        {"multiple_of": 2, "examples": [2]},
    ],
    ids=" ".join,
)
def test_a_field_of_a_group_is_what_field_returns(more: dict[str, Any]) -> None:
    """Where a group leaves out what `Field` does, the field has the same attributes."""
    extra = {"group": "demo", "public": None, "file": False}
    made = group("demo")(2, "How often.", **more)
    field = Field(2, description="How often.", json_schema_extra=extra, **more)

    assert repr(made) == repr(field)
    assert (made.metadata, made._attributes_set) == (field.metadata, field._attributes_set)


def test_a_group_refuses_what_field_refuses() -> None:
    """An argument of pydantic 1 is an error, not ignored."""
    with pytest.raises(PydanticUserError):
        group("demo")("x", "A text.", regex="x+")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_does_not_change_what_its_type_accepts(rule: type[Rule]) -> None:
    """The schema of pydantic is that of the type, also of a rule without parentheses."""
    parameters = inspect.signature(rule).parameters.values()
    words = ["production" for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    written = rule(*words)

    assert TypeAdapter(Annotated[int, written]).core_schema == TypeAdapter(int).core_schema
    assert TypeAdapter(Annotated[int, rule]).core_schema == TypeAdapter(int).core_schema
