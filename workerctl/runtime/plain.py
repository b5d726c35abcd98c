"""
What others put into an error, made plain.
"""

import math
from collections.abc import Mapping
from typing import Any

_DEEPEST = 20
_LARGEST_BITS = 4096  # Python refuses to write much longer integers as text


def plain(value: object, depth: int = 0) -> Any:
    """
    The same value of JSON's types alone; what has no counterpart is told by its type.

    By its type only, because the text of a foreign object may hold a secret.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and value.bit_length() <= _LARGEST_BITS:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth + 1) for item in value]
    return _type_name(value)


def seconds(value: object) -> float | None:
    """
    A duration as a float, never negative; None of what is no number.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        found = float(value) if number else math.nan  # type: ignore[arg-type]
    except OverflowError:
        return None
    return max(found, 0.0) if math.isfinite(found) else None


def _key(key: object) -> str:
    found = plain(key, _DEEPEST)
    return found if isinstance(found, str) else str(found)


def _type_name(value: object) -> str:
    return f"<{type(value).__module__}.{type(value).__qualname__}>"
