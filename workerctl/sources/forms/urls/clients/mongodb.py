"""
MongoDB URLs as pymongo reads them: it refuses a wrong form, and ignores a wrong option.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.sources.forms.urls import authority, parameters
from workerctl.sources.forms.urls.authority import Client
from workerctl.sources.forms.urls.faults import Effect, Fault, Use
from workerctl.sources.forms.urls.parameters import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    TEXT,
    Table,
    named,
    one_of,
)
from workerctl.sources.forms.urls.parts import Parts

_OPTIONS = {
    **named(
        TEXT,
        "appName authMechanism authMechanismProperties authSource compressors "
        "datetime_conversion driver readConcernLevel readPreferenceTags "
        "replicaSet server_api srvAllowedHostsSuffix srvServiceName tlsCAFile "
        "tlsCertificateKeyFile tlsCertificateKeyFilePassword tlsCRLFile "
        "unicode_decode_error_handler w",
    ),
    **named(
        BOOLEAN,
        "connect directConnection enableOverloadRetargeting fsync journal "
        "loadBalanced retryReads retryWrites ssl tls tlsAllowInvalidCertificates "
        "tlsAllowInvalidHostnames tlsDisableOCSPEndpointCheck tlsInsecure "
        "tz_aware",
    ),
    **named(
        INTEGER,
        "maxAdaptiveRetries maxConnecting maxPoolSize maxStalenessSeconds "
        "minPoolSize srvMaxHosts waitQueueMultiple wTimeoutMS "
        "zlibCompressionLevel",
    ),
    **named(
        NUMBER,
        "connectTimeoutMS heartbeatFrequencyMS localThresholdMS maxIdleTimeMS "
        "serverSelectionTimeoutMS socketTimeoutMS timeoutMS waitQueueTimeoutMS",
    ),
    "readPreference": one_of(
        "primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"
    ),
    "serverMonitoringMode": one_of("auto", "poll", "stream"),
    "uuidRepresentation": one_of(
        "unspecified", "standard", "pythonLegacy", "javaLegacy", "csharpLegacy"
    ),
}
_SPELLED = {name.lower(): name for name in _OPTIONS}
_TABLE = Table("pymongo", _OPTIONS, unknown=Effect.IGNORED, wrong=Effect.IGNORED)
_CLIENT = Client(
    "pymongo",
    userinfo=r"[^/?]*",
    at=Effect.REFUSED,
    percent=Effect.REFUSED,
    several=None,
    empty_port=Effect.REFUSED,
    brackets=None,
    capitals=Effect.REFUSED,
)
_UNSAFE_DETAILS = ("tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames")


def faults(parts: Parts, _: Use) -> Iterator[Fault]:
    """
    Yield the faults of a `mongodb:` or `mongodb+srv:` URL.
    """
    parts = parts.reread(_CLIENT.userinfo)
    found = [*authority.faults(parts, _CLIENT), *_userinfo_faults(parts.userinfo)]
    yield from found
    if any(fault.effect is Effect.REFUSED for fault in found):
        return
    hosts = parts.hosts.split(",")
    if not all(hosts) or any(host.startswith(":") for host in hosts):
        yield Fault(Effect.REFUSED, "has an empty host", "Name every host.")
    if parts.driver == "srv":
        yield from _srv_faults(hosts)
    pairs = [(_SPELLED.get(name.lower(), name), value) for name, value in parts.pairs()]
    yield from parameters.faults(pairs, _TABLE)
    yield from _conflicts(dict(pairs), hosts)


def _userinfo_faults(userinfo: str | None) -> Iterator[Fault]:
    if userinfo is None or "@" in userinfo:
        return
    user, _, password = userinfo.partition(":")
    if not user:
        what = "has no user in front of its password, which pymongo refuses"
        yield Fault(Effect.REFUSED, what, "Add the user, or remove the `@` and what precedes it.")
    elif ":" in password:
        what = "has an unescaped `:` in its password, which pymongo refuses"
        yield Fault(Effect.REFUSED, what, "Percent-encode it as %3A.")
    elif "+" in userinfo:
        what = "has a `+` in its user or password, which pymongo reads as a blank"
        yield Fault(Effect.IGNORED, what, "Percent-encode it as %2B.")


def _srv_faults(hosts: list[str]) -> Iterator[Fault]:
    if len(hosts) > 1:
        what = "names several hosts, of which `mongodb+srv:` allows one"
        yield Fault(Effect.REFUSED, what, "Name the one host of the SRV record.")
    elif ":" in hosts[0]:
        what = "names a port, which `mongodb+srv:` does not allow"
        yield Fault(Effect.REFUSED, what, "Remove the port; the SRV record holds it.")


def _conflicts(options: dict[str, str], hosts: list[str]) -> Iterator[Fault]:
    if "tls" in options and options.get("ssl", options["tls"]) != options["tls"]:
        yield Fault(Effect.REFUSED, "gives `ssl` and `tls` different values", "Keep `tls`.", "tls")
    for name in _UNSAFE_DETAILS:
        if name in options and "tlsInsecure" in options:
            what = f"has both `tlsInsecure` and `{name}`, which pymongo refuses"
            yield Fault(Effect.REFUSED, what, "Remove both.", name)
            return
    if options.get("directConnection") == "true" and len(hosts) > 1:
        what = "names several hosts with `directConnection=true`"
        yield Fault(Effect.REFUSED, what, "Name one host, or remove it.", "directConnection")
