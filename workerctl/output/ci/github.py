"""
The report as annotations of GitHub Actions, and in full in the summary of the job.

The commands are documented as "Workflow commands for GitHub Actions". GitHub shows ten annotations
of each kind for a step, in the order in which they are written, so errors come first. The summary
has every finding.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from workerctl.output.ci import markdown
from workerctl.output.ci.placed import Placed, placed
from workerctl.output.formats import Detail
from workerctl.output.text import total
from workerctl.report.findings import Severity
from workerctl.report.results import Report, Status
from workerctl.secrecy.masking import printable

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable that names the file of the job's summary."""
SHOWN = 10
"""The number of annotations of each kind that GitHub shows for a step."""

_SUMMARY_LIMIT = 1_000_000
"""The bytes that a summary may have; GitHub refuses more than 1 MiB."""
_KINDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_DATA = {ord("%"): "%25", ord("\r"): "%0D", ord("\n"): "%0A"}
_PROPERTY = {**_DATA, ord(":"): "%3A", ord(","): "%2C"}


def render(reports: tuple[Report, ...], stream: TextIO, detail: Detail) -> None:
    """
    Write the annotations, and append the report in Markdown to the summary of the job.
    """
    annotate(reports, stream, detail)
    path = os.environ.get(SUMMARY)
    if path:
        _append(markdown.text(reports, detail), Path(path))


def annotate(reports: tuple[Report, ...], stream: TextIO, detail: Detail) -> None:
    """
    Write a workflow command for each problem, crashed check and finding that counts.

    The last lines, which are not commands, are notes and a summary.
    """
    for report in reports:
        if report.error is not None:
            text = f"{report.error.message} {report.error.hint or ''}"
            stream.write(_command("error", text, _title("workerctl", report)))
        for result in report.results:
            if result.status is Status.CRASHED:
                text = f"The check crashed: {result.reason}"
                stream.write(_command("error", text, _title(result.code, report)))
    shown = [each for each in placed(reports) if _is_shown(each, detail)]
    stream.writelines(_annotation(each) for each in shown)
    stream.writelines(f"{sentence}\n" for sentence in _beyond_the_limit(shown))
    notes = dict.fromkeys(printable(note) for report in reports for note in report.notes)
    stream.writelines(f"{note}\n" for note in notes)
    stream.write(f"{total(reports).plain()}\n")


def _is_shown(each: Placed, detail: Detail) -> bool:
    if each.finding.state != "open":
        return False
    return not detail.quiet or each.report.fails(each.finding)


def _annotation(each: Placed) -> str:
    finding = each.finding
    where = {} if each.path is None else {"file": each.path}
    if each.line is not None:
        where["line"] = str(each.line)
    title = _title(" · ".join([finding.code, *finding.fields[:1]]), each.report)
    return _command(_KINDS[finding.severity], each.text, title, where)


def _title(text: str, report: Report) -> str:
    """
    Return the title of an annotation, with the name of the target if there are several.
    """
    return text if report.name is None else f"{text} · {report.name}"


def _command(kind: str, text: str, title: str, where: dict[str, str] = {}) -> str:  # noqa: B006 -- not changed
    properties = ",".join(
        f"{name}={printable(value).translate(_PROPERTY)}"
        for name, value in {**where, "title": title}.items()
    )
    return f"::{kind} {properties}::{printable(text).strip().translate(_DATA)}\n"


def _beyond_the_limit(shown: list[Placed]) -> Iterator[str]:
    for severity, kind in _KINDS.items():
        count = sum(each.finding.severity is severity for each in shown)
        if count > SHOWN:
            yield (
                f"GitHub shows {SHOWN} of the {count} annotations of the kind {kind}; "
                "the summary of the job has them all."
            )


def _append(text: str, path: Path) -> None:
    """
    Append to the summary of the job what it has room for, in whole lines.
    """
    data = text.encode("utf-8", "replace")
    room = _SUMMARY_LIMIT - (path.stat().st_size if path.exists() else 0)
    if len(data) > room:
        end = b"\n\nThe rest is left out, because a summary may hold 1 MiB only.\n"
        data = data[: data.rfind(b"\n", 0, max(room - len(end), 0)) + 1] + end
    if room > 0:
        with path.open("ab") as stream:
            stream.write(data)
