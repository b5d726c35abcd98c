"""
What a client makes of a URL: the effect of a fault, and words for it that contain no part of it.
"""

from __future__ import annotations

import enum

from workerctl.report.records import Record

HIGHEST_PORT = 65535
_PARTS_OF_SWITCHES = (
    "VERIF",
    "INSECURE",
    "UNAUTHORIZED",
    "_CHECK",
    "CHECK_",
    "CERT_REQS",
    "STRICT_SSL",
    "TRUST_ALL",
    "IGNORE_",
    "ALLOW_",
    "VALIDAT",
)


class Effect(enum.Enum):
    """
    What happens when a client is given the URL.

    - REFUSED: the client raises an exception.
    - DOUBTFUL: some clients raise an exception, and it is not known which one is in use.
    - IGNORED: a part of the URL has another effect than it seems to have, or none.
    - NOTED: the likely clients read the URL correctly, and others do not.
    - UNVERIFIED: the certificate of the server is not checked.
    - UNENCRYPTED: the connection is, or may be, without TLS.
    """

    REFUSED = "refused"
    DOUBTFUL = "doubtful"
    IGNORED = "ignored"
    NOTED = "noted"
    UNVERIFIED = "unverified"
    UNENCRYPTED = "unencrypted"


class Fault(Record):
    """
    A fault of a URL. `what` completes "NAME …"; `hint` says what to do.

    `parameter` is the known query parameter that the fault is about, if there is one.
    """

    effect: Effect
    what: str
    hint: str
    parameter: str | None = None


class Use(Record):
    """
    What is known of the setting that holds a URL.

    `default` is the text of its default, `is_redis` is true for the setting to which the RQ entry
    points connect, `is_url` for one that is declared as a URL, and `is_origins` for one that is
    declared as a list of origins.
    """

    name: str = ""
    default: str = ""
    is_redis: bool = False
    is_url: bool = False
    is_origins: bool = False

    @property
    def is_celery(self) -> bool:
        """
        Whether the name is that of a broker or a result backend of Celery.
        """
        name = self.name.upper()
        return (
            "CELERY" in name
            or "RESULT_BACKEND" in name
            or (name.endswith("BROKER_URL") and "DRAMATIQ" not in name)
        )

    @property
    def is_kafka(self) -> bool:
        """
        Whether the name may be that of a list of Kafka's servers.
        """
        name = self.name.upper()
        return "KAFKA" in name or "BOOTSTRAP" in name


def is_name_of_url(name: str) -> bool:
    """
    Return whether the last word of a name says that the variable holds a URL.
    """
    return name.upper().endswith(("URL", "URI", "DSN"))


def may_be_switch(names: str) -> bool:
    """
    Return whether any of the names in a text may be that of a switch: a quick test of many names.
    """
    return any(part in names for part in _PARTS_OF_SWITCHES)


def is_plain(url: str) -> bool:
    """
    Return whether a URL of HTTP or Redis has nothing in it that a client could misread.

    Most URLs are, and for them no table is imported.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in {"http", "https", "redis", "rediss"} or not set("?#%{}$<>,;[] \n").isdisjoint(
        rest
    ):
        return False
    authority, _, path = rest.partition("/")
    userinfo, at, host = authority.rpartition("@")
    if "@" in path + userinfo or (at and (":" not in userinfo or userinfo.endswith(":"))):
        return False
    name, colon, port = host.partition(":")
    if not name or (colon and not _is_port(port)):
        return False
    return not path.startswith("/") if scheme.startswith("http") else _is_database(path)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text[:6]) <= HIGHEST_PORT


def _is_database(path: str) -> bool:
    return not path or (path.isascii() and path.isdigit())
