"""
What an environment requires: values that are set and real, and endpoints that are safe in it.
"""

import hmac
from collections.abc import Iterator
from itertools import combinations
from urllib.parse import urlsplit

from workerctl.checks.base import Check, Context
from workerctl.keyring import versions
from workerctl.report.findings import Finding, Severity
from workerctl.schema import boot_rules
from workerctl.schema.introspection import holds_url
from workerctl.secrecy.placeholders import is_placeholder

_PLAIN_SCHEMES = {"http", "redis"}
_PRIVATE_SUFFIXES = (".internal", ".svc", ".svc.cluster.local", ".local", ".localhost")


def environment_is_known(context: Context) -> Iterator[Finding]:
    """
    ENV is exactly development, staging or production.

    Why: the rules for production would not apply to a worker whose ENV is `prod`, so a typo would
    switch them off. Any other name is therefore judged as production. An empty ENV is judged as
    development, with a warning. With `--env`, a warning says so if the worker will boot as another
    environment.

    Fix: write the name in full and in lower case.
    """
    override = context.env if context.judged_by_option else None
    return boot_rules.environment_name(context.view, override)


def required_values_are_set(context: Context) -> Iterator[Finding]:
    """
    Every value that staging and production require is set.

    Why: otherwise a missing value shows in the first job that needs it, hours after the deploy.
    REDIS_URL is required although it has a default, which is right on a developer's machine only.

    Fix: set the variable where the worker gets its configuration.
    """
    return boot_rules.required_values(context.view, context.env)


def debug_is_off(context: Context) -> Iterator[Finding]:
    """
    DEBUG is off outside development.

    Why: debugging aids show internals to anyone who can provoke an error.

    Fix: set DEBUG=false, or remove it.
    """
    severity = context.by_environment(staging=Severity.WARNING, production=Severity.ERROR)
    if severity is not None and context.settings.DEBUG:
        yield context.finding(
            "ENV003", severity, f"DEBUG is on in {context.env}.", "Set DEBUG=false.", "DEBUG"
        )


def values_are_real(context: Context) -> Iterator[Finding]:
    """
    No value is a placeholder from a template.

    Why: templates are copied and only half filled in. A `your-…`, `changeme` or `sk-...` passes
    every check of its form and fails when it is first used.

    Fix: enter the real value, or remove the line if the setting is optional.
    """
    severity = context.by_environment(
        development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    if severity is None:
        return
    for name, value in context.values.chosen.items():
        secret = context.values.names.is_secret(name)
        if is_placeholder(value.text, name, secret=secret):
            yield context.finding(
                "ENV004",
                severity,
                f"{name} is a placeholder.",
                f"Replace it with the real value, or remove {name} if it is optional.",
                name,
            )


def endpoints_are_encrypted(context: Context) -> Iterator[Finding]:
    """
    Endpoints are reached over TLS.

    Why: otherwise keys, personal data and job contents cross the network in plain text. In
    production, a public host is an error; a private host, localhost included, is a warning, because
    some private networks are trusted.

    Fix: use https: and rediss: URLs.
    """
    fields = type(context.settings).model_fields
    urls = [(name,) for name in fields if context.values.is_set(name) and holds_url(fields[name])]
    for (name,) in context.groups_of_valid(urls):
        scheme, host = _endpoint(context.values.text(name))
        private = _is_private(host)
        severity = context.by_environment(
            staging=Severity.WARNING,
            production=Severity.WARNING if private else Severity.ERROR,
        )
        if scheme in _PLAIN_SCHEMES and severity is not None:
            secure = "rediss" if scheme == "redis" else "https"
            target = "a private host" if private else "a public host"
            yield context.finding(
                "ENV005",
                severity,
                f"{name} reaches {target} without encryption ({scheme}:).",
                f"Use {secure}: if the server supports it.",
                name,
            )


def origins_are_explicit(context: Context) -> Iterator[Finding]:
    """
    ALLOWED_ORIGINS lists each allowed origin in full, without `*` and without localhost.

    Why: with `*`, every web page that a user visits can call the worker with the user's rights.

    Fix: list the origins of the application, separated by commas.
    """
    severity = context.by_environment(staging=Severity.WARNING, production=Severity.ERROR)
    for origin in context.settings.ALLOWED_ORIGINS:
        host = _endpoint(origin)[1]
        wrong = "allows every origin" if origin == "*" else "allows localhost"
        if severity is not None and (origin == "*" or _is_loopback(host)):
            yield context.finding(
                "ENV006",
                severity,
                f"ALLOWED_ORIGINS {wrong}.",
                "List the application's own origins, separated by commas.",
                "ALLOWED_ORIGINS",
            )


def secrets_are_distinct(context: Context) -> Iterator[Finding]:
    """
    No two secrets hold the same value.

    Why: a secret with two purposes leaks through the weaker one, and cannot be replaced for one of
    them alone. URLs are excluded, because two services may share one. Keys of the key ring are not
    compared with each other here; KEY005 does that.

    Fix: make a separate secret for each purpose.
    """
    severity = context.by_environment(
        development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    secrets = [
        (name, value.text)
        for name, value in context.values.chosen.items()
        if context.values.names.is_secret(name)
        and value.text
        and "://" not in value.text
        and not is_placeholder(value.text, name, secret=True)
    ]
    for (one, text), (other, again) in combinations(secrets, 2):
        if _is_key(one) and _is_key(other):
            continue
        if severity is not None and hmac.compare_digest(_bytes(text), _bytes(again)):
            yield context.finding(
                "ENV007",
                severity,
                f"{one} and {other} hold the same value.",
                f"Use a different value for {other}.",
                one,
                other,
            )


def _is_key(name: str) -> bool:
    return name == versions.CURRENT or versions.number_of(name) is not None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _endpoint(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.hostname or ""


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.") or host.endswith(".localhost")


def _is_private(host: str) -> bool:
    if _is_loopback(host) or host.endswith(_PRIVATE_SUFFIXES):
        return True
    from ipaddress import ip_address

    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host


ENV001 = Check(
    "ENV001",
    "ENV is development, staging or production",
    environment_is_known,
    looks_at=("ENV",),
)
ENV002 = Check(
    "ENV002",
    "Every value that this environment requires is set",
    required_values_are_set,
    looks_at=(
        "SUPABASE_URL",
        "SUPABASE_SERVICE_ROLE_KEY",
        "REDIS_URL",
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "WEBHOOK_SECRET",
        "GEMINI_API_KEY",
    ),
)
ENV003 = Check("ENV003", "DEBUG is off outside development", debug_is_off, reads=("DEBUG",))
ENV004 = Check("ENV004", "No value is a placeholder", values_are_real, every_secret=True)
ENV005 = Check(
    "ENV005",
    "Connections to endpoints are encrypted",
    endpoints_are_encrypted,
    looks_at=("REDIS_URL", "SUPABASE_URL", "OPENAI_BASE_URL", "WEBHOOK_URL", "SENTRY_DSN"),
)
ENV006 = Check(
    "ENV006", "Allowed origins are explicit", origins_are_explicit, reads=("ALLOWED_ORIGINS",)
)
ENV007 = Check(
    "ENV007", "No two secrets hold the same value", secrets_are_distinct, every_secret=True
)
