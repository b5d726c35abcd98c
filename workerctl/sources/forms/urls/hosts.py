"""
Where the host of a URL is: on this machine, in a private network, or anywhere.
"""

from __future__ import annotations

from urllib.parse import urlsplit

_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_LOCAL_ADDRESSES = frozenset({"0.0.0.0", "::", "::1"})  # noqa: S104 -- connecting, not listening
_PRIVATE_SUFFIXES = (".internal", ".svc", ".svc.cluster.local", ".local", ".localhost")


def scheme_and_host(url: str) -> tuple[str, str]:
    """
    Return the scheme and the host of a URL, each "" if it has none.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.hostname or ""


def is_loopback(host: str) -> bool:
    """
    Return whether a host is the machine itself.
    """
    host = host.lower().rstrip(".")
    if host in _LOCAL_NAMES or host.endswith(".localhost"):
        return True
    return host in _LOCAL_ADDRESSES or host.removeprefix("::ffff:").startswith("127.")


def is_private(host: str) -> bool:
    """
    Return whether a host is on this machine or in a private network, judged by its name.
    """
    if is_loopback(host) or host.endswith(_PRIVATE_SUFFIXES):
        return True
    from ipaddress import ip_address

    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host
