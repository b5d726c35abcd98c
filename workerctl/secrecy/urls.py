"""
Parse URLs, and find where in them a password may be.
"""

from __future__ import annotations

from string import ascii_letters, digits, hexdigits
from urllib.parse import SplitResult, urlsplit

DATABASE_PATH = "/[0-9]{1,3}"
"""Pattern of the only path that a secret URL may show: the number of a Redis database."""

_HOST_CHARACTERS = frozenset(ascii_letters + digits + "_.-")
_ADDRESS_CHARACTERS = frozenset(hexdigits + ":.")


def split(url: str) -> SplitResult | None:
    """
    Return the parts of a URL with a scheme and a valid host and port; None for any other text.

    The host may be missing, as in `unix:///run/redis.sock`.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = host_of(parts) if port is None else host_of(parts).rpartition(":")[0]
    if not url[len(parts.scheme) :].startswith("://"):
        return None
    return None if parts.netloc and not is_host(host) else parts


def host_of(parts: SplitResult) -> str:
    """
    Return host and port, without the userinfo.
    """
    return parts.netloc.rpartition("@")[2]


def userinfo_of(parts: SplitResult) -> str:
    """
    Return what precedes the host and its `@`: a user, a password, both or neither.
    """
    return parts.netloc.rpartition("@")[0]


def has_late_at(parts: SplitResult) -> bool:
    """
    Return whether an `@` follows the host.

    What was parsed as host and path may then be an unescaped password.
    """
    return "@" in parts.path + parts.query + parts.fragment


def is_host(text: str) -> bool:
    """
    Return whether a text is a host name, an IPv4 address or an IPv6 address in brackets.
    """
    if text.startswith("[") and text.endswith("]"):
        return set(text[1:-1]) <= _ADDRESS_CHARACTERS and len(text) > len("[]")
    return bool(text) and set(text) <= _HOST_CHARACTERS
