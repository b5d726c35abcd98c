"""
What is said of an error: whether another run could help, and why, in words of our own.
"""

from typing import Any, Literal, NamedTuple

Kind = Literal["retryable", "permanent", "partial", "unknown"]
Category = Literal[
    "timeout",  # no answer in time
    "rate_limit",  # asked to slow down
    "unavailable",  # overloaded, or failed on its own side
    "network",  # not reached, or cut off
    "auth",  # a key, a permission or a certificate
    "quota",  # the account is used up
    "request",  # the request itself
    "answer",  # an answer that cannot be read
    "local",  # a file of this machine
    "bug",  # an error of the program
    "job",  # the job itself is out of time, or its worker goes away
    "",  # not known
]
Sent = Literal["no", "unknown"]

_LONGEST_NAME = 120
_LONGEST_TEXT = 10_000


class Verdict(NamedTuple):
    """
    Whether another try could help; it holds nothing of the text of the error.

    `sent` is "no" when the request certainly did not take effect, so that also one that must not
    happen twice may be repeated. It is about the last request: a client that repeats requests by
    itself makes it worthless.
    """

    kind: Kind
    reason: str
    status: int | None = None
    retry_after: float | None = None
    category: Category = ""
    sent: Sent = "unknown"


def look(value: object, *path: str) -> Any:
    """
    An attribute of an attribute of a foreign object, or None: also where a property fails.
    """
    for name in path:
        try:
            value = getattr(value, name)
        except Exception:  # noqa: BLE001 -- a property of someone else's class raises anything
            return None
    return value


def text_of(exc: BaseException) -> str:
    """
    The beginning of the text of a foreign exception, to look for a word in it; never to be shown.
    """
    try:
        return str(exc)[:_LONGEST_TEXT]
    except Exception:  # noqa: BLE001 -- see look
        return ""


def class_names(exc: BaseException) -> list[str]:
    """
    `package.ClassName` of the class and its bases, most specific first.

    The package alone, because SDKs move their classes between modules; "google" holds several.
    """
    names = []
    for kind in type(exc).__mro__:
        parts = str(kind.__module__).split(".")
        root = ".".join(parts[:2]) if parts[0] == "google" else parts[0]
        names.append(f"{root}.{kind.__name__}"[:_LONGEST_NAME])
    return names
