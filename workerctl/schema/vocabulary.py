"""
The vocabulary in which a settings class is written: field types, bounds, groups.

A type says in `Expects` what its values must be, so that no message needs to show a value.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from workerctl.secrecy import urls

_LEVELS = {"10": "DEBUG", "20": "INFO", "30": "WARNING", "40": "ERROR", "50": "CRITICAL"}


CANARY_PATTERN = "A[Q-Za-f][A-Za-z0-9_-]{74}"
"""57 bytes in base64url, of which the first is 0x01: the form that `keyring.tokens` parses."""


class Expects(NamedTuple):
    """
    What a value must be, completing "NAME must be …"; `url` marks fields that hold a URL.
    """

    text: str
    url: bool = False


class BadValueError(ValueError):
    """
    A value refused by a validator of ours. It never carries the value.
    """

    def __init__(self) -> None:
        super().__init__("refused")


def group(name: str) -> Callable[..., Any]:
    """
    A function that declares the fields of one group: `llm(120, "What it is.", gt=0)`.

    `public` is the reason why a field with a credential-like name is no secret. `file` lets a field
    that is none be given as NAME_FILE, too, as every secret may.
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
        return Field(default, description=description, json_schema_extra=extra, **more)

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
    Refuse what a client would read otherwise than its author: a raw `/`, `#` or `@` in a password.
    """
    if not text:
        return text
    parts = urls.split(text)
    if parts is None or parts.scheme not in schemes or not text.isprintable() or " " in text:
        raise BadValueError
    if parts.scheme != "unix" and not parts.netloc:
        raise BadValueError
    return text


def _origin(text: str) -> str:
    if text == "*":
        return text
    parts = urlsplit(_http_url(text))
    if not text or "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise BadValueError
    return text


def _canary(text: str) -> str:
    # not a pattern of pydantic's, which every start would compile
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


HttpUrl = Annotated[str, AfterValidator(_http_url), Expects("an http or https URL", url=True)]
SecretHttpUrl = Annotated[
    SecretStr, AfterValidator(_secret_http_url), Expects("an http or https URL", url=True)
]
SecretRedisUrl = Annotated[
    SecretStr,
    AfterValidator(_secret_redis_url),
    Expects(
        "a redis, rediss or unix URL, with special characters of the password percent-encoded",
        url=True,
    ),
]
LogLevel = Annotated[
    str,
    BeforeValidator(_level),
    Expects("DEBUG, INFO, WARNING, ERROR, CRITICAL or a number from 1 to 50"),
]
Canary = Annotated[
    str,
    AfterValidator(_canary),
    Expects("a token that `workerctl keygen --canary` printed"),
]
QueueNames = Annotated[
    list[str],
    AfterValidator(_distinct),
    Expects("a comma-separated list of queue names, each once"),
]
Origins = Annotated[
    list[Annotated[str, AfterValidator(_origin)]],
    Expects("a comma-separated list of origins such as https://app.example.com"),
]
