"""
`workerctl run`: check the configuration, then replace this process with a command that uses it.

The command has the same process id and streams, receives the signals, and sets the exit code.
"""

import contextlib
import errno
import os
import signal
from collections.abc import Iterator, Mapping

from workerctl.commands import starting
from workerctl.commands.world import World
from workerctl.output.delivery import Output
from workerctl.preflight import Request, attempted, judge, reported
from workerctl.report.errors import UsageError
from workerctl.report.exit_codes import ExitCode
from workerctl.report.results import Problem, Report
from workerctl.schema.loaded import Loaded
from workerctl.schema.source_options import Options, resolve
from workerctl.sources import project
from workerctl.sources.envfile import STDIN

_SHOWN = 5
"""The maximum number of variables in a message."""
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)

_NOT_FOUND = (
    "The command was not found.",
    "Check its name, PATH, and the interpreter in its first line.",
)
_REASONS = {
    errno.ENOENT: _NOT_FOUND,
    errno.ENOTDIR: _NOT_FOUND,
    errno.EACCES: ("The command is not executable.", "Check its permissions."),
    errno.ENOEXEC: (
        "The command is not a program.",
        "Start a script with `#!` and its interpreter.",
    ),
    errno.E2BIG: ("The arguments and the environment are too large.", "Shorten the arguments."),
}


def execute(world: World, request: Request, command: list[str]) -> int:
    """
    Check the requested configuration, then replace this process with the command.

    If the check fails, write the report to standard error and return the exit code; otherwise write
    nothing and do not return. Raises UsageError if the command cannot be run, or if it could not
    read the sources that were checked.
    """
    if not command:
        raise UsageError("The command to run is missing.", "Add it: `workerctl run -- rq worker`.")
    require_readable_again(request.options, world.environ)
    loaded = attempted(lambda: world.load(request.options))
    if isinstance(loaded, Problem):
        report = Report(error=loaded)
    else:
        report = reported(lambda: judge(loaded, request._replace(running=True), world.today))
    if report.exit_code or isinstance(loaded, Problem):
        # Standard output is reserved for the command.
        return Output(world.stderr, world.stderr).deliver(report)
    environ = starting.environment_for(loaded, request.options, world.environ)
    _require_same_values(loaded, environ)
    _replace_process(world, command, environ)
    return ExitCode.OK


def _require_same_values(loaded: Loaded, environ: dict[str, str]) -> None:
    """
    Raise UsageError if a class that reads by itself would not read what was checked.

    It may read another env file as well, or find a field under two names.
    """
    found = starting.differences(loaded, environ)
    if found:
        more = len(found) - _SHOWN
        listed = [*found[:_SHOWN], *([f"{more} more"] if more > 0 else [])]
        raise UsageError(
            f"The command would read other values than those that were checked for "
            f"{', '.join(listed)}.",
            "Name the env files that the class reads by itself, too, and each variable once.",
        )


def require_readable_again(options: Options, environ: Mapping[str, str]) -> None:
    """
    Raise UsageError if the command could not read the sources that are going to be checked.
    """
    files = resolve(options, project.here(), environ).env_files or ()
    if STDIN in files:
        raise UsageError(
            "The command could not read standard input again.", "Pass a file to --env-file."
        )
    if any(os.pathsep in path for path in files):
        raise UsageError(
            f"The path of an env file contains `{os.pathsep}`, which separates paths.",
            "Rename the file.",
        )


def _replace_process(world: World, command: list[str], environ: dict[str, str]) -> None:
    for stream in (world.stdout, world.stderr):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    number = None
    with _default_signals():
        try:
            world.replace_process(command[0], command, environ)
        except OSError as error:
            number = error.errno
        except ValueError:  # a NUL byte or an unpaired surrogate in an argument
            number = errno.ENOENT
    # Raise outside the handler: the OSError holds what was typed.
    if number is not None:
        kind = errno.errorcode.get(number, "unknown error")
        raise UsageError(*_REASONS.get(number, (f"The command cannot be run ({kind}).", None)))


@contextlib.contextmanager
def _default_signals() -> Iterator[None]:
    """
    Restore the default actions of the signals that Python handles or ignores, within the context.

    A program that inherits an ignored SIGPIPE would keep writing to a closed pipe. And an interrupt
    must end the process from now on: Python would only record it, and lose it with the exec.
    """
    before = {number: signal.getsignal(number) for number in (*_IGNORED_BY_PYTHON, signal.SIGINT)}
    for number, handler in before.items():
        if number in _IGNORED_BY_PYTHON or handler is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
