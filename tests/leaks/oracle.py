"""
The leak oracle: it generates random secrets and finds pieces of them in the output of a program.

A piece is six consecutive characters of a secret: as they are, in upper or lower case, reversed,
percent-encoded, or as base64, JSON or repr write them. Key ids (`wk1:…`) are public. The address in
`<function f at 0x7f12a0b1c2d0>` and the fingerprint of a finding are not parts of a key, although
six of their digits may also stand in one. A key that `keygen` has just generated is not one of the
known secrets, so printing it is not a leak.
"""

import base64
import json
import random
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

PIECE = 6
"""The number of consecutive characters that count as a leak."""
ESCAPED = 12
"""The same for escaped text, in which six characters are one letter or one and a half bytes."""

_CONSONANTS = "bcdfghjkmnpqrstvwxzBCDFGHJKMNPQRSTVWXZ"
_DIGITS = "23456789"
_KEY_ID = r"wk1:[0-9a-f]{16}"
_FINGERPRINT = r'"(?:fingerprint|workerctl/v1)": "[0-9a-f]{64}"'
_ADDRESS = r" at 0x[0-9a-f]{8,12}\b"
_FRESH_KEY = r"(?:ENCRYPTION_KEY(?:_V[0-9]{1,3})?=)?([0-9a-f]{64})"
_GUESSABLE = r"[0-9]{4}|[a-f]{5}"
_BASE64_STEPS = 3


class Mint:
    """
    A generator of secrets, no piece of which looks like a word, a code or a number.

    The attribute `made` lists the secrets that were generated.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.made: list[str] = []

    def token(self, length: int = 24) -> str:
        """
        Return a token in which two consonants of either case and a digit alternate.
        """
        choose = self._random.choice
        return self._remembered(
            "".join(choose(_DIGITS if at % 3 == 2 else _CONSONANTS) for at in range(length))
        )

    def foreign(self, length: int = 12) -> str:
        """
        Return a text of Korean syllables.
        """
        return self._remembered(
            "".join(chr(self._random.randint(0xAC00, 0xD7A3)) for _ in range(length))
        )

    def key(self) -> str:
        """
        Return a well-formed encryption key without a sequence that a number or a word could have.
        """
        while re.search(_GUESSABLE, text := self._random.randbytes(32).hex()):
            pass
        return self._remembered(text)

    def _remembered(self, text: str) -> str:
        self.made.append(text)
        return text


class Oracle:
    """
    A search for pieces of known secrets in a text.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = frozenset(secrets)
        self._innocent: set[str] = set()
        self._pieces = {
            piece: secret
            for secret in self._secrets
            for form in forms(secret)
            for piece in _windows(form, ESCAPED if _is_escaped(form, secret) else PIECE)
        }

    def leaks(self, text: str) -> list[str]:
        """
        Return an entry for each secret of which the text contains a piece, with the line.
        """
        found: dict[str, str] = {}
        for line in set(text.splitlines()) - self._innocent:
            shown = re.sub(f"{_KEY_ID}|{_ADDRESS}|{_FINGERPRINT}", "", line)
            fresh = re.fullmatch(_FRESH_KEY, shown)
            if fresh and fresh[1] not in self._secrets:
                continue
            pieces = _windows(shown, PIECE) + _windows(shown, ESCAPED)
            if self._pieces.keys().isdisjoint(pieces):
                self._innocent.add(line)
            else:
                piece = next(piece for piece in pieces if piece in self._pieces)
                found[self._pieces[piece]] = line
        return [f"{secret} in {line!r}" for secret, line in found.items()]


def _windows(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(len(text) - size + 1)]


def _is_escaped(form: str, secret: str) -> bool:
    return any(mark in form and mark not in secret for mark in "\\%")


def forms(secret: str) -> Iterator[str]:
    """
    Yield every spelling and encoding of a secret in which a piece counts as a leak.
    """
    data = secret.encode("utf-8", "surrogatepass")
    for text in (secret, secret.upper(), secret.lower()):
        yield from (text, text[::-1])
    for skipped in range(_BASE64_STEPS):
        # The first and last characters also depend on neighbouring bytes, which are unknown.
        encoded = base64.b64encode(data[skipped:])[:-4].decode()
        yield from (encoded, encoded.replace("+", "-").replace("/", "_"))
    for percent in (quote(data, safe=""), "".join(f"%{byte:02X}" for byte in data)):
        yield from (percent, percent.lower())
    yield from (json.dumps(secret)[1:-1], repr(secret)[1:-1], ascii(secret)[1:-1], repr(data)[2:-1])


def texts(thing: object) -> Iterator[str]:
    """
    Yield every text that can be reached from an object, as a log handler or error tracker could.

    Follow items and attributes and, for an exception, its arguments, causes and `errors()`.
    """
    yield from _walk(thing, {})


def _walk(thing: object, seen: dict[int, object]) -> Iterator[str]:
    if id(thing) in seen or isinstance(
        thing, type | types.ModuleType | types.FunctionType | types.MethodType | types.TracebackType
    ):
        return
    seen[id(thing)] = thing  # keeps the object alive, so that its id is not reused
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, bytes | bytearray):
        yield bytes(thing).decode("utf-8", "replace")
    elif isinstance(thing, Mapping):
        yield from _all([*thing.keys(), *thing.values()], seen)
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from _all(thing, seen)
    else:
        yield from (str(thing), repr(thing))
        yield from _all(_parts(thing), seen)


def _all(things: Iterable[object], seen: dict[int, object]) -> Iterator[str]:
    for thing in things:
        yield from _walk(thing, seen)


def _parts(thing: object) -> Iterator[object]:
    slots = (name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ()))
    yield [getattr(thing, name, None) for name in slots if isinstance(name, str)]
    yield getattr(thing, "__dict__", None)
    if isinstance(thing, BaseException):
        yield [type(thing).__name__, thing.args, thing.__cause__, thing.__context__]
        yield [getattr(thing, name, None) for name in ("object", "doc", "__notes__", "exceptions")]
        for method in ("errors", "json"):
            if callable(function := getattr(thing, method, None)):
                yield function()
