"""
Names against the schema: which are unknown, and which of those are near misses of a known one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Location, Severity
from workerctl.report.near_names import Near, NearNames
from workerctl.schema.boot_rules.names import forbidden
from workerctl.schema.boot_rules.view import environment_called
from workerctl.secrecy.masking import PIECE, is_conventional_name, may_show_name
from workerctl.sources.values import Assignment, referenced_names

_MOST_SHOWN = 5
"""How many of the other unknown names of a file a finding shows."""

_WORDS = r"(?:[A-Z]{1,15}[0-9]?_)+"
"""The words of another program before a known name."""


def file_names_are_known(context: Context) -> Iterator[Finding]:
    """
    Every variable in the env files is one that the schema knows or another line refers to.

    Why: a misspelled name is silently ignored, and the default applies. A known name
    with one typing error is an error. A similar name is reported as information: a known name with
    another first word, without its unit or with another unit, in the plural, or with its words
    joined. A common name for the environment, such as ENVIRONMENT, is a warning if the setting for
    it is not set. All other unknown names of a file are probably those of another program, and are
    reported together. A settings class that forbids unknown names does not start with one in its
    env file, so every such name is an error; otherwise the unknown names with its prefix are a
    warning. A name to which another line refers with `${NAME}` is in use, and is not reported. A
    settings class in a field of another one reads only the env file that it names itself; a
    variable of it in the file of the other class has no effect, which is a warning.

    Fix: correct the name, or delete the line if no program reads it.
    """
    yield from _unread(context, "env-file")
    unknown = [*_unknown_by_file(context)]
    known = _known(context) if unknown else None
    for assignments in unknown:
        others = []
        for assignment in assignments:
            finding = None if known is None else _unknown_in_file(context, assignment, known)
            if finding is None and context.suppresses_alone("SET002", assignment):
                finding = _others_in_file(context, [assignment])
            if finding is None:
                others.append(assignment)
            else:
                yield finding
        if others:
            yield _others_in_file(context, others)


def environment_names_are_known(context: Context) -> Iterator[Finding]:
    """
    No name in the process environment or a secrets directory is a near miss of a known one.

    Why: pydantic ignores unknown environment variables and files, so nothing else reports such a
    typo. The name of a file in a secrets directory has to be that of its setting: a file called
    `openai-api-key`, as keys of a Kubernetes secret often are, is not read. Only settings that are
    not set otherwise are considered. A settings class in a field of another one does not read the
    secrets directory of the other class.

    Fix: correct the name where the environment or the secret is defined.
    """
    known, reported = _known(context), _reported(context)
    for name in context.values.unknown.names:
        if name.upper() in reported:
            continue
        near = known.near_in_environment(name)
        if near is not None and not context.is_given(near.known):
            if _is_showable(context, name, near):
                yield _near_in_environment(context, name, near)
        elif near is None and known.is_inside(name) and may_show_name(name):
            yield Finding(
                code="SET003",
                severity=Severity.INFO,
                message=f"The environment sets {name}, which is not a known setting.",
                hint=f"{context.schema.settings_class.__name__} reads no variable of this name.",
                location=context.values.unknown.place(name),
            )
    yield from _near_files(context, known)
    yield from _unread(context, "secret-file")


def _unread(context: Context, kind: str) -> Iterator[Finding]:
    """
    Yield a finding for each value of a kind of source that its settings class does not read.

    SET001 reports those that are required.
    """
    for name, each in context.values.unread.items():
        if each.location.source == kind and name not in context.invalid:
            yield Finding(
                code="SET002" if kind == "env-file" else "SET003",
                severity=Severity.WARNING,
                message=f"{name} {each.words}.",
                hint=each.remedy,
                fields=(name,),
                location=each.location,
            )


def _known(context: Context) -> NearNames:
    names = context.values.names
    known = (*names.deprecated, *names.aliases, *names.fields)
    variables = context.schema.variables.values()
    fields = {each.path[0]: each.name for each in variables if len(each.path) == 1}
    others = {name: meant for name, meant in fields.items() if names.resolve(name) is None}
    return NearNames(known, context.schema.prefix, others)


def _unknown_by_file(context: Context) -> Iterator[list[Assignment]]:
    """
    Yield the unknown variables of each env file that no line refers to, if there are any.

    A class that forbids unknown names refuses those to which a line refers as well.
    """
    files = context.values.env_files
    left_out = _reported(context)
    if not context.schema.forbids_unknown:
        left_out = left_out.union(*map(referenced_names, files))
    for source in files:
        unknown = [
            each
            for each in source.assignments
            if each.sets is None and left_out.isdisjoint({each.name, each.name.upper()})
        ]
        if unknown:
            yield unknown


def _reported(context: Context) -> frozenset[str]:
    """
    Return the names of which SET001 says that a nested model forbids them.
    """
    return frozenset(name for each in context.schema_findings for name in each.fields[:1])


def _unknown_in_file(context: Context, assignment: Assignment, known: NearNames) -> Finding | None:
    """
    Return the finding for an unknown name that is reported alone; None for one of the others.
    """
    schema = context.schema
    near = _near_in_file(context, assignment, known)
    hint = None if near is None else near.hint
    severity = Severity.ERROR if near is not None and near.is_typo else Severity.INFO
    if (
        near is not None
        and schema.environment is not None
        and near.known == schema.environment.name
    ):
        severity = max(severity, Severity.WARNING)  # without it, the rules of development apply
    shown = assignment.name if _is_showable(context, assignment.name, near) else None
    if schema.forbids_unknown and assignment.text:
        return forbidden(schema, shown, assignment, None if near is None else near.known, hint)
    if near is None and known.is_inside(assignment.name):
        hint = f"{schema.settings_class.__name__} reads no variable of this name."
        severity = Severity.WARNING
    if hint is None:
        return None
    return Finding(
        code="SET002",
        severity=severity,
        message=f"{shown or 'This variable'} is not a known setting.",
        hint=hint,
        fields=() if near is None else (near.known,),
        location=assignment.location,
    )


def _near_in_file(context: Context, assignment: Assignment, known: NearNames) -> Near | None:
    """
    Return the near miss of a name, unless it is evidently that of another program.

    That is a known name after another first word, such as NEXT_PUBLIC_API_URL, where the known
    name itself is set as well.
    """
    near = known.near(assignment.name) or _near_environment(context, assignment)
    if near is None or near.is_typo or not context.values.is_set(near.known):
        return near
    return near if near.units else None


def _near_environment(context: Context, assignment: Assignment) -> Near | None:
    """
    Return the variable of the environment, if another common name is set in its place.
    """
    declaration = context.schema.environment
    if declaration is None or context.values.is_set(declaration.name):
        return None
    from workerctl.schema.foreign.environment import COMMON_NAMES  # most files name it

    is_common = assignment.name.lower() in COMMON_NAMES
    is_word = is_common and environment_called(assignment.text) is not None
    return Near(declaration.name, is_respelt=True) if is_word else None


def _others_in_file(context: Context, others: list[Assignment]) -> Finding:
    names = list(dict.fromkeys(assignment.name for assignment in others))
    harmless = (name for name in names if may_show_name(name, context.values.names.fields))
    shown = list(islice(harmless, _MOST_SHOWN))
    verb = "1 variable is" if len(names) == 1 else f"{len(names)} variables are"
    listed = f": {', '.join(shown)}" if shown else ""
    more = f" and {len(names) - len(shown)} more" if shown and len(shown) < len(names) else ""
    return Finding(
        code="SET002",
        severity=Severity.INFO,
        message=f"{verb} not in the schema{listed}{more}.",
        hint="Correct the names that are misspelt, and delete the lines that no program reads.",
        location=others[0].location,
    )


def _near_in_environment(context: Context, name: str, near: Near) -> Finding:
    return Finding(
        code="SET003",
        severity=Severity.WARNING if near.is_typo else Severity.INFO,
        message=f"The environment sets {name}, which is not a known setting.",
        hint=near.hint,
        fields=(near.known,),
        location=context.values.unknown.place(name),
    )


def _near_files(context: Context, known: NearNames) -> Iterator[Finding]:
    for source in context.values.secrets:
        for name in source.unread:
            same = known.same(name)
            near = None if same is not None else known.near(name)
            found = near.known if near is not None and near.is_typo else same
            if found is not None and not context.values.is_set(found):
                path = str(Path(source.name, name))
                yield Finding(
                    code="SET003",
                    severity=Severity.WARNING,
                    message=f"The file {name} of the secrets directory sets no known setting.",
                    hint=f"Rename it to {found}.",
                    fields=(found,),
                    location=Location("secret-file", path),
                )


def _is_showable(context: Context, name: str, near: Near | None) -> bool:
    """
    Return whether an unknown name may be shown, given the known one that was probably meant.
    """
    if near is None:
        return may_show_name(name, context.values.names.fields)
    if near.is_typo or near.is_respelt:
        return True
    # A long name is not shown: it may be a known name with a secret pasted after it.
    begins = name.upper().removesuffix(near.known.upper()) if near.units is None else ""
    is_near = len(name) - len(near.known) < PIECE or re.fullmatch(_WORDS, begins) is not None
    return is_near and is_conventional_name(name)


SET002 = Check(
    "SET002",
    "Every variable in the env files is known, or another line refers to it",
    file_names_are_known,
)
SET003 = Check(
    "SET003",
    "Neither environment nor secrets hold a near miss of a known name",
    environment_names_are_known,
)
