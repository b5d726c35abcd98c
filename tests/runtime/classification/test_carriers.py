"""
Tests of the setting that a rejected or impossible request has carried: it is named, never shown.
"""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import openai
import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from tests.leaks.oracle import Oracle
from workerctl.runtime.classification import carriers
from workerctl.runtime.classification.classify import classify
from workerctl.runtime.classification.translation import translate_errors
from workerctl.runtime.exceptions import ProviderAuthError, ProviderRequestError
from workerctl.settings import get_settings

OTHER = "tk_R4tq9WmZ2vB7nK5xD8"
KEY = "oai_R4tq9WmZ2vB7nK5xD8cL3"

Make = Callable[..., None]


@pytest.fixture(name="made")
def _made(directory):
    """
    Return a function that creates the settings of a process with an API key.
    """

    def make(key: str, other: str = OTHER) -> None:
        class Team(BaseSettings):
            team_api_key: SecretStr = SecretStr(key)
            other_token: SecretStr = SecretStr(other)
            name: str = "public"

        get_settings(Team)

    get_settings.cache_clear()
    yield make
    get_settings.cache_clear()


def failure(key: str, status: int = 401, header: str = "Authorization") -> Exception:
    """
    Return the error of a request with a key in a header, through httpx and a mock transport.
    """
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    with httpx.Client(transport=transport) as client, pytest.raises(Exception) as caught:  # noqa: PT011
        client.get("http://h/path", headers={header: key}).raise_for_status()
    return caught.value


UNSENDABLE = {
    f"{KEY}\n": "ends with a line end",
    f"\u200b{KEY}": "contains the invisible character U+200B ZERO WIDTH SPACE as character 1",
    f"{KEY}\u00a0": "ends with the invisible character U+00A0 NO-BREAK SPACE",
    f"{KEY[:9]}\u0430{KEY[9:]}": ("contains a Cyrillic letter as character 10, which is not ASCII"),
    f" {KEY}": "begins with a blank",
}


def illegal(value: str) -> httpx.LocalProtocolError:
    """
    Return what httpx raises for a value that passed its encoding.
    """
    return httpx.LocalProtocolError(f"Illegal header value {value.encode()!r}")


def unencodable(value: str) -> UnicodeEncodeError:
    """
    Return what the encoding of a header raises.
    """
    with pytest.raises(UnicodeEncodeError) as caught:
        value.encode("ascii")
    return caught.value


@pytest.mark.parametrize(("key", "fault"), UNSENDABLE.items())
@pytest.mark.parametrize("scheme", ["", "Bearer "])
def test_an_impossible_header_names_the_setting(made: Make, key: str, fault: str, scheme: str):
    made(key)
    make = illegal if key.isascii() else unencodable
    wrapped = openai.APIConnectionError(request=httpx.Request("GET", "http://h"))
    wrapped.__cause__ = make(f"{scheme}{key}")
    for error in (wrapped, make(f"{scheme}{key}")):
        verdict = classify(error)
        assert (verdict.kind, verdict.category, verdict.sent) == ("permanent", "request", "no")
        assert verdict.reason == f"TEAM_API_KEY {fault}, so no HTTP header can carry it"
    with (
        pytest.raises(ProviderRequestError, match="so no HTTP header can carry it"),
        translate_errors("llm"),
    ):
        raise wrapped


def test_other_libraries_say_it_with_a_value_error(made: Make):
    key = f"{KEY}\r"
    made(key)
    verdict = classify(ValueError(f"Invalid header value {key.encode()!r}"))
    assert verdict.reason == (
        "TEAM_API_KEY ends with a carriage return, as lines of Windows files do, "
        "so no HTTP header can carry it"
    )
    assert classify(ValueError("invalid literal")).reason == "builtins.ValueError"


@pytest.mark.parametrize(
    ("other", "encoding", "text"),
    [
        ("Grüße-Wq8Kx2Lm5Vt", "ascii", "이력서_홍길동.pdf"),
        ("Grüße-Wq8Kx2Lm5Vt", "latin-1", "Grüße-Wq8Kx2Lm5Vt: 이력서"),
        (f"{OTHER}\n", "ascii", f"{OTHER}\n이력서"),
        (f"\u200b{OTHER}", "ascii", "résumé"),
    ],
    ids=["elsewhere", "another character", "another fault", "of a header"],
)
def test_a_text_that_cannot_be_encoded_is_not_blamed_on_a_setting(
    made: Make, other: str, encoding: str, text: str
):
    """It passes through `translate_errors` unchanged, as any other ValueError does."""
    made(KEY, other)
    with pytest.raises(UnicodeEncodeError) as caught, translate_errors("storage"):
        text.encode(encoding)
    verdict = classify(caught.value)
    assert (verdict.category, verdict.reason) == ("bug", "builtins.UnicodeEncodeError")


def test_a_password_that_cannot_be_encoded_is_named_without_a_header(directory):
    """Clients of other protocols than HTTP encode passwords, too."""

    class Team(BaseSettings):
        smtp_password: SecretStr = SecretStr("Grüße-Wq8Kx2Lm5Vt")

    get_settings.cache_clear()
    get_settings(Team)
    verdict = classify(unencodable("\0me\0Grüße-Wq8Kx2Lm5Vt"))
    assert verdict.reason == (
        "SMTP_PASSWORD contains a Latin letter as character 3, which is not ASCII, "
        "so it cannot be encoded"
    )
    # An illegal header that does not show the password is hardly about it.
    assert carriers.in_unsendable_header(illegal("a\nb")) is None
    get_settings.cache_clear()


def test_of_several_impossible_values_none_is_guessed(made: Make):
    made(f"{KEY}\n", f"{OTHER}\n")
    assert carriers.in_unsendable_header(illegal("neither")) is None
    made(KEY)
    assert carriers.in_unsendable_header(illegal(f"{OTHER}\n")) is not None


REJECTED = {
    KEY: "was sent",
    "op://vault/item/field": "is a reference to a secret store, not the secret in it",
    "your-api-key": "is a placeholder of a template",
    "${TEAM_KEY}-suffix": "contains a variable that nothing has replaced",
    f"{KEY} ": "ends with a blank",
}


@pytest.mark.parametrize(("key", "words"), REJECTED.items())
@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("scheme", ["Bearer ", ""])
def test_rejected_credentials_name_their_setting(made: Make, key, words, status, scheme):
    made(key)
    verdict = classify(failure(f"{scheme}{key}", status))
    assert verdict.reason == f"HTTP {status}: TEAM_API_KEY {words}"


def test_a_request_that_cannot_be_seen_names_what_cannot_be_a_secret(made: Make):
    made("vault:secret/data/team#key")
    error = SimpleNamespace(status_code=401, response=None)
    verdict = classify(type("StatusError", (Exception,), vars(error))())
    assert verdict.reason == (
        "HTTP 401: perhaps TEAM_API_KEY is a reference to a secret store, not the secret in it"
    )


def named(name: str, **attributes: object) -> Exception:
    """
    Return an error of a class that is called `package.Class`.
    """
    module, _, kind = name.rpartition(".")
    return type(kind, (Exception,), {"__module__": module, **attributes})()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (named("psycopg.errors.InsufficientPrivilege", sqlstate="42501"), False),
        (named("psycopg.errors.InvalidPassword", sqlstate="28P01"), True),
        (named("postgrest.exceptions.APIError", code="PGRST301"), True),
        (named("postgrest.exceptions.APIError", code="PGRST302"), False),
        (named("redis.exceptions.AuthenticationError"), True),
        (named("redis.exceptions.NoPermissionError"), False),
        (named("aiohttp.client_exceptions.ServerFingerprintMismatch"), False),
    ],
    ids="grant password token anonymous redis-password redis-grant certificate".split(),
)
def test_a_missing_permission_says_nothing_about_credentials(
    made: Make, error: Exception, says: bool
):
    made(KEY, "your-api-key")
    verdict = classify(error)
    assert verdict.category == "auth"
    words = ": perhaps OTHER_TOKEN is a placeholder of a template"
    assert verdict.reason.endswith(words) is says
    assert ("OTHER_TOKEN" in verdict.reason) is says


@pytest.mark.parametrize("status", [401, 403])
def test_a_placeholder_that_was_not_in_the_request_is_not_named(made: Make, status: int):
    """As where each customer brings their own key."""
    made(KEY, "changeme-please")
    assert classify(failure("Bearer sk-tenant-0d9a8f7e6b5c4d3a2f1e", status)).reason == (
        f"HTTP {status}"
    )


def test_the_password_of_basic_authentication_is_found(made: Make):
    made(KEY, "changeme-please")
    with_password = httpx.BasicAuth("me", "changeme-please")._auth_header
    assert classify(failure(with_password)).reason == (
        "HTTP 401: OTHER_TOKEN is a placeholder of a template"
    )
    assert classify(failure("Basic nonsense")).reason == "HTTP 401"


def test_credentials_of_nobody_name_nothing(made: Make):
    made(KEY)
    assert classify(failure("Bearer another")).reason == "HTTP 401"
    get_settings.cache_clear()
    assert classify(failure(f"Bearer {KEY}")).reason == "HTTP 401"


def test_a_key_in_the_query_of_a_url_is_found(made: Make):
    made(KEY)
    request = httpx.Request("GET", f"http://h/public?key={KEY}")
    error = httpx.HTTPStatusError("401", request=request, response=httpx.Response(401))
    assert classify(error).reason == "HTTP 401: TEAM_API_KEY was sent"


def test_a_search_that_fails_does_not_change_the_verdict(made: Make, monkeypatch):
    made(KEY)
    monkeypatch.setattr(carriers, "_settings", lambda: 1 / 0)
    assert classify(failure(KEY)).reason == "HTTP 401"


class Hostile:
    """
    A request whose attributes raise.
    """

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError


def test_a_request_that_cannot_be_examined_is_ignored(made: Make):
    made(KEY)
    error = failure(KEY)
    error.response = SimpleNamespace(status_code=401, request=Hostile(), headers={})
    error.request_info = SimpleNamespace(headers=5)
    assert classify(error).reason.startswith("HTTP 401")


@pytest.mark.parametrize("key", [*UNSENDABLE, *REJECTED])
def test_no_part_of_a_value_is_shown(made: Make, key: str):
    made(key)
    texts = [classify(make(key)).reason for make in (illegal, failure) if key.isascii()]
    with pytest.raises(ProviderAuthError) as caught, translate_errors("llm"):
        raise failure(KEY)
    texts += [str(caught.value), json.dumps(caught.value.to_dict())]
    assert Oracle([KEY]).leaks("\n".join(texts)) == []
