"""
The command line's edges: the world it sees, how a report leaves it, how an error is told.
"""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable, MutableMapping
from datetime import date
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from workerctl.errors import WorkerctlError
from workerctl.findings import ExitCode, Problem, Report
from workerctl.masking import printable
from workerctl.output import FORMATS
from workerctl.output.base import Detail
from workerctl.output.lines import Line, write
from workerctl.output.text import summary
from workerctl.streams import say, silence

_PACKAGE = Path(__file__).parent


class World(NamedTuple):
    """
    The outside world of a command; tests hand in their own. A closed stream is None.
    """

    environ: MutableMapping[str, str]
    stdin: BinaryIO | None
    stdout: TextIO | None
    stderr: TextIO | None
    today: date | None = None

    @classmethod
    def real(cls) -> "World":
        """
        The process's own environment and streams.
        """
        stdin = None if sys.stdin is None else sys.stdin.buffer
        return cls(os.environ, stdin, sys.stdout, sys.stderr)

    def tell(self, problem: Problem) -> int:
        """
        Say what went wrong and what to do, on standard error. Returns the exit code.
        """
        hint = None if problem.hint is None else printable(problem.hint)
        say(self.stderr, f"workerctl: {printable(problem.message)}", hint)
        return int(problem.exit_code)

    def show(self, lines: Iterable[Line]) -> int:
        """
        Write lines to standard output.
        """
        made = list(lines)
        return self._out(lambda stream: write(made, stream), ExitCode.OK)

    def put(self, render: Callable[[TextIO], None]) -> int:
        """
        Write whatever `render` writes to standard output.
        """
        return self._out(render, ExitCode.OK)

    def deliver(self, report: Report, name: str, output: str | None, detail: Detail) -> int:
        """
        Bring a report out in a format, to standard output or a file. Returns the exit code.

        A report that is lost makes the run incomplete, unless its verdict is worse.
        """
        if report.error is not None:
            self.tell(report.error)
            if name == "text":
                return int(report.error.exit_code)

        def render(stream: TextIO) -> None:
            FORMATS[name](report, stream, detail)

        if output is None:
            return self._out(render, report.exit_code)
        try:
            with open(output, "w", encoding="utf-8") as stream:  # noqa: PTH123 -- "/dev/stdout" too
                render(stream)
        except (OSError, ValueError):
            problem = Problem(
                f"The report could not be written to {output}.",
                "Check the directory and the space on the disk.",
                ExitCode.INCOMPLETE,
            )
            return int(report.exit_code) or self.tell(problem)
        if self.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                write([summary(report)], self.stderr)
        return int(report.exit_code)

    def _out(self, render: Callable[[TextIO], None], code: ExitCode) -> int:
        if self._write(render):
            return int(code)
        say(self.stderr, "workerctl: Standard output could not be written.", "Is its disk full?")
        return int(code or ExitCode.INCOMPLETE)

    def _write(self, render: Callable[[TextIO], None]) -> bool:
        if self.stdout is None:
            return False
        try:
            render(self.stdout)
            self.stdout.flush()
        except (OSError, ValueError) as error:
            silence(self.stdout)
            # a reader that left has seen enough, and the verdict stands
            return isinstance(error, BrokenPipeError)
        return True


def problem_of(error: Exception) -> Problem:
    """
    What to tell of an exception: an error's own words, of any other only its type and our line.
    """
    if isinstance(error, WorkerctlError):
        return Problem(error.message, error.hint, error.exit_code)
    where = "outside workerctl"
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(_PACKAGE):
            where = f"{Path(frame.filename).relative_to(_PACKAGE.parent)}:{frame.lineno}"
    return Problem(
        f"Internal error: {type(error).__name__} at {where}.",
        "Please report this line; it holds no value of your configuration.",
        ExitCode.INTERNAL,
    )


def reported(make: Callable[[], Report]) -> Report:
    """
    The report that `make` makes, or one that tells why there is none.
    """
    try:
        return make()
    except Exception as error:  # noqa: BLE001 -- machine formats stay valid whatever happens
        return Report(error=problem_of(error))
