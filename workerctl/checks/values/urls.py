"""
URLs as their clients read them: nothing is refused, ignored or left unprotected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workerctl.checks.base import Check, Context, NotApplicable
from workerctl.checks.values.texts import text_in, text_of, texts_of
from workerctl.report.findings import Finding, Location, Severity
from workerctl.report.records import Record
from workerctl.rules import Endpoint, Origins, RedisUrl, Rule
from workerctl.secrecy.masking import is_conventional_name
from workerctl.sources.forms.urls.faults import (
    Effect,
    Fault,
    Use,
    is_name_of_url,
    is_plain,
    may_be_switch,
)

_REFUSED = {Effect.REFUSED: Severity.ERROR, Effect.DOUBTFUL: Severity.WARNING}
_IGNORED = {Effect.IGNORED: Severity.WARNING, Effect.NOTED: Severity.INFO}
Marked = Mapping[type[Rule], set[str]]
"""The settings with a rule, by the rule."""


class _Faulty(Record):
    """
    A setting and a fault of its URL, of which no part is kept.

    `is_trusted` is true for a connection without encryption in a private network.
    """

    name: str
    fault: Fault
    is_trusted: bool


_CERTIFICATES_OFF = "switches off the check of servers' certificates"


def clients_accept_urls(context: Context) -> Iterator[Finding]:
    """
    Every URL is one that its client accepts.

    The clients are redis-py and Celery, pika, kombu and aio-pika, libpq, asyncpg, SQLAlchemy and
    its MySQL drivers, pymongo, and those of Kafka and HTTP. Without connecting, the check finds
    query parameters that they do not know, values of a wrong type, a missing scheme or host, a
    wrong port, several hosts where one is allowed, and characters of a password that end the host
    too early. If it is not known which client reads the URL, the finding is a warning. So is a text
    such as `host:6379` or `https:/host` in a setting whose name says that it is a URL. Each URL
    of a list is judged alone, unless the list is given to RQ or to another client that expects one
    URL.

    Why: a client parses its URL when the first job connects, and fails then.

    Fix: correct the part that the finding names, and percent-encode the password.
    """
    yield from _findings(context, "URL001", _REFUSED)


def parts_have_effects(context: Context) -> Iterator[Finding]:
    """
    Every part of a URL has the effect that it seems to have.

    Why: `redis://host/prod` is database 0, not one called prod, and an option that pymongo does not
    know is ignored. The client connects, and does something else than was meant.

    Fix: correct or remove the part that the finding names.
    """
    yield from _findings(context, "URL002", _IGNORED)


def certificates_are_checked(context: Context) -> Iterator[Finding]:
    """
    No URL and no switch turns off TLS or the check of the server's certificate.

    The parameters are those such as `ssl_cert_reqs=none`, `sslmode=prefer` and `tlsInsecure=true`,
    the switches those such as VERIFY_SSL=false and NODE_TLS_REJECT_UNAUTHORIZED=0. Connections
    within one machine are not judged, nor is anything in development.

    Why: encryption without a check of the certificate does not protect from anyone who can answer
    in place of the server, and sslmode=prefer gives up encryption if the other side asks for it.

    Fix: remove the parameter or the switch. Name your own certificate authority, if you have one.
    """
    strict = context.by_environment(staging=Severity.WARNING, production=Severity.ERROR)
    if strict is None:
        return
    yield from _switches(context, strict)
    for each in _faults(context):
        if each.fault.effect in {Effect.UNVERIFIED, Effect.UNENCRYPTED}:
            severity = Severity.WARNING if each.is_trusted else strict
            yield _finding(context, "URL003", severity, each)


def _findings(
    context: Context, code: str, severities: Mapping[Effect, Severity]
) -> Iterator[Finding]:
    if not context.once(_candidates):
        raise NotApplicable("no setting is a URL")
    for each in _faults(context):
        severity = severities.get(each.fault.effect)
        if severity is not None:
            yield _finding(context, code, severity, each)


def _finding(context: Context, code: str, severity: Severity, each: _Faulty) -> Finding:
    what = f"{each.name} {each.fault.what}."
    return context.finding(code, severity, what, each.fault.hint, each.name)


def _candidates(context: Context) -> tuple[str, ...]:
    """
    Return the names of the settings that hold URLs or should.
    """
    marked = _marked(context)
    names = dict.fromkeys((*context.schema.variables, *context.values.chosen))
    return tuple(name for name in names if _is_candidate(context, name, marked))


def _marked(context: Context) -> Marked:
    kinds: tuple[type[Rule], ...] = (Endpoint, Origins, RedisUrl)
    return {kind: {each.name for each in context.schema.of(kind)} for kind in kinds}


def _faults(context: Context) -> Iterator[_Faulty]:
    """
    Yield each fault of a setting that is valid.
    """
    found = context.once(_faults_of_all)
    for (name,) in context.groups_of_valid((name,) for name in context.once(_candidates)):
        yield from (each for each in found if each.name == name)


def _faults_of_all(context: Context) -> tuple[_Faulty, ...]:
    """
    Return the faults of all settings. A placeholder and an empty `${NAME}` have other findings.

    What several URLs of a list have in common is one fault.
    """
    marked = _marked(context)
    found = (
        _Faulty(name, fault, fault.effect is Effect.UNENCRYPTED and _is_private(text))
        for name in context.once(_candidates)
        if name not in context.invalid
        for text, fault in _faults_of(context, name, _use(context, name, marked))
        if not _has_other_finding(context, name, text, fault)
    )
    return tuple(dict.fromkeys(found))


def _is_private(text: str) -> bool:
    from workerctl.sources.forms.urls.hosts import is_private
    from workerctl.sources.forms.urls.parts import split

    parts = split(text)
    return parts is not None and all(map(is_private, parts.names_of_hosts()))


def _is_candidate(context: Context, name: str, marked: Marked) -> bool:
    if any("://" in text for text in texts_of(context, name)):
        return True
    if not text_of(context, name):
        return False
    if name in marked[Endpoint] or name in marked[RedisUrl] or "://" in _default(context, name):
        return True
    return is_name_of_url(name) or _is_kafka(Use(name))


def _is_kafka(use: Use) -> bool:
    if not use.is_kafka:  # true for most names
        return False
    from workerctl.sources.forms.urls.clients import kafka

    return kafka.is_list_of_servers(use.name)


def _faults_of(context: Context, name: str, use: Use) -> Iterator[tuple[str, Fault]]:
    texts = texts_of(context, name)
    if not use.is_url and _is_kafka(use):
        from workerctl.sources.forms.urls.clients import kafka

        servers = [server for text in texts for server in text.split(",")]
        yield from ((texts[0], fault) for fault in kafka.faults(servers))
        return
    for text in texts:
        if not is_plain(text) or _is_special(text, use):
            from workerctl.sources.forms.urls import recognition

            for url in recognition.urls_in(text, use):
                yield from ((url, fault) for fault in recognition.faults(url, use))


def _is_special(text: str, use: Use) -> bool:
    """
    Return whether the use of a URL decides about it, although it contains nothing special.
    """
    return (use.is_redis and text.startswith("http")) or (
        use.is_celery and text.startswith("rediss:")
    )


def _use(context: Context, name: str, marked: Marked) -> Use:
    return Use(
        name=name,
        default=_default(context, name),
        is_redis=name in marked[RedisUrl],
        is_url=name in marked[Endpoint],
        is_origins=name in marked[Origins],
    )


def _default(context: Context, name: str) -> str:
    variable = context.schema.variables.get(name)
    return "" if variable is None else text_in(variable.info.default)


def _has_other_finding(context: Context, name: str, text: str, fault: Fault) -> bool:
    """
    Return whether another check reports the cause: ENV004 the value as a whole, SET011 a part.
    """
    from workerctl.sources.forms.placeholders.recognition import is_placeholder

    chosen = context.values.chosen.get(name)
    if (
        chosen is not None
        and fault.parameter is None
        and any(
            each.unset and each.location == chosen.location
            for source in context.values.env_files
            for each in source.assignments
        )
    ):
        return True
    return is_placeholder(text, name, secret=context.values.names.is_secret(name))


def _switches(context: Context, severity: Severity) -> Iterator[Finding]:
    """
    Yield a finding for every setting or other variable that is a switch and off.
    """
    settings = [
        name
        for name in context.schema.variables
        if may_be_switch(name.upper()) and name not in context.invalid
    ]
    others = list(_other_variables(context))
    if not settings and not others:
        return
    from workerctl.sources.forms.urls.verification import switches_off

    for name in settings:
        text = context.values.text(name) or _word(context.value(name))
        if switches_off(name, text):
            yield context.finding(
                "URL003",
                severity,
                f"{name} {_CERTIFICATES_OFF}.",
                "Remove it, and name the certificate authority if it is your own.",
                name,
            )
    for name, text, location in others:
        if is_conventional_name(name) and switches_off(name, text):
            yield Finding(
                code="URL003",
                severity=severity,
                message=f"{name} {_CERTIFICATES_OFF}.",
                hint=f"Remove {name}.",
                location=location,
            )


def _other_variables(context: Context) -> Iterator[tuple[str, str, Location]]:
    """
    Yield the variables that set no field, with texts and locations, whose names may be switches.
    """
    unknown = context.values.unknown
    if may_be_switch("\0".join(unknown.names).upper()):
        for name in unknown.names:
            if may_be_switch(name.upper()):
                yield name, unknown.text(name), unknown.place(name)
    for source in context.values.env_files:
        for each in source.assignments:
            if each.sets is None and may_be_switch(each.name.upper()):
                yield each.name, each.text, each.location


def _word(value: object) -> str:
    return str(value) if isinstance(value, bool | int) else text_in(value)


URL001 = Check("URL001", "Every URL is one that its client accepts", clients_accept_urls)
URL002 = Check(
    "URL002", "Every part of a URL has the effect that it seems to have", parts_have_effects
)
URL003 = Check(
    "URL003", "Nothing switches off TLS or the check of certificates", certificates_are_checked
)
