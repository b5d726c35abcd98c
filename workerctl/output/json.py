"""
The report for programs: a JSON document of the shape `workerctl.report/1`.

Several configurations are a document of the shape `workerctl.reports/1`, which contains a report
for each. The JSON Schemas are `report.schema.json` and `reports.schema.json` in this directory.
"""

from __future__ import annotations

import json
from typing import Any, TextIO

from workerctl import __version__
from workerctl.output.formats import Detail
from workerctl.report.findings import Finding, Location, Severity
from workerctl.report.results import Report, Result, Status, worst
from workerctl.secrecy.masking import printable

SCHEMA = "workerctl.report/1"
SEVERAL = "workerctl.reports/1"


def render(reports: tuple[Report, ...], stream: TextIO, detail: Detail) -> None:
    """
    Write the reports as one JSON document, which does not depend on the detail.
    """
    del detail
    dump(document(*reports) if len(reports) == 1 else documents(reports), stream)


def dump(value: object, stream: TextIO) -> None:
    """
    Write a value as JSON in ASCII, which every encoding can represent.
    """
    json.dump(value, stream, indent=2, ensure_ascii=True, allow_nan=False)
    stream.write("\n")


def document(report: Report) -> dict[str, Any]:
    """
    Return the report as plain data.

    Keys are spelled out rather than derived from attribute names: the shape is a contract.
    """
    return {
        **opening(SCHEMA, report),
        "summary": _summary(report),
        "provided_at_deploy": list(report.later),
        "baseline": _text(report.baseline),
        "notes": list(map(printable, report.notes)),
        "checks": [_check(result) for result in report.results],
    }


def documents(reports: tuple[Report, ...]) -> dict[str, Any]:
    """
    Return several reports as plain data in the shape `workerctl.reports/1`.

    Each of them has the shape `workerctl.report/1`, with the name of its configuration.
    """
    return {
        "schema": SEVERAL,
        "version": __version__,
        "exit_code": int(worst(report.exit_code for report in reports)),
        "reports": [{"name": _text(report.name), **document(report)} for report in reports],
    }


def opening(schema: str, report: Report) -> dict[str, Any]:
    """
    Return the keys with which every document begins: error, exit code, environment, sources.
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
        "settings_class": report.settings_class,
        "env": report.env,
        "judged_as": report.judged_as,
        "env_from": report.env_from,
        "sources": [printable(source) for source in report.sources],
    }


def _summary(report: Report) -> dict[str, int]:
    findings = list(report.findings())
    counts = {status.value: report.ended(status) for status in Status}
    severities = {
        f"{severity.label}s": sum(finding.severity is severity for finding in findings)
        for severity in sorted(Severity, reverse=True)
    }
    return {
        **counts,
        **severities,
        "suppressed": len(list(report.findings("suppressed"))),
        "known": len(list(report.findings("known"))),
        "unchanged": len(list(report.findings("unchanged"))),
        "gone": report.gone,
    }


def _check(result: Result) -> dict[str, Any]:
    return {
        "code": result.code,
        "title": result.title,
        "status": result.status.value,
        "reason": _text(result.reason),
        "seconds": round(result.seconds, 6),
        "findings": [
            {**finding_of(finding), "state": finding.state} for finding in result.findings
        ],
    }


def finding_of(finding: Finding) -> dict[str, Any]:
    """
    Return a finding as plain data.
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
