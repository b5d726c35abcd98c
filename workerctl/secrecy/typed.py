"""
Which words that a user typed a message may repeat: those that cannot be a secret.
"""

from __future__ import annotations

import os
import re

_LONGEST = 40
_PIECE = r"(?:[A-Z]?[a-z]{1,14}|[0-9]{1,3}|python3)"
# No app password has fewer than 16 letters in a row, and no passphrase has fewer than four words.
_SEGMENT = rf"{_PIECE}(?:[-_.:]{_PIECE}){{0,2}}"
_WORD = rf"\.{{0,2}}/?{_SEGMENT}(?:/{_SEGMENT}){{0,5}}"
_OPTION = r"-[A-Za-z]|--[A-Za-z][a-z]{0,13}(?:-[a-z]{1,14}){0,3}"
_CODE_OR_NAME = r"[A-Z]{1,14}[0-9]{0,4}(?:_[A-Z]{1,14}[0-9]{0,3})*"
_TARGET = r"[a-z]{1,14}(?:[._][a-z]{1,14}){0,4}[.:][A-Z][a-z]{1,14}(?:[A-Z][a-z]{1,14}){0,2}"
_ORDINARY = f"{_WORD}|{_OPTION}|{_CODE_OR_NAME}|{_TARGET}"


def may_repeat(word: str) -> bool:
    """
    Return whether a message may repeat a word of the command line.

    That is an existing path, or an option, a code, a name, a module or a short word in their usual
    forms. Anything long or odd may be a secret in the wrong place.

        >>> may_repeat("--json"), may_repeat("KEY01"), may_repeat("sk-4fT9")
        (True, True, False)
    """
    if len(word) <= _LONGEST and re.fullmatch(_ORDINARY, word, re.ASCII):
        return True
    return "://" not in word and bool(word) and os.path.lexists(word)


def named(word: str, otherwise: str = "") -> str:
    """
    Return a word as a message repeats it, or `otherwise` if it may be a secret.
    """
    return word if may_repeat(word) else otherwise
