"""
Endpoints on other machines: their URLs have a scheme that encrypts.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from workerctl.checks.base import Check, Context, NotApplicable
from workerctl.checks.values.texts import text_of
from workerctl.report.findings import Finding, Severity
from workerctl.rules import Endpoint
from workerctl.sources.forms.urls.hosts import is_loopback, is_private, scheme_and_host

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

    The schemes are judged, not the parameters of a URL (see URL003). The default of a setting is
    judged as well, if nothing sets it. A connection within one machine needs no encryption: over
    the loopback interface, over a Unix socket, or between two services of a compose file.

    Why: otherwise keys, personal data and job contents cross the network in plain text. In
    production, a public host is an error; a private host is a warning, because some private
    networks are trusted.

    Fix: use https: and rediss: URLs.
    """
    declared = {each.name for each in context.schema.of(Endpoint)}
    urls = [(name,) for name in context.schema.variables if _is_endpoint(context, name, declared)]
    if not urls and not declared:
        raise NotApplicable("no setting is an endpoint")
    near = _services(context)
    for (name,) in context.groups_of_valid(urls):
        scheme, host = scheme_and_host(text_of(context, name))
        if scheme not in _PLAIN_SCHEMES or not host or is_loopback(host) or host in near:
            continue
        private = is_private(host)
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


def _is_endpoint(context: Context, name: str, declared: Container[str]) -> bool:
    """
    Return whether a variable holds the URL of a service: by its declaration or its text.

    A text with a scheme that is not encrypted is an endpoint in any class but the built-in one,
    which declares its URLs.
    """
    text = text_of(context, name)
    if not text or name in declared:
        return bool(text)
    return not context.schema.is_own and scheme_and_host(text)[0] in _PLAIN_SCHEMES


ENV005 = Check(
    "ENV005",
    "No URL of another machine has a scheme without encryption",
    endpoints_are_encrypted,
    rules=(Endpoint,),
    by_value=True,
)
