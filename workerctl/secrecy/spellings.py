"""
Spell a secret in every way that logs do, and cut it into the pieces by which it is recognised.

A piece is six consecutive characters: unchanged, in upper or lower case, or encoded as base64,
percent-encoding, JSON, `repr` or hexadecimal digits.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from string import ascii_uppercase
from urllib.parse import quote

from workerctl.secrecy.masking import PIECE

ESCAPED_PIECE = 12
"""The length of a piece in encodings that need several characters for one."""

# Six characters of an escaped text are a piece only if they represent at least this many letters.
_LETTERS = 4
_NEVER_ESCAPED = r"[A-Za-z0-9_.-]*"
_LEFT_BY_CLIENTS = "!#$%&'()*+,/:;=?@[]~"
_HEXADECIMAL_KEY = r"(?:[0-9a-fA-F]{2}){16,}"
# How many base64 digits at the start depend on the 0, 1 or 2 bytes that precede the secret.
_BASE64_LOST = (0, 2, 3)

Spelling = tuple[str, list[str]]
"""A text, and the pieces of it, of 6 or 12 characters."""


def spellings(secret: str) -> Iterator[Spelling]:
    """
    Yield a secret or a part of one in every spelling, each with its pieces.
    """
    for text in (secret, secret.upper(), secret.lower()):
        yield text, _windows(text, PIECE)
    yield from _bytes(secret.encode("utf-8", "surrogatepass"))
    if re.fullmatch(_HEXADECIMAL_KEY, secret):
        key = bytes.fromhex(secret)
        yield from _bytes(key)
        yield _escaped([_byte(byte) for byte in key])
    if not re.fullmatch(_NEVER_ESCAPED, secret):
        for escape in _ESCAPES:
            yield _escaped([escape(character) for character in secret])
        yield _escaped([_byte(byte) for byte in secret.encode("utf-8", "surrogatepass")])


def _bytes(data: bytes) -> Iterator[Spelling]:
    """
    Yield `data` in base64, in each of its three alignments, and in hexadecimal.
    """
    for before, lost in enumerate(_BASE64_LOST):
        whole = (before + len(data)) * 8 // 6
        text = base64.b64encode(bytes(before) + data).decode()[lost:whole]
        for spelled in (text, text.replace("+", "-").replace("/", "_")):
            yield spelled, _windows(spelled, PIECE)
    for spelled in (data.hex(), data.hex().upper()):
        yield spelled, _windows(spelled, ESCAPED_PIECE)


def _escaped(letters: list[str]) -> Spelling:
    """
    Return the spelling that consists of these letters, some of which are escape sequences.
    """
    text = "".join(letters)
    owner = [number for number, letter in enumerate(letters) for _ in letter]
    pieces = [
        piece
        for at, piece in enumerate(_windows(text, PIECE))
        if owner[at + PIECE - 1] - owner[at] >= _LETTERS - 1
    ]
    return text, pieces + _windows(text, ESCAPED_PIECE)


def _windows(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(len(text) - size + 1)]


def _percent(safe: str) -> Callable[[str], str]:
    return lambda letter: quote(letter, safe, errors="surrogatepass")


def _byte(byte: int) -> str:
    return repr(bytes([byte]))[2:-1]


_ESCAPES: tuple[Callable[[str], str], ...] = (
    _percent(""),
    lambda letter: _percent("")(letter).lower() if letter not in ascii_uppercase else letter,
    _percent("/"),
    _percent(_LEFT_BY_CLIENTS),
    lambda letter: "+" if letter == " " else _percent("")(letter),
    lambda letter: json.dumps(letter)[1:-1],
    lambda letter: json.dumps(letter, ensure_ascii=False)[1:-1],
    lambda letter: repr(letter)[1:-1],
    lambda letter: "\\'" if letter == "'" else repr(letter)[1:-1],
    lambda letter: ascii(letter)[1:-1],
)
