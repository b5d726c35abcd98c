"""
`${NAME}` in env files: every name has a value where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Severity
from workerctl.secrecy.masking import may_show_name
from workerctl.sources.values import Assignment, Source

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_OF_EVERY_PROCESS = frozenset(
    {"HOME", "HOSTNAME", "LANG", "PATH", "PWD", "SHELL", "TMPDIR", "USER"}
)


def references_have_values(context: Context) -> Iterator[Finding]:
    """
    Every `${NAME}` in an env file refers to a variable that has a value there.

    The value comes from an earlier line, an earlier file or the process environment. A class that
    reads its env files by itself sees no other file.

    Why: otherwise `${NAME}` silently becomes an empty text, and
    `redis://worker:${REDIS_PASSWORD}@host` connects without a password.

    Fix: set the variable above the line that uses it, or write `${NAME:-default}`.
    """
    for source in context.values.env_files:
        for assignment in source.assignments:
            if assignment.unset and _counts(context, assignment):
                yield from _findings(context, source, assignment)


def _counts(context: Context, assignment: Assignment) -> bool:
    """
    Return whether an assignment decides on a value: that of a setting, or of another program.
    """
    if assignment.sets is None:
        return True
    chosen = context.values.chosen.get(assignment.sets)
    return chosen is None or chosen.location == assignment.location


def _findings(context: Context, source: Source, assignment: Assignment) -> Iterator[Finding]:
    for name in assignment.unset:
        line = _line_of(source, name)
        if line is None and context.values.environment is None and name in _OF_EVERY_PROCESS:
            continue
        shown = f"`${{{name}}}`" if _may_be_shown(context, name) else "a `${…}`"
        effect, hint = _effect(context, assignment, name, line)
        yield Finding(
            code="SET011",
            severity=_severity(context, assignment, is_set_later=line is not None),
            message=f"{_subject(assignment)} uses {shown}, which {effect}, so that it is empty.",
            hint=hint,
            fields=() if assignment.sets is None else (assignment.sets,),
            location=assignment.location,
        )


def _effect(
    context: Context, assignment: Assignment, name: str, line: int | None
) -> tuple[str, str]:
    """
    Return why a name has no value, and what to do about it.
    """
    if line is not None and line == assignment.location.line:
        return "only the line itself sets", "Write the value, or delete the line."
    if line is not None:
        return f"only line {line} sets", f"Move line {line} above line {assignment.location.line}."
    if not re.fullmatch(_NAME, name):
        return "is not a reference that python-dotenv knows", "Write `${NAME:-default}`."
    others = [each.name for each in context.values.env_files if _line_of(each, name) is not None]
    if others:
        return f"only {others[-1]} sets", "Set it in the same file, above the line that uses it."
    if not _may_be_shown(context, name):
        return "nothing sets", "Set the variable above this line, or correct its name."
    return "nothing sets", f"Set {name} above this line, or write `${{{name}:-default}}`."


def _severity(context: Context, assignment: Assignment, *, is_set_later: bool) -> Severity:
    """
    Return the severity. Outside the worker's environment, its variables may only be missing here.
    """
    is_missing_here = context.values.environment is None or context.phase == "build"
    if assignment.sets is None or (is_missing_here and not is_set_later):
        return Severity.WARNING
    outside = context.by_environment(staging=Severity.ERROR, production=Severity.ERROR)
    return outside or Severity.WARNING


def _line_of(source: Source, name: str) -> int | None:
    return next((each.location.line for each in source.assignments if each.name == name), None)


def _subject(assignment: Assignment) -> str:
    if assignment.sets is not None:
        return assignment.sets
    return assignment.name if may_show_name(assignment.name) else "A variable"


def _may_be_shown(context: Context, name: str) -> bool:
    """
    Return whether a name may be shown. `${…}` may also be a part of a secret that contains a `$`.
    """
    return name in context.values.names.fields or may_show_name(name)


SET011 = Check(
    "SET011",
    "Every `${NAME}` in the env files has a value where it is used",
    references_have_values,
)
