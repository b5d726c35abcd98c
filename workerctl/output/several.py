"""
The reports of several files as one: a section for each file, and the worst exit code.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TextIO

from workerctl import __version__
from workerctl.output import json, text
from workerctl.output.formats import Detail
from workerctl.output.lines import Line, Style, line, write
from workerctl.report.exit_codes import ExitCode
from workerctl.report.results import Report
from workerctl.secrecy.masking import is_like_secret, printable

SCHEMA_VERSION = 0
"""The version of the JSON document, whose shape is not final."""

_FROM_BEST_TO_WORST = (
    ExitCode.OK,
    ExitCode.INCOMPLETE,
    ExitCode.FINDINGS,
    ExitCode.USAGE,
    ExitCode.INTERNAL,
    ExitCode.INTERRUPTED,
)


def exit_code(reports: Iterable[Report]) -> int:
    """
    Return the worst exit code: findings are worse than an incomplete run, and errors are worst.
    """
    ranks = [_FROM_BEST_TO_WORST.index(ExitCode(report.exit_code)) for report in reports]
    return int(_FROM_BEST_TO_WORST[max(ranks, default=0)])


def render(reports: Mapping[str, Report], format: str, stream: TextIO, detail: Detail) -> None:  # noqa: A002
    """
    Write the reports in a format, each under the name of its file.

    A file is not named if it does not exist and its name may be a secret.
    """
    if format == "json":
        json.dump(_document(reports), stream)
    else:
        write(_lines(reports, detail), stream)


def summary(reports: Mapping[str, Report]) -> Line:
    """
    Return the last line: how many files there are, how many of them fail, and the exit code.
    """
    failed = sum(report.exit_code != ExitCode.OK for report in reports.values())
    ended: tuple[str, Style] = (f"{failed} failed", "red") if failed else ("none failed", "green")
    code = exit_code(reports.values())
    return line((f"{len(reports)} files", "bold"), ", ", ended, f" · exit code {code}")


def _lines(reports: Mapping[str, Report], detail: Detail) -> Iterator[Line]:
    for file, report in reports.items():
        yield line((f"=== {_named(file)}", "bold"))
        yield from text.lines(report, detail)
        yield line()
    yield summary(reports)


def _named(file: str) -> str:
    return "a file that is not named" if is_like_secret(file) else file


def _document(reports: Mapping[str, Report]) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "version": __version__,
        "exit_code": exit_code(reports.values()),
        "configurations": [
            {"file": printable(_named(file)), "report": json.document(report)}
            for file, report in reports.items()
        ],
    }
