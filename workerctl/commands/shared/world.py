"""
What a command takes from its process: environment, streams, date, and a way to replace itself.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, MutableMapping
from contextlib import redirect_stdout
from datetime import date
from typing import TYPE_CHECKING, BinaryIO, TextIO

from workerctl.output.delivery import LOST, Output
from workerctl.output.streams import silence
from workerctl.report.errors import problem_of
from workerctl.report.records import Record

if TYPE_CHECKING:
    from workerctl.schema.loading import Loaded
    from workerctl.sources.options import Options

_WRITE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


class World(Record):
    """
    The outside world of a command; tests pass their own. A closed stream is None.

    `today` None means the current date in UTC. `replace_process` has the signature of `os.execvpe`.
    """

    environ: MutableMapping[str, str]
    stdin: BinaryIO | None
    stdout: TextIO | None
    stderr: TextIO | None
    today: date | None = None
    replace_process: Callable[[str, list[str], dict[str, str]], object] = os.execvpe

    @classmethod
    def real(cls) -> World:
        """
        Return the world of this process.
        """
        stdin = None if sys.stdin is None else sys.stdin.buffer
        return cls(os.environ, stdin, sys.stdout, sys.stderr)

    @property
    def output(self) -> Output:
        """
        The streams to which the command writes.
        """
        return Output(self.stdout, self.stderr)

    def load(self, options: Options) -> Loaded:
        """
        Return the configuration in the sources that the options name.

        Raises SourceError, ProjectError or UsageError, as `schema.loading.load` does.
        """
        from workerctl.schema.loading import load
        from workerctl.settings import Settings

        with redirect_stdout(sys.stderr):  # what a project's module prints is not output
            return load(Settings, options, environ=self.environ, stdin=self.stdin)

    def print_error(self, error: Exception) -> int:
        """
        Write an error to standard error, as far as it may be shown. Return the exit code.
        """
        # Only the help reaches this as an OSError: Typer writes it without Output.write.
        if isinstance(error, OSError) and error.errno in _WRITE_ERRORS and self.stdout is not None:
            silence(self.stdout)
            return self.output.print_problem(LOST)
        return self.output.print_problem(problem_of(error))
