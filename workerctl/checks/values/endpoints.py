"""
Endpoints on other machines: their URLs have a scheme that encrypts.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from workerctl.checks.base import Check, Context, NotApplicable
from workerctl.checks.values.texts import text_of
from workerctl.report.findings import Finding, Severity
from workerctl.rules import Endpoint
from workerctl.sources.forms.urls.faults import Use
from workerctl.sources.forms.urls.hosts import is_loopback, is_private

_PLAIN_SCHEMES = {
    "http": "https",
    "redis": "rediss",
    "amqp": "amqps",
    "ws": "wss",
    "ftp": "ftps",
    "ldap": "ldaps",
    "nats": "tls",
    "mqtt": "mqtts",
    "smtp": "smtps",
}
"""The schemes without encryption, each with the one that encrypts."""


def endpoints_are_encrypted(context: Context) -> Iterator[Finding]:
    """
    Every endpoint on another machine has a scheme that encrypts.

    The scheme of each URL is judged, also in a list; its parameters are not (see URL003). The
    default of a setting is judged as well, if nothing sets it. A connection within one machine
    needs no encryption: over the loopback interface, over a Unix socket, or between two services of
    a compose file.

    Why: otherwise keys, personal data and job contents cross the network in plain text. In
    production, a public host is an error; a private host is a warning, because some private
    networks are trusted.

    Fix: use https: and rediss: URLs.
    """
    declared = {each.name for each in context.schema.of(Endpoint)}
    unencrypted = {
        name: _unencrypted(context, name, declared)
        for name in context.schema.variables
        if name in declared or not context.schema.is_own  # the built-in class declares its URLs
    }
    urls = [
        (name,)
        for name, found in unencrypted.items()
        if found or (name in declared and text_of(context, name))
    ]
    if not urls and not declared:
        raise NotApplicable("no setting is an endpoint")
    near = _services(context)
    for (name,) in context.groups_of_valid(urls):
        found = [
            (is_private(host), scheme)
            for scheme, host in unencrypted[name]
            if host and not is_loopback(host) and host not in near
        ]
        if not found:
            continue
        private, scheme = min(found)  # a public host is worse
        severity = context.by_environment(
            staging=Severity.WARNING,
            production=Severity.WARNING if private else Severity.ERROR,
        )
        if severity is not None:
            target = "a private host" if private else "a public host"
            by_default = "" if context.values.is_set(name) else " by default"
            yield context.finding(
                "ENV005",
                severity,
                f"{name} reaches {target} without encryption{by_default} ({scheme}:).",
                f"Use {_PLAIN_SCHEMES[scheme]}: if the server supports it.",
                name,
            )


def _services(context: Context) -> frozenset[str]:
    """
    Return the hosts that are containers on the same machine as the one that is judged.
    """
    manifest = context.manifest
    if manifest is None or manifest.kind != "compose":
        return frozenset()
    return frozenset(host.lower() for each in manifest.others for host in each.hosts)


def _unencrypted(context: Context, name: str, declared: Container[str]) -> list[tuple[str, str]]:
    """
    Return the scheme and the host of each URL of a setting whose scheme does not encrypt.
    """
    text = text_of(context, name)
    is_plain = text.partition("://")[0].lower() in _PLAIN_SCHEMES
    if "://" not in text or (text.count("://") == 1 and not is_plain):  # as in most texts
        return []
    from workerctl.sources.forms.urls.parts import split
    from workerctl.sources.forms.urls.recognition import urls_in

    urls = [split(url) for url in urls_in(text, Use(name, is_url=name in declared))]
    schemes = {url.scheme for url in urls if url is not None} & {*_PLAIN_SCHEMES, "https"}
    if "https" in schemes:  # next to it, http: is that of an origin, which nothing connects to
        schemes -= {"http", "https"}
    return [
        (url.scheme, host)
        for url in urls
        if url is not None and url.scheme in schemes
        for host in url.names_of_hosts()
    ]


ENV005 = Check(
    "ENV005",
    "No URL of another machine has a scheme without encryption",
    endpoints_are_encrypted,
    rules=(Endpoint,),
    by_value=True,
)
