"""
The leak oracle: random secrets, and whether a piece of one stands in what a program let out.

A piece is six characters in a row, raw, in capitals or small letters, reversed, or encoded as
base64, percent, JSON or repr. Key ids (`wk1:…`) are public, and so is a key that `keygen` has just
made: it is none of the secrets that were there before.
"""

import base64
import json
import random
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

PIECE = 6
"""Characters in a row that give a secret away."""
ESCAPED = 12
"""The same where characters are escaped: six would be one letter, or a byte and a half."""

_CONSONANTS = "bcdfghjkmnpqrstvwxzBCDFGHJKMNPQRSTVWXZ"
_DIGITS = "23456789"
_KEY_ID = r"wk1:[0-9a-f]{16}"
_FRESH_KEY = r"(?:ENCRYPTION_KEY(?:_V[0-9]{1,3})?=)?([0-9a-f]{64})"
_GUESSABLE = r"[0-9]{4}|[a-f]{5}"
_BASE64_STEPS = 3


class Mint:
    """
    Makes secrets of which no piece looks like a word, a code or a number, and remembers them.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.made: list[str] = []

    def token(self, length: int = 24) -> str:
        """
        Letters and digits: two consonants of any case, a digit, and again.
        """
        choose = self._random.choice
        return self._remembered(
            "".join(choose(_DIGITS if at % 3 == 2 else _CONSONANTS) for at in range(length))
        )

    def foreign(self, length: int = 12) -> str:
        """
        Korean syllables.
        """
        return self._remembered(
            "".join(chr(self._random.randint(0xAC00, 0xD7A3)) for _ in range(length))
        )

    def key(self) -> str:
        """
        A well-formed encryption key without a run that a number or a word could have.
        """
        while re.search(_GUESSABLE, text := self._random.randbytes(32).hex()):
            pass
        return self._remembered(text)

    def _remembered(self, text: str) -> str:
        self.made.append(text)
        return text


class Oracle:
    """
    Knows the secrets, and finds the pieces of them that a text holds.
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
        What the text gives away, and the line that does: one entry for each secret.
        """
        found: dict[str, str] = {}
        for line in set(text.splitlines()) - self._innocent:
            told = re.sub(_KEY_ID, "", line)
            fresh = re.fullmatch(_FRESH_KEY, told)
            if fresh and fresh[1] not in self._secrets:
                continue
            pieces = (*_windows(told, PIECE), *_windows(told, ESCAPED))
            secret = next((self._pieces[piece] for piece in pieces if piece in self._pieces), None)
            if secret is None:
                self._innocent.add(line)
            else:
                found[secret] = line
        return [f"{secret} in {line!r}" for secret, line in found.items()]


def _windows(text: str, size: int) -> Iterator[str]:
    yield from (text[at : at + size] for at in range(len(text) - size + 1))


def _is_escaped(form: str, secret: str) -> bool:
    return any(mark in form and mark not in secret for mark in "\\%")


def forms(secret: str) -> Iterator[str]:
    """
    Every way to write a secret of which a piece counts.
    """
    data = secret.encode("utf-8", "surrogatepass")
    for text in (secret, secret.upper(), secret.lower()):
        yield from (text, text[::-1])
    for skipped in range(_BASE64_STEPS):
        # the first and last characters also depend on the neighbours, which are not known
        encoded = base64.b64encode(data[skipped:])[:-4].decode()
        yield from (encoded, encoded.replace("+", "-").replace("/", "_"))
    for percent in (quote(data, safe=""), "".join(f"%{byte:02X}" for byte in data)):
        yield from (percent, percent.lower())
    yield from (json.dumps(secret)[1:-1], repr(secret)[1:-1], ascii(secret)[1:-1], repr(data)[2:-1])


def texts(thing: object) -> Iterator[str]:
    """
    Every text that can be reached from a thing: what a log handler or an error tracker could keep.

    Follows what it holds, and of an exception its arguments, attributes, causes and `errors()`.
    """
    yield from _walk(thing, {})


def _walk(thing: object, seen: dict[int, object]) -> Iterator[str]:
    if id(thing) in seen or isinstance(
        thing, type | types.ModuleType | types.FunctionType | types.MethodType | types.TracebackType
    ):
        return
    seen[id(thing)] = thing  # kept, so that no later thing gets its id
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
            if callable(tell := getattr(thing, method, None)):
                yield tell()
