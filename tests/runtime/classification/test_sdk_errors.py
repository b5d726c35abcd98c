"""
Tests of classify() with the real exceptions of old and new SDKs, in their environments.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.runtime.classification.foreign_classes import FOREIGN
from tests.support.programs.environments import answer

SCRIPT = Path(__file__).with_name("sdk_errors.py")
TWINS = {"LLM": ("openai", "anthropic"), "HTTPX": ("httpx", "httpx2")}

# The columns: exception, kind, HTTP status, retry_after, category, sent ("?": unknown), and what
# translate_errors("llm") raises instead. "-" means that there is no value.
TABLE = """
LLM 400                                 permanent  400 -    request     no ProviderRequestError
LLM 401                                 permanent  401 -    auth        no ProviderAuthError
LLM 403                                 permanent  403 -    auth        no ProviderAuthError
LLM 404                                 permanent  404 -    request     no ProviderRequestError
LLM 408                                 retryable  408 -    timeout     ?  LLMTimeoutError
LLM 409                                 retryable  409 -    unavailable ?  LLMUnavailableError
LLM 413                                 permanent  413 -    request     no ProviderRequestError
LLM 422                                 permanent  422 -    request     no ProviderRequestError
LLM 429                                 retryable  429 -    rate_limit  no LLMRateLimitError
LLM 500                                 retryable  500 -    unavailable ?  LLMUnavailableError
LLM 501                                 permanent  501 -    request     no ProviderRequestError
LLM 502                                 retryable  502 -    unavailable ?  LLMUnavailableError
LLM 503                                 retryable  503 -    unavailable no LLMUnavailableError
LLM 504                                 retryable  504 -    timeout     ?  LLMTimeoutError
LLM 429 retry-after 7                   retryable  429 7    rate_limit  no LLMRateLimitError
LLM 429 retry-after-ms 1500             retryable  429 1.5  rate_limit  no LLMRateLimitError
LLM 503 retry-after 3                   retryable  503 3    unavailable no LLMUnavailableError
LLM 429 should not                      permanent  429 -    rate_limit  no ProviderRequestError
LLM 400 should                          retryable  400 -    request     no LLMUnavailableError
LLM ConnectError                        retryable  -   -    network     no LLMUnavailableError
LLM ConnectTimeout                      retryable  -   -    timeout     no LLMTimeoutError
LLM PoolTimeout                         retryable  -   -    timeout     no LLMTimeoutError
LLM ReadTimeout                         retryable  -   -    timeout     ?  LLMTimeoutError
LLM WriteTimeout                        retryable  -   -    timeout     ?  LLMTimeoutError
LLM ReadError                           retryable  -   -    network     ?  LLMUnavailableError
LLM RemoteProtocolError                 retryable  -   -    network     ?  LLMUnavailableError
LLM UnsupportedProtocol                 permanent  -   -    request     no ProviderRequestError
LLM LocalProtocolError                  permanent  -   -    request     no ProviderRequestError
LLM certificate                         permanent  -   -    auth        no ProviderAuthError
LLM closed loop                         permanent  -   -    bug         ?  -
LLM other loop                          permanent  -   -    bug         ?  -
LLM TypeError                           permanent  -   -    bug         ?  -
LLM connection, cause unknown           retryable  -   -    network     ?  LLMUnavailableError
LLM stream rate limit                   retryable  -   -    rate_limit  ?  LLMRateLimitError
LLM stream unknown                      unknown    -   -    -           ?  -

openai 429 insufficient_quota           permanent  429 -    quota       no ProviderQuotaError
openai 429 names billing page           retryable  429 -    rate_limit  no LLMRateLimitError
openai 429 of Google's endpoint         retryable  429 37   rate_limit  no LLMRateLimitError
openai 429 reset                        retryable  429 360  rate_limit  no LLMRateLimitError
openai stream server_error              retryable  -   -    unavailable ?  LLMUnavailableError
openai stream insufficient_quota        permanent  -   -    quota       ?  ProviderQuotaError
openai subclass                         retryable  -   -    timeout     ?  LLMTimeoutError

anthropic 402                           permanent  402 -    quota       no ProviderQuotaError
anthropic 529                           retryable  529 -    unavailable ?  LLMUnavailableError
anthropic 400 credit balance            permanent  400 -    quota       no ProviderQuotaError
anthropic 429 spend limit               permanent  429 -    quota       no ProviderQuotaError
anthropic stream overloaded             retryable  -   -    unavailable ?  LLMUnavailableError
anthropic RetryableError                retryable  -   -    unavailable ?  LLMUnavailableError
anthropic CredentialsError              permanent  -   -    auth        no ProviderAuthError

HTTPX ConnectError                      retryable  -   -    network     no LLMUnavailableError
HTTPX ConnectTimeout                    retryable  -   -    timeout     no LLMTimeoutError
HTTPX PoolTimeout                       retryable  -   -    timeout     no LLMTimeoutError
HTTPX ReadTimeout                       retryable  -   -    timeout     ?  LLMTimeoutError
HTTPX WriteTimeout                      retryable  -   -    timeout     ?  LLMTimeoutError
HTTPX ReadError                         retryable  -   -    network     ?  LLMUnavailableError
HTTPX WriteError                        retryable  -   -    network     ?  LLMUnavailableError
HTTPX CloseError                        retryable  -   -    network     ?  LLMUnavailableError
HTTPX ProxyError                        retryable  -   -    network     ?  LLMUnavailableError
HTTPX RemoteProtocolError               retryable  -   -    network     ?  LLMUnavailableError
HTTPX LocalProtocolError                permanent  -   -    request     no ProviderRequestError
HTTPX UnsupportedProtocol               permanent  -   -    request     no ProviderRequestError
HTTPX InvalidURL                        permanent  -   -    request     no ProviderRequestError
HTTPX TooManyRedirects                  permanent  -   -    request     ?  ProviderRequestError
HTTPX DecodingError                     permanent  -   -    answer      ?  LLMParseError
HTTPX StreamError                       permanent  -   -    bug         ?  -
HTTPX 302                               permanent  -   -    request     ?  ProviderRequestError
HTTPX 401                               permanent  401 -    auth        no ProviderAuthError
HTTPX 404                               permanent  404 -    request     no ProviderRequestError
HTTPX 409                               permanent  409 -    request     ?  ProviderRequestError
HTTPX 425                               retryable  425 -    unavailable no LLMUnavailableError
HTTPX 429                               retryable  429 -    rate_limit  no LLMRateLimitError
HTTPX 500                               retryable  500 -    unavailable ?  LLMUnavailableError
HTTPX 507                               retryable  507 -    unavailable ?  LLMUnavailableError
HTTPX 522                               retryable  522 -    timeout     ?  LLMTimeoutError

httpx 503 retry-after 2                 retryable  503 2    unavailable no LLMUnavailableError

redis ConnectionError                   retryable  -   -    network     ?  LLMUnavailableError
redis TimeoutError                      retryable  -   -    timeout     ?  LLMTimeoutError
redis AuthenticationError               permanent  -   -    auth        no ProviderAuthError
redis AuthorizationError                permanent  -   -    auth        no ProviderAuthError
redis NoPermissionError                 permanent  -   -    auth        no ProviderAuthError
redis BusyLoadingError                  retryable  -   -    unavailable no LLMUnavailableError
redis MaxConnectionsError               retryable  -   -    unavailable no LLMUnavailableError
redis ReadOnlyError                     retryable  -   -    unavailable no LLMUnavailableError
redis OutOfMemoryError                  retryable  -   -    unavailable no LLMUnavailableError
redis TryAgainError                     retryable  -   -    unavailable no LLMUnavailableError
redis ClusterDownError                  retryable  -   -    unavailable no LLMUnavailableError
redis MasterDownError                   retryable  -   -    unavailable no LLMUnavailableError
redis WatchError                        retryable  -   -    unavailable no LLMUnavailableError
redis ResponseError                     permanent  -   -    request     no ProviderRequestError
redis DataError                         permanent  -   -    request     no ProviderRequestError
redis LockError                         unknown    -   -    -           ?  -
redis RedisError                        unknown    -   -    -           ?  -
redis refused                           retryable  -   -    network     no LLMUnavailableError
redis certificate                       permanent  -   -    auth        no ProviderAuthError

storage3 503 as text                    retryable  503 -    unavailable no LLMUnavailableError
storage3 429                            retryable  429 -    rate_limit  no LLMRateLimitError
storage3 404                            permanent  404 -    request     no ProviderRequestError
storage3 403                            permanent  403 -    auth        no ProviderAuthError
storage3 409                            permanent  409 -    request     ?  ProviderRequestError
storage3 no status                      unknown    -   -    -           ?  -

postgrest 08006                         retryable  -   -    network     ?  LLMUnavailableError
postgrest 23505                         permanent  -   -    request     no ProviderRequestError
postgrest 25006                         retryable  -   -    unavailable no LLMUnavailableError
postgrest 28P01                         permanent  -   -    auth        no ProviderAuthError
postgrest 40001                         retryable  -   -    unavailable no LLMUnavailableError
postgrest 40P01                         retryable  -   -    unavailable no LLMUnavailableError
postgrest 42501                         permanent  -   -    auth        no ProviderAuthError
postgrest 53300                         retryable  -   -    unavailable no LLMUnavailableError
postgrest 55P03                         retryable  -   -    unavailable no LLMUnavailableError
postgrest 57014                         permanent  -   -    request     no ProviderRequestError
postgrest 57P01                         retryable  -   -    unavailable ?  LLMUnavailableError
postgrest 57P03                         retryable  -   -    unavailable no LLMUnavailableError
postgrest 57P04                         permanent  -   -    request     no ProviderRequestError
postgrest PGRST003                      retryable  -   -    unavailable no LLMUnavailableError
postgrest PGRST116                      permanent  -   -    request     no ProviderRequestError
postgrest PGRST301                      permanent  -   -    auth        no ProviderAuthError
postgrest 502                           retryable  502 -    unavailable ?  LLMUnavailableError
postgrest s3cretUrlPart                 unknown    -   -    -           ?  -

psycopg SerializationFailure            retryable  -   -    unavailable no LLMUnavailableError
psycopg DeadlockDetected                retryable  -   -    unavailable no LLMUnavailableError
psycopg UniqueViolation                 permanent  -   -    request     no ProviderRequestError
psycopg QueryCanceled                   permanent  -   -    request     no ProviderRequestError
psycopg TooManyConnections              retryable  -   -    unavailable no LLMUnavailableError
psycopg AdminShutdown                   retryable  -   -    unavailable ?  LLMUnavailableError
psycopg InvalidPassword                 permanent  -   -    auth        no ProviderAuthError
psycopg OperationalError                retryable  -   -    network     ?  LLMUnavailableError
psycopg ConnectionTimeout               retryable  -   -    timeout     no LLMTimeoutError
psycopg IntegrityError                  permanent  -   -    request     no ProviderRequestError
psycopg InterfaceError                  unknown    -   -    -           ?  -

aiohttp ClientConnectorError            retryable  -   -    network     no LLMUnavailableError
aiohttp ClientConnectorCertificateError permanent  -   -    auth        no ProviderAuthError
aiohttp ServerDisconnectedError         retryable  -   -    network     ?  LLMUnavailableError
aiohttp ConnectionTimeoutError          retryable  -   -    timeout     no LLMTimeoutError
aiohttp SocketTimeoutError              retryable  -   -    timeout     ?  LLMTimeoutError
aiohttp ClientPayloadError              retryable  -   -    network     ?  LLMUnavailableError
aiohttp InvalidURL                      permanent  -   -    request     no ProviderRequestError
aiohttp 429                             retryable  429 9    rate_limit  no LLMRateLimitError
aiohttp 404                             permanent  404 -    request     no ProviderRequestError
aiohttp no JSON                         permanent  -   -    answer      ?  LLMParseError

requests ConnectionError                retryable  -   -    network     ?  LLMUnavailableError
requests ConnectTimeout                 retryable  -   -    timeout     no LLMTimeoutError
requests ReadTimeout                    retryable  -   -    timeout     ?  LLMTimeoutError
requests ChunkedEncodingError           retryable  -   -    network     ?  LLMUnavailableError
requests SSLError                       retryable  -   -    network     ?  LLMUnavailableError
requests ProxyError                     retryable  -   -    network     ?  LLMUnavailableError
requests InvalidURL                     permanent  -   -    request     no ProviderRequestError
requests MissingSchema                  permanent  -   -    request     no ProviderRequestError
requests TooManyRedirects               permanent  -   -    request     ?  ProviderRequestError
requests StreamConsumedError            permanent  -   -    bug         ?  -
requests 503                            retryable  503 4    unavailable no LLMUnavailableError
requests 404                            permanent  404 -    request     no ProviderRequestError

google 429 RetryInfo                    retryable  429 37   rate_limit  no LLMRateLimitError
google 429                              retryable  429 -    rate_limit  no LLMRateLimitError
google 403                              permanent  403 -    auth        no ProviderAuthError
google 503                              retryable  503 -    unavailable no LLMUnavailableError

google.auth TransportError              retryable  -   -    network     no LLMUnavailableError
google.auth RefreshError                permanent  -   -    auth        no ProviderAuthError

group of a timeout and a refusal        permanent  -   -    bug         ?  -
group of rate limits                    retryable  429 11   rate_limit  no LLMRateLimitError
"""

# What the older versions do not have, and what is not installed together with them.
NOT_IN_OLD = ("httpx2", "storage3", "postgrest", "psycopg", "aiohttp", "requests", "google")
NOT_IN_OLD_ROWS = {"anthropic 429 spend limit", "anthropic CredentialsError"}


def expected() -> dict[str, list[Any]]:
    """
    Return the table in the form that the script prints, with a row for each package.
    """
    rows: dict[str, list[Any]] = {}
    for line in filter(None, TABLE.splitlines()):
        kind, status, wait, category, sent, raised = line[40:].split()
        first, _, rest = line[:40].strip().partition(" ")
        for package in TWINS.get(first, (first,)):
            rows[f"{package} {rest}"] = [
                kind,
                None if status == "-" else int(status),
                None if wait == "-" else float(wait),
                category.strip("-"),
                "unknown" if sent == "?" else sent,
                raised.strip("-"),
            ]
    return rows


@pytest.mark.environments
def test_every_row_holds_with_the_newest_sdks() -> None:
    """All rows exist with the newest SDKs; no text of an exception is shown, its cause is kept."""
    rows = answer("sdk-new", SCRIPT)["rows"]

    assert rows == expected()


@pytest.mark.environments
def test_every_row_holds_with_older_sdks() -> None:
    """The verdicts are the same with openai 1.x, except for classes that it does not have."""
    rows = answer("sdk-old", SCRIPT)["rows"]
    missing = {name for name, row in rows.items() if row is None}

    assert missing == {
        name for name in rows if name.startswith(NOT_IN_OLD) or name in NOT_IN_OLD_ROWS
    }
    assert {name: row for name, row in rows.items() if row is not None} == {
        name: row for name, row in expected().items() if name not in missing
    }


@pytest.mark.environments
@pytest.mark.parametrize("environment", ["sdk-old", "sdk-new"])
def test_nothing_foreign_is_imported_to_classify(environment: str) -> None:
    """`workerctl.runtime.retry` imports no SDK, even if it is installed."""
    imports = answer(environment, SCRIPT, "none")["imports"]

    assert "workerctl" in imports
    assert set(imports).isdisjoint(FOREIGN)
