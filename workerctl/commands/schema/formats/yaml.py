"""
Scalars of YAML, written so that every parser reads them alike: as in JSON, which YAML includes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_PLAIN_KEY = r"[A-Za-z_][A-Za-z0-9_]*"
# What YAML 1.1 takes for a flag or for nothing.
_WORDS = frozenset({"y", "yes", "n", "no", "on", "off", "true", "false", "null"})
# Line ends to YAML 1.1, and a byte order mark.
_BREAKS = frozenset("\x85\u2028\u2029\ufeff")


def scalar(text: str) -> str:
    r"""
    Return a text as a scalar in double quotes.

        >>> scalar("fast, slow"), scalar("on"), scalar("\x85")
        ('"fast, slow"', '"on"', '"\\u0085"')
    """
    return "".join(_escaped(json.dumps(text, ensure_ascii=False)))


def key(name: str) -> str:
    """
    Return the name of a variable as a key, in quotes only where it could be read as a flag.
    """
    is_plain = re.fullmatch(_PLAIN_KEY, name, re.ASCII) and name.lower() not in _WORDS
    return name if is_plain else scalar(name)


def _escaped(quoted: str) -> Iterator[str]:
    for character in quoted:
        if character.isprintable() and character not in _BREAKS:
            yield character
        else:
            number = ord(character)
            yield f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004 -- the largest in four digits
