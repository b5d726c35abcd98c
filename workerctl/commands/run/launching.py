"""
Replacing this process with a command, and saying why that failed, with the exit status of shells.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import os
import signal
from collections.abc import Iterator, Mapping

from workerctl.commands.shared.world import World
from workerctl.report.errors import WorkerctlError
from workerctl.secrecy.typed import named

_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
_NOT_FOUND = frozenset({errno.ENOENT, errno.ENOTDIR})


class CommandStatus(enum.IntEnum):
    """
    The exit status of `workerctl run` for a command that could not be executed, as in shells.
    """

    NOT_EXECUTABLE = 126
    NOT_FOUND = 127


class CommandError(WorkerctlError):
    """
    A command that could not be executed; `exit_code` is the one that shells use.
    """

    def __init__(self, message: str, hint: str | None, status: CommandStatus) -> None:
        super().__init__(message, hint)
        self.exit_code = status


def replace_process(world: World, command: list[str], environ: dict[str, str]) -> None:
    """
    Replace this process with the command. Raises CommandError if it cannot be executed.
    """
    for stream in (world.stdout, world.stderr):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    number = None
    with _default_signals():
        try:
            world.replace_process(command[0], command, environ)
        except OSError as error:
            number = error.errno or 0
        except ValueError:  # a NUL byte or an unpaired surrogate in an argument
            number = errno.ENOENT
    # Raise outside the handler: the OSError holds what was typed.
    if number is not None:
        raise _failure(command[0], number, environ)


def _failure(program: str, number: int, environ: Mapping[str, str]) -> CommandError:
    """
    Return the error for a program that could not be executed: 127 not found, 126 anything else.
    """
    called = f"The command {named(program)}".rstrip()
    file = _file_of(program, environ)
    if file is None:
        hint = "Check its name and the working directory." if os.sep in program else None
        return CommandError(
            f"{called} was not found.", hint or "Check its name and PATH.", CommandStatus.NOT_FOUND
        )
    if number in _NOT_FOUND:
        return CommandError(
            f"{called} exists, but the interpreter in its first line was not found.",
            "Correct the line that begins with `#!`.",
            CommandStatus.NOT_FOUND,
        )
    return CommandError(*_refusal(called, number, file), CommandStatus.NOT_EXECUTABLE)


def _file_of(program: str, environ: Mapping[str, str]) -> str | None:
    """
    Return the file that a program names, by itself or in a directory of PATH, if it exists.
    """
    if not program:
        return None
    directories = [""] if os.sep in program else os.get_exec_path(environ)
    paths = (os.path.join(directory, program) for directory in directories)  # noqa: PTH118
    return next((path for path in paths if os.path.lexists(path)), None)


def _refusal(called: str, number: int, file: str) -> tuple[str, str | None]:
    if os.path.isdir(file):  # noqa: PTH112 -- it may hold any character
        return f"{called} is a directory.", "Name a program in it."
    if number == errno.EACCES:
        return f"{called} is not executable.", "Check its permissions."
    if number == errno.ENOEXEC:
        return f"{called} is not a program.", "Start a script with `#!` and its interpreter."
    if number == errno.E2BIG:
        return "The arguments and the environment are too large.", "Shorten the arguments."
    return f"{called} cannot be run ({errno.errorcode.get(number, 'unknown error')}).", None


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
