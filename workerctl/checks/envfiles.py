"""
Env files: every line parses, the files are private and untracked, and other tools agree on them.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.report.findings import Finding, Location, Severity
from workerctl.secrecy.masking import has_credentials
from workerctl.sources.envfile import Entry
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.names import Spelling
from workerctl.sources.values import Assignment, Source

_STDIN = "<stdin>"
_GIT_SECONDS = 10
_COMPOSE_NAME = r"[A-Za-z0-9_.\[\]-]+"
_BARE_VARIABLE = r"\$(?:[A-Za-z_$])"
_FOREIGN_OPERATOR = r"\$\{[A-Za-z0-9_]*(?::?[?+]|-|:[^-])"
_COMMENT = r"\s#"
_COMMENT_AFTER_TAB = r"[^\S ]#"
_ESCAPE_READ_DIFFERENTLY = r"\\[abftv']"


def lines_are_assignments(context: Context) -> Iterator[Finding]:
    """
    Every line of the env files is an assignment, a comment or blank.

    Why: python-dotenv skips a line that it cannot parse, so the setting silently keeps its default;
    docker compose may read the same line differently. A value that `${…}` expands to more than
    64 KiB is rejected, too. The finding gives the number of the line but not its text, which may be
    a pasted secret.

    Fix: write NAME=value, or begin a comment with `#`.
    """
    for source in context.values.env_files:
        for broken in source.broken:
            yield Finding(
                code="SET005",
                severity=Severity.ERROR,
                message=f"Line {broken.location.line} {broken.reason}.",
                hint="Write it as NAME=value, or delete it.",
                fields=(),
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


def lines_are_portable(context: Context) -> Iterator[Finding]:
    """
    Every line of the env files means the same to docker compose as to workerctl.

    Why: several parsers read the same file on its way to production, and they disagree on comments,
    quotes and `$`. A secret that is read with its quotes is a different secret. For secrets, the
    check also covers `docker run --env-file`, which reads quotes and comments as part of the value.

    Fix: write NAME=value without quotes, blanks, comments or `$`; put a value that contains a `$`
    in single quotes.
    """
    for source in context.values.env_files:
        for assignment in source.assignments:
            difference = _difference(context, assignment)
            if difference is not None:
                name = assignment.sets
                yield Finding(
                    code="SET009",
                    severity=Severity.WARNING,
                    message=f"{name or 'The variable'} on line {assignment.location.line} "
                    f"{difference}.",
                    hint="Write NAME=value without quotes, blanks, comments or `$`.",
                    fields=(name,) if name else (),
                    location=assignment.location,
                )


def something_is_read(context: Context) -> Iterator[Finding]:
    """
    At least one setting comes from a source.

    Why: a check of nothing but defaults passes in a wrong directory, too. With `--env`, which is
    meant for a certain environment, an empty configuration is an error.

    Fix: name the files with `--env-file`, or run in the directory of the configuration.
    """
    if context.phase == "build":
        raise SkipCheck("an image is built without its configuration")
    if not context.values.chosen and not context.values.empty:
        yield Finding(
            code="SET010",
            severity=Severity.ERROR if context.judged_by_option else Severity.WARNING,
            message="No source sets any setting, so only defaults were checked.",
            hint="Name the env file with --env-file, or set the variables.",
        )


def _holds_secret(context: Context, source: Source) -> bool:
    return any(_is_secret(context, assignment) for assignment in source.assignments)


def _is_secret(context: Context, assignment: Assignment) -> bool:
    """
    Return whether a line reveals a secret; a placeholder or a URL without a password does not.
    """
    name, text = assignment.sets, assignment.text
    if name is None or not text or not context.values.names.is_secret(name):
        return False
    if assignment.spelling is Spelling.FILE or is_placeholder(text, name, secret=True):
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

    The work tree may be someone else's, so git runs nothing that its configuration names.
    """
    directory = Path(os.path.abspath(path.parent))  # noqa: PTH100 -- resolve() would follow links
    if not any((parent / ".git").exists() for parent in (directory, *directory.parents)):
        return "not in a git work tree"
    command = ["git", "-c", "core.fsmonitor=false", "ls-files", "--error-unmatch", "--", path.name]
    try:
        done = subprocess.run(  # noqa: S603 -- a fixed command; the name comes after `--`
            command,
            cwd=directory,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "LC_ALL": "C",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_OPTIONAL_LOCKS": "0",
                "GIT_LITERAL_PATHSPECS": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return "git is not installed"
    except subprocess.TimeoutExpired:
        return f"git did not answer within {_GIT_SECONDS} s"
    return {0: True, 1: False}.get(done.returncode, "git cannot read this work tree")


def _difference(context: Context, assignment: Assignment) -> str | None:
    """
    Return how another parser reads a line, as words after its name; None if all parsers agree.
    """
    entry = assignment.entry
    if entry is None:
        return None
    written = entry.raw.partition("=")[2].strip()
    found = _first(_compose_differences(assignment.name, entry, written))
    if found is not None:
        return found
    found = _first(_docker_run_differences(written))
    return found if found is not None and _is_secret(context, assignment) else None


def _first(differences: dict[str, bool]) -> str | None:
    return next((text for text, applies in differences.items() if applies), None)


def _compose_differences(name: str, entry: Entry, written: str) -> dict[str, bool]:
    quote = entry.quote
    expands = re.search(_BARE_VARIABLE, written) or re.search(_FOREIGN_OPERATOR, written)
    return {
        "has a name that docker compose refuses": not re.fullmatch(_COMPOSE_NAME, name, re.ASCII),
        "is empty here, but docker compose reads the comment as its value": (
            not quote and not entry.value and written.startswith("#")
        ),
        "holds a `${…}` in single quotes, which python-dotenv itself expands": (
            quote == "'" and "${" in written
        ),
        "holds a `$` that docker compose expands and workerctl does not": (
            quote != "'" and expands is not None
        ),
        "holds a backslash that docker compose reads differently": (
            bool(quote) and re.search(_ESCAPE_READ_DIFFERENTLY, written) is not None
        ),
        "has a tab before a comment, which docker compose reads as part of the value": (
            not quote and re.search(_COMMENT_AFTER_TAB, written) is not None
        ),
    }


def _docker_run_differences(written: str) -> dict[str, bool]:
    return {
        "is quoted, and `docker run --env-file` keeps the quotes as part of the secret": (
            written[:1] in {"'", '"'}
        ),
        "has a comment, and `docker run --env-file` keeps it as part of the secret": (
            re.search(_COMMENT, written) is not None
        ),
    }


SET010 = Check("SET010", "The configuration is not empty", something_is_read)
SET005 = Check("SET005", "Every line of the env files is an assignment", lines_are_assignments)
SET007 = Check("SET007", "Env files with secrets are private", files_are_private)
SET008 = Check(
    "SET008", "Files with secrets are not tracked by git", files_are_untracked, boot=False
)
SET009 = Check(
    "SET009",
    "Every env file line means the same to docker compose as to workerctl",
    lines_are_portable,
)
