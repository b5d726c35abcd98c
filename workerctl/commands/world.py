"""
The outside world of a command: environment, streams, date, and how the process is replaced.
"""

import errno
import os
import sys
from collections.abc import Callable, MutableMapping
from contextlib import redirect_stdout
from datetime import date
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TextIO

from workerctl.errors import problem_of
from workerctl.output.delivery import LOST, Output
from workerctl.output.streams import silence

if TYPE_CHECKING:
    from workerctl.schema.loading import Loaded
    from workerctl.schema.source_options import Options

_WRITE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


class World(NamedTuple):
    """
    All that a command takes from its process; tests pass their own. A closed stream is None.

    `replace_process` runs another program in this process, as `os.execvpe` does.
    """

    environ: MutableMapping[str, str]
    stdin: BinaryIO | None
    stdout: TextIO | None
    stderr: TextIO | None
    today: date | None = None
    replace_process: Callable[[str, list[str], dict[str, str]], object] = os.execvpe

    @classmethod
    def real(cls) -> "World":
        """
        Return the environment and the streams of this process.
        """
        stdin = None if sys.stdin is None else sys.stdin.buffer
        return cls(os.environ, stdin, sys.stdout, sys.stderr)

    @property
    def output(self) -> Output:
        """
        The streams that the command writes to.
        """
        return Output(self.stdout, self.stderr)

    def load(self, options: "Options") -> "Loaded":
        """
        Return the configuration that the options describe. Raises what `loading.load` raises.
        """
        from workerctl.schema.loading import load
        from workerctl.settings import Settings

        with redirect_stdout(sys.stderr):  # what a team's module prints is no part of the output
            return load(Settings, options, environ=self.environ, stdin=self.stdin)

    def print_error(self, error: Exception) -> int:
        """
        Write why the run ends, as far as it may be shown. Return the exit code.
        """
        # Typer writes the help itself; everything else goes through Output.write.
        if isinstance(error, OSError) and error.errno in _WRITE_ERRORS and self.stdout is not None:
            silence(self.stdout)
            return self.output.print_problem(LOST)
        return self.output.print_problem(problem_of(error))
