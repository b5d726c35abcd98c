"""
The one place that knows what may be shown. Every sink goes through it.

A mask shows nothing of the value, its length included. What is not known to be public is secret.
"""

import os
import re
from urllib.parse import SplitResult

from workerctl.secrecy import urls

MASK = "\u2022" * 8
"""The mask; the text output writes it as `********` where the terminal has no UTF-8."""

PIECE = 6
"""How many consecutive characters of a secret give part of it away; no output shows so many."""

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


def show_url(url: str, *, secret: bool) -> str:
    """
    A URL without userinfo, query and fragment; a secret one keeps scheme, host and port only.

    A purely numeric path stays (the number of a Redis database). What does not read as a URL is
    masked whole, because a password with a slash in it would pass for a path.
    """
    parts = urls.split(url)
    if parts is None:
        return MASK
    if urls.has_late_at(parts) or (secret and not parts.netloc):
        return f"{parts.scheme}://{MASK}"
    host = urls.host_of(parts)
    if not secret:
        return _public(parts._replace(netloc=host))
    userinfo = f"{MASK}@" if "@" in parts.netloc else ""
    numeric = re.fullmatch(urls.DATABASE_PATH, parts.path) is not None
    more = parts.query or parts.fragment or (parts.path.strip("/") and not numeric)
    path = parts.path if numeric else "/" if parts.path and not more else ""
    return f"{parts.scheme}://{userinfo}{host}{path}" + (f"/{MASK}" if more else "")


def hidden_parts(url: str) -> tuple[str, ...]:
    """
    What a public URL does not show: userinfo, query and fragment. Empty for what is no URL.
    """
    parts = urls.split(url)
    return () if parts is None else (urls.userinfo_of(parts), parts.query, parts.fragment)


def has_credentials(url: str) -> bool:
    """
    Whether a URL carries something worth hiding: a password, a query, or more than can be told.
    """
    parts = urls.split(url)
    if parts is None:
        return True
    return ":" in urls.userinfo_of(parts) or bool(parts.query) or urls.has_late_at(parts)


def _public(parts: SplitResult) -> str:
    return printable(f"{parts.scheme}://{parts.netloc}{parts.path}")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
