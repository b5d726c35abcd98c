"""
Lines of env files that one of the programs that people use reads differently from workerctl.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workerctl.checks.base import Check, Context
from workerctl.checks.files.envfiles import format_of, reveals_secret
from workerctl.report.findings import Finding, Location, Severity
from workerctl.report.records import Record
from workerctl.report.words import listed
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.values import Assignment, Source

# Nearly every line is of this form, which all readers understand alike; some names belong to bash.
_PLAIN = (
    r"\s*(?!(?:UID|EUID|PPID|SHELLOPTS|BASHOPTS|BASH_VERSINFO)=)"
    r"[A-Za-z_][A-Za-z0-9_]*=[A-Za-z0-9_./:@%+,=^?!*\[\]{}-]*(?:\r?\n)?"
)
_SERIOUS = frozenset({"python-dotenv", "docker compose", "bash"})
_MOST_LINES = 6
_PLURALS = {"does": "do", "passes": "pass"}


class _Line(Record):
    """
    A line and how it is read: who does what, whether that matters, and how to write it.
    """

    assignment: Assignment
    actions: tuple[tuple[str, tuple[str, ...]], ...]
    severity: Severity
    hint: str


def lines_are_portable(context: Context) -> Iterator[Finding]:
    """
    Every line of the env files means the same to the programs that read them.

    Why: python-dotenv, docker compose, `docker run --env-file`, systemd's `EnvironmentFile=` and
    bash's `source` may all read the same file on its way to production. docker run keeps quotes and
    comments as part of the value, systemd expands no `$`, docker compose and bash expand every `$`,
    and bash executes the line as a command. To systemd before version 254, a comment that ends in a
    backslash goes on in the next line, and the variable there is lost. A secret that is read with
    its quotes is a different secret. A difference is a warning for a secret, and otherwise where
    python-dotenv, docker compose or bash reads another value; bash does not count for a value in
    JSON. It is information where only docker run or systemd does. Lines with the same difference
    are reported together.

    Fix: write NAME=value without `export`, quotes, blanks, comments, backslashes or `$`. Where a
    value needs quotes, the hint says which program will still read it differently.
    """
    for source in context.values.env_files:
        if format_of(source) is None:
            yield from _marks(source)
            yield from _of_lines(context, source)


def _marks(source: Source) -> Iterator[Finding]:
    """
    Yield what applies to all lines of a file: its byte order mark and its line ends.
    """
    problems = {
        "begins with a byte order mark, with which bash and systemd lose the first line": (
            source.is_marked and bool(source.assignments)
        ),
        "has CRLF line ends, and bash reads each carriage return as part of the value": any(
            entry is not None and entry.raw.endswith("\r\n")
            for entry in (assignment.entry for assignment in source.assignments)
        ),
    }
    for problem, applies in problems.items():
        if applies:
            yield Finding(
                code="SET009",
                severity=Severity.WARNING,
                message=f"{source.name} {problem}.",
                hint="Save the file as UTF-8 without a mark and with LF line ends.",
                location=Location("env-file", source.name, 1),
            )


def _of_lines(context: Context, source: Source) -> Iterator[Finding]:
    alike: dict[tuple[object, ...], list[_Line]] = {}
    in_comments = _lines_in_comments(source)
    for assignment in source.assignments:
        lines = [_line(context, assignment)]
        if assignment.location.line in in_comments:
            lines.append(_line_in_comment(context, assignment))
        for line in filter(None, lines):
            is_alone = context.suppresses_alone("SET009", assignment)
            alone = assignment.location.line if is_alone else None
            kind = (line.actions, line.severity, line.hint, alone)
            alike.setdefault(kind, []).append(line)
    yield from map(_finding, alike.values())


def _lines_in_comments(source: Source) -> frozenset[int]:
    """
    Return the lines that systemd before version 254 takes for a part of the comment above them.
    """
    if re.search(r"\\[\n\r]", source.text) is None:
        return frozenset()
    from workerctl.sources.dialects import systemd

    return systemd.lines_in_comments(source.text)


def _line_in_comment(context: Context, assignment: Assignment) -> _Line:
    from workerctl.sources.dialects import systemd

    return _Line(
        assignment=assignment,
        actions=((systemd.IGNORES, ("systemd before 254",)),),
        severity=Severity.WARNING if reveals_secret(context, assignment) else Severity.INFO,
        hint="Remove the backslash at the end of the comment above.",
    )


def _line(context: Context, assignment: Assignment) -> _Line | None:
    entry = assignment.entry
    if entry is None or re.fullmatch(_PLAIN, entry.raw, re.ASCII):
        return None
    if _is_rejected(context, assignment):
        return None
    from workerctl.sources.dialects import advice, comparison, statements

    own = context.schema.is_own
    statement = statements.statement(entry)
    found = comparison.differences(statement, literal_quotes=own)
    readers = frozenset(each.reader for each in found)
    if _is_placeholder(context, assignment):  # what bash makes of `<your key>` does not matter
        found = tuple(each for each in found if each.reader != "bash")
    if not found:
        return None
    actions: dict[str, list[str]] = {}
    for difference in found:
        actions.setdefault(difference.action, []).append(difference.reader)
    # bash reads all JSON differently, and few files with JSON are for bash.
    serious = _SERIOUS - {"bash"} if assignment.text.startswith(("[", "{")) else _SERIOUS
    matters = reveals_secret(context, assignment) or any(each.reader in serious for each in found)
    return _Line(
        assignment=assignment,
        actions=tuple((action, tuple(names)) for action, names in actions.items()),
        severity=Severity.WARNING if matters else Severity.INFO,
        hint=advice.how_to_write(statement, readers, literal_quotes=own),
    )


def _is_rejected(context: Context, assignment: Assignment) -> bool:
    """
    Return whether the class rejects the value of this line, which has to change in any case.
    """
    name = assignment.sets
    return name in context.invalid and context.values.location(name) == assignment.location


def _is_placeholder(context: Context, assignment: Assignment) -> bool:
    name = assignment.sets or assignment.name
    return is_placeholder(assignment.text, name, secret=context.values.names.is_secret(name))


def _finding(lines: list[_Line]) -> Finding:
    first = lines[0]
    names = [line.assignment.sets for line in lines]
    if len(lines) > 1:
        subject, verb = f"{len(lines)} values", "are"
    else:
        subject, verb = names[0] or f"The variable on line {_number(first)}", "is"
    actions = "; ".join(
        f"{listed(readers)} {_verb(action, readers)}" for action, readers in first.actions
    )
    where = f" (lines {_numbers(lines)})" if len(lines) > 1 else ""
    return Finding(
        code="SET009",
        severity=first.severity,
        message=f"{subject} {verb} read differently: {actions}{where}.",
        hint=first.hint,
        fields=tuple(dict.fromkeys(filter(None, names))) if names[0] else (),
        location=first.assignment.location,
    )


def _number(line: _Line) -> int:
    return line.assignment.location.line or 0


def _numbers(lines: list[_Line]) -> str:
    shown = [str(_number(line)) for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        return f"{', '.join(shown)} and {len(lines) - _MOST_LINES} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def _verb(action: str, readers: tuple[str, ...]) -> str:
    """
    Return an action in the plural, if there are several readers.
    """
    verb, blank, rest = action.partition(" ")
    if len(readers) > 1:
        verb = _PLURALS.get(verb, verb.removesuffix("s"))
    return f"{verb}{blank}{rest}"


SET009 = Check(
    "SET009",
    "Every program reads the lines of the env files alike",
    lines_are_portable,
)
