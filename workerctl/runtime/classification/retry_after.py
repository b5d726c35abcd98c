"""
How long a server asks to wait, in all the forms in which servers say it.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

LONGEST = 3600.0
"""Seconds that a wait is never said to be longer than."""

_NUMBER = r"[-+]?[0-9]+(?:\.[0-9]*)?"
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = rf"([0-9]+(?:\.[0-9]+)?)({'|'.join(sorted(_UNITS, key=len, reverse=True))})"
_LONGEST_TEXT = 100


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """
    Seconds to wait, from 0 to LONGEST, by the headers of a response; None when they say nothing.

    `retry-after-ms` is asked first, then `retry-after`, then the resets of exhausted rate limits.
    Names are in lower case. A date is measured against the response's own `date`, because the
    clocks of two machines differ; `now` stands in where there is none.
    """
    for form in (_milliseconds, _seconds, _date, _rate_limits):
        found = form(headers, now)
        if found is not None:
            return _bounded(found)
    return None


def duration(text: object) -> float | None:
    """
    The seconds of "6m0s", "12ms", "37s" or "20"; None when it is none of these.
    """
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT:
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
    return headers.get(name, "")[:_LONGEST_TEXT].strip()


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
    said = _timestamp(_text(headers, "date"))
    return due - (_clock(now) if said is None else said)


def _timestamp(text: str) -> float | None:
    """
    The three forms of a date in HTTP; one without a zone is in GMT, wherever the worker runs.
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
    The longest reset of the limits of which nothing remains; the others bar nobody.
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
    The seconds until a moment in the form of RFC 3339.
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
