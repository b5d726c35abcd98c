"""
Decide which names, URLs and characters may be shown.

All output goes through this module; `schema.secrets.shown` decides about the values of settings.

A mask reveals nothing about the value, not even its length. Whatever is not known to be public is
treated as secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import SplitResult

from workerctl.secrecy import urls

MASK = "\u2022" * 8
"""The mask. The text output writes `********` instead if the terminal does not support UTF-8."""

PIECE = 6
"""The number of consecutive characters of a secret that no output may show."""

_CONVENTIONAL_NAME = r"[A-Z][A-Z0-9_]{1,39}"
_WORD = r"[A-Z]{1,20}[0-9]{0,2}|[A-Z0-9]{1,5}"
_FILE_NAME = r"\..*|.*\.[A-Za-z]{1,5}"
_LONG_WORD = r"[A-Za-z0-9+=]{16,}"
_WITHOUT_CREDENTIALS = r"[A-Za-z][A-Za-z0-9+.-]*://[^@?\s]*"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def is_conventional_name(name: str) -> bool:
    """
    Return whether the name of an unknown variable may be printed.

    A name in any other form may itself be a secret, pasted where a name belongs.
    """
    return re.fullmatch(_CONVENTIONAL_NAME, name, re.ASCII) is not None


def may_show_name(name: str, known: Iterable[str] = ()) -> bool:
    """
    Return whether the name of a variable that is not one of the known ones may be printed.

    It may be a secret, or a known name with a secret pasted after it.

        >>> [may_show_name(name, ["KEY"]) for name in ("OTHER_KEY", "KEYQWERTZ", "X9F2K7Q4")]
        [True, False, False]
    """
    if not is_conventional_name(name):
        return False
    if not all(re.fullmatch(_WORD, word, re.ASCII) for word in name.split("_") if word):
        return False
    behind = (name[len(one) :] for one in known if name.startswith(one))
    return not any(len(rest) >= PIECE and rest[0] != "_" for rest in behind)


def is_like_secret(path: str) -> bool:
    """
    Return whether a path that does not exist may be a secret given in place of a path.

    That is a URL, or a name with a long run of letters and digits but without a suffix or a leading
    dot.
    """
    if os.path.lexists(path):
        return False
    if "://" in path:
        return True
    parent, name = os.path.split(path)
    if re.fullmatch(_FILE_NAME, name):
        return False
    missing = name if not parent or os.path.lexists(parent) else path
    words = re.findall(_LONG_WORD, missing)
    return any(not word.isalpha() and not word.isdigit() for word in words)


def printable(text: str) -> str:
    """
    Return the text with every control, invisible or undecodable character escaped.
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
    Return a URL without userinfo, query and fragment; of a secret URL, scheme, host and port only.

    A numeric path is kept, because it is the number of a Redis database. Text that is not a sound
    URL is masked completely, because a password that contains a slash would look like a path.
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
    hidden = parts.query or parts.fragment or (parts.path.strip("/") and not numeric)
    path = parts.path if numeric else "/" if parts.path and not hidden else ""
    return f"{parts.scheme}://{userinfo}{host}{path}" + (f"/{MASK}" if hidden else "")


def hidden_parts(url: str) -> tuple[str, ...]:
    """
    Return the parts of a public URL that are not shown: userinfo, query and fragment.

    The result is empty if the text is not a URL.
    """
    parts = urls.split(url)
    return () if parts is None else (urls.userinfo_of(parts), parts.query, parts.fragment)


def secret_part(text: str) -> str:
    """
    Return the part of a secret that is secret by itself: of a URL, its password.
    """
    parts = urls.split(text) if "://" in text else None
    return text if parts is None else urls.userinfo_of(parts).partition(":")[2]


def has_credentials(url: str) -> bool:
    """
    Return whether a URL contains a password or a query, or may contain one that is not escaped.

    Any text that is not a URL may. A URL that only has an odd host, such as a list of hosts or one
    that nothing has replaced, contains a password only if there is an `@`.
    """
    parts = urls.split(url)
    if parts is None:
        return re.fullmatch(_WITHOUT_CREDENTIALS, url) is None
    return ":" in urls.userinfo_of(parts) or bool(parts.query) or urls.has_late_at(parts)


def _public(parts: SplitResult) -> str:
    return printable(f"{parts.scheme}://{parts.netloc}{parts.path}")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
