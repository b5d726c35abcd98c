"""
Values and names against the schema: every value is valid, every name known, none set twice.
"""

from collections.abc import Iterator
from itertools import groupby

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Location, Severity
from workerctl.report.suggest import NearMisses
from workerctl.secrecy.masking import PIECE, is_conventional_name, is_like_secret
from workerctl.sources.names import Spelling
from workerctl.sources.values import Assignment, Source


def values_are_valid(context: Context) -> Iterator[Finding]:
    """
    Every value has the type and the range that the schema declares for its setting.

    Why: an invalid value stops the worker when it boots or, worse, is taken for something else. All
    invalid values are reported at once. They are never shown, since an invalid value may be a
    secret in the wrong place.

    Fix: correct the line that the finding points to.
    """
    yield from context.schema_findings


def file_names_are_known(context: Context) -> Iterator[Finding]:
    """
    Every variable in the env files is one that the schema knows.

    Why: a misspelled name is silently ignored, and the default applies. A name that is one letter
    away from a known one is an error, and a similar name is reported as information. Any other
    unknown name is assumed to belong to another program. A settings class of your own that forbids
    unknown names does not start with one in its env file, so every such name is an error; otherwise
    the unknown names with its prefix are a warning, and those in a file that you name are reported
    as information.

    Fix: correct the name, or delete the line.
    """
    unknown = [
        assignment
        for source in context.values.env_files
        for assignment in source.assignments
        if assignment.sets is None
    ]
    if unknown:
        known = _Known(context)
        for assignment in unknown:
            yield from _unknown_in_file(context, assignment, known)


def environment_names_are_known(context: Context) -> Iterator[Finding]:
    """
    No name in the process environment is one letter away from a setting that is not set.

    Why: pydantic ignores unknown environment variables, so nothing else reports such a typo.

    Fix: correct the name where the environment is defined.
    """
    known = _Known(context)
    for name in context.values.unknown.names:
        slip = known.slip(name)
        if slip is not None and not context.values.is_set(slip):
            yield Finding(
                code="SET003",
                severity=Severity.WARNING,
                message=f"The environment sets {name}, which is not a known setting.",
                hint=f"Did you mean {slip}?",
                fields=(slip,),
                location=Location("environment"),
            )
        elif slip is None and known.is_inside(name) and is_conventional_name(name):
            yield Finding(
                code="SET003",
                severity=Severity.INFO,
                message=f"The environment sets {name}, which is not a known setting.",
                hint=f"{context.schema.settings_class.__name__} reads no variable of this name.",
                location=Location("environment"),
            )


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
            if assignment.spelling is Spelling.DEPRECATED and assignment.sets is not None:
                yield Finding(
                    code="SET006",
                    severity=Severity.WARNING,
                    message=f"{assignment.name} is a deprecated name.",
                    hint=f"Rename it to {assignment.sets}.",
                    fields=(assignment.sets,),
                    location=assignment.location,
                )


class _Known:
    """
    The names that the schema knows, and the ones close to an unknown name.

    They are compared in capitals, whatever the case in which the class compares names.
    """

    def __init__(self, context: Context) -> None:
        names = context.values.names
        self._shown = {
            name.upper(): name for name in (*names.deprecated, *names.aliases, *names.fields)
        }
        self._misses = NearMisses(self._shown)
        self._prefix = context.schema.prefix.upper()

    def slip(self, name: str) -> str | None:
        """
        Return the known name that is one slip away, or None.
        """
        found = self._misses.slip(name.upper())
        return None if found is None else self._shown[found]

    def similar(self, name: str) -> str | None:
        """
        Return a known name that is similar, or that the prefix of the class makes of the name.
        """
        name = name.upper()
        prefixed = f"{self._prefix}{name}"
        if self._prefix and len(name) >= PIECE and prefixed in self._shown:
            return self._shown[prefixed]
        found = self._misses.similar(name)
        return None if found is None else self._shown[found]

    def is_inside(self, name: str) -> bool:
        """
        Return whether a name begins with the prefix of the class.
        """
        return bool(self._prefix) and name.upper().startswith(self._prefix)


def _unknown_in_file(context: Context, assignment: Assignment, known: _Known) -> Iterator[Finding]:
    schema = context.schema
    slip = known.slip(assignment.name)
    match = slip or known.similar(assignment.name)
    hint = None if match is None else f"Did you mean {match}?"
    severity = Severity.ERROR if slip else Severity.INFO
    message = f"{_shown(assignment, slip, match)} is not a known setting"
    if schema.forbids_unknown and assignment.text:
        severity = Severity.ERROR
        message += f", and {schema.settings_class.__name__} forbids others"
        hint = hint or "Remove the line, or set extra='ignore' in the class."
    elif match is None and not schema.is_own and known.is_inside(assignment.name):
        hint = f"{schema.settings_class.__name__} reads no variable of this name."
        severity = Severity.WARNING
    elif match is None and not schema.is_own and context.values.files_are_named:
        hint = "Remove the line, unless another program reads it."
    if hint is not None:
        yield Finding(
            code="SET002",
            severity=severity,
            message=f"{message}.",
            hint=hint,
            fields=() if match is None else (match,),
            location=assignment.location,
        )


def _shown(assignment: Assignment, slip: str | None, match: str | None) -> str:
    """
    Return the name of an unknown variable, or other words if it may be a secret itself.
    """
    name = assignment.name
    if slip is not None:
        return name
    # A long name is not shown: it may be a known name with a secret pasted after it.
    is_near = len(name) - len(match) < PIECE if match is not None else not is_like_secret(name)
    return name if is_near and is_conventional_name(name) else "This variable"


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
    shown = " and ".join(spellings) if name else "A variable"
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
    files = {each.spelling is Spelling.FILE for each in set_ones}
    return len({each.text for each in set_ones}) > 1 or len(files) > 1


def _in_what(again: list[Assignment]) -> str:
    if _differ(again):
        return ""
    if all(each.text for each in again):
        return " to the same value"
    is_emptied = bool(again[0].text) and not again[-1].text
    return ", the last time to nothing" if is_emptied else ", once to nothing"


SET001 = Check("SET001", "Every value has its declared type and range", values_are_valid)
SET002 = Check(
    "SET002", "Every variable in the env files is one the schema knows", file_names_are_known
)
SET003 = Check(
    "SET003",
    "The process environment holds no near miss of a known name",
    environment_names_are_known,
)
SET004 = Check("SET004", "No variable is set twice", names_are_set_once)
SET006 = Check("SET006", "No deprecated name is used", names_are_current)
