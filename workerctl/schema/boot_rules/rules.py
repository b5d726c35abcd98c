"""
The rules that a worker must satisfy to boot, as functions that yield findings.

`get_settings` and the checks call the same functions, so that boot and `workerctl check` agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

from workerctl.report.findings import Finding, Severity, Suppression, accepting, by_environment
from workerctl.rules import EncryptionKey, OneOf, Recommended, Required
from workerctl.schema.boot_rules.view import DEFAULT_ENVIRONMENT, View, environment_of, judged_as
from workerctl.sources.forms.plain import is_plain, may_refer

_NEW_KEY = "Run `workerctl keygen --write FILE`, or restore the key that your data needs."
_SAME_KEY = "Restore the exact key: no other key can decrypt the existing data."


def boot_findings(view: View) -> Iterator[Finding]:
    """
    Yield everything that stops a worker from booting, or that it warns about, except bad types.
    """
    env = judged_as(view)
    yield from environment_name(view)
    yield from references(view, env, starting=True)
    yield from required_values(view, env)
    yield from key_presence(view, env)
    yield from key_form(view, env)
    yield from forbidden_names(view)
    yield from unsendable_keys(view)


def environment_name(view: View, override: str | None = None) -> Iterator[Finding]:
    """
    Yield ENV001 unless the environment has a known name that matches `override`.
    """
    declaration = view.schema.environment
    if declaration is None:
        return
    env = environment_of(view)
    is_set = declaration.name not in view.values.empty
    if env is not None and is_set and override in {None, env}:
        return
    from workerctl.schema.boot_rules import environments  # most workers name one

    yield from environments.findings(view, declaration, override)


def references(
    view: View, env: str, *, starting: bool = False, rendered_by: str | None = None
) -> Iterator[Finding]:
    """
    Yield REF001 for every reference that nothing has resolved, and REF002 for missing values.

    Whatever has arrived in the process, or is read while a worker starts, is final: an error. An
    env file may be rendered before the worker reads it, if `rendered_by` names the tool.
    """
    if not any(may_refer(value.text) for value in view.values.chosen.values()):
        return
    from workerctl.schema.boot_rules import references as judged  # most values are plain

    yield from judged.findings(view, env, starting=starting, rendered_by=rendered_by)


def forbidden_names(view: View) -> Iterator[Finding]:
    """
    Yield SET002 for every name in an env file that a class which forbids unknown names refuses.
    """
    if not view.schema.forbids_unknown:
        return
    from workerctl.schema.boot_rules import names

    yield from names.findings(view)


def unsendable_keys(view: View) -> Iterator[Finding]:
    """
    Yield FRM001 to FRM003 for every secret that no HTTP header can carry.
    """
    # A class may read more from a file than workerctl does: a byte order mark.
    own = view.schema.is_own
    suspects = [
        name
        for name, value in view.values.chosen.items()
        if (not is_plain(value.text) or (not own and value.location.source == "secret-file"))
        and view.values.names.is_secret(name)
    ]
    if not suspects:
        return
    from workerctl.schema.boot_rules import forms

    yield from forms.unsendable(view, suspects)


def unsuppressed(
    findings: Iterable[Finding], suppressions: tuple[Suppression, ...], view: View
) -> list[Finding]:
    """
    Return the findings that no suppression accepts today (UTC), as `workerctl check` does.
    """
    if not suppressions:
        return list(findings)
    today = datetime.now(timezone.utc).date()  # noqa: UP017 -- as in the preflight
    env = judged_as(view)
    return [one for one in findings if accepting(suppressions, one, env, today) is None]


def required_values(view: View, env: str) -> Iterator[Finding]:
    """
    Yield ENV002 for every setting that this environment requires and that is not set.
    """
    for name, required_by, reason in _required(view, env):
        if not view.is_set(name):
            yield Finding(
                code="ENV002",
                severity=Severity.ERROR,
                message=f"{name} is not set, but {reason} requires it.",
                hint=f"Set {name} where the worker gets its configuration.",
                fields=(name,),
                location=view.missing_at(name, required_by),
            )
    yield from _empty_groups(view, env)
    if env != DEFAULT_ENVIRONMENT:
        yield from _not_recommended(view)


def required_names(view: View, env: str) -> frozenset[str]:
    """
    Return the settings without which a worker does not boot in this environment.
    """
    keys_ = () if env == DEFAULT_ENVIRONMENT else view.schema.of(EncryptionKey)
    return frozenset(
        [*(each.name for each in keys_), *(name for name, _, _ in _required(view, env))]
    )


def key_presence(view: View, env: str) -> Iterator[Finding]:
    """
    Yield KEY001 for every encryption key that is not set.
    """
    severity = by_environment(
        env, development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    for declaration in view.schema.of(EncryptionKey):
        name = declaration.name
        if severity is not None and not view.is_set(name):
            yield Finding(
                code="KEY001",
                severity=severity,
                message=f"{name} is not set, so personal data cannot be encrypted.",
                hint=_NEW_KEY,
                fields=(name,),
                location=view.missing_at(name, view.environment_variable),
            )


def key_form(view: View, env: str) -> Iterator[Finding]:
    """
    Yield KEY002 for every encryption key that does not consist of 64 hexadecimal characters.
    """
    severity = by_environment(
        env, development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    for declaration in view.schema.of(EncryptionKey):
        name = declaration.name
        value = view.values.chosen.get(name)
        if severity is None or value is None or not value.text or value.problem is not None:
            continue
        from workerctl import keys

        problem = keys.form_problem(value.text)
        if problem is not None:
            from workerctl.sources.forms.placeholders.recognition import is_placeholder

            placeholder = is_placeholder(value.text, name, secret=True)
            yield Finding(
                code="KEY002",
                severity=severity,
                message=f"{name} {problem}.",
                hint=_NEW_KEY if placeholder else _SAME_KEY,
                fields=(name,),
                location=value.location,
            )


def _required(view: View, env: str) -> Iterator[tuple[str, str | None, str]]:
    """
    Yield each required setting, the setting that requires it, and what to call that in a message.

    What is required in any case comes before what another setting requires.
    """
    environment = view.environment_variable
    conditional: list[tuple[str, str, str]] = []
    for declaration in view.schema.of(Required):
        rule = declaration.rule
        if env not in rule.environments:
            continue
        if rule.when is None:
            yield declaration.name, environment, env
            continue
        _, has_value, text = rule.when.partition("=")
        other = declaration.others["when"]
        applies = view.text(other) == text if has_value else view.is_set(other)
        if applies:
            conditional.append((declaration.name, other, f"{other}{has_value}{text}"))
    yield from conditional


def _empty_groups(view: View, env: str) -> Iterator[Finding]:
    groups: dict[str, list[str]] = {}
    for declaration in view.schema.of(OneOf):
        if env in declaration.rule.environments:
            groups.setdefault(declaration.rule.group, []).append(declaration.name)
    for names in groups.values():
        if not any(map(view.is_set, names)):
            from workerctl.report.words import listed  # most groups have a member that is set

            yield Finding(
                code="ENV002",
                severity=Severity.ERROR,
                message=f"None of {listed(names)} is set, but {env} requires one of them.",
                hint="Set one of them where the worker gets its configuration.",
                fields=tuple(names),
                location=view.missing_at(names[0], view.environment_variable),
            )


def _not_recommended(view: View) -> Iterator[Finding]:
    for declaration in view.schema.of(Recommended):
        name = declaration.name
        if not view.is_set(name):
            yield Finding(
                code="ENV002",
                severity=Severity.WARNING,
                message=f"{name} is not set, so {declaration.rule.otherwise}.",
                hint=f"Set {name}, or suppress this warning if that is intended.",
                fields=(name,),
                location=view.missing_at(name, view.environment_variable),
            )
