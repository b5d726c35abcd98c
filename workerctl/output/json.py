"""
For programs: the shape `workerctl.report/1`, whose JSON Schema lies beside this file.
"""

import json
from typing import Any, TextIO

from workerctl import __version__
from workerctl.output.formats import Detail
from workerctl.report.findings import Finding, Location, Severity
from workerctl.report.results import Report, Result, Status
from workerctl.secrecy.masking import printable

SCHEMA = "workerctl.report/1"


def render(report: Report, stream: TextIO, detail: Detail) -> None:
    """
    Write one JSON document. It is the same at every level of detail.
    """
    del detail
    dump(document(report), stream)


def dump(value: object, stream: TextIO) -> None:
    """
    Write a value as ASCII, so that no encoding of the stream can fail on it.
    """
    json.dump(value, stream, indent=2, ensure_ascii=True, allow_nan=False)
    stream.write("\n")


def document(report: Report) -> dict[str, Any]:
    """
    The report as plain data, written out by hand so that refactoring cannot change the contract.
    """
    return {
        **opening(SCHEMA, report),
        "summary": _summary(report),
        "checks": [_check(result) for result in report.results],
    }


def opening(schema: str, report: Report) -> dict[str, Any]:
    """
    What a document of any shape begins with: whether it worked, and what it was made of.
    """
    error = report.error
    return {
        "schema": schema,
        "version": __version__,
        "exit_code": int(report.exit_code),
        "error": None
        if error is None
        else {
            "message": printable(error.message),
            "hint": _text(error.hint),
        },
        "env": report.env,
        "judged_as": report.judged_as,
        "sources": [printable(source) for source in report.sources],
    }


def _summary(report: Report) -> dict[str, int]:
    findings = list(report.findings())
    suppressed = sum(len(result.findings) for result in report.results) - len(findings)
    counts = {status.value: report.ended(status) for status in Status}
    severities = {
        f"{severity.label}s": sum(finding.severity is severity for finding in findings)
        for severity in sorted(Severity, reverse=True)
    }
    return {**counts, **severities, "suppressed": suppressed}


def _check(result: Result) -> dict[str, Any]:
    return {
        "code": result.code,
        "title": result.title,
        "status": result.status.value,
        "reason": _text(result.reason),
        "seconds": round(result.seconds, 6),
        "findings": [finding_of(finding) for finding in result.findings],
    }


def finding_of(finding: Finding) -> dict[str, Any]:
    """
    A finding as plain data.
    """
    suppressed = finding.suppressed
    return {
        "code": finding.code,
        "severity": finding.severity.label,
        "message": printable(finding.message),
        "hint": _text(finding.hint),
        "fields": list(finding.fields),
        "location": location_of(finding.location),
        "suppressed": None
        if suppressed is None
        else {
            "reason": printable(suppressed.reason),
            "until": suppressed.until.isoformat(),
        },
    }


def location_of(location: Location | None) -> dict[str, Any] | None:
    """
    Return a location as plain data.
    """
    if location is None:
        return None
    return {
        "source": location.source,
        "file": None if location.file is None else printable(location.file),
        "line": location.line,
    }


def _text(text: str | None) -> str | None:
    return None if text is None else printable(text)
