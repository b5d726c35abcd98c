"""
References that nothing has resolved, and the text of missing values.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding
from workerctl.schema.boot_rules import rules


def references_are_resolved(context: Context) -> Iterator[Finding]:
    """
    No value is an unresolved reference.

    Such values are `${NAME}`, `$(NAME)`, `${{ secrets.NAME }}`, `{{ name }}`,
    `op://vault/item/field`, `@Microsoft.KeyVault(…)`, `ENC[…]`, and the path of a file in place of
    the secret in it. A log format, a template, or an ARN in a setting whose name asks for one, is
    not a reference here. An env file expands `${NAME}`, and SET011 judges it there. Every part of
    a list, a mapping or a nested model is judged.

    Why: nothing resolves a value that has arrived in the process environment or in a secrets
    directory, nor one that a worker reads from its env file as it starts. The service gets the text
    of the reference as a password, and answers that the password is wrong.

    Fix: start the worker with the tool that resolves the reference. If a tool renders the env file
    before a worker reads it, name it in pyproject.toml: `rendered_by = "op"` under
    `[tool.workerctl]` turns the errors in env files into information.
    """
    return (each for each in context.once(_unresolved) if each.code == "REF001")


def values_are_not_missing(context: Context) -> Iterator[Finding]:
    """
    No value is the text of a missing value: `undefined`, `null`, `None`, `[object Object]`.

    In a setting that may hold any text, only words that are never meant are reported: `None` may be
    meant there. A text that the class reads as None (`env_parse_none_str`) is not reported.

    Why: a script has written a variable that was not set, and its language has a word for that. The
    setting counts as set, so nothing else notices, and the service gets the word as a password.

    Fix: set the variable where the script reads it, or leave the setting out.
    """
    return (each for each in context.once(_unresolved) if each.code == "REF002")


def _unresolved(context: Context) -> tuple[Finding, ...]:
    return tuple(
        rules.references(
            context.view, context.env, starting=context.starting, rendered_by=context.rendered_by
        )
    )


REF001 = Check("REF001", "Every reference to a secret is resolved", references_are_resolved)
REF002 = Check("REF002", "No value is the text of a missing one", values_are_not_missing)
