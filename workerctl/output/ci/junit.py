"""
The report as JUnit XML, for the test report of a CI service: a check is a test case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from workerctl.output.formats import Detail
from workerctl.report.findings import Finding
from workerctl.report.results import Report, Result, Status
from workerctl.secrecy.masking import printable

_LEFT_OUT = {Status.SKIPPED, Status.DEFERRED, Status.NOT_APPLICABLE}


def render(reports: tuple[Report, ...], stream: TextIO, detail: Detail) -> None:
    """
    Write a test suite for each report. A check fails if one of its findings fails the run.
    """
    del detail
    stream.write('<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="workerctl">\n')
    for report in reports:
        stream.writelines(f"{line}\n" for line in _suite(report))
    stream.write("</testsuites>\n")


def _suite(report: Report) -> Iterator[str]:
    failed = sum(any(map(report.fails, result.findings)) for result in report.results)
    crashed = report.ended(Status.CRASHED) + (report.error is not None)
    counts = {
        "name": report.name or "workerctl check",
        "tests": len(report.results) + (report.error is not None),
        "failures": failed,
        "errors": crashed,
        "skipped": sum(map(report.ended, _LEFT_OUT)),
        "time": _seconds(sum(result.seconds for result in report.results)),
    }
    yield f"  <testsuite {_attributes(counts)}>"
    if report.error is not None:
        message = _attributes({"message": report.error.message})
        yield '    <testcase classname="workerctl" name="preflight" time="0.000">'
        yield f"      <error {message}>{_escaped(report.error.hint or '')}</error>"
        yield "    </testcase>"
    for result in report.results:
        yield from _case(report, result)
    yield "  </testsuite>"


def _case(report: Report, result: Result) -> Iterator[str]:
    name = {
        "classname": f"workerctl.{result.code.rstrip('0123456789')}",
        "name": f"{result.code} {result.title}",
        "time": _seconds(result.seconds),
    }
    yield f"    <testcase {_attributes(name)}>"
    if result.status in _LEFT_OUT:
        yield f"      <skipped {_attributes({'message': result.reason or result.status.value})}/>"
    if result.status is Status.CRASHED:
        yield f"      <error {_attributes({'message': result.reason or 'The check crashed.'})}/>"
    failing = [finding for finding in result.findings if report.fails(finding)]
    others = [finding for finding in result.findings if not report.fails(finding)]
    if failing:
        message = {"message": " ".join(finding.message for finding in failing)}
        yield f"      <failure {_attributes(message)}>{escape(_text(failing))}</failure>"
    if others:
        yield f"      <system-out>{escape(_text(others))}</system-out>"
    yield "    </testcase>"


def _text(findings: list[Finding]) -> str:
    return "\n".join(map(_line, findings))


def _line(finding: Finding) -> str:
    where = "" if finding.location is None else f"{finding.location}: "
    accepted = finding.suppressed
    follow_up = finding.hint or ""
    if accepted is not None:
        follow_up = f"(suppressed until {accepted.until}: {accepted.reason})"
    elif finding.aside is not None:
        follow_up = f"{follow_up} ({finding.aside})"
    return printable(f"{where}{finding.severity.label}: {finding.message} {follow_up}").rstrip()


def _attributes(values: Mapping[str, object]) -> str:
    return " ".join(f"{name}={quoteattr(printable(str(value)))}" for name, value in values.items())


def _escaped(text: str) -> str:
    return escape(printable(text))


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
