"""
Origins in the form in which browsers send them: a scheme, a host, and a port that is not the usual.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workerctl.sources.forms.characters import Fault

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_ORIGIN = r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/?#\s]*)(?P<rest>.*)"


def origin_fault(origin: str) -> Fault | None:
    """
    Return why no browser sends an origin in this form; None if one may.

        >>> origin_fault("https://app.example.net/").words
        'ends with a slash'
    """
    match = re.fullmatch(_ORIGIN, origin, re.DOTALL)
    if match is None:
        if origin in {"*", "null", ""} or not re.fullmatch(r"[\w.-]+\.[a-z]{2,}(?::\d+)?", origin):
            return None
        return _fault("has no scheme", "Begin it with https://.")
    scheme, host, rest = match["scheme"], match["host"], match["rest"]
    if rest == "/":
        return _fault("ends with a slash", "Remove the slash.")
    if rest:
        return _fault("has a path or a query", "Keep the scheme, the host and the port only.")
    if "@" in host:
        return _fault("has a user name", "Keep the scheme, the host and the port only.")
    if origin != origin.lower():
        return _fault("has capital letters", "Write it in lower case.")
    if host.endswith(_DEFAULT_PORTS.get(scheme, "\n")):
        return _fault("has the default port", "Remove the port, as browsers do.")
    return None


def _fault(words: str, remedy: str) -> Fault:
    from workerctl.sources.forms.characters import Fault  # most origins have none

    return Fault("origin", words, remedy)
