"""
`workerctl run`: judge the configuration, then become the command that works with it.

The command takes over the process: its id, its streams, its signals and its exit code.
"""

import contextlib
import errno
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

from workerctl.commands.world import World
from workerctl.errors import UsageError
from workerctl.output.delivery import Output
from workerctl.preflight import Request, preflight, reported
from workerctl.report.exit_codes import ExitCode
from workerctl.schema.source_options import Options, resolve
from workerctl.sources import project
from workerctl.sources.envfile import STDIN

_SET_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)

_NOT_FOUND = (
    "The command does not exist.",
    "Check its name, PATH, and the interpreter that its first line names.",
)
_REASONS = {
    errno.ENOENT: _NOT_FOUND,
    errno.ENOTDIR: _NOT_FOUND,
    errno.EACCES: ("The command is not executable.", "Check its permissions."),
    errno.ENOEXEC: ("The command is no program.", "A script names its interpreter after `#!`."),
    errno.E2BIG: ("The command and its environment are too large.", "Shorten its arguments."),
}


def execute(world: World, request: Request, command: list[str]) -> int:
    """
    Check what the request describes, and replace this process by the command.

    Nothing is written then. Otherwise the report goes to standard error, and the exit code is
    returned. Raises UsageError where there is no such command, or where it could not read what was
    checked.
    """
    if not command:
        raise UsageError(
            "There is no command to run.", "Write it last: `workerctl run -- rq worker`."
        )
    environ = handed_on(request.options, world.environ)
    report = reported(
        lambda: preflight(request, environ=world.environ, stdin=world.stdin, today=world.today)
    )
    if report.exit_code:
        # not to standard output, which is the command's
        return Output(world.stderr, world.stderr).deliver(report)
    _become(world, command, environ)
    return ExitCode.OK


def handed_on(options: Options, environ: Mapping[str, str]) -> dict[str, str]:
    """
    The environment in which `get_settings()` reads the same sources, from any directory.

    Values in files stay there: a process's environment is seen by more people than a file.
    """
    found = resolve(options, project.here(), environ)
    files = found.env_files or ()
    if STDIN in files:
        raise UsageError(
            "The command could not read standard input again.", "Name a file with --env-file."
        )
    if any(os.pathsep in path for path in files):
        raise UsageError(
            f"A path of an env file holds `{os.pathsep}`, which separates paths for the command.",
            "Rename it.",
        )
    paths = os.pathsep.join(str(Path(path).absolute()) for path in files)
    # a separator alone: no file at all, not even the .env of another directory
    sources = {"WORKERCTL_ENV_FILE": paths or os.pathsep}
    if found.secrets_dir:
        sources["WORKERCTL_SECRETS_DIR"] = str(Path(found.secrets_dir).absolute())
    if found.settings:
        sources["WORKERCTL_SETTINGS"] = found.settings
    return {**environ, **sources}


def _become(world: World, command: list[str], environ: dict[str, str]) -> None:
    for stream in (world.stdout, world.stderr):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    number = None
    with _signals_of_a_new_process():
        try:
            world.replace_process(command[0], command, environ)
        except OSError as error:
            number = error.errno
        except ValueError:  # a NUL byte, or half a character
            number = errno.ENOENT
    # Raised outside the handler: the error holds what was typed.
    if number is not None:
        kind = errno.errorcode.get(number, "unknown error")
        raise UsageError(*_REASONS.get(number, (f"The command cannot be run ({kind}).", None)))


@contextlib.contextmanager
def _signals_of_a_new_process() -> Iterator[None]:
    """
    Take back what Python itself does to signals at its start, for as long as it is entered.

    A program that inherits an ignored SIGPIPE goes on writing for nobody. And from here on an
    interrupt must end the process: Python would note it, and forget it with everything else.
    """
    before = {number: signal.getsignal(number) for number in (*_SET_BY_PYTHON, signal.SIGINT)}
    for number, handler in before.items():
        if number in _SET_BY_PYTHON or handler is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
