"""
What an environment demands: the values it needs, real ones, and endpoints that are safe in it.
"""

import hmac
from collections.abc import Iterator
from itertools import combinations
from urllib.parse import urlsplit

from workerctl.checks.base import Check, Context
from workerctl.keyring import versions
from workerctl.report.findings import Finding, Severity
from workerctl.schema import rules
from workerctl.schema.introspection import holds_url
from workerctl.secrecy.placeholders import is_placeholder

_PLAIN_SCHEMES = {"http", "redis"}
_PRIVATE_SUFFIXES = (".internal", ".svc", ".svc.cluster.local", ".local", ".localhost")


def environment_is_known(context: Context) -> Iterator[Finding]:
    """
    ENV is exactly development, staging or production.

    Why: rules that ask for production do not apply to a worker whose ENV is `prod`: a typo
    switches them off. So a name that is none of the three is judged as production. An empty ENV
    is development, and told. With `--env`, it is told when the worker will boot as another one.

    Fix: write the name in full and in lower case.
    """
    override = context.env if context.judged_by_option else None
    return rules.environment_name(context.values, override)


def required_values_are_set(context: Context) -> Iterator[Finding]:
    """
    Every value that staging and production cannot work without is set.

    Why: a missing one shows in the first job that needs it, hours after the deploy. REDIS_URL
    has a default, which is right on a developer's machine only.

    Fix: set the variable where the worker gets its configuration.
    """
    return rules.required_values(context.values, context.env)


def debug_is_off(context: Context) -> Iterator[Finding]:
    """
    DEBUG is off outside development.

    Why: debugging aids show internals to whoever makes an error happen.

    Fix: set DEBUG=false, or remove it.
    """
    severity = context.by_environment(staging=Severity.WARNING, production=Severity.ERROR)
    if severity is not None and context.settings.DEBUG:
        yield context.finding(
            "ENV003", severity, f"DEBUG is on in {context.env}.", "Set DEBUG=false.", "DEBUG"
        )


def values_are_real(context: Context) -> Iterator[Finding]:
    """
    No value is a stand-in that somebody was meant to replace.

    Why: templates are copied and half filled in. `your-…`, `changeme` or `sk-...` pass every
    test of form and fail at the first use.

    Fix: put the real value there, or remove the line where the setting is optional.
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
                f"Replace it by the real value, or remove {name} if it is optional.",
                name,
            )


def endpoints_are_encrypted(context: Context) -> Iterator[Finding]:
    """
    Endpoints outside this machine are reached over TLS.

    Why: keys, personal data and job contents cross the network as they are otherwise. Towards a
    private address it is a warning: some networks are trusted, none deserves it.

    Fix: use https: and rediss:.
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
                f"{name} reaches {target} unencrypted ({scheme}:).",
                f"Use {secure}: if the server offers it.",
                name,
            )


def origins_are_explicit(context: Context) -> Iterator[Finding]:
    """
    ALLOWED_ORIGINS names the origins that may call, each in full, and none on localhost.

    Why: with `*`, every web page that a user visits may call the worker with the user's rights.

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

    Why: a secret that serves two purposes leaks through the weaker one, and cannot be replaced
    in one place. URLs are left aside: two services may share one. So are the keys of one ring
    among each other, which KEY005 judges.

    Fix: make a secret of its own for each.
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
                f"Give {other} a value of its own.",
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
    "What this environment requires is set",
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
ENV003 = Check("ENV003", "Debug is off", debug_is_off, reads=("DEBUG",))
ENV004 = Check("ENV004", "No value is a placeholder", values_are_real, every_secret=True)
ENV005 = Check(
    "ENV005",
    "Remote endpoints are encrypted",
    endpoints_are_encrypted,
    looks_at=("REDIS_URL", "SUPABASE_URL", "OPENAI_BASE_URL", "WEBHOOK_URL", "SENTRY_DSN"),
)
ENV006 = Check("ENV006", "Origins are explicit", origins_are_explicit, reads=("ALLOWED_ORIGINS",))
ENV007 = Check(
    "ENV007", "No two secrets hold the same value", secrets_are_distinct, every_secret=True
)
