"""
The delay that a server requests in its response headers, in any of the usual forms.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

LONGEST = 3600.0
"""The upper limit, in seconds, to which delays are reduced."""

_NUMBER = r"[-+]?[0-9]+(?:\.[0-9]*)?"
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = rf"([0-9]+(?:\.[0-9]+)?)({'|'.join(sorted(_UNITS, key=len, reverse=True))})"
_MAX_LENGTH = 100


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """
    Return the delay in seconds, from 0 to LONGEST, that response headers request; None without one.

        >>> retry_after({"retry-after": "120"})
        120.0

    The names of the headers must be in lower case. `retry-after-ms` takes precedence over
    `retry-after`, and that over the reset times of exhausted rate limits. A date is compared with
    the `date` header, because clocks differ, or without one with `now` (Unix time).
    """
    for parse in (_milliseconds, _seconds, _date, _rate_limits):
        delay = parse(headers, now)
        if delay is not None:
            return _bounded(delay)
    return None


def duration(text: object) -> float | None:
    """
    Return the seconds in a text such as "6m0s", "12ms", "37s" or "20"; None for anything else.
    """
    if not isinstance(text, str) or len(text) > _MAX_LENGTH:
        return None
    text = text.strip()
    if re.fullmatch(_NUMBER, text):
        return _bounded(float(text))
    if not re.fullmatch(f"(?:{_PART})+", text):
        return None
    return _bounded(
        math.fsum(float(count) * _UNITS[unit] for count, unit in re.findall(_PART, text))
    )


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST)


def _text(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name, "")[:_MAX_LENGTH].strip()


def _milliseconds(headers: Mapping[str, str], _now: float | None) -> float | None:
    text = _text(headers, "retry-after-ms")
    return float(text) / 1000 if re.fullmatch(_NUMBER, text) else None


def _seconds(headers: Mapping[str, str], _now: float | None) -> float | None:
    text = _text(headers, "retry-after")
    return float(text) if re.fullmatch(_NUMBER, text) else None


def _date(headers: Mapping[str, str], now: float | None) -> float | None:
    due = _timestamp(_text(headers, "retry-after"))
    if due is None:
        return None
    sent = _timestamp(_text(headers, "date"))
    return due - (_clock(now) if sent is None else sent)


def _timestamp(text: str) -> float | None:
    """
    Return the Unix time of an HTTP date in any of its three forms, or None.

    A date without a time zone is in GMT, whatever the zone of the worker.
    """
    from datetime import UTC, datetime
    from email.utils import parsedate_tz

    try:
        parts = parsedate_tz(text)
        if parts is None:
            return None
        return datetime(*parts[:6], tzinfo=UTC).timestamp() - (parts[9] or 0)
    except (IndexError, OverflowError, TypeError, ValueError):
        return None


def _rate_limits(headers: Mapping[str, str], now: float | None) -> float | None:
    """
    Return the longest time until the reset of an exhausted rate limit, or None.
    """
    return max(_resets(headers, now), default=None)


def _resets(headers: Mapping[str, str], now: float | None) -> Iterator[float]:
    forms: Iterable[tuple[str, str, Callable[[str], float | None]]] = (
        ("x-ratelimit-remaining-{}", "x-ratelimit-reset-{}", duration),
        (
            "anthropic-ratelimit-{}-remaining",
            "anthropic-ratelimit-{}-reset",
            lambda text: _until(text, now),
        ),
    )
    for remaining, reset, read in forms:
        for limit in ("requests", "tokens", "input-tokens", "output-tokens"):
            if _text(headers, remaining.format(limit)) == "0":
                seconds = read(_text(headers, reset.format(limit)))
                if seconds is not None:
                    yield seconds


def _until(text: str, now: float | None) -> float | None:
    """
    Return the seconds until an RFC 3339 timestamp, or None.
    """
    from datetime import datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp() - _clock(now)


def _clock(now: float | None) -> float:
    import time

    return time.time() if now is None else now
