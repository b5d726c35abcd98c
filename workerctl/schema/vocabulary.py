"""
The vocabulary for declaring a settings class: field types and groups.

A type states in `Expects` what its values must be, so that no message needs to show a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic.functional_validators import BeforeValidator
from pydantic_core import core_schema

from workerctl.report.records import Record
from workerctl.rules import Endpoint, LogLevel, Origins
from workerctl.secrecy import urls

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

# numeric values of the levels in `logging`
_LEVELS = {"10": "DEBUG", "20": "INFO", "30": "WARNING", "40": "ERROR", "50": "CRITICAL"}

# What `Field` passes on to `FieldInfo.from_field` unchanged, after looking for the arguments of
# pydantic 1, which takes half a percent of a boot.
_PASSED_ON = frozenset({"gt", "ge", "lt", "le", "validation_alias"})

CANARY_PATTERN = "A[Q-Za-f][A-Za-z0-9_-]{74}"
"""57 bytes in base64url, the first one 0x01: the form that `keyring.tokens` parses."""


class Expects(Record):
    """
    What a value must be, completing "NAME must be …"; `url` is true for a field that holds a URL.

    `verify` is called with a value of the type, and returns it or raises BadValueError.
    """

    text: str
    verify: Callable[[Any], Any] | None = None
    url: bool = False

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """
        Return a schema that verifies what passes that of the type.

        It is what `AfterValidator` returns, which inspects the signature of the function first.
        """
        schema = handler(source)
        if self.verify is None:
            return schema
        return core_schema.no_info_after_validator_function(self.verify, schema)


class BadValueError(ValueError):
    """
    Raised by the validators of this module. It never carries the value.
    """

    def __init__(self) -> None:
        super().__init__("rejected")


def group(name: str) -> Callable[..., Any]:
    """
    Return a function that declares fields of the group `name`.

        llm = group("llm")
        LLM_TIMEOUT_SECONDS: int = llm(120, "How long one answer may take.", gt=0)

    `public` is the reason why a field with a credential-like name is not secret. Every secret may
    be given as NAME_FILE, the path of a file that holds it; `file` allows the same for a field that
    is not secret. Other keyword arguments are those of `pydantic.Field`.
    """

    def declare(
        default: Any,
        description: str,
        *,
        public: str | None = None,
        file: bool = False,
        **more: Any,
    ) -> Any:
        extra: dict[str, Any] = {"group": name, "public": public, "file": file}
        make = FieldInfo.from_field if more.keys() <= _PASSED_ON else Field
        return make(default, description=description, json_schema_extra=extra, **more)

    return declare


def _http_url(text: str) -> str:
    return _url(text, ("http", "https"))


def _secret_http_url(secret: SecretStr) -> SecretStr:
    _url(secret.get_secret_value(), ("http", "https"))
    return secret


def _secret_redis_url(secret: SecretStr) -> SecretStr:
    text = _url(secret.get_secret_value(), ("redis", "rediss", "unix"))
    parts = urlsplit(text)
    if parts.scheme != "unix" and urls.has_late_at(parts):
        raise BadValueError
    return secret


def _url(text: str, schemes: tuple[str, ...]) -> str:
    """
    Return `text` if it is empty or a sound URL of one of the schemes; raise BadValueError if not.

    An unescaped `/` or `#` in a password is rejected: clients take it for the end of the host.
    """
    if not text:
        return text
    parts = urls.split(text)
    if parts is None or parts.scheme not in schemes or not text.isprintable() or " " in text:
        raise BadValueError
    if parts.scheme != "unix" and not parts.netloc:
        raise BadValueError
    return text


def _origins(items: list[str]) -> list[str]:
    return list(map(_origin, items))


def _origin(text: str) -> str:
    if text == "*":
        return text
    parts = urlsplit(_http_url(text))
    if not text or "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise BadValueError
    return text.removesuffix("/")  # a browser's Origin header never has one


def _canary(text: str) -> str:
    # Not `Field(pattern=…)`: pydantic would compile it at every start, even without a canary.
    if text and not re.fullmatch(CANARY_PATTERN, text, re.ASCII):
        raise BadValueError
    return text


def _level(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise BadValueError
    text = value.strip().upper()
    name = {"WARN": "WARNING", "FATAL": "CRITICAL"}.get(text, _LEVELS.get(text, text))
    if name in _LEVELS.values() or (re.fullmatch("[1-9][0-9]?", name) and int(name) <= 50):  # noqa: PLR2004 -- logging.CRITICAL
        return name
    raise BadValueError


def _distinct(items: list[str]) -> list[str]:
    names = [item.strip() for item in items]
    if not names or not all(names) or len(set(names)) != len(names):
        raise BadValueError
    return names


HttpUrl = Annotated[str, Expects("an http or https URL", _http_url, url=True), Endpoint()]
SecretHttpUrl = Annotated[
    SecretStr, Expects("an http or https URL", _secret_http_url, url=True), Endpoint()
]
SecretRedisUrl = Annotated[
    SecretStr,
    Expects(
        "a redis, rediss or unix URL, with special characters of the password percent-encoded",
        _secret_redis_url,
        url=True,
    ),
    Endpoint(),
]
LoggingLevel = Annotated[
    str,
    BeforeValidator(_level),
    LogLevel(),
    Expects("DEBUG, INFO, WARNING, ERROR, CRITICAL or a number from 1 to 50"),
]
Canary = Annotated[str, Expects("a token that `workerctl keygen --canary` printed", _canary)]
QueueNames = Annotated[
    list[str], Expects("a comma-separated list of queue names, each once", _distinct)
]
OriginList = Annotated[
    list[str],
    Expects("a comma-separated list of origins such as https://app.example.com", _origins),
    Origins(),
]
