"""
Errors that a user can cause and correct, each with its exit code.

No error contains a value of the configuration, neither in its message nor in its cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from workerctl.report.exit_codes import ExitCode
from workerctl.report.findings import Finding, Severity

if TYPE_CHECKING:
    from workerctl.report.results import Problem

Argument = TypeVar("Argument")
Result = TypeVar("Result")

_PACKAGE = Path(__file__).parents[1]


class WorkerctlError(Exception):
    """
    Base class of the errors that workerctl raises on purpose.

    `message` says what is wrong and `hint` what to do, in one sentence each.
    """

    exit_code: int = ExitCode.USAGE

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(WorkerctlError):
    """
    An option, a code or a name that does not exist, or options that cannot be combined.
    """


class SourceError(WorkerctlError):
    """
    A configuration file that is missing, unreadable or not text.
    """


class ProjectError(WorkerctlError):
    """
    A `[tool.workerctl]` table that is not valid, or a module named in it that cannot be imported.
    """


class EnvFileWriteError(WorkerctlError):
    """
    An env file that could not be changed; its old content is intact.
    """


class RefusedError(WorkerctlError):
    """
    A change that is refused because it would lose something, such as a key that is in use.
    """

    exit_code = ExitCode.FINDINGS


class OutputError(WorkerctlError):
    """
    A report or a key that could not be written to its destination.
    """

    exit_code = ExitCode.INCOMPLETE


class ConfigurationError(WorkerctlError, ValueError):
    """
    A configuration with which a worker must not start.

    `findings` holds every finding; the message lists the errors, and the warnings after them.
    """

    exit_code = ExitCode.FINDINGS

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        errors = [finding for finding in self.findings if _prevents_start(finding)]
        warnings = [finding for finding in self.findings if not _prevents_start(finding)]
        lines = [f"The configuration has {_count(errors, 'error')}:", *_lines(errors)]
        if warnings:
            lines += [f"and {_count(warnings, 'warning')}:", *_lines(warnings)]
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type[ConfigurationError], tuple[tuple[Finding, ...]]]:
        # The message is derived from the findings, so they are all that another process needs.
        return type(self), (self.findings,)


def shielded(call: Callable[[Argument], Result], argument: Argument) -> Result:
    """
    Return `call(argument)`, and remove the traceback from a WorkerctlError that it raises.

    Error trackers often send the local variables of every frame, and those frames hold values.
    """
    try:
        return call(argument)
    except WorkerctlError as error:
        failure = error.with_traceback(None)
    raise failure


def problem_of(error: BaseException) -> Problem:
    """
    Return what may be shown of an exception: the message of a WorkerctlError, else only its type.

    The message of any other exception may contain a value. The last line of workerctl that it
    passed through is shown instead.
    """
    from workerctl.report.results import Problem  # a worker that boots needs none

    if isinstance(error, WorkerctlError):
        return Problem(error.message, error.hint, error.exit_code)
    import traceback

    from workerctl.report.type_names import type_name

    where = "outside workerctl"
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(_PACKAGE):
            where = f"{Path(frame.filename).relative_to(_PACKAGE.parent)}:{frame.lineno}"
    return Problem(
        f"Internal error: {type_name(error)} at {where}.",
        "Please report this line; it contains no value of your configuration.",
        ExitCode.INTERNAL,
    )


def _prevents_start(finding: Finding) -> bool:
    # SET001 is a warning where another machine may have what is missing; a worker needs it here.
    return finding.severity is Severity.ERROR or finding.code == "SET001"


def _count(findings: Sequence[Finding], noun: str) -> str:
    return f"{len(findings)} {noun}{'s' if len(findings) != 1 else ''}"


def _lines(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        where = f" ({finding.location})" if finding.location else ""
        yield f"  {finding.code} {finding.message}{where}"
        if finding.hint:
            yield f"    {finding.hint}"
