"""
The parts of a URL, split as `urllib.parse` splits them, but without its errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from workerctl.report.records import Record

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*"
USERINFO = r"[^/?#]*"
"""A pattern of user and password as `urllib.parse` reads them."""


class Parts(Record):
    """
    The parts of a URL. `userinfo` is None if no `@` precedes the host; `scheme` is in lower case.

    `has_capitals` is true if the scheme was not written like this.
    """

    scheme: str
    userinfo: str | None
    hosts: str
    path: str
    query: str
    fragment: str
    has_capitals: bool = False

    @property
    def kind(self) -> str:
        """
        The scheme without the name of a driver: "postgresql" of `postgresql+asyncpg:`.
        """
        return self.scheme.partition("+")[0]

    @property
    def driver(self) -> str:
        """
        The driver that the scheme names, "" without one.
        """
        return self.scheme.partition("+")[2]

    def pairs(self) -> list[tuple[str, str]]:
        """
        Return the query parameters that are not empty, decoded. In MongoDB, `;` separates them too.
        """
        if not self.query:
            return []
        is_list = self.kind == "mongodb" and ";" in self.query and "&" not in self.query
        return parse_qsl(self.query, separator=";" if is_list else "&")

    def reread(self, userinfo: str) -> Parts:
        """
        Return the parts for a client that has another pattern of user and password.

        Such a client knows no fragments.

            >>> split("postgresql://u:a#b@host/app").reread("[^/@]*").hosts
            'host'
        """
        if userinfo == USERINFO:
            return self
        start = "" if self.userinfo is None else f"{self.userinfo}@"
        query = f"?{self.query}" if self.query else ""
        fragment = f"#{self.fragment}" if self.fragment else ""
        rest = f"{start}{self.hosts}{self.path}{query}{fragment}"
        return _parts(self.scheme, rest, userinfo).replace(has_capitals=self.has_capitals)

    def names_of_hosts(self) -> Iterator[str]:
        """
        Yield the hosts without their ports, in lower case and without brackets.
        """
        for item in self.hosts.lower().split(","):
            if item.startswith("["):
                yield item[1:].partition("]")[0]
            else:
                yield item.partition(":")[0]


def split(text: str) -> Parts | None:
    """
    Return the parts of a URL; None if the text does not begin with a scheme and `://`.
    """
    scheme, separator, rest = text.partition("://")
    if not separator or not re.fullmatch(_SCHEME, scheme, re.ASCII):
        return None
    lower = scheme.lower()
    rest, _, fragment = rest.partition("#")
    return _parts(lower, rest, USERINFO).replace(fragment=fragment, has_capitals=scheme != lower)


def _parts(scheme: str, rest: str, pattern: str) -> Parts:
    match = re.match(f"({pattern})@", rest)
    userinfo = None
    if match is not None:
        userinfo, rest = match[1], rest[match.end() :]
    rest, _, query = rest.partition("?")
    hosts, slash, path = rest.partition("/")
    return Parts(scheme, userinfo, hosts, slash + path, query, fragment="")
