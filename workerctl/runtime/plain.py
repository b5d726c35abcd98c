"""
Conversion of arbitrary objects, such as the details of an error, to plain JSON types.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

_MAX_DEPTH = 20
_MAX_BITS = 4096  # Python refuses to convert much longer integers to text


def plain(value: object, depth: int = 0) -> Any:
    """
    Return a copy of a value that consists of JSON types only.

    An object without a JSON counterpart becomes the name of its type, `<module.Class>`, because its
    text may hold a secret. So does whatever is nested more than 20 levels deep.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and value.bit_length() <= _MAX_BITS:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if depth < _MAX_DEPTH and isinstance(value, Mapping):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if depth < _MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth + 1) for item in value]
    return _type_name(value)


def with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """
    Return a copy of a value of JSON types with every text, keys included, replaced by `change`.
    """
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): with_texts(item, change) for key, item in value.items()}
    return [with_texts(item, change) for item in value] if isinstance(value, list) else value


def seconds(value: object) -> float | None:
    """
    Return a duration as a float, with 0 for a negative one; None if it is not a finite number.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None


def _key(key: object) -> str:
    converted = plain(key, _MAX_DEPTH)
    return converted if isinstance(converted, str) else str(converted)


def _type_name(value: object) -> str:
    return f"<{type(value).__module__}.{type(value).__qualname__}>"
