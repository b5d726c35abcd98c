"""
YAML scalars as docker compose reads and prints them, with the YAML package of Go.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), ("null", "")),
    **dict.fromkeys(("true", "True", "TRUE"), ("bool", "true")),
    **dict.fromkeys(("false", "False", "FALSE"), ("bool", "false")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), ("float", "NaN")),
    **{
        sign + name: ("float", shown)
        for sign, shown in {"": "+Inf", "+": "+Inf", "-": "-Inf"}.items()
        for name in (".inf", ".Inf", ".INF")
    },
}
_DATE = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"(?:(?P<separator>[Tt ])[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]*)?"
    r"(?P<zone>Z|[-+][0-9]{2}:[0-9]{2})?)?"
)
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)"
    r"|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))"
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
_LONGEST = 400  # digits; Python takes quadratic time for more
_LEAST_EXPONENT, _MOST_DIGITS = -4, 6


def resolved(text: str) -> tuple[str, str]:
    """
    Return the kind of a plain scalar, and the text that docker compose makes of it.

        >>> resolved("010"), resolved("1.50"), resolved("1e6"), resolved("yes")
        (('int', '8'), ('float', '1.5'), ('float', '1e+06'), ('str', 'yes'))

    The kind is "null", "bool", "int", "float", "time" or "str".
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "+-.0123456789" or len(text) > _LONGEST:
        return "str", text
    if _is_time(text):
        return "time", text
    plain = text if text.startswith(".") else text.replace("_", "")
    number = _integer(plain)
    if number is not None and _SMALLEST <= number <= _LARGEST:
        return "int", str(number)
    if _FLOAT.fullmatch(plain):
        value = float(plain)
        if value not in {float("inf"), float("-inf")}:
            return "float", _float_text(value)
    return "str", text


def _is_time(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None or (found["separator"] in {"T", "t"}) != (found["zone"] is not None):
        return False
    try:
        date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return False
    return True


def _integer(text: str) -> int | None:
    found = _INTEGER.fullmatch(text)
    if found is None:
        return None
    base = next(name for name in _BASES if found[name] is not None)
    number = int(found[base], _BASES[base])
    return -number if found["sign"] == "-" else number


def _float_text(value: float) -> str:
    """
    Return a number as Go prints it: the shortest digits, with an exponent from a million on.
    """
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    point = len(digits) + int(exponent)  # digits in front of the decimal point
    leading = len(text) - len(text.lstrip("0")) if value else 0
    text, point = text[leading:] or "0", point - leading
    shown = _placed(text, point if value else 1)
    return f"-{shown}" if sign else shown


def _placed(digits: str, point: int) -> str:
    exponent = point - 1
    if exponent < _LEAST_EXPONENT or exponent >= _MOST_DIGITS:
        mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
        return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"
    if point <= 0:
        return f"0.{'0' * -point}{digits}"
    whole, rest = digits[:point].ljust(point, "0"), digits[point:]
    return f"{whole}.{rest}" if rest else whole
