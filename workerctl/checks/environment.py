"""
What an environment requires: values that are set and real, and endpoints that are safe in it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from itertools import combinations

from workerctl.checks.base import Check, Context
from workerctl.checks.keys.rings import ring_of
from workerctl.report.findings import Finding, Severity
from workerctl.rules import (
    EncryptionKey,
    Environment,
    Off,
    OneOf,
    Origins,
    Recommended,
    Required,
)
from workerctl.schema.boot_rules import rules
from workerctl.secrecy.masking import hidden_parts, secret_part
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.forms.urls.hosts import is_loopback, scheme_and_host

_SHORTEST_SECRET = 8
_OFF = frozenset({"", "0", "false", "no", "off", "n", "f", "none"})


def environment_is_known(context: Context) -> Iterator[Finding]:
    """
    Any name of the environment means development, staging or production.

    The field that names it is the one marked `Environment`, otherwise one called env, environment,
    app_env, stage or deployment. The built-in schema allows exactly the three words.

    Why: the rules for production would not apply to a worker whose environment is misspelled, so a
    typo would switch them off. A word that is not known is therefore judged as production. An empty
    value is judged as the default, with a warning. If `--env` or a target names the environment, a
    finding says so if the worker will boot under the rules of another one.

    Fix: correct the word, or give its meaning: `Environment(production=("live",))`.
    """
    override = context.env if context.judged_by_option else None
    return rules.environment_name(context.view, override)


def required_values_are_set(context: Context) -> Iterator[Finding]:
    """
    Every value that this environment requires is set.

    The fields are those marked `Required`, `OneOf` or `Recommended`.

    Why: otherwise a missing value shows in the first job that needs it, hours after the deploy. A
    default does not count, because it may be right on a developer's machine only.

    Fix: set the variable where the worker gets its configuration.
    """
    return rules.required_values(context.view, context.env)


def flags_are_off(context: Context) -> Iterator[Finding]:
    """
    Every field marked `Off` is off outside development.

    Why: debugging aids show internals to anyone who can provoke an error.

    Fix: set the variable to false, or remove it.
    """
    for one in context.declared(Off):
        is_named = context.env in one.rule.environments
        severity = Severity.ERROR if is_named else context.by_environment(staging=Severity.WARNING)
        if severity is not None and _is_on(context.value(one.name)):
            yield context.finding(
                "ENV003",
                severity,
                f"{one.name} is on in {context.env}.",
                f"Set {one.name}=false.",
                one.name,
            )


def origins_are_explicit(context: Context) -> Iterator[Finding]:
    """
    Every field marked `Origins` lists each origin in full, without `*` and without localhost.

    Why: with `*`, any web page can call the application from a visitor's browser, and many
    frameworks then also accept the visitor's cookies.

    Fix: list the origins of the application, separated by commas.
    """
    severity = context.by_environment(staging=Severity.WARNING, production=Severity.ERROR)
    for one in context.declared(Origins):
        for origin in _items(context.value(one.name)):
            host = scheme_and_host(origin)[1]
            wrong = "allows every origin" if origin == "*" else "allows localhost"
            if severity is not None and (origin == "*" or is_loopback(host)):
                yield context.finding(
                    "ENV006",
                    severity,
                    f"{one.name} {wrong}.",
                    f"List the application's own origins{_separated(context)}.",
                    one.name,
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
    rings = [ring_of(context, one) for one in context.schema.of(EncryptionKey)]
    for (one, text), (other, again) in combinations(secrets, 2):
        if any({one, other} <= {key.name for key in ring} for ring in rings):
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


def secrets_stand_in_secret_settings(context: Context) -> Iterator[Finding]:
    """
    No secret stands in a public setting.

    Why: `BASE_URL=https://proxy/${API_KEY}/v1` works, and from then on the key is in
    every log line and dashboard that shows the URL. The userinfo and the query of a URL are not
    judged: workerctl never shows them.

    Fix: take the secret out of the public setting, or declare that setting as a SecretStr.
    """
    severity = context.by_environment(
        development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    chosen = context.values.chosen
    names = context.values.names
    secrets = {
        name: text
        for name, value in chosen.items()
        if names.is_secret(name) and _is_searchable(text := secret_part(value.text))
    }
    if severity is None or not secrets:
        return
    public = {
        name: _without_hidden_parts(value.text)
        for name, value in chosen.items()
        if not names.is_secret(name) and name not in context.invalid
    }
    for secret, text in secrets.items():
        for name, shown in public.items():
            if text in shown and not is_placeholder(text, secret, secret=True):
                from workerctl.schema.secrets.texts import is_secret_by_name  # few are found

                by_name = is_secret_by_name(context.schema, secret)
                otherwise = f", or mark {secret} as `Public()` if it is not secret" * by_name
                yield context.finding(
                    "ENV008",
                    severity,
                    f"{name} is public, but its value contains that of {secret}.",
                    f"Remove the secret from {name}, or declare {name} as a SecretStr{otherwise}.",
                    name,
                    secret,
                )


def _is_searchable(text: str) -> bool:
    """
    Return whether a secret is long enough, and not a word that may occur anywhere by chance.
    """
    return len(text) >= _SHORTEST_SECRET and not text.isalpha()


def _without_hidden_parts(text: str) -> str:
    for part in filter(None, hidden_parts(text)):
        text = text.replace(part, "")
    return text


def _is_on(value: object) -> bool:
    """
    Return whether a flag is on; a field that holds a text may say "off" or "false".
    """
    return value.strip().lower() not in _OFF if isinstance(value, str) else bool(value)


def _items(value: object) -> Iterator[str]:
    """
    Yield the origins of a list, or of a text that separates them with commas.
    """
    items = value.split(",") if isinstance(value, str) else value
    if isinstance(items, Iterable):
        yield from (str(item).strip() for item in items)


def _separated(context: Context) -> str:
    return ", separated by commas" if context.schema.is_own else ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


ENV001 = Check(
    "ENV001",
    "{} is development, staging or production",
    environment_is_known,
    rules=(Environment,),
)
ENV002 = Check(
    "ENV002",
    "Every value that this environment requires is set",
    required_values_are_set,
    rules=(Required, OneOf, Recommended),
)
ENV003 = Check("ENV003", "{} is off outside development", flags_are_off, rules=(Off,))
ENV006 = Check("ENV006", "Allowed origins are explicit", origins_are_explicit, rules=(Origins,))
ENV007 = Check(
    "ENV007", "No two secrets hold the same value", secrets_are_distinct, every_secret=True
)
ENV008 = Check(
    "ENV008",
    "No secret stands in a public setting",
    secrets_stand_in_secret_settings,
    every_secret=True,
)
