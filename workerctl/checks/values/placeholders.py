"""
Placeholders of templates that nobody replaced.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.checks.base import Check, Context
from workerctl.checks.values.texts import text_in
from workerctl.report.findings import Finding, Severity
from workerctl.schema.boot_rules import rules
from workerctl.secrecy.credential_names import is_credential_name
from workerctl.secrecy.masking import may_show_name
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.values import Assignment


def values_are_real(context: Context) -> Iterator[Finding]:
    """
    No setting, and no other line of the env files, holds a placeholder from a template.

    Lines that belong to other programs are judged as well; a placeholder there is a warning. The
    default of a secret in the settings class, such as `changeme`, is judged if it applies outside
    development.

    Why: templates are copied and only half filled in. A `your-…`, `changeme` or `sk-...` passes
    every check of its form and fails when it is first used.

    Fix: enter the real value, or remove the line if the setting is optional.
    """
    severity = context.by_environment(
        development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    required = rules.required_names(context.view, context.env)
    required |= {name for name, each in context.schema.variables.items() if each.info.is_required()}
    for name, value in context.values.chosen.items():
        secret = context.values.names.is_secret(name)
        if severity is not None and is_placeholder(value.text, name, secret=secret):
            otherwise = "" if name in required else f", or remove {name} if it is optional"
            if secret and _is_public_word(context, name):
                otherwise = ", or mark the field `Public()` if it is not secret"
            yield context.finding(
                "ENV004",
                severity,
                f"{name} is a placeholder.",
                f"Replace it with the real value{otherwise}.",
                name,
            )
    yield from _in_other_lines(context)
    yield from _in_defaults(context)


def _is_public_word(context: Context, name: str) -> bool:
    """
    Return whether a value is a placeholder only in a secret, which the variable is by name only.
    """
    from workerctl.schema.secrets.texts import is_secret_by_name

    is_public = not is_placeholder(context.values.text(name), name)
    return is_public and is_secret_by_name(context.schema, name)


def _in_other_lines(context: Context) -> Iterator[Finding]:
    """
    Yield a warning for every placeholder in a line that sets no setting.
    """
    for source in context.values.env_files:
        for line in source.assignments:
            if line.sets is None and line.text and _is_placeholder(line):
                is_shown = may_show_name(line.name, context.values.names.fields)
                shown = line.name if is_shown else "This variable"
                yield Finding(
                    code="ENV004",
                    severity=Severity.WARNING,
                    message=f"{shown} is a placeholder; it is not a setting of the worker.",
                    hint="Replace it with the real value, or remove the line if nothing reads it.",
                    fields=(line.name,) if is_shown else (),
                    location=line.location,
                )


def _is_placeholder(line: Assignment) -> bool:
    return is_placeholder(line.text, line.name, secret=is_credential_name(line.name))


def _in_defaults(context: Context) -> Iterator[Finding]:
    """
    Yield the secrets whose default is a placeholder and applies outside development.
    """
    severity = context.by_environment(staging=Severity.ERROR, production=Severity.ERROR)
    if severity is None or context.schema.is_own:
        return
    for name, variable in context.schema.variables.items():
        if context.values.is_set(name) or not context.values.names.is_secret(name):
            continue
        text = text_in(variable.info.default)
        # What the instance holds decides: a source that was not read may have set it.
        is_used = text and text == text_in(context.value(name))
        if is_used and is_placeholder(text, name, secret=True):
            yield context.finding(
                "ENV004",
                severity,
                f"{name} is not set, and its default is a placeholder.",
                f"Set {name}, and remove the default from the class.",
                name,
            )


ENV004 = Check(
    "ENV004",
    "No setting, and no line of the env files, holds a placeholder",
    values_are_real,
    every_secret=True,
)
