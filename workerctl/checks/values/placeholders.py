"""
Placeholders of templates that nobody replaced.
"""

import re
from collections.abc import Iterator

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Severity
from workerctl.schema import boot_rules
from workerctl.secrecy.credential_names import is_credential_name
from workerctl.secrecy.masking import PIECE, is_conventional_name, is_like_secret
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.values import Assignment

# At least PIECE letters and digits without a separator.
_MIXED_WORD = r"(?=[A-Z0-9]{6})(?:[A-Z]+[0-9]|[0-9]+[A-Z])"


def values_are_real(context: Context) -> Iterator[Finding]:
    """
    No setting, and no other line of the env files, holds a placeholder from a template.

    The lines of other programs are judged, too, and found in them is a warning. So is the default
    of a secret in the settings class, such as `changeme`, wherever it applies outside development.

    Why: templates are copied and only half filled in. A `your-…`, `changeme` or `sk-...` passes
    every check of its form and fails when it is first used.

    Fix: enter the real value, or remove the line if the setting is optional.
    """
    severity = context.by_environment(
        development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    required = boot_rules.required_names(context.view, context.env)
    required |= {name for name, each in context.schema.variables.items() if each.info.is_required()}
    for name, value in context.values.chosen.items():
        secret = context.values.names.is_secret(name)
        if severity is not None and is_placeholder(value.text, name, secret=secret):
            optional = "" if name in required else f", or remove {name} if it is optional"
            yield context.finding(
                "ENV004",
                severity,
                f"{name} is a placeholder.",
                f"Replace it with the real value{optional}.",
                name,
            )
    yield from _in_other_lines(context)
    yield from _in_defaults(context)


def _in_other_lines(context: Context) -> Iterator[Finding]:
    """
    Yield a warning for every placeholder in a line that sets no setting.
    """
    for source in context.values.env_files:
        for line in source.assignments:
            if line.sets is None and line.text and _is_placeholder(line):
                is_shown = _is_shown(context, line.name)
                shown = line.name if is_shown else "This variable"
                yield Finding(
                    code="ENV004",
                    severity=Severity.WARNING,
                    message=f"{shown} is a placeholder; it is not a setting of the worker.",
                    hint="Replace it with the real value, or remove the line if nothing reads it.",
                    fields=(line.name,) if is_shown else (),
                    location=line.location,
                )


def _is_shown(context: Context, name: str) -> bool:
    """
    Return whether the name may be shown: not if it may be a secret, or a known name before one.
    """
    if not is_conventional_name(name) or is_like_secret(name) or re.search(_MIXED_WORD, name):
        return False
    known = (*context.values.names.fields, *context.values.names.deprecated)
    return not any(name.startswith(one) and len(name) - len(one) >= PIECE for one in known)


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
        text = _text(variable.info.default)
        # What the instance holds decides: a source that was not read may have set it.
        is_used = text and text == _text(context.value(name))
        if is_used and is_placeholder(text, name, secret=True):
            yield context.finding(
                "ENV004",
                severity,
                f"{name} is not set, and its default is a placeholder.",
                f"Set {name}, and remove the default from the class.",
                name,
            )


def _text(value: object) -> str:
    reveal = getattr(value, "get_secret_value", None)
    value = value if reveal is None else reveal()
    return value if isinstance(value, str) else ""


ENV004 = Check(
    "ENV004",
    "No setting, and no line of the env files, holds a placeholder",
    values_are_real,
    every_secret=True,
)
