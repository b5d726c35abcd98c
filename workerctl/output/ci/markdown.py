"""
The report in Markdown, for the summary of a CI job or a comment on a pull request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from workerctl.output.formats import Detail
from workerctl.output.text import SIGNS, heading, is_listed, known, summary
from workerctl.report.findings import Finding
from workerctl.report.results import Report, Result, Status
from workerctl.secrecy.masking import printable

_SPECIAL = re.compile(r"([\\*\[\]|~$#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_HTML = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("@"): "&#64;"}
_SHOWN = {
    Status.CRASHED: "crashed",
    Status.SKIPPED: "skipped",
    Status.DEFERRED: "deferred",
}


def render(reports: tuple[Report, ...], stream: TextIO, detail: Detail) -> None:
    """
    Write the reports as Markdown, a section for each.
    """
    stream.write(text(reports, detail))


def text(reports: tuple[Report, ...], detail: Detail) -> str:
    """
    Return the reports as Markdown.
    """
    return "\n".join(line for report in reports for line in (*_section(report, detail), ""))


def _section(report: Report, detail: Detail) -> Iterator[str]:
    sign = "✅" if report.exit_code == 0 else "❌"
    yield f"### {sign} {escaped(report.name or 'workerctl check')}"
    yield ""
    if report.error is not None:
        yield f"**{escaped(report.error.message)}** {escaped(report.error.hint or '')}".rstrip()
        return
    yield escaped(heading(report).plain())
    yield ""
    yield from _table(_findings(report, detail))
    yield from _unjudged(report.results, detail)
    for note in filter(None, (known(report, detail), *report.notes)):
        yield escaped(note)
        yield ""
    yield f"**{escaped(summary(report).plain())}**"


def _findings(report: Report, detail: Detail) -> list[Finding]:
    found = [finding for result in report.results for finding in result.findings]
    shown = [finding for finding in found if is_listed(report, finding, detail)]
    return sorted(shown, key=lambda finding: (finding.state != "open", -finding.severity))


def _table(findings: list[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield "| | Code | Where | What | What to do |"
    yield "|---|---|---|---|---|"
    for finding in findings:
        accepted = finding.suppressed
        sign = SIGNS[finding.severity][0] if finding.state == "open" else "–"
        hint = finding.hint or ""
        if accepted is not None:
            hint = f"Suppressed until {accepted.until}: {accepted.reason}"
        elif finding.aside is not None:
            hint = f"{finding.aside.capitalize()}: {hint}"
        where = "" if finding.location is None else f"`{_code(str(finding.location))}`"
        cells = (sign, finding.code, where, escaped(finding.message), escaped(hint))
        yield f"| {' | '.join(cells)} |"
    yield ""


def _unjudged(results: Iterable[Result], detail: Detail) -> Iterator[str]:
    shown = [
        result
        for result in results
        if result.status in _SHOWN and (result.status is Status.CRASHED or not detail.quiet)
    ]
    for result in shown:
        reason = f" ({_SHOWN[result.status]}: {result.reason})"
        yield f"- {result.code} {escaped(result.title + reason)}"
    if shown:
        yield ""


def escaped(words: str) -> str:
    r"""
    Return a text whose characters mean themselves in Markdown, except for pairs of backticks.

        >>> escaped("Run `a | b`, *now*.")
        'Run `a \\| b`, \\*now\\*.'
    """
    parts = printable(words).split("`")
    if len(parts) % 2 == 0:
        return "\\`".join(map(_prose, parts))
    return "`".join(_code(part) if at % 2 else _prose(part) for at, part in enumerate(parts))


def _prose(words: str) -> str:
    return _SPECIAL.sub(r"\\\1", words).translate(_HTML)


def _code(words: str) -> str:
    """
    Return a text for a code span in a table, where only a `|` has to be escaped.
    """
    return printable(words).replace("`", "'").replace("|", "\\|")
