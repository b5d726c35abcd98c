"""
ENV001: the environment has no known name, or is not the one that is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, get_args, get_origin

from workerctl.report.findings import ENVIRONMENTS, Finding, Severity
from workerctl.rules import Environment
from workerctl.schema.boot_rules.view import COMMON_WORDS, View, environment_of, meaning
from workerctl.schema.declarations import Declaration
from workerctl.schema.introspection import bare_type


def findings(
    view: View, declaration: Declaration, override: str | None = None
) -> Iterator[Finding]:
    """
    Yield ENV001 unless the environment has a known name that matches `override`.
    """
    name = declaration.name
    env = environment_of(view)
    where = view.values.location(name)
    if env is None:
        yield _unknown_environment(view, declaration, override)
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


def _word_for(view: View, declaration: Declaration, env: str) -> str:
    """
    Return the first word that the class itself uses for an environment, and that the field accepts.
    """
    rule: Environment = declaration.rule
    words: tuple[str, ...] = (*getattr(rule, env), env)
    choices = _choices(view, declaration)
    if choices and words[0] not in choices:
        return next((each for each in choices if meaning(rule, each) == env), words[0])
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


def _unknown_environment(view: View, declaration: Declaration, override: str | None) -> Finding:
    name, rule = declaration.name, declaration.rule
    rules = "production's rules apply"
    if override not in {None, "production"}:
        rules += f" at boot, but this run applies those of {override}"
    suggestion = _suggestion(view, declaration)
    choices = [] if rule.strict else _choices(view, declaration)
    return Finding(
        code="ENV001",
        severity=Severity.ERROR if rule.strict else Severity.WARNING,
        message=f"{name} is not development, staging or production, so {rules}.",
        hint=(
            f"Did you mean {name}={suggestion}?"
            if suggestion
            else f"Set {name} to one of {', '.join(choices) or 'the three'}."
        ),
        fields=(name,),
        location=view.values.location(name),
    )


def _suggestion(view: View, declaration: Declaration) -> str | None:
    rule = declaration.rule
    word = view.text(declaration.name).strip().strip("\"'").lower()
    known: Mapping[str, str] = {**COMMON_WORDS, **rule.words()}
    found = known.get(word)
    if found is None:
        from workerctl.report.suggest import closest

        found = closest(word, ENVIRONMENTS, 0.6)
    return None if found is None else _word_for(view, declaration, found)
