"""
The one place that knows what may be shown. Every sink goes through it.

A mask shows nothing of the value, its length included. What is not known to be public is secret.
"""

import os
import re
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from string import ascii_letters, digits, hexdigits
from urllib.parse import SplitResult, urlsplit

MASK = "\u2022" * 8
"""The mask; the text output writes it as `********` where the terminal has no UTF-8."""

_CREDENTIAL_WORDS = (
    "KEY",
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "DSN",
)
_CONVENTIONAL_NAME = r"[A-Z][A-Z0-9_]{1,39}"
_FILE_NAME = r"\..*|.*\.[A-Za-z]{1,5}"
_LONG_WORD = r"[A-Za-z0-9+=]{16,}"
_PIECE = 6
_HOST_LETTERS = frozenset(ascii_letters + digits + "_.-")
_ADDRESS_LETTERS = frozenset(hexdigits + ":.")
_DATABASE = r"/[0-9]{1,3}"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def is_credential_name(name: str) -> bool:
    """
    Whether a variable of this name must be taken for a secret until somebody declares it public.
    """
    upper = name.upper()
    return any(word in upper for word in _CREDENTIAL_WORDS)


def is_conventional_name(name: str) -> bool:
    """
    Whether an unknown variable's name may be printed: a bare token can be a pasted secret.
    """
    return re.fullmatch(_CONVENTIONAL_NAME, name, re.ASCII) is not None


def is_like_secret(path: str) -> bool:
    """
    Whether a path that leads nowhere may be a secret in the wrong place.

    That is a URL, or a long word of letters and digits without the suffix or the dot of a file.
    """
    if os.path.lexists(path):
        return False
    parent, name = os.path.split(path)
    missing = name if not parent or os.path.lexists(parent) else path
    if "://" in path or re.fullmatch(_FILE_NAME, name):
        return "://" in path
    words = re.findall(_LONG_WORD, missing)
    return any(not word.isalpha() and not word.isdigit() for word in words)


def printable(text: str) -> str:
    """
    The text with every invisible, control or undecodable character written as an escape.
    """
    if text.isprintable():
        return text
    from unicodedata import category

    return "".join(
        _escaped(character) if category(character) in _INVISIBLE else character
        for character in text
    )


def is_host(text: str) -> bool:
    """
    Whether a text is a host as a URL names it: a name, an IPv4 address, an IPv6 one in brackets.
    """
    if text.startswith("[") and text.endswith("]"):
        return set(text[1:-1]) <= _ADDRESS_LETTERS and len(text) > 2  # noqa: PLR2004 -- the brackets
    return bool(text) and set(text) <= _HOST_LETTERS


def show_url(url: str, *, secret: bool) -> str:
    """
    A URL without userinfo, query and fragment; a secret one keeps scheme, host and port only.

    A purely numeric path stays (the number of a Redis database). What does not read as a URL is
    masked whole, because a password with a slash in it would pass for a path.
    """
    parts = _split(url)
    if parts is None:
        return MASK
    if _has_late_at(parts) or (secret and not parts.netloc):
        return f"{parts.scheme}://{MASK}"
    host = parts.netloc.rpartition("@")[2]
    if not secret:
        return _public(parts._replace(netloc=host))
    userinfo = f"{MASK}@" if "@" in parts.netloc else ""
    numeric = re.fullmatch(_DATABASE, parts.path, re.ASCII) is not None
    more = parts.query or parts.fragment or (parts.path.strip("/") and not numeric)
    path = parts.path if numeric else "/" if parts.path and not more else ""
    return f"{parts.scheme}://{userinfo}{host}{path}" + (f"/{MASK}" if more else "")


def hidden_parts(url: str) -> tuple[str, ...]:
    """
    What a public URL does not show: userinfo, query and fragment. Empty for what is no URL.
    """
    parts = _split(url)
    return () if parts is None else (parts.netloc.rpartition("@")[0], parts.query, parts.fragment)


def has_credentials(url: str) -> bool:
    """
    Whether a URL carries something worth hiding: a password, a query, or more than can be told.
    """
    parts = _split(url)
    if parts is None:
        return True
    return ":" in parts.netloc.rpartition("@")[0] or bool(parts.query) or _has_late_at(parts)


class Scrubber:
    """
    Masks every run of six or more characters that a text has in common with a known secret.

    The last line of defence, for words that are not ours: those of another team's checks.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [secret for secret in secrets if len(secret) >= _PIECE]

    def scrub(self, text: str) -> str:
        """
        The text without a piece of a secret in it.
        """
        hidden = [False] * len(text)
        for secret in self._secrets:
            for start in range(len(text) - _PIECE + 1):
                if text[start : start + _PIECE] in secret:
                    hidden[start : start + _PIECE] = [True] * _PIECE
        return _masked(text, hidden)


def _masked(text: str, hidden: list[bool]) -> str:
    runs = groupby(zip(text, hidden, strict=True), key=itemgetter(1))
    return "".join(MASK if is_hidden else "".join(c for c, _ in run) for is_hidden, run in runs)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2]
    if port is not None:
        host = host.rpartition(":")[0]
    if not url[len(parts.scheme) :].startswith("://"):
        return None
    return None if parts.netloc and not is_host(host) else parts


def _has_late_at(parts: SplitResult) -> bool:
    """
    Whether what passes for host and path may be the two halves of a password with a slash in it.
    """
    return "@" in parts.path + parts.query + parts.fragment


def _public(parts: SplitResult) -> str:
    return printable(f"{parts.scheme}://{parts.netloc}{parts.path}")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
