"""
Values and names against the schema: every value is valid, every name known, none set twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from workerctl.checks.base import Check, Context, DeferCheck, because_at_build
from workerctl.report.findings import Finding, Severity
from workerctl.report.words import listed
from workerctl.sources.names import Spelling
from workerctl.sources.values import Assignment, Source


def values_are_valid(context: Context) -> Iterator[Finding]:
    """
    Every value has the type and the range that the schema declares for its setting.

    Why: an invalid value stops the worker when it boots or, worse, is taken for something else. All
    invalid values are reported at once. They are never shown, since an invalid value may be a
    secret in the wrong place. In the build phase, a required secret may be missing.

    Fix: correct the line that the finding points to.
    """
    awaited = context.secrets_to_come()
    missing: list[str] = []
    for finding in context.schema_findings:
        if awaited.isdisjoint(finding.fields[:1]):
            yield finding
        else:
            missing += finding.fields[:1]
    if missing:
        raise DeferCheck(because_at_build(missing))


def names_are_set_once(context: Context) -> Iterator[Finding]:
    """
    No source sets a variable twice, in two spellings, or both as NAME and as NAME_FILE.

    Why: one of the two silently wins, and editing the other one has no effect. For a secret this is
    an error, because the wrong one might be used. Lines that repeat the same value, or have none,
    are information; but to most other programs the last line counts, even if it is empty.

    Fix: delete the line that should not apply.
    """
    for source in context.values.sources():
        groups = groupby(sorted(source.assignments, key=_subject), key=_subject)
        for _, group in groups:
            again = list(group)
            if len(again) > 1:
                yield _twice(context, source, again)


def names_are_current(context: Context) -> Iterator[Finding]:
    """
    No setting is set by a deprecated name.

    Why: the old name works today but will be removed, and a search for the new name misses it.

    Fix: rename the variable as the hint says.
    """
    for source in context.values.sources():
        for assignment in source.assignments:
            if assignment.spelling == Spelling.DEPRECATED and assignment.sets is not None:
                yield Finding(
                    code="SET006",
                    severity=Severity.WARNING,
                    message=f"{assignment.name} is a deprecated name.",
                    hint=f"Rename it to {assignment.sets}.",
                    fields=(assignment.sets,),
                    location=assignment.location,
                )


def _subject(assignment: Assignment) -> str:
    """
    Return what an assignment sets: the name of a field, or else its own name, marked with a `?`.
    """
    return assignment.sets or f"?{assignment.name}"


def _twice(context: Context, source: Source, again: list[Assignment]) -> Finding:
    name = again[0].sets
    spellings = list(dict.fromkeys(assignment.name for assignment in again))
    lines = [str(assignment.location.line) for assignment in again if assignment.location.line]
    where = f" on lines {', '.join(lines[:-1])} and {lines[-1]}" if lines else ""
    shown = listed(spellings) if name else "A variable"
    verb = "are both set" if len(spellings) > 1 else "is set more than once"
    place = "the environment" if not lines else source.name
    return Finding(
        code="SET004",
        severity=_severity_of_repetition(context, again),
        message=f"{shown} {verb} in {place}{where}{_in_what(again)}.",
        hint="Keep one of them.",
        fields=(name,) if name else (),
        location=again[-1].location,
    )


def _severity_of_repetition(context: Context, again: list[Assignment]) -> Severity:
    name = again[0].sets
    if not _differ(again):
        return Severity.INFO
    is_secret = name is not None and context.values.names.is_secret(name)
    return Severity.ERROR if is_secret else Severity.WARNING


def _differ(again: list[Assignment]) -> bool:
    """
    Return whether there are several values. A file and a value count as two; nothing as none.
    """
    set_ones = [each for each in again if each.text]
    files = {each.spelling == Spelling.FILE for each in set_ones}
    return len({each.text for each in set_ones}) > 1 or len(files) > 1


def _in_what(again: list[Assignment]) -> str:
    if _differ(again):
        return ""
    if all(each.text for each in again):
        return " to the same value"
    is_emptied = bool(again[0].text) and not again[-1].text
    return ", the last time to nothing" if is_emptied else ", once to nothing"


SET001 = Check("SET001", "Every value has its declared type and range", values_are_valid)
SET004 = Check("SET004", "No variable is set twice", names_are_set_once)
SET006 = Check("SET006", "No deprecated name is used", names_are_current)
