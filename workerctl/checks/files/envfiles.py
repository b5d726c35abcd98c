"""
Env files: every line parses, the files are private and untracked, and they set something.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.checks.files.git import ask_git
from workerctl.report.findings import Finding, Location, Severity
from workerctl.report.words import listed
from workerctl.secrecy.masking import has_credentials
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.names import Spelling
from workerctl.sources.values import Assignment, Broken, Source

_STDIN = "<stdin>"
_WRITTEN_LINE_END = r"\\n[ \t]*(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*="
_REAL_LINE_ENDS = "Begin a new line for each assignment."
_NAME_THE_FILE = "Name the env file with --env-file, or set the variables."
_CHOOSE_ANOTHER = "Set the variables for the container, or choose another one of the manifest."


def lines_are_assignments(context: Context) -> Iterator[Finding]:
    """
    Every line of the env files is an assignment, a comment or blank.

    Why: python-dotenv skips a line that it cannot parse, so the setting silently keeps its default;
    docker compose may read the same line differently. A value that `${…}` expands to more than
    64 KiB is rejected, too. The finding gives the number of the line but not its text, which may be
    a pasted secret. A file of another kind, such as YAML or a shell script, is reported once.

    Fix: write NAME=value, or begin a comment with `#`.
    """
    for source in context.values.env_files:
        kind = format_of(source)
        if kind is not None:
            yield Finding(
                code="SET005",
                severity=Severity.ERROR,
                message=f"{source.name} looks like {kind}, not like an env file.",
                hint="Write lines of the form NAME=value, or specify another file.",
                location=Location("env-file", source.name, 1),
            )
            continue
        for broken in source.broken:
            yield Finding(
                code="SET005",
                severity=Severity.ERROR,
                message=f"Line {broken.location.line} {broken.reason}{_elsewhere(source, broken)}.",
                hint="Write it as NAME=value, or delete it.",
                location=broken.location,
            )


def files_are_private(context: Context) -> Iterator[Finding]:
    """
    Only its owner can read an env file that holds secrets.

    Why: otherwise every account on the machine can read the secrets, including that of a
    compromised web server.

    Fix: run `chmod 600 FILE`.
    """
    for source in context.values.env_files:
        if source.name == _STDIN or not _holds_secret(context, source):
            continue
        mode = Path(source.name).stat().st_mode
        if mode & 0o077:
            yield Finding(
                code="SET007",
                severity=Severity.WARNING,
                message=f"{source.name} holds secrets, and other accounts can access it.",
                hint=f"Run `chmod 600 {source.name}`.",
                fields=(),
                location=Location("env-file", source.name),
            )


def files_are_untracked(context: Context) -> Iterator[Finding]:
    """
    No file that holds secrets is tracked by git.

    Why: a secret that was committed once stays in every clone, and in every backup of a clone.

    Fix: run `git rm --cached FILE`, add the file to .gitignore, and replace the secrets: after a
    commit, treat them as leaked.
    """
    severity = context.by_environment(
        development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    unknown = ""
    for location in _secret_files(context):
        path = Path(location.file or "")
        tracked = _tracked(path)
        if isinstance(tracked, str):
            unknown = tracked
        elif tracked and severity is not None:
            yield Finding(
                code="SET008",
                severity=severity,
                message=f"{path} holds secrets and is tracked by git.",
                hint=f"Run `git rm --cached {path}`, ignore the file, and replace the secrets.",
                fields=(),
                location=location,
            )
    if unknown:
        raise SkipCheck(unknown)


def something_is_read(context: Context) -> Iterator[Finding]:
    """
    At least one setting comes from a source.

    Why: a check of nothing but defaults passes in a wrong directory, too. With `--env`, which is
    meant for a certain environment, an empty configuration is an error. An env file that sets
    nothing is information if another source sets something.

    Fix: name the files with `--env-file`, or run in the directory of the configuration.
    """
    if context.phase == "build":
        raise SkipCheck("an image is built without its configuration")
    if context.later or context.perhaps:
        return  # a container gets its configuration when it starts
    is_empty = not context.values.chosen and not context.values.empty
    if any(format_of(each) is not None for each in context.values.env_files):
        return  # SET005 reports a file of another kind
    sets_nothing = [each for each in context.values.env_files if _sets_nothing(each)]
    if is_empty and not any(_has_written_line_ends(each) for each in sets_nothing):
        yield Finding(
            code="SET010",
            severity=Severity.ERROR if context.judged_by_option else Severity.WARNING,
            message="No source sets any setting, so only defaults were checked.",
            hint=_NAME_THE_FILE if context.manifest is None else _CHOOSE_ANOTHER,
        )
        return
    severity = Severity.ERROR if context.judged_by_option else Severity.WARNING
    for source in sets_nothing:
        has_line_ends = _has_written_line_ends(source)
        why = "; its line ends are written as `\\n`" if has_line_ends else ""
        yield Finding(
            code="SET010",
            severity=severity if has_line_ends else Severity.INFO,
            message=f"{source.name} sets nothing{why}.",
            hint=_REAL_LINE_ENDS if has_line_ends else "Set a variable in it, or do not name it.",
            location=Location("env-file", source.name, 1),
        )


def format_of(source: Source) -> str | None:
    """
    Return of which other kind the text of a source is, such as "YAML"; None for an env file.
    """
    if not source.broken and not source.text.startswith("{"):
        return None
    from workerctl.sources.dialects import formats

    return formats.format_of(source.text)


def _sets_nothing(source: Source) -> bool:
    return not source.assignments and not source.broken


def _has_written_line_ends(source: Source) -> bool:
    return re.search(_WRITTEN_LINE_END, source.text, re.ASCII) is not None


def _elsewhere(source: Source, broken: Broken) -> str:
    """
    Return what docker makes of a line that is not an assignment, as words after the reason.
    """
    if broken.entry is None:
        return ""
    from workerctl.sources.dialects import refusals

    refusing = refusals.refusing(source.text, broken.entry)
    if refusing:
        verb = "refuses" if len(refusing) == 1 else "refuse"
        return f"; {listed(refusing)} {verb} the whole file"
    if broken.entry.name is not None and broken.entry.value is None:
        return "; docker takes the value from its own environment"
    return ""


def _holds_secret(context: Context, source: Source) -> bool:
    return any(reveals_secret(context, assignment) for assignment in source.assignments)


def reveals_secret(context: Context, assignment: Assignment) -> bool:
    """
    Return whether a line reveals a secret; a placeholder or a URL without a password does not.
    """
    name, text = assignment.sets, assignment.text
    if name is None or not text or not context.values.names.is_secret(name):
        return False
    if assignment.spelling == Spelling.FILE or is_placeholder(text, name, secret=True):
        return False
    return has_credentials(text) if "://" in text else True


def _secret_files(context: Context) -> Iterator[Location]:
    for source in context.values.env_files:
        if source.name != _STDIN and _holds_secret(context, source):
            yield Location("env-file", source.name)
    seen: set[str] = set()
    for name, value in context.values.chosen.items():
        file = value.location.file
        is_file = value.location.source == "secret-file" and file is not None
        if is_file and context.values.names.is_secret(name) and file not in seen:
            seen.add(file or "")
            yield value.location


def _tracked(path: Path) -> bool | str:
    """
    Return whether git tracks the file, or a reason when git cannot say.
    """
    directory = Path(os.path.abspath(path.parent))  # noqa: PTH100 -- resolve() would follow links
    answer = ask_git(directory, "ls-files", "--error-unmatch", "--", path.name)
    if isinstance(answer, str):
        return answer
    return {0: True, 1: False}.get(answer.status, "git cannot read this work tree")


SET010 = Check("SET010", "The configuration is not empty", something_is_read)
SET005 = Check("SET005", "Every line of the env files is an assignment", lines_are_assignments)
SET007 = Check("SET007", "Env files with secrets are private", files_are_private)
SET008 = Check(
    "SET008", "Files with secrets are not tracked by git", files_are_untracked, boot=False
)
