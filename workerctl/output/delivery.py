"""
Delivery of reports, messages and errors to standard streams and files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from workerctl.output import streams
from workerctl.output.formats import Destination, Detail, renderer
from workerctl.output.lines import Line, write
from workerctl.report.errors import UsageError
from workerctl.report.exit_codes import ExitCode
from workerctl.report.records import Record
from workerctl.report.results import Problem, Report, worst
from workerctl.secrecy.masking import is_like_secret, printable

LOST = Problem(
    "Standard output could not be written.",
    "If it is redirected to a file, check the free space on the disk.",
    ExitCode.INCOMPLETE,
)

STDOUT = "-"
"""The path that means standard output."""

Writer = Callable[[TextIO], object]


def require_file(path: str, *, option: str) -> None:
    """
    Raise UsageError if the path that an option names is empty.
    """
    if not path:
        # A variable of a shell without a value makes it.
        raise UsageError(f"{option} is empty, so it names no file.", "Name a file, or omit it.")


def require_no_source(path: str, sources: Iterable[str]) -> None:
    """
    Raise UsageError if a file to write is one of the sources, or is in one that is a directory.
    """
    places = (Path(path), Path(path).parent)
    if any(_is_same_file(place, source) for source in sources for place in places):
        raise UsageError(
            f"{path} is a source of this run, which the output would replace.",
            "Name another file.",
        )


def _is_same_file(path: Path, other: str) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):
        return False


class Output(Record):
    """
    The two standard output streams of a command; a closed one is None.
    """

    stdout: TextIO | None
    stderr: TextIO | None

    def note(self, *sentences: str) -> None:
        """
        Write each non-empty sentence as a line to standard error.
        """
        for sentence in filter(None, sentences):
            streams.say(self.stderr, printable(sentence))

    def print_problem(self, problem: Problem) -> int:
        """
        Write the problem and its hint as one line to standard error. Return the exit code.
        """
        hint = None if problem.hint is None else printable(problem.hint)
        streams.say(self.stderr, f"workerctl: {printable(problem.message)}", hint)
        return int(problem.exit_code)

    def write_lines(self, lines: Iterable[Line]) -> int:
        """
        Write styled lines to standard output. Return the exit code.
        """
        made = list(lines)
        return self.write(lambda stream: write(made, stream))

    def write(self, render: Writer, code: int = ExitCode.OK) -> int:
        """
        Let `render` write to standard output. Return `code`, or INCOMPLETE if output was lost.
        """
        if streams.write(self.stdout, render):
            return int(code)
        lost = self.print_problem(LOST)
        return int(code) or lost

    def save(self, render: Writer, path: str, *, option: str, what: str = "report") -> int:
        """
        Let `render` write to the file `path`, which `option` names. Return the exit code.
        """
        try:
            with open(path, "w", encoding="utf-8") as stream:  # noqa: PTH123 -- "/dev/stdout" too
                render(stream)
        except (OSError, ValueError) as error:
            is_directory = isinstance(error, IsADirectoryError)
            where = path if path and not is_like_secret(path) else f"the file that {option} names"
            problem = Problem(
                f"The {what} could not be written to {where}.",
                "It is a directory: specify a file in it."
                if is_directory
                else "Check the directory and the free space on the disk.",
                ExitCode.INCOMPLETE,
            )
            return self.print_problem(problem)
        return ExitCode.OK

    def deliver(
        self,
        *reports: Report,
        destinations: tuple[Destination, ...] = (Destination(),),
        detail: Detail | None = None,
    ) -> int:
        """
        Write the reports of a run to each destination. Return the exit code, the worst of them.

        If the reports cannot be written, the exit code is INCOMPLETE, unless it is that of an error
        already. If all destinations are files, a summary goes to standard error.
        """
        code = worst(report.exit_code for report in reports)
        errors = [report.error for report in reports if report.error is not None]
        for error in errors:
            self.print_problem(error)
        if len(errors) == len(reports):
            # Text would repeat what standard error has just said.
            destinations = tuple(each for each in destinations if each != Destination())
        lost = [self._deliver(reports, each, detail or Detail()) for each in destinations]
        if any(lost):
            return int(code) or int(ExitCode.INCOMPLETE)
        if not errors and all(each.path is not None for each in destinations):
            from workerctl.output.text import total

            streams.write(self.stderr, lambda stream: write([total(reports)], stream))
        return int(code)

    def annotate(self, *reports: Report, detail: Detail | None = None) -> None:
        """
        Write the annotations of GitHub Actions to standard output, after the report.
        """
        from workerctl.output.ci import github

        streams.write(
            self.stdout, lambda stream: github.annotate(reports, stream, detail or Detail())
        )

    def _deliver(
        self, reports: tuple[Report, ...], destination: Destination, detail: Detail
    ) -> int:
        def render(stream: TextIO) -> None:
            renderer(destination.format)(reports, stream, detail)

        if destination.path is None:
            return self.write(render)
        return self.save(render, destination.path, option="--output")
