"""
SET002 where a settings class forbids unknown names: it does not start with one in its env file.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.report.findings import Finding, Severity
from workerctl.schema.boot_rules.view import View
from workerctl.schema.declarations import Schema
from workerctl.secrecy.masking import may_show_name
from workerctl.sources.values import Assignment

_HINT = "Remove the line, or set extra='ignore' in the class."


def findings(view: View) -> Iterator[Finding]:
    """
    Yield a finding for every unknown name in an env file that has a value.
    """
    for source in view.values.env_files:
        for assignment in source.assignments:
            if assignment.sets is None and assignment.text:
                is_shown = may_show_name(assignment.name, view.values.names.fields)
                yield forbidden(view.schema, assignment.name if is_shown else None, assignment)


def forbidden(
    schema: Schema,
    shown: str | None,
    assignment: Assignment,
    near: str | None = None,
    hint: str | None = None,
) -> Finding:
    """
    Return the finding for a name that the class refuses; `shown` is None if it may be a secret.

    `near` is the known name that was probably meant.
    """
    return Finding(
        code="SET002",
        severity=Severity.ERROR,
        message=f"{shown or 'This variable'} is not a known setting, and "
        f"{schema.settings_class.__name__} forbids others.",
        hint=hint or _HINT,
        fields=() if near is None else (near,),
        location=assignment.location,
    )
