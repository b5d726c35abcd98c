"""
`workerctl run`: check the configuration, then replace this process with a command that uses it.

The command has the same process id and streams, receives the signals, and sets the exit code.
"""

import contextlib
import errno
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

from workerctl.commands.world import World
from workerctl.output.delivery import Output
from workerctl.preflight import Request, attempted, judge, reported
from workerctl.report.errors import UsageError
from workerctl.report.exit_codes import ExitCode
from workerctl.report.results import Problem, Report
from workerctl.schema.loading import Loaded, different_when_started
from workerctl.schema.source_options import Options, resolve
from workerctl.sources import project
from workerctl.sources.envfile import STDIN
from workerctl.sources.values import Assignment

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
        report = reported(lambda: judge(loaded, request, world.today))
    if report.exit_code or isinstance(loaded, Problem):
        # Standard output is reserved for the command.
        return Output(world.stderr, world.stderr).deliver(report)
    environ = environment_for(loaded, request.options, world.environ)
    _require_same_values(loaded, environ)
    _replace_process(world, command, environ)
    return ExitCode.OK


def _require_same_values(loaded: Loaded, environ: dict[str, str]) -> None:
    """
    Raise UsageError if a class that reads by itself would not read what was checked.

    It may read another env file as well, or find a field under two names.
    """
    if loaded.schema.is_own:
        return
    names = different_when_started(loaded, environ)
    if names:
        raise UsageError(
            f"The command would read other values than those that were checked for "
            f"{', '.join(names)}.",
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


def environment_for(loaded: Loaded, options: Options, environ: Mapping[str, str]) -> dict[str, str]:
    """
    Return the environment in which the command reads what was checked, from any directory.

    A class of workerctl gets the names of the files rather than their values, because an
    environment is less private than a file. Any other class reads the environment by itself, so it
    gets the values of the files there, as with `docker run --env-file`.
    """
    sources = _names_of_sources(options, environ)
    if loaded.schema.is_own:
        return {**environ, **sources}
    return {**_values_of_files(loaded), **environ, **sources}


def _values_of_files(loaded: Loaded) -> dict[str, str]:
    """
    Return the variables of the env files, a later file over an earlier one, and of secret files.
    """
    secrets = {
        name: value.text
        for name, value in loaded.values.chosen.items()
        if value.location.source == "secret-file"
    }
    assigned = {
        assignment.name: assignment.text
        for source in loaded.values.env_files
        for assignment in source.assignments
        if _has_effect(assignment, loaded)
    }
    return {**secrets, **assigned}


def _has_effect(assignment: Assignment, loaded: Loaded) -> bool:
    """
    Return whether a line sets its field, which another name of the field may set instead.
    """
    chosen = loaded.values.chosen.get(assignment.sets or "")
    return chosen is None or chosen.location == assignment.location


def _names_of_sources(options: Options, environ: Mapping[str, str]) -> dict[str, str]:
    resolved = resolve(options, project.here(), environ)
    files = resolved.env_files or ()
    paths = os.pathsep.join(str(Path(path).absolute()) for path in files)
    # A separator alone means no file; an empty value would mean the .env of the working directory.
    sources = {"WORKERCTL_ENV_FILE": paths or os.pathsep}
    if resolved.secrets_dir:
        sources["WORKERCTL_SECRETS_DIR"] = str(Path(resolved.secrets_dir).absolute())
    if isinstance(resolved.settings, str):
        sources["WORKERCTL_SETTINGS"] = resolved.settings
    return sources


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
