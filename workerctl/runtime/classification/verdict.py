"""
The verdict on an error, and safe access to foreign exceptions.
"""

from __future__ import annotations

from typing import Any, Literal

from workerctl.report.records import Record

Kind = Literal["retryable", "permanent", "partial", "unknown"]
Category = Literal[
    "timeout",  # no answer in time
    "rate_limit",  # too many requests
    "unavailable",  # the service is overloaded or had an internal error
    "network",  # the service could not be reached, or the connection was lost
    "auth",  # a key, a permission or a certificate was rejected
    "quota",  # the account is used up
    "request",  # the request itself was rejected
    "answer",  # the answer could not be parsed
    "local",  # an error of the local file system
    "bug",  # an error of the program
    "job",  # the job is out of time, or its worker is shutting down
    "",  # unknown
]
Sent = Literal["no", "unknown"]

_MAX_NAME = 120
_MAX_TEXT = 10_000


class Verdict(Record):
    """
    Whether another attempt could help, and why; it contains nothing of the error's text.

    `reason` is for people. `retry_after` is the delay in seconds that the service requested.

    `sent` is "no" if the request certainly had no effect, so that even one that is not idempotent
    may be repeated. It refers to the last request, and is worthless if the client itself retries.
    """

    kind: Kind
    reason: str
    status: int | None = None
    retry_after: float | None = None
    category: Category = ""
    sent: Sent = "unknown"


def get_attribute(value: object, *path: str) -> Any:
    """
    Return a nested attribute of a foreign object; None if it is missing or raises.

        >>> get_attribute(error, "response", "status_code")
        429
    """
    for name in path:
        try:
            value = getattr(value, name)
        except Exception:  # noqa: BLE001 -- a foreign property may raise anything
            return None
    return value


def text_of(exc: BaseException) -> str:
    """
    Return the beginning of an exception's text, to search but never to show; "" if that fails.
    """
    try:
        return str(exc)[:_MAX_TEXT]
    except Exception:  # noqa: BLE001 -- a foreign `__str__` may raise anything
        return ""


def class_names(exc: BaseException) -> list[str]:
    """
    Return `package.ClassName` for the exception's class and its bases, most specific first.

    Submodules are left out, because SDKs move classes between them; of the namespace package
    "google", one is kept.
    """
    names = []
    for kind in type(exc).__mro__:
        parts = str(kind.__module__).split(".")
        root = ".".join(parts[:2]) if parts[0] == "google" else parts[0]
        names.append(f"{root}.{kind.__name__}"[:_MAX_NAME])
    return names
