"""
Placeholders of templates that nobody replaced.
"""

from collections.abc import Iterator

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Severity
from workerctl.schema import boot_rules
from workerctl.sources.forms.placeholders.recognition import is_placeholder


def values_are_real(context: Context) -> Iterator[Finding]:
    """
    No value is a placeholder from a template.

    Why: templates are copied and only half filled in. A `your-…`, `changeme` or `sk-...` passes
    every check of its form and fails when it is first used.

    Fix: enter the real value, or remove the line if the setting is optional.
    """
    severity = context.by_environment(
        development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    if severity is None:
        return
    required = boot_rules.required_names(context.view, context.env)
    required |= {name for name, each in context.schema.variables.items() if each.info.is_required()}
    for name, value in context.values.chosen.items():
        secret = context.values.names.is_secret(name)
        if is_placeholder(value.text, name, secret=secret):
            yield context.finding(
                "ENV004",
                severity,
                f"{name} is a placeholder.",
                _hint(name, is_required=name in required),
                name,
            )


def _hint(name: str, *, is_required: bool) -> str:
    remove = "" if is_required else f", or remove {name} if it is optional"
    return f"Replace it with the real value{remove}."


ENV004 = Check("ENV004", "No value is a placeholder", values_are_real, every_secret=True)
