"""
The report for people: the findings by area, the other checks, and a summary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import TextIO

from workerctl import __version__
from workerctl.output.folding import check_line, folded, words
from workerctl.output.formats import Detail
from workerctl.output.lines import Line, Style, line, write
from workerctl.report.findings import Finding, Severity, State
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
    "DEP": "deploy",
    "SUP": "suppressions",
}
ASIDE: tuple[State, ...] = ("suppressed", "known", "unchanged")
"""The states of findings that do not count, in the order of a summary."""
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
    if report.error is not None:
        return line(("nothing was checked", "red"), f" · exit code {int(report.exit_code)}")
    findings = list(report.findings())
    pieces: list[str | tuple[str, Style]] = []
    for severity, (_, style) in SIGNS.items():
        count = sum(finding.severity is severity for finding in findings)
        if count:
            pieces += [(_plural(count, severity.label), style), ", "]
    none = "no findings" if report.baseline is None else "no new findings"
    pieces = pieces[:-1] or [(none, "green" if report.exit_code == 0 else "")]
    ended = [f"{report.ended(status)} {words(status)}" for status in Status if report.ended(status)]
    for state in ASIDE:
        count = len(list(report.findings(state)))
        ended += [f"{count} {state}"] if count else []
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
    ended = [*_passed(report, detail), *unjudged(report, detail), *_known(report, detail)]
    if ended:
        yield line()
        yield from ended
    yield line()
    yield from (line(note) for note in report.notes)
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
    shown = [finding for finding in findings if is_listed(report, finding, detail)]
    if shown:
        yield line()
        yield line((area, "bold"))
    for finding in sorted(shown, key=_worst_first):
        yield from finding_lines(finding)


def is_listed(report: Report, finding: Finding, detail: Detail) -> bool:
    """
    Return whether a report for people has a line for a finding; of others it has the number.

    Those are findings that the baseline knows, unless `verbose`, or whose file has not changed.
    """
    if detail.quiet:
        return report.fails(finding)
    shown: set[State] = (
        {"open", "suppressed", "known"} if detail.verbose else {"open", "suppressed"}
    )
    return finding.state in shown


def known(report: Report, detail: Detail) -> str:
    """
    Return what is known but not listed, by code: "100 known findings (old.json): ENV005 (100)".
    """
    counts = Counter(finding.code for finding in report.findings("known"))
    if not counts or detail.quiet or detail.verbose:
        return ""
    codes = ", ".join(f"{code} ({count})" for code, count in counts.items())
    return f"{_plural(counts.total(), 'known finding')} ({report.baseline}): {codes}"


def _known(report: Report, detail: Detail) -> Iterator[Line]:
    text = known(report, detail)
    if text:
        yield line(("– ", "dim"), text, indent=2)


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
    return finding.state != "open", -finding.severity


def finding_lines(finding: Finding) -> Iterator[Line]:
    """
    Yield the lines of a finding: what is wrong, then where and what to do.
    """
    sign, style = SIGNS[finding.severity]
    follow_up = finding.hint
    if finding.suppressed is not None:
        sign, style = "–", "dim"
        follow_up = f"suppressed until {finding.suppressed.until}: {finding.suppressed.reason}"
    elif finding.aside is not None:
        sign, style = "–", "dim"
        follow_up = f"{finding.aside}: {finding.hint}" if finding.hint else finding.aside
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
