"""
What a user may meet and fix: one sentence that says what is wrong, one that says what to do.

No error here carries a value of the configuration, in its text or in its cause.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from workerctl.report.exit_codes import ExitCode
from workerctl.report.findings import Finding
from workerctl.report.results import Problem

Argument = TypeVar("Argument")
Answer = TypeVar("Answer")

_PACKAGE = Path(__file__).parent


class WorkerctlError(Exception):
    """
    The root of what workerctl raises on purpose.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(WorkerctlError):
    """
    An option, a code or a name that does not exist, or does not go together.
    """


class SourceError(WorkerctlError):
    """
    A configuration file that is missing, unreadable or not text; no value can be trusted.
    """


class ProjectError(WorkerctlError):
    """
    A `[tool.workerctl]` table, or a module it names, that does not load.
    """


class EnvFileWriteError(WorkerctlError):
    """
    An env file that could not be changed; its old bytes are intact.
    """


class RefusedError(WorkerctlError):
    """
    A change that would lose something, such as a key that is in use.
    """

    exit_code = ExitCode.FINDINGS


class OutputError(WorkerctlError):
    """
    A report or a key that could not be written out.
    """

    exit_code = ExitCode.INCOMPLETE


class ConfigurationError(WorkerctlError, ValueError):
    """
    A configuration with which a worker must not run; `findings` holds every reason, the text too.
    """

    exit_code = ExitCode.FINDINGS

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        lines = [line for finding in self.findings for line in _lines(finding)]
        count = f"{len(self.findings)} problem{'s' if len(self.findings) != 1 else ''}"
        super().__init__(f"The configuration has {count}:\n" + "\n".join(lines))

    def __reduce__(self) -> tuple[type["ConfigurationError"], tuple[tuple[Finding, ...]]]:
        # the text is made of the findings, so these are what another process needs
        return type(self), (self.findings,)


def shielded(call: Callable[[Argument], Answer], argument: Argument) -> Answer:
    """
    The answer of a call; an error of ours comes without the frames between, which hold values.

    What reports errors of a worker often sends the local variables of every frame along.
    """
    try:
        return call(argument)
    except WorkerctlError as error:
        failure = error.with_traceback(None)
    raise failure


def problem_of(error: BaseException) -> Problem:
    """
    Return what may be shown of an exception: the words of a WorkerctlError, else only its type.

    The text of any other exception may hold a value; the last line of ours that it passed through
    is named instead.
    """
    if isinstance(error, WorkerctlError):
        return Problem(error.message, error.hint, error.exit_code)
    import traceback

    where = "outside workerctl"
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(_PACKAGE):
            where = f"{Path(frame.filename).relative_to(_PACKAGE.parent)}:{frame.lineno}"
    return Problem(
        f"Internal error: {type(error).__name__} at {where}.",
        "Please report this line; it holds no value of your configuration.",
        ExitCode.INTERNAL,
    )


def _lines(finding: Finding) -> Iterable[str]:
    where = f" ({finding.location})" if finding.location else ""
    yield f"  {finding.code} {finding.message}{where}"
    if finding.hint:
        yield f"    {finding.hint}"
