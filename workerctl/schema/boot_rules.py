"""
The rules that a worker must satisfy to boot, as functions that yield findings.

`get_settings` and the checks call the same functions, so that boot and `workerctl check` agree.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, Literal, NamedTuple, get_args, get_origin

from workerctl.report.findings import (
    ENVIRONMENTS,
    Finding,
    Location,
    Severity,
    Suppression,
    accepting,
    by_environment,
)
from workerctl.rules import EncryptionKey, Environment, OneOf, Recommended, Required
from workerctl.schema.declarations import Declaration, Schema
from workerctl.schema.introspection import bare_type
from workerctl.schema.secrets import forms
from workerctl.sources.forms.references import Holds
from workerctl.sources.unresolved import Unresolved, unresolved
from workerctl.sources.values import Values

DEFAULT_ENVIRONMENT = "development"

_NEW_KEY = "Run `workerctl keygen --write FILE`, or restore the key that your data needs."
_SAME_KEY = "Restore the exact key: no other key can decrypt the existing data."
_WORDS = {
    "prod": "production",
    "prd": "production",
    "live": "production",
    "stage": "staging",
    "stg": "staging",
    "dev": "development",
    "devel": "development",
    "local": "development",
    "test": "development",
}
"""Common words for the three environments."""


_URL_NAMES = frozenset(
    ["URL", "URI", "DSN", "ENDPOINT", "HOST", "HOSTNAME", "ADDR", "ADDRESS", "BROKER"]
)
"""The last words in the names of variables that hold a URL or a host."""


class View(NamedTuple):
    """
    What the rules look at: the schema, the values of the sources, and the instance if there is one.

    The class has rejected the values of the variables in `invalid`.
    """

    schema: Schema
    values: Values
    settings: Any = None
    invalid: frozenset[str] = frozenset()

    def text(self, name: str) -> str:
        """
        Return the text of a variable: that of a source, else of the instance, else the default.

        It may be a secret.
        """
        if self.values.is_set(name):
            return self.values.text(name)
        value = self.schema.value(self.settings, name)
        if value is None and self.settings is None:
            value = self.schema.variables[name].info.default
        return str(getattr(value, "value", value) or "")

    def is_set(self, name: str) -> bool:
        """
        Return whether a source sets a variable to a value that is not empty, or cannot be read.
        """
        value = self.values.chosen.get(name)
        return value is not None and bool(value.text or value.problem)

    def missing_at(self, name: str, required_by: str | None) -> Location:
        """
        Return the location of an empty assignment, else that of the setting that requires a value.
        """
        where = self.values.location(name)
        if where.source != "default" or required_by is None:
            return where
        return self.values.location(required_by)


def judged_as(view: View, override: str | None = None) -> str:
    """
    Return the environment whose rules apply: `override` if given, else that of the configuration.

    An unknown one is judged by the rules of production, the strictest ones.
    """
    return override or environment_of(view) or "production"


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
    yield from forms.unsendable(forms.View(view.schema, view.values, view.settings))


def forbidden_names(view: View) -> Iterator[Finding]:
    """
    Yield SET002 for every name in an env file that a class which forbids unknown names refuses.
    """
    if not view.schema.forbids_unknown:
        return
    from workerctl.secrecy.masking import is_conventional_name, is_like_secret

    for source in view.values.env_files:
        for assignment in source.assignments:
            if assignment.sets is None and assignment.text:
                name = assignment.name
                is_harmless = is_conventional_name(name) and not is_like_secret(name)
                shown = name if is_harmless else "This variable"
                yield Finding(
                    code="SET002",
                    severity=Severity.ERROR,
                    message=f"{shown} is not a known setting, and "
                    f"{view.schema.settings_class.__name__} forbids others.",
                    hint="Correct the name, remove the line, or set extra='ignore' in the class.",
                    location=assignment.location,
                )


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


def environment_name(view: View, override: str | None = None) -> Iterator[Finding]:
    """
    Yield ENV001 unless the environment has a known name that matches `override`.
    """
    declaration = view.schema.environment
    if declaration is None:
        return
    name = declaration.name
    env = environment_of(view)
    where = view.values.location(name)
    if env is None:
        yield _unknown_environment(view, declaration)
    elif name in view.values.empty:
        yield Finding(
            code="ENV001",
            severity=Severity.WARNING,
            message=f"{name} is empty, so the worker boots as {env}.",
            hint=f"Set {name}, or remove the empty assignment.",
            fields=(name,),
            location=where,
        )
    if override is not None and env is not None and env != override:
        word = _word_for(view, declaration, override)
        yield Finding(
            code="ENV001",
            severity=Severity.WARNING,
            message=f"The worker will boot as {env}, but this run applies the rules of {override}.",
            hint=f"Set {name}={word} where the worker gets its configuration.",
            fields=(name,),
            location=where,
        )


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
                location=view.missing_at(name, _environment_variable(view)),
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


def references(
    view: View, env: str, *, starting: bool = False, rendered_by: str | None = None
) -> Iterator[Finding]:
    """
    Yield REF001 for every reference that nothing has resolved, and REF002 for missing values.

    Whatever has arrived in the process, or is read while a worker starts, is final: an error. An
    env file may be rendered before the worker reads it, if `rendered_by` names the tool.
    """
    none = getattr(view.schema.settings_class, "model_config", {}).get("env_parse_none_str")
    for found in unresolved(view.values, lambda name: _holds(view, name)):
        if none is not None and view.values.text(found.name) == none:
            continue  # the class itself reads it as None
        final = starting or not found.in_file
        rendered = None if final or found.what.nothing else rendered_by
        severity = by_environment(
            env,
            development=Severity.ERROR if final else Severity.WARNING,
            staging=Severity.ERROR,
            production=Severity.ERROR,
        )
        if severity is not None:
            later = f"is left to {rendered}, which renders the file"
            yield Finding(
                code="REF002" if found.what.nothing else "REF001",
                severity=Severity.INFO if rendered else severity,
                message=f"{found.name} {later if rendered else found.what.words}.",
                hint=None if rendered else _remedy(view, found),
                fields=(found.name,),
                location=found.location,
            )


def _remedy(view: View, found: Unresolved) -> str:
    name = found.name
    if found.what.nothing:
        return f"Set {name} to its value, or leave it out where it has none."
    if found.what.path and view.values.names.reads_files:
        return f"Set {name}_FILE to the path, or {name} to the content of the file."
    if found.in_file:
        return "Render the file first, or name the tool that does so as `rendered_by`."
    return f"Start the worker with the tool that resolves it, or set {name} to the value."


def _holds(view: View, name: str) -> Holds:
    """
    Return what a variable holds. What its class has accepted as a whole number is one.
    """
    variable = view.schema.variables.get(name)
    if view.values.names.is_secret(name):
        return Holds.SECRET
    is_url = name.upper().rpartition("_")[2] in _URL_NAMES
    is_number = variable is not None and bare_type(variable.info.annotation) is float
    return Holds.FORM if is_url or is_number or name in view.invalid else Holds.TEXT


def _environment_variable(view: View) -> str | None:
    declaration = view.schema.environment
    return None if declaration is None else declaration.name


def environment_of(view: View) -> str | None:
    """
    Return the environment of the configuration; None if its name is not known.
    """
    declaration = view.schema.environment
    if declaration is None:
        return DEFAULT_ENVIRONMENT
    return _meaning(declaration.rule, view.text(declaration.name))


def _meaning(rule: Environment, text: str) -> str | None:
    words = rule.words()
    if rule.strict:
        return words.get(text)
    known = {word.lower(): name for word, name in (*_WORDS.items(), *words.items())}
    return known.get(text.strip().lower())


def environment_called(word: str) -> str | None:
    """
    Return the environment that a common word such as `prod` means, or None.
    """
    return _meaning(Environment(), word)


def _word_for(view: View, declaration: Declaration, env: str) -> str:
    """
    Return the first word that the class itself uses for an environment, and that the field accepts.
    """
    rule: Environment = declaration.rule
    words: tuple[str, ...] = (*getattr(rule, env), env)
    choices = _choices(view, declaration)
    if choices and words[0] not in choices:
        return next((each for each in choices if _meaning(rule, each) == env), words[0])
    return words[0]


def _choices(view: View, declaration: Declaration) -> list[str]:
    """
    Return the words that the type of the field allows; none if it allows any text.
    """
    kind = bare_type(view.schema.variables[declaration.name].info.annotation)
    if get_origin(kind) is Literal:
        return list(map(str, get_args(kind)))
    members = getattr(kind, "__members__", {})
    return [str(member.value) for member in members.values()]


def _unknown_environment(view: View, declaration: Declaration) -> Finding:
    name, rule = declaration.name, declaration.rule
    suggestion = _suggestion(view, declaration)
    choices = [] if rule.strict else _choices(view, declaration)
    return Finding(
        code="ENV001",
        severity=Severity.ERROR if rule.strict else Severity.WARNING,
        message=f"{name} is not development, staging or production, so production's rules apply.",
        hint=(
            f"Did you mean {name}={suggestion}?"
            if suggestion
            else f"Set {name} to one of {', '.join(choices) or 'the three'}."
        ),
        fields=(name,),
        location=view.values.location(name),
    )


def _required(view: View, env: str) -> Iterator[tuple[str, str | None, str]]:
    """
    Yield each required setting, the setting that requires it, and what to call that in a message.

    What is required in any case comes before what another setting requires.
    """
    environment = _environment_variable(view)
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
            yield Finding(
                code="ENV002",
                severity=Severity.ERROR,
                message=f"None of {_listed(names)} is set, but {env} requires one of them.",
                hint="Set one of them where the worker gets its configuration.",
                fields=tuple(names),
                location=view.missing_at(names[0], _environment_variable(view)),
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
                location=view.missing_at(name, _environment_variable(view)),
            )


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _suggestion(view: View, declaration: Declaration) -> str | None:
    rule = declaration.rule
    word = view.text(declaration.name).strip().strip("\"'").lower()
    known: Mapping[str, str] = {**_WORDS, **rule.words()}
    found = known.get(word)
    if found is None:
        from workerctl.report.suggest import closest

        found = closest(word, ENVIRONMENTS, 0.6)
    return None if found is None else _word_for(view, declaration, found)
