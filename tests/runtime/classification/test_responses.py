"""
Tests of classify() with HTTP responses: status, headers and JSON; and with database codes.
"""

from typing import Any

import pytest

from tests.runtime.classification.foreign_classes import Unusable, foreign
from workerctl.runtime.retry import classify

OPENAI = foreign("openai.APIStatusError", foreign("openai.APIError"))
RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}
PER_MINUTE = {"details": [RETRY_INFO]}


def refusal(status: int, text: str = "x", **attributes: Any) -> Exception:
    """
    Return an error of an SDK that has a status.
    """
    made: Exception = type("Refused", (OPENAI,), {"status_code": status, **attributes})(text)
    return made


@pytest.mark.parametrize(
    ("status", "kind", "category", "sent"),
    [
        (400, "permanent", "request", "no"),
        (401, "permanent", "auth", "no"),
        (402, "permanent", "quota", "no"),
        (403, "permanent", "auth", "no"),
        (404, "permanent", "request", "no"),
        (407, "permanent", "auth", "no"),
        (408, "retryable", "timeout", "unknown"),
        (409, "retryable", "unavailable", "unknown"),
        (413, "permanent", "request", "no"),
        (422, "permanent", "request", "no"),
        (425, "retryable", "unavailable", "no"),
        (429, "retryable", "rate_limit", "no"),
        (499, "permanent", "request", "unknown"),
        (500, "retryable", "unavailable", "unknown"),
        (501, "permanent", "request", "no"),
        (502, "retryable", "unavailable", "unknown"),
        (503, "retryable", "unavailable", "no"),
        (504, "retryable", "timeout", "unknown"),
        (505, "permanent", "request", "no"),
        (520, "retryable", "unavailable", "unknown"),
        (522, "retryable", "timeout", "unknown"),
        (524, "retryable", "timeout", "unknown"),
        (529, "retryable", "unavailable", "unknown"),
        (599, "retryable", "unavailable", "unknown"),
        (200, "unknown", "", "unknown"),
        (302, "unknown", "", "unknown"),
    ],
)
def test_every_status_has_its_meaning(status: int, kind: str, category: str, sent: str) -> None:
    """Every status of an SDK for language models has a verdict."""
    verdict = classify(refusal(status))

    assert (verdict.kind, verdict.category, verdict.sent) == (kind, category, sent)
    assert verdict.status == (status if status >= 400 else None)


@pytest.mark.parametrize("status", ["503", 503], ids=repr)
def test_a_status_may_be_a_string(status: object) -> None:
    """A status may be a string, as in storage3."""
    assert classify(foreign("storage3.utils.StorageApiError", status=status)()).status == 503


@pytest.mark.parametrize("status", ["x", "5030", "", 1008, 0, True, None, 503.0, b"503"], ids=repr)
def test_other_values_are_not_taken_for_a_status(status: object) -> None:
    """Other values, such as the codes of websockets, are not taken for an HTTP status."""
    assert classify(foreign("storage3.utils.StorageApiError", status=status)()).kind == "unknown"


def test_a_conflict_is_retryable_for_sdks_and_permanent_elsewhere() -> None:
    """409 is retryable for SDKs, which use it for locks; elsewhere it means a duplicate."""
    assert classify(refusal(409)).kind == "retryable"
    assert classify(foreign("httpx.HTTPStatusError", status_code=409)()).kind == "permanent"


# ---------------------------------------------------------------------------------------- quotas


@pytest.mark.parametrize(
    ("status", "text", "attributes"),
    [
        (429, "x", {"code": "insufficient_quota"}),
        (429, "x", {"type": "insufficient_quota"}),
        (429, "x", {"body": {"code": "insufficient_quota"}}),
        (429, "x", {"body": {"error": {"type": "insufficient_quota"}}}),
        (429, "x", {"body": [{"error": {"type": "insufficient_quota"}}]}),
        (429, "You exceeded your current quota, please check your plan.", {}),
        (400, "Your credit balance is too low to access the API.", {}),
        (400, "billing_hard_limit_reached", {}),
        (403, "The monthly spend limit is reached.", {}),
        (429, "The spending limit is reached.", {}),
        (402, "x", {"body": Unusable()}),
    ],
)
def test_a_used_up_quota_is_permanent(status: int, text: str, attributes: dict[str, Any]) -> None:
    """A used-up quota is permanent, whether a code, the text or the status says so."""
    verdict = classify(refusal(status, text, **attributes, headers={"retry-after": "1"}))

    assert (verdict.kind, verdict.category, verdict.retry_after) == ("permanent", "quota", None)
    assert verdict.reason == f"the quota is used up (HTTP {status})"


@pytest.mark.parametrize(
    ("status", "text", "attributes"),
    [
        (429, "Rate limit reached. Add a payment method at …/account/billing.", {}),
        (
            429,
            "You exceeded your current quota.",
            {"details": {"error": {"details": [RETRY_INFO]}}},
        ),
        (429, "You exceeded your current quota.", {"body": [{"error": {"details": [RETRY_INFO]}}]}),
        (500, "You exceeded your current quota.", {}),
        (429, "x", {"__str__": Unusable.__str__, "body": Unusable(), "headers": Unusable()}),
    ],
)
def test_a_rate_limit_is_retryable_even_if_it_mentions_billing(
    status: int, text: str, attributes: dict[str, Any]
) -> None:
    """A rate limit is retryable, even if its text mentions billing or a quota per minute."""
    assert classify(refusal(status, text, **attributes)).kind == "retryable"


# -------------------------------------------------------------------------------------- headers


def test_headers_are_found_in_any_case_and_place() -> None:
    """Headers of the response and of the exception are read, in any case."""
    response = type("Response", (), {"headers": {"RETRY-AFTER": 3}, "status_code": 503})()
    held = foreign("httpx.HTTPStatusError", response=response)()
    own = foreign("aiohttp.ClientResponseError", status=429, headers={"Retry-After": "4"})()

    assert (classify(held).status, classify(held).retry_after) == (503, 3.0)
    assert (classify(own).status, classify(own).retry_after) == (429, 4.0)


@pytest.mark.parametrize(
    ("details", "seconds"),
    [
        ([RETRY_INFO], 37.0),
        ([{"@type": "other"}, "x", RETRY_INFO], 37.0),
        ([{**RETRY_INFO, "retryDelay": "soon"}], None),
        ("x", None),
        (None, None),
    ],
)
def test_googles_retry_info_is_read(details: Any, seconds: float | None) -> None:
    """Google's `RetryInfo` is read from the error details; a header has priority."""
    body = {"error": {"details": details}}
    error = foreign("google.genai.errors.ClientError", code=429, details=body)

    assert classify(error()).retry_after == seconds
    error.headers = {"retry-after": "2"}
    assert classify(error()).retry_after == 2.0


def test_a_server_may_request_or_forbid_a_retry() -> None:
    """`x-should-retry` has priority over the status."""
    refusals = [refusal(429, headers={"x-should-retry": "false", "retry-after": "3"})]
    refusals += [refusal(400, headers={"x-should-retry": "true", "retry-after": "3"})]
    refusals += [refusal(400, headers={"x-should-retry": "perhaps"})]

    assert [(one.kind, one.retry_after) for one in map(classify, refusals)] == [
        ("permanent", None),
        ("retryable", 3.0),
        ("permanent", None),
    ]


# -------------------------------------------------------------------------------------- streams


@pytest.mark.parametrize(
    ("code", "kind", "category"),
    [
        ("overloaded_error", "retryable", "unavailable"),
        ("rate_limit_error", "retryable", "rate_limit"),
        ("timeout_error", "retryable", "timeout"),
        ("authentication_error", "permanent", "auth"),
        ("invalid_request_error", "permanent", "request"),
        ("insufficient_quota", "permanent", "quota"),
        ("something_else", "unknown", ""),
    ],
)
def test_an_error_within_a_stream_is_judged_by_its_type(
    code: str, kind: str, category: str
) -> None:
    """An error within a stream has status 200 or no status, and its request has been sent."""
    body = {"type": "error", "error": {"type": code}}
    for error in (refusal(200, body=body), foreign("anthropic.APIError", body=body)()):
        verdict = classify(error)

        assert (verdict.kind, verdict.category, verdict.status) == (kind, category, None)
        assert verdict.sent == "unknown"
    assert classify(foreign("team.Streamed", body=body)()).kind == "unknown"


# ------------------------------------------------------------------------------------ databases


@pytest.mark.parametrize(
    ("code", "kind", "category", "sent"),
    [
        ("08006", "retryable", "network", "unknown"),
        ("23505", "permanent", "request", "no"),
        ("25006", "retryable", "unavailable", "no"),
        ("28P01", "permanent", "auth", "no"),
        ("40001", "retryable", "unavailable", "no"),
        ("40P01", "retryable", "unavailable", "no"),
        ("42501", "permanent", "auth", "no"),
        ("53300", "retryable", "unavailable", "no"),
        ("55P03", "retryable", "unavailable", "no"),
        ("57014", "permanent", "request", "no"),
        ("57P01", "retryable", "unavailable", "unknown"),
        ("57P03", "retryable", "unavailable", "no"),
        ("57P04", "permanent", "request", "no"),
        ("PGRST003", "retryable", "unavailable", "no"),
        ("PGRST116", "permanent", "request", "no"),
        ("PGRST301", "permanent", "auth", "no"),
    ],
)
def test_the_code_of_a_database_decides(code: str, kind: str, category: str, sent: str) -> None:
    """The SQLSTATE decides, in whichever attribute the driver stores it."""
    for name, attribute in (
        ("postgrest.exceptions.APIError", "code"),
        ("asyncpg.exceptions.PostgresError", "sqlstate"),
        ("psycopg2.errors.Error", "pgcode"),
    ):
        verdict = classify(foreign(name, **{attribute: code})())

        assert (verdict.kind, verdict.category, verdict.sent) == (kind, category, sent)
        assert verdict.reason == f"SQLSTATE {code}"
    assert classify(foreign("team.Error", code=code)()).kind == "unknown"


@pytest.mark.parametrize("code", ["", "secret", "2350", "23505 ", None, 23505], ids=repr)
def test_a_value_that_is_not_a_database_code_is_not_shown(code: Any) -> None:
    """A value that is not an SQLSTATE is not shown: it could be a secret."""
    verdict = classify(foreign("postgrest.exceptions.APIError", code=code)())

    assert (verdict.kind, verdict.reason) == ("unknown", "postgrest.APIError")
