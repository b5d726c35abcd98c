"""
The report in SARIF 2.1.0, for code scanning: the Static Analysis Results Interchange Format.

There is one run for each report, because a run has one list of rules and one exit code.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, TextIO
from urllib.parse import quote

from workerctl import __version__
from workerctl.output.ci.placed import Placed, placed
from workerctl.output.formats import DOCUMENTATION, Detail, link
from workerctl.output.json import dump
from workerctl.report.findings import Finding, Severity
from workerctl.report.results import Report, Result, Status
from workerctl.secrecy.masking import printable

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(reports: tuple[Report, ...], stream: TextIO, detail: Detail) -> None:
    """
    Write a SARIF log with a run for each report.
    """
    del detail
    runs = [_run(report) for report in reports]
    dump({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, stream)


def _run(report: Report) -> dict[str, Any]:
    rules = [_rule(result) for result in report.results]
    indices = {rule["id"]: at for at, rule in enumerate(rules)}
    return {
        "tool": {
            "driver": {
                "name": "workerctl",
                "version": __version__,
                "semanticVersion": __version__,
                "informationUri": DOCUMENTATION,
                "rules": rules,
            }
        },
        "automationDetails": {"id": f"workerctl/{printable(report.name or 'check')}/"},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, indices[each.finding.code]) for each in placed([report])],
    }


def _rule(result: Result) -> dict[str, Any]:
    manual = cleandoc(result.manual or result.title)
    rule = {
        "id": result.code,
        "shortDescription": {"text": printable(result.title)},
        "fullDescription": {"text": manual.split("\n\n", 1)[0].strip()},
        "help": {"text": manual},
    }
    return {**rule, "helpUri": link(result.code)} if result.is_built_in else rule


def _invocation(report: Report) -> dict[str, Any]:
    notifications = [
        _notification(f"{result.code}: {result.reason}", "error", result.code)
        for result in report.results
        if result.status is Status.CRASHED
    ]
    if report.error is not None:
        notifications.append(_notification(f"{report.error.message} {report.error.hint or ''}"))
    notes = [_notification(note, "note") for note in report.notes]
    return {
        "executionSuccessful": not notifications,
        "exitCode": int(report.exit_code),
        "toolExecutionNotifications": notifications,
        **({"toolConfigurationNotifications": notes} if notes else {}),
    }


def _notification(text: str, level: str = "error", code: str | None = None) -> dict[str, Any]:
    rule = {} if code is None else {"associatedRule": {"id": code}}
    return {"level": level, "message": {"text": printable(text).strip()}, **rule}


def _result(each: Placed, index: int) -> dict[str, Any]:
    finding = each.finding
    made: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": each.text},
        "locations": [_location(each)],
        "partialFingerprints": {"workerctl/v1": each.fingerprint},
        "suppressions": list(_suppressions(finding)),
    }
    if each.report.baseline is None:
        return made
    # "unchanged" has the meaning of SARIF here: the result was in the baseline already.
    return {**made, "baselineState": "unchanged" if finding.state == "known" else "new"}


def _suppressions(finding: Finding) -> Iterator[dict[str, Any]]:
    """
    Yield why a result need not be looked at. For a known one, its `baselineState` says that.
    """
    accepted = finding.suppressed
    if accepted is not None:
        in_source = accepted.written is not None
        reason = printable(f"{accepted.reason} (until {accepted.until})")
        yield {"kind": "inSource" if in_source else "external", "justification": reason}
    elif finding.state == "unchanged":
        yield {"kind": "external", "justification": "The file has not changed."}


def _location(each: Placed) -> dict[str, Any]:
    region = {} if each.line is None else {"region": {"startLine": each.line}}
    artifact = {"uri": quote(each.nearest_path), "uriBaseId": "%SRCROOT%"}
    logical = [{"name": field, "kind": "member"} for field in each.finding.fields]
    located: dict[str, Any] = {"physicalLocation": {"artifactLocation": artifact, **region}}
    return {**located, "logicalLocations": logical} if logical else located
