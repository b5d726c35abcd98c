"""
The report for people: the findings by area, the other checks, and a summary.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import TextIO

from workerctl import __version__
from workerctl.output.folding import check_line, folded, words
from workerctl.output.formats import Detail
from workerctl.output.lines import Line, Style, line, write
from workerctl.report.findings import Finding, Severity
from workerctl.report.results import Report, Result, Status, worst

_AREAS = {
    "SET": "settings",
    "ENV": "environment",
    "REF": "references",
    "FRM": "values",
    "URL": "URLs",
    "KEY": "encryption key",
    "SEC": "secrets",
    "TMO": "timeouts",
    "BUD": "retry budget",
    "CHU": "chunking",
    "LOG": "logging",
    "SUP": "suppressions",
}
SIGNS: dict[Severity, tuple[str, Style]] = {
    Severity.ERROR: ("✗", "red"),
    Severity.WARNING: ("!", "yellow"),
    Severity.INFO: ("ℹ", "cyan"),
}


def render(reports: tuple[Report, ...], stream: TextIO, detail: Detail) -> None:
    """
    Write the reports as text, a section for each, and a last line that counts them.
    """
    write(_sections(reports, detail), stream)


def _sections(reports: tuple[Report, ...], detail: Detail) -> Iterator[Line]:
    for at, report in enumerate(reports):
        if at:
            yield line()
        yield from lines(report, detail)
    if len(reports) > 1:
        yield line()
        yield total(reports)


def total(reports: tuple[Report, ...]) -> Line:
    """
    Return the last line of a run: that of its report or, for several, how many failed.
    """
    if len(reports) == 1:
        return summary(reports[0])
    failed = [report.name or "" for report in reports if report.exit_code]
    style: Style = "red" if failed else "green"
    counted = f"{len(failed)} of {len(reports)} configurations failed"
    named = f": {', '.join(failed)}" if failed else ""
    code = int(worst(report.exit_code for report in reports))
    return line((counted, style), f"{named} · exit code {code}")


def summary(report: Report) -> Line:
    """
    Return the last line of a report: counts of findings and of checks, and the exit code.
    """
    findings = list(report.findings())
    pieces: list[str | tuple[str, Style]] = []
    for severity, (_, style) in SIGNS.items():
        count = sum(finding.severity is severity for finding in findings)
        if count:
            pieces += [(_plural(count, severity.label), style), ", "]
    pieces = pieces[:-1] or [("no findings", "green" if report.exit_code == 0 else "")]
    ended = [f"{report.ended(status)} {words(status)}" for status in Status if report.ended(status)]
    suppressed = sum(len(result.findings) for result in report.results) - len(findings)
    ended += [f"{suppressed} suppressed"] if suppressed else []
    return line(*pieces, f" · {', '.join(ended)} · exit code {int(report.exit_code)}")


def lines(report: Report, detail: Detail) -> Iterator[Line]:
    """
    Yield the lines of the report.
    """
    yield heading(report)
    if report.error is not None:
        yield from _error(report)
        return
    for area, results in groupby(report.results, key=_area):
        yield from _findings(report, area, list(results), detail)
    ended = [*_passed(report, detail), *unjudged(report, detail)]
    if ended:
        yield line()
        yield from ended
    yield line()
    yield summary(report)


def heading(report: Report) -> Line:
    """
    Return the first line of a report: version, settings class, judged environment, and sources.
    """
    parts = [""] if report.name is None else ["", report.name]
    if report.settings_class is not None:
        parts.append(report.settings_class + (" (built in)" if report.is_built_in else ""))
    if report.judged_as is not None:
        note = f" ({report.env_from})" if report.env_from else ""
        parts.append(f"judged as {report.judged_as}{note}")
        parts.append(f"read {', '.join(report.sources) or 'no file'}")
    return line((f"workerctl {__version__}", "bold"), " · ".join(parts))


def _error(report: Report) -> Iterator[Line]:
    if report.error is not None:
        yield line(("✗ ", "red"), report.error.message)
        if report.error.hint:
            yield line(f"  {report.error.hint}")


def _area(result: Result) -> str:
    prefix = result.code.rstrip("0123456789")
    return _AREAS.get(prefix, prefix)


def _findings(report: Report, area: str, results: list[Result], detail: Detail) -> Iterator[Line]:
    findings = [finding for result in results for finding in result.findings]
    shown = [finding for finding in findings if not detail.quiet or report.fails(finding)]
    if shown:
        yield line()
        yield line((area, "bold"))
    for finding in sorted(shown, key=_worst_first):
        yield from finding_lines(finding)


def _passed(report: Report, detail: Detail) -> Iterator[Line]:
    """
    Yield the passed checks: one line of codes per area, or with `verbose` one line per check.
    """
    passed = [result for result in report.results if result.status is Status.PASSED]
    if detail.quiet:
        return
    if detail.verbose:
        yield from map(check_line, passed)
        return
    width = max((len(_area(result)) for result in passed), default=0)
    for area, results in groupby(passed, key=_area):
        codes = " ".join(result.code for result in results)
        yield line(("✓ ", "green"), f"{area:<{width}}  ", (codes, "dim"), indent=width + 4)


def unjudged(report: Report, detail: Detail) -> Iterator[Line]:
    """
    Yield the checks that crashed and, unless `quiet`, those that were skipped or deferred.

    Checks that wait for the same thing share a line. With `verbose`, each has its own, and those
    that are not applicable are listed as well; the summary counts them.
    """
    shown = {Status.CRASHED}
    if not detail.quiet:
        shown |= {Status.SKIPPED, Status.DEFERRED}
    if detail.verbose:
        shown.add(Status.NOT_APPLICABLE)
    results = [result for result in report.results if result.status in shown]
    yield from map(check_line, results) if detail.verbose else folded(results)


def _worst_first(finding: Finding) -> tuple[bool, int]:
    return finding.suppressed is not None, -finding.severity


def finding_lines(finding: Finding) -> Iterator[Line]:
    """
    Yield the lines of a finding: what is wrong, then where and what to do.
    """
    sign, style = SIGNS[finding.severity]
    follow_up = finding.hint
    if finding.suppressed is not None:
        sign, style = "–", "dim"
        follow_up = f"suppressed until {finding.suppressed.until}: {finding.suppressed.reason}"
    margin = len(f"  {sign} {finding.code} ")
    yield line((f"  {sign} ", style), (finding.code, style), f" {finding.message}", indent=margin)
    is_located = finding.location is not None and finding.location.source != "default"
    where = str(finding.location) if is_located else ""
    if where or follow_up:
        hint = f"→ {follow_up}" if follow_up else ""
        between = " " if where and hint else ""
        yield line(" " * margin, (where, "dim"), between, hint, indent=margin)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
