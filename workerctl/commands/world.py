"""
The command line's edges: the world it sees, how a report leaves it, how an error is told.
"""

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterable, MutableMapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TextIO, TypeVar

from workerctl.errors import WorkerctlError
from workerctl.output import FORMATS
from workerctl.output.base import Detail
from workerctl.output.lines import Line, write
from workerctl.output.streams import say, silence
from workerctl.output.text import summary
from workerctl.report.findings import ExitCode
from workerctl.report.results import Problem, Report
from workerctl.secrecy.masking import is_like_secret, printable

if TYPE_CHECKING:
    from workerctl.preflight import Request
    from workerctl.schema.loading import Loaded, Options

Made = TypeVar("Made")

_PACKAGE = Path(__file__).parent
_LOST = ("Standard output could not be written.", "Is its disk full?")
_WRITE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


class World(NamedTuple):
    """
    The outside world of a command; tests hand in their own. A closed stream is None.

    `execute` replaces the process by a program, as `os.execvpe` does.
    """

    environ: MutableMapping[str, str]
    stdin: BinaryIO | None
    stdout: TextIO | None
    stderr: TextIO | None
    today: date | None = None
    execute: Callable[[str, list[str], dict[str, str]], object] = os.execvpe

    @classmethod
    def real(cls) -> "World":
        """
        The process's own environment and streams.
        """
        stdin = None if sys.stdin is None else sys.stdin.buffer
        return cls(os.environ, stdin, sys.stdout, sys.stderr)

    def load(self, options: "Options") -> "Loaded":
        """
        The configuration that the options describe. Raises what `loading.load` raises.
        """
        from workerctl.schema.loading import load
        from workerctl.settings import Settings

        with kept_off_stdout():
            return load(Settings, options, environ=self.environ, stdin=self.stdin)

    def explain(self, *sentences: str) -> None:
        """
        Say something about the work that was done, on standard error, a line for each sentence.
        """
        for sentence in filter(None, sentences):
            say(self.stderr, printable(sentence))

    def fail(self, error: Exception) -> int:
        """
        Tell of an exception that ends the run. Returns the exit code.
        """
        # of the help, which Typer writes; everything of ours goes through _out
        if isinstance(error, OSError) and error.errno in _WRITE_ERRORS and self.stdout is not None:
            silence(self.stdout)
            return self.tell(Problem(*_LOST, ExitCode.INCOMPLETE))
        return self.tell(problem_of(error))

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

    def put(self, render: Callable[[TextIO], None], code: ExitCode = ExitCode.OK) -> int:
        """
        Write whatever `render` writes to standard output.
        """
        return self._out(render, code)

    def save(
        self, render: Callable[[TextIO], None], path: str, *, option: str, what: str = "report"
    ) -> int:
        """
        Write whatever `render` writes to a file that an option names.
        """
        try:
            with open(path, "w", encoding="utf-8") as stream:  # noqa: PTH123 -- "/dev/stdout" too
                render(stream)
        except (OSError, ValueError):
            where = f"the file that {option} names" if is_like_secret(path) else path
            problem = Problem(
                f"The {what} could not be written to {where}.",
                "Check the directory and the space on the disk.",
                ExitCode.INCOMPLETE,
            )
            return self.tell(problem)
        return ExitCode.OK

    def deliver(self, report: Report, name: str, output: str | None, detail: Detail) -> int:
        """
        Bring a report out in a format, to standard output or a file. Returns the exit code.

        A report that is lost makes the run incomplete, unless its verdict is worse.
        """
        if report.error is not None:
            self.tell(report.error)
            if name == "text" and output is None:
                return int(report.error.exit_code)

        def render(stream: TextIO) -> None:
            FORMATS[name](report, stream, detail)

        if output is None:
            return self._out(render, report.exit_code)
        lost = self.save(render, output, option="--output")
        if lost:
            return int(report.exit_code) or lost
        if report.error is None:
            _written(self.stderr, lambda stream: write([summary(report)], stream))
        return int(report.exit_code)

    def _out(self, render: Callable[[TextIO], None], code: ExitCode) -> int:
        if _written(self.stdout, render):
            return int(code)
        lost = self.tell(Problem(*_LOST, ExitCode.INCOMPLETE))
        return int(code) or lost


def _written(stream: TextIO | None, render: Callable[[TextIO], None]) -> bool:
    if stream is None:
        return False
    try:
        render(stream)
        stream.flush()
    except (OSError, ValueError) as error:
        silence(stream)
        # a reader that left has seen enough, and the verdict stands
        return isinstance(error, BrokenPipeError)
    return True


def problem_of(error: BaseException) -> Problem:
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


def judge(
    world: World,
    request: "Request",
    name: str = "text",
    output: str | None = None,
    detail: Detail | None = None,
) -> int:
    """
    The main job: check what the request describes, and deliver the report. Returns the exit code.
    """
    from workerctl.preflight import preflight

    report = reported(
        lambda: preflight(request, environ=world.environ, stdin=world.stdin, today=world.today)
    )
    return world.deliver(report, name, output, detail or Detail())


def reported(make: Callable[[], Report]) -> Report:
    """
    The report that `make` makes, or one that tells why there is none.
    """
    made = attempted(make)
    return Report(error=made) if isinstance(made, Problem) else made


def attempted(make: Callable[[], Made]) -> Made | Problem:
    """
    What `make` makes, or why there is nothing of it.
    """
    try:
        with kept_off_stdout():
            return make()
    except KeyboardInterrupt:
        return Problem("Interrupted.", None, ExitCode.INTERRUPTED)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- machine formats stay valid
        return problem_of(error)


def kept_off_stdout() -> contextlib.AbstractContextManager[object]:
    """
    What another team's module prints goes to standard error: a report on stdout stays whole.
    """
    return contextlib.redirect_stdout(sys.stderr)
