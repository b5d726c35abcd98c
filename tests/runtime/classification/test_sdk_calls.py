"""
Tests of old and new SDKs against a misbehaving local server.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.programs.environments import answer

SCRIPT = Path(__file__).with_name("sdk_calls.py")

# Case: kind, category, HTTP status, retry_after, sent, what translate_errors("llm") raises.
CASES = {
    "400": ("permanent", "request", 400, None, "no", "ProviderRequestError"),
    "401": ("permanent", "auth", 401, None, "no", "ProviderAuthError"),
    "404": ("permanent", "request", 404, None, "no", "ProviderRequestError"),
    "429": ("retryable", "rate_limit", 429, 3.0, "no", "LLMRateLimitError"),
    "500": ("retryable", "unavailable", 500, None, "unknown", "LLMUnavailableError"),
    "503": ("retryable", "unavailable", 503, 3.0, "no", "LLMUnavailableError"),
    "quota": ("permanent", "quota", 429, None, "no", "ProviderQuotaError"),
    "text": ("permanent", "answer", None, None, "unknown", "LLMParseError"),
    "cut": ("retryable", "network", None, None, "unknown", "LLMUnavailableError"),
    "hang": ("retryable", "timeout", None, None, "unknown", "LLMTimeoutError"),
    "refused": ("retryable", "network", None, None, "no", "LLMUnavailableError"),
    "certificate": ("permanent", "auth", None, None, "no", "ProviderAuthError"),
    "two loops": ("permanent", "bug", None, None, "unknown", ""),
}
# Their exceptions have no headers. (Those of psycopg do not show whether a request was sent.)
WITHOUT_HEADERS = {"storage3", "postgrest"}
CLIENTS = {
    "sdk-old": {"openai", "anthropic", "httpx", "urllib", "redis"},
    "sdk-new": {
        *("openai", "anthropic", "google", "httpx", "httpx2", "requests", "aiohttp", "urllib"),
        *("storage3", "postgrest", "redis", "psycopg"),
    },
}


@cache
def results(environment: str) -> dict[str, dict[str, Any]]:
    """
    Return the results of the script, which runs once per environment.
    """
    rows: dict[str, dict[str, Any]] = answer(environment, SCRIPT)
    return rows


def expected(client: str, case: str) -> tuple[Any, ...]:
    """
    Return the row of the table, without what a client's exceptions do not contain.
    """
    kind, category, status, wait, sent, raised = CASES[case]
    if client in WITHOUT_HEADERS:
        wait = None
    if client == "psycopg":
        sent = "unknown"
    return kind, category, status, wait, sent, raised


@pytest.mark.environments
@pytest.mark.parametrize("environment", CLIENTS)
def test_the_exceptions_of_the_sdks_are_classified_correctly(environment: str) -> None:
    """The verdict is as expected for each client in each case that applies to it."""
    fields = ("kind", "category", "status", "retry_after", "sent", "raises")
    found = {
        name: tuple(row.get(field) for field in fields)
        for name, row in results(environment).items()
    }

    assert found == {name: expected(*name.split(" ", 1)) for name in found}
    assert {name.partition(" ")[0] for name in found} == CLIENTS[environment]
    assert {name.partition(" ")[2] for name in found} == set(CASES)


@pytest.mark.environments
@pytest.mark.parametrize("environment", CLIENTS)
def test_neither_the_key_nor_the_address_is_shown(environment: str) -> None:
    """No verdict shows the key or the URL, although every refusal contains the key."""
    assert [name for name, row in results(environment).items() if row["leaks"]] == []


@pytest.mark.environments
@pytest.mark.parametrize("environment", CLIENTS)
def test_the_verdict_on_a_client_of_another_loop_names_the_solution(environment: str) -> None:
    """The reason for a client of another event loop names `loop_cached`."""
    rows = {name: row for name, row in results(environment).items() if name.endswith("two loops")}

    assert rows
    assert all("loop_cached" in row["reason"] for row in rows.values())
