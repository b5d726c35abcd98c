"""
Delivery of reports, messages and errors to standard streams and files.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TextIO

from workerctl.output import streams
from workerctl.output.formats import Detail, renderer
from workerctl.output.lines import Line, write
from workerctl.report.exit_codes import ExitCode
from workerctl.report.results import Problem, Report
from workerctl.secrecy.masking import is_like_secret, printable

LOST = Problem(
    "Standard output could not be written.",
    "If it is redirected to a file, check the free space on the disk.",
    ExitCode.INCOMPLETE,
)

STDOUT = "-"
"""The path that means standard output."""

Writer = Callable[[TextIO], object]


class Output(NamedTuple):
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
        except (OSError, ValueError):
            where = path if path and not is_like_secret(path) else f"the file that {option} names"
            problem = Problem(
                f"The {what} could not be written to {where}.",
                "Check the directory and the free space on the disk.",
                ExitCode.INCOMPLETE,
            )
            return self.print_problem(problem)
        return ExitCode.OK

    def deliver(
        self,
        report: Report,
        format: str = "text",  # noqa: A002 -- the name of the option
        path: str | None = None,
        detail: Detail | None = None,
    ) -> int:
        """
        Write a report to standard output or to the file `path`, where `-` is standard output.

        Return the exit code.

        If the report cannot be written, the exit code is INCOMPLETE, unless that of the report is
        an error already. With `path`, a summary goes to standard error.
        """
        path = None if path == STDOUT else path
        if report.error is not None:
            self.print_problem(report.error)
            if format == "text" and path is None:
                return int(report.error.exit_code)

        def render(stream: TextIO) -> None:
            renderer(format)(report, stream, detail or Detail())

        if path is None:
            return self.write(render, report.exit_code)
        lost = self.save(render, path, option="--output")
        if not lost and report.error is None:
            from workerctl.output.text import summary

            streams.write(self.stderr, lambda stream: write([summary(report)], stream))
        return int(report.exit_code) or lost

    def deliver_each(
        self,
        reports: Mapping[str, Report],
        format: str,  # noqa: A002 -- the name of the option
        path: str | None,
        detail: Detail,
    ) -> int:
        """
        Write the reports of several files as one. Return the worst exit code.
        """
        from workerctl.output import several

        path = None if path == STDOUT else path
        for report in reports.values():
            if report.error is not None:
                self.print_problem(report.error)
        code = several.exit_code(reports.values())

        def render(stream: TextIO) -> None:
            several.render(reports, format, stream, detail)

        if path is None:
            return self.write(render, code)
        lost = self.save(render, path, option="--output")
        if not lost:
            streams.write(self.stderr, lambda stream: write([several.summary(reports)], stream))
        return code or lost
