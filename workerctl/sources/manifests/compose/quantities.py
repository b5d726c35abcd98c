"""
Durations and amounts of memory as Go's packages read them.
"""

from __future__ import annotations

import re

_DURATION = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d|w)")
_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "w": 604800,
}
_BYTES = re.compile(
    r"\+?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]{1,3})? ?(?:b|([kmgtp])(?:i?b)?)?", re.IGNORECASE
)
_LARGEST = 2**63
_LONGEST = 64


def seconds(text: str) -> float | None:
    """
    Return a duration in seconds, or None if the text is not one.

        >>> seconds("1m30s"), seconds("30")
        (90.0, None)
    """
    text = text.removeprefix("+")
    if text == "0":
        return 0.0
    if not text or len(text) > _LONGEST or _DURATION.sub("", text):
        return None
    return float(sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text)))


def bytes_of(text: str) -> int | None:
    """
    Return an amount of memory in bytes, or None if the text is not one. A kilobyte has 1024.

        >>> bytes_of("1.5g"), bytes_of("512 MB"), bytes_of("much")
        (1610612736, 536870912, None)
    """
    found = _BYTES.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    number = float(found[1] + (found[2] or ""))
    factor = 1024 ** (" kmgtp".index((found[3] or " ").lower()))
    return int(number * factor) if number * factor < _LARGEST else None
