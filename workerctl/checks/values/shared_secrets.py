"""
Secrets that several environments have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from workerctl.checks.base import Check, Context, NotApplicable, Other
from workerctl.report.findings import Finding, Location, Severity
from workerctl.report.records import Record
from workerctl.report.words import listed
from workerctl.rules import EncryptionKey, Shared
from workerctl.schema.boot_rules.view import View
from workerctl.sources.values import ENVIRONMENT

_ALONE = "this run judges no other environment"


class Held(Record):
    """
    A secret, the variable that holds it, and where that is set.

    `is_password` is true for the password of a URL, which is only a part of the value.
    """

    text: str
    name: str
    location: Location
    is_password: bool = False

    def __repr__(self) -> str:
        return f"Held({self.name} at {self.location})"


def secrets_are_not_shared(context: Context) -> Iterator[Finding]:
    """
    No secret has the same value in two environments.

    All configurations are compared that one run of `workerctl check` or `workerctl diff` reads, and
    that are judged as different environments. Of a URL, only the password is compared, wherever the
    URL leads. Lines that belong to other programs are compared as well, if their names are those of
    credentials. Placeholders and references that nothing has resolved are not compared, nor is what
    every configuration takes from the machine of the check: its environment, and the same secret
    file. An encryption key that production shares is an error, and any other secret a warning.

    Why: staging has more users, fewer restrictions and older backups than production. Anyone who
    can read a secret there can read the data of production, send messages as production, or decrypt
    what production stored; and a secret that leaked from one of them has to be replaced in both.

    Fix: issue a secret for each environment; `workerctl keygen` makes a key. If there can be only
    one, such as a licence, mark the field `Shared("reason")`, or add it to pyproject.toml:
    `[tool.workerctl.rules]` with `NAME = { shared = "reason" }`.
    """
    others = [other for other in context.others if other.env != context.env]
    if not others:
        raise NotApplicable(_ALONE)
    holders = [(other, _by_text(other.view)) for other in others]
    for secrets in _by_name(_held(context.view)).values():
        sharing = [pair for one in secrets for pair in _sharing(one, holders)]
        if sharing:
            found = {(other.name, name): other for other, name in sharing}
            pairs = [(other, name) for (_, name), other in found.items()]
            yield _finding(context, secrets[0], pairs)


def _sharing(
    own: Held, holders: Iterable[tuple[Other, dict[str, list[Held]]]]
) -> Iterator[tuple[Other, str]]:
    """
    Yield the other configurations that hold a secret, each with the variable that holds it there.
    """
    for other, secrets in holders:
        same = [one for one in secrets.get(own.text, ()) if not _is_of_machine(own, one)]
        # Few texts are the same, and it takes longer to recognise a placeholder.
        names = [one.name for one in same if _is_real(one)] if same and _is_real(own) else []
        if names:
            yield other, own.name if own.name in names else names[0]


def _is_of_machine(own: Held, other: Held) -> bool:
    """
    Return whether both values are what this machine has, not what either environment has.
    """
    if own.location.source == "secret-file":
        return own.location == other.location
    return own.location == other.location == ENVIRONMENT


def _finding(context: Context, own: Held, found: Sequence[tuple[Other, str]]) -> Finding:
    others = [other for other, _ in found]
    is_key = _is_key(context.view, own.name)
    is_error = is_key and "production" in {context.env, *(other.env for other in others)}
    is_shown = _may_show(context.view, own.name)
    name = own.name if is_shown else "This variable"
    where = (
        _where(other, other_name if other_name != own.name else "") for other, other_name in found
    )
    what = "password" if own.is_password else "value"
    remedy = "Make a key for each environment" if is_key else "Issue one for each environment"
    if own.name in context.schema.variables:
        remedy += ", or mark the field as `Shared` if there can be only one"
    return Finding(
        code="SEC001",
        severity=Severity.ERROR if is_error else Severity.WARNING,
        message=f"{name} has the same {what} {listed(where)}.",
        hint=f"{remedy}.",
        fields=(own.name,) if is_shown else (),
        location=own.location,
    )


def _where(other: Other, name: str) -> str:
    env = "" if other.name == other.env else f" ({other.env})"
    shown = name if not name or _may_show(other.view, name) else "another variable"
    return f"{f'as {shown} ' if shown else ''}in {other.name}{env}"


def _may_show(view: View, name: str) -> bool:
    from workerctl.secrecy.masking import may_show_name

    names = view.values.names
    return names.resolve(name) is not None or may_show_name(name, names.fields)


def _is_key(view: View, name: str) -> bool:
    keys = {one.name for one in view.schema.of(EncryptionKey)}
    return name in keys or view.values.names.is_in_family(name)


def _by_name(secrets: Iterable[Held]) -> dict[str, list[Held]]:
    found: dict[str, list[Held]] = {}
    for one in secrets:
        found.setdefault(one.name, []).append(one)
    return found


def _by_text(view: View) -> dict[str, list[Held]]:
    found: dict[str, list[Held]] = {}
    for one in _held(view):
        found.setdefault(one.text, []).append(one)
    return found


def _held(view: View) -> Iterator[Held]:
    """
    Yield what the sources of a configuration set where a secret belongs.
    """
    yield from chain(_of_settings(view), _of_other_lines(view))


def _of_settings(view: View) -> Iterator[Held]:
    from workerctl.schema.secrets.texts import secret_parts

    values, variables = view.values, view.schema.variables
    shared = {variables[one.name].path for one in view.schema.of(Shared)}
    for name, value in values.chosen.items():
        path = variables[name].path if name in variables else ()
        if value.problem is not None or any(path[: len(each)] == each for each in shared):
            continue
        if name in variables and name not in view.invalid and view.settings is not None:
            for part in secret_parts(view.schema, view.settings, name):
                if not isinstance(part.value, bool):
                    yield _opening(Held(part.text, name, value.location))
        elif values.names.is_secret(name):
            yield _opening(Held(value.text, name, value.location))


def _of_other_lines(view: View) -> Iterator[Held]:
    from workerctl.secrecy.credential_names import is_credential_name

    lines = {
        line.name: line
        for source in view.values.env_files
        for line in source.assignments
        if line.sets is None and is_credential_name(line.name)
    }
    for name, line in lines.items():
        yield _opening(Held(line.text, name, line.location))


def _opening(one: Held) -> Held:
    """
    Return what opens something: of a URL its password, or all of it if its path is secret.

    A URL without a password opens nothing, and the text is "".
    """
    from workerctl.secrecy.masking import secret_part
    from workerctl.secrecy.recognition import is_random, is_token

    if "://" not in one.text:
        return one
    password = secret_part(one.text)
    if password:
        return one.replace(text=password, is_password=password != one.text)
    return one if is_token(one.text) or is_random(one.text) else one.replace(text="")


def _is_real(one: Held) -> bool:
    """
    Return whether a text is a secret, not a placeholder or a reference to one.
    """
    from workerctl.sources.forms.placeholders.recognition import is_placeholder
    from workerctl.sources.forms.plain import may_refer
    from workerctl.sources.forms.references import Holds, recognised

    if not one.text or is_placeholder(one.text, one.name, secret=True):
        return False
    return not (may_refer(one.text) and recognised(one.text, one.name, Holds.SECRET))


SEC001 = Check(
    "SEC001",
    "No secret is shared between environments",
    secrets_are_not_shared,
    boot=False,
)
