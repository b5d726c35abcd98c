"""
The report for the widget of a merge request: GitLab's Code Quality format.

GitLab shows findings with equal fingerprints once, so a fingerprint has the code, path and field of
a finding, but not the line, which moves when lines above it are added.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, TextIO

from workerctl.output.ci.placed import placed
from workerctl.output.formats import Detail
from workerctl.output.json import dump
from workerctl.report.findings import Severity
from workerctl.report.results import Report, Status
from workerctl.secrecy.masking import printable

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}
_NO_FILE = "pyproject.toml"


def render(reports: tuple[Report, ...], stream: TextIO, detail: Detail) -> None:
    """
    Write a JSON array with an object for each finding that counts.
    """
    del detail
    dump([*_problems(reports), *_issues(reports)], stream)


def _issues(reports: tuple[Report, ...]) -> Iterator[dict[str, Any]]:
    for each in placed(reports):
        if each.finding.state == "open":
            yield {
                "description": f"{each.finding.code}: {each.text}",
                "check_name": each.finding.code,
                "fingerprint": each.fingerprint,
                "severity": _SEVERITIES[each.finding.severity],
                "location": {"path": each.nearest_path, "lines": {"begin": each.line or 1}},
            }


def _problems(reports: tuple[Report, ...]) -> Iterator[dict[str, Any]]:
    for report in reports:
        if report.error is not None:
            yield _blocker(report, "workerctl", f"{report.error.message} {report.error.hint or ''}")
        for result in report.results:
            if result.status is Status.CRASHED:
                text = f"{result.code}: The check crashed: {result.reason}"
                yield _blocker(report, result.code, text)


def _blocker(report: Report, name: str, text: str) -> dict[str, Any]:
    # The name of a target is a part of the fingerprint, or GitLab would show equal errors once.
    target = "" if report.name is None else f"{report.name}: "
    description = printable(f"{target}{text}").strip()
    return {
        "description": description,
        "check_name": name,
        "fingerprint": sha256(description.encode("utf-8", "replace")).hexdigest(),
        "severity": "blocker",
        "location": {"path": _NO_FILE, "lines": {"begin": 1}},
    }
