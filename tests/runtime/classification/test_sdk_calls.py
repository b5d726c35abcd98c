"""
The SDKs themselves, old and new, against a server on loopback that misbehaves.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.environments import answer

SCRIPT = Path(__file__).with_name("sdk_calls.py")

# What happens: kind, category, HTTP status, retry_after, sent, what translate_errors("llm") raises.
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
# Their exceptions do not hold the headers, nor psycopg's how far it came.
WITHOUT_HEADERS = {"storage3", "postgrest"}
CLIENTS = {
    "sdk-old": {"openai", "anthropic", "httpx", "urllib", "redis"},
    "sdk-new": {
        *("openai", "anthropic", "google", "httpx", "httpx2", "requests", "aiohttp", "urllib"),
        *("storage3", "postgrest", "redis", "psycopg"),
    },
}


@cache
def said(environment: str) -> dict[str, dict[str, Any]]:
    """
    What the script prints, asked once.
    """
    rows: dict[str, dict[str, Any]] = answer(environment, SCRIPT)
    return rows


def expected(client: str, case: str) -> tuple[Any, ...]:
    """
    What the table says, but for what a client does not tell.
    """
    kind, category, status, wait, sent, raised = CASES[case]
    if client in WITHOUT_HEADERS:
        wait = None
    if client == "psycopg":
        sent = "unknown"
    return kind, category, status, wait, sent, raised


@pytest.mark.environments
@pytest.mark.parametrize("environment", CLIENTS)
def test_what_the_sdks_raise_is_judged_as_it_happened(environment: str) -> None:
    """Each client in each case that applies to it."""
    fields = ("kind", "category", "status", "retry_after", "sent", "raises")
    found = {
        name: tuple(row.get(field) for field in fields) for name, row in said(environment).items()
    }

    assert found == {name: expected(*name.split(" ", 1)) for name in found}
    assert {name.partition(" ")[0] for name in found} == CLIENTS[environment]
    assert {name.partition(" ")[2] for name in found} == set(CASES)


@pytest.mark.environments
@pytest.mark.parametrize("environment", CLIENTS)
def test_neither_the_key_nor_the_address_is_shown(environment: str) -> None:
    """Though the body of every refusal repeats the key."""
    assert [name for name, row in said(environment).items() if row["leaks"]] == []


@pytest.mark.environments
@pytest.mark.parametrize("environment", CLIENTS)
def test_a_client_of_another_loop_is_told_what_to_do(environment: str) -> None:
    """The reason names the helper."""
    rows = {name: row for name, row in said(environment).items() if name.endswith("two loops")}

    assert rows
    assert all("loop_cached" in row["reason"] for row in rows.values())
