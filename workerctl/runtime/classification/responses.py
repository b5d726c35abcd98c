"""
Classification of errors that carry a response: an HTTP status or a database's SQLSTATE.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from workerctl.report.records import Record
from workerctl.runtime.classification.retry_after import duration, retry_after
from workerctl.runtime.classification.verdict import (
    Category,
    Kind,
    Sent,
    Verdict,
    get_attribute,
    text_of,
)

# Packages whose `status` or `code` is the HTTP status; in others these attributes mean anything.
_STATUS = {"aiohttp", "storage3", "supabase_auth", "supabase_functions"}
_CODE = {"google.genai", "google.api_core", "urllib", "postgrest"}
_POSSIBLE = range(100, 600)
_SDKS = {"openai.APIError", "anthropic.APIError"}


class _Http(Record):
    """
    The meaning of an HTTP status, unless the rest of the response says otherwise.
    """

    kind: Kind
    category: Category
    sent: Sent


STATUSES = {
    401: _Http("permanent", "auth", "no"),
    402: _Http("permanent", "quota", "no"),
    403: _Http("permanent", "auth", "no"),
    407: _Http("permanent", "auth", "no"),
    408: _Http("retryable", "timeout", "unknown"),
    409: _Http("permanent", "request", "unknown"),
    425: _Http("retryable", "unavailable", "no"),
    429: _Http("retryable", "rate_limit", "no"),
    499: _Http("permanent", "request", "unknown"),
    501: _Http("permanent", "request", "no"),
    503: _Http("retryable", "unavailable", "no"),
    504: _Http("retryable", "timeout", "unknown"),
    505: _Http("permanent", "request", "no"),
    522: _Http("retryable", "timeout", "unknown"),
    524: _Http("retryable", "timeout", "unknown"),
}
"""The meaning of statuses that differ from the rule for their range."""

_REFUSED = _Http("permanent", "request", "no")
_FAILED = _Http("retryable", "unavailable", "unknown")
_CONFLICT, _CLIENT_ERRORS, _SERVER_ERRORS = 409, 400, 500
_MAY_BE_QUOTA = {400, 403, 429}

# Not the word "billing" by itself: ordinary rate limits also mention where to buy a higher limit.
_QUOTA_CODES = {"insufficient_quota", "billing_error", "billing_hard_limit_reached"}
_QUOTA_CLASS = "SpendLimit|Billing"
_QUOTA_TEXT = (
    "insufficient_quota|billing_hard_limit|exceeded your current quota"
    "|credit balance is too low|spend(?:ing)?[ _]limit"
)
# An error in a stream follows a status of 200; its type determines the equivalent status.
_STREAMED = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "api_error": 500,
    "internal_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


SQL_CODES: tuple[tuple[str, Kind, Category, Sent], ...] = (
    ("08", "retryable", "network", "unknown"),
    ("25006", "retryable", "unavailable", "no"),  # read-only: another server is primary now
    ("28", "permanent", "auth", "no"),
    ("40001", "retryable", "unavailable", "no"),
    ("40P01", "retryable", "unavailable", "no"),
    ("42501", "permanent", "auth", "no"),
    ("53", "retryable", "unavailable", "no"),
    ("55P03", "retryable", "unavailable", "no"),
    ("57P03", "retryable", "unavailable", "no"),
    ("57P04", "permanent", "request", "no"),  # the database was dropped
    ("57P", "retryable", "unavailable", "unknown"),
    ("PGRST00", "retryable", "unavailable", "no"),  # PostgREST could not reach its database
    ("PGRST30", "permanent", "auth", "no"),
    ("", "permanent", "request", "no"),
)
"""
The meaning of database codes by prefix; the first that matches applies.

An error that rolls the transaction back counts as a request that was not sent.
"""


def http_status(exc: BaseException, names: Sequence[str]) -> int | None:
    """
    Return the HTTP status of an error, from whichever attribute its class uses, or None.
    """
    packages = {name.rpartition(".")[0] for name in names}
    paths = [("status_code",), ("response", "status_code")]
    paths += [("status",)] * bool(packages & _STATUS) + [("code",)] * bool(packages & _CODE)
    return next(filter(None, (_status(get_attribute(exc, *path)) for path in paths)), None)


def classify_response(exc: BaseException, names: Sequence[str]) -> Verdict | None:
    """
    Return the verdict on an error response, from its status, its headers and any sign of a quota.

    None for an error without a response, or whose response has a status below 400.
    """
    status = http_status(exc, names)
    if status is None or status < _CLIENT_ERRORS:
        return None
    return _classify_status(exc, names, status)


def classify_stream(exc: BaseException, names: Sequence[str]) -> Verdict | None:
    """
    Return the verdict on an error in a streamed response, or None if its type is not known.
    """
    if _SDKS.isdisjoint(names):
        return None
    status = next((_STREAMED[code] for code in sorted(_codes(exc)) if code in _STREAMED), None)
    if status is None:
        return None
    verdict = _classify_status(exc, names, status)
    reason = f"an error in the stream, equivalent to {verdict.reason}"
    return verdict.replace(reason=reason, status=None, sent="unknown")


def classify_sql(exc: BaseException, names: Sequence[str]) -> Verdict | None:
    """
    Return the verdict on a database error, or None for any other error or one without a code.
    """
    packages = {name.rpartition(".")[0] for name in names}
    if packages.isdisjoint({"postgrest", "psycopg", "psycopg2", "asyncpg"}):
        return None
    for name in ("sqlstate", "pgcode", "code"):
        code = get_attribute(exc, name)
        if isinstance(code, str) and re.fullmatch("[0-9A-Z]{5}|PGRST[0-9A-Z]{3}", code):
            _, kind, category, sent = next(
                entry for entry in SQL_CODES if code.startswith(entry[0])
            )
            return Verdict(kind, f"SQLSTATE {code}", category=category, sent=sent)
    return None


def _status(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch("[1-5][0-9]{2}", value):
        return int(value)
    return int(value) if isinstance(value, int) and value in _POSSIBLE else None


def _classify_status(exc: BaseException, names: Sequence[str], status: int) -> Verdict:
    meaning = _meaning(status, names)
    delay = _google_delay(exc)
    spent = status in _MAY_BE_QUOTA and delay is None and _is_quota(exc, names)
    if spent or meaning.category == "quota":
        reason = f"the quota is used up (HTTP {status})"
        return Verdict("permanent", reason, status, category="quota", sent="no")
    headers = _headers(exc)
    overrides: dict[str, Kind] = {"true": "retryable", "false": "permanent"}
    kind = overrides.get(headers.get("x-should-retry", ""), meaning.kind)
    requested = retry_after(headers)
    wait = delay if requested is None else requested
    return Verdict(
        kind=kind,
        reason=f"HTTP {status}",
        status=status,
        retry_after=wait if kind == "retryable" else None,
        category=meaning.category,
        sent=meaning.sent,
    )


def _meaning(status: int, names: Sequence[str]) -> _Http:
    if status == _CONFLICT and not _SDKS.isdisjoint(names):
        return _FAILED  # a lock timeout; for other services, a duplicate
    return STATUSES.get(status, _FAILED if status >= _SERVER_ERRORS else _REFUSED)


def _headers(exc: BaseException) -> dict[str, str]:
    for path in (("response", "headers"), ("headers",)):
        try:
            headers = get_attribute(exc, *path).items()
            return {str(name).lower(): str(text) for name, text in headers}
        except Exception:  # noqa: BLE001, S112 -- a foreign object, possibly not a mapping
            continue
    return {}


def _error_object(exc: BaseException) -> dict[str, Any]:
    """
    Return the error object of the JSON body that an SDK keeps, or an empty dictionary.
    """
    for name in ("body", "details"):
        body = get_attribute(exc, name)
        if isinstance(body, list) and body:
            body = body[0]
        if isinstance(body, dict):
            inner = body.get("error")
            return inner if isinstance(inner, dict) else body
    return {}


def _codes(exc: BaseException) -> set[str]:
    body = _error_object(exc)
    names = ("code", "type")
    codes = [*(get_attribute(exc, name) for name in names), *map(body.get, names)]
    return {code for code in codes if isinstance(code, str)}


def _is_quota(exc: BaseException, names: Sequence[str]) -> bool:
    if _codes(exc) & _QUOTA_CODES or any(re.search(_QUOTA_CLASS, name) for name in names):
        return True
    return re.search(_QUOTA_TEXT, text_of(exc), re.IGNORECASE) is not None


def _google_delay(exc: BaseException) -> float | None:
    """
    Return the delay that a Google API requests, or None.

    Only rate limits have one, which distinguishes them from a used-up quota.
    """
    details = _error_object(exc).get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and str(detail.get("@type")).endswith("google.rpc.RetryInfo"):
            return duration(detail.get("retryDelay"))
    return None
