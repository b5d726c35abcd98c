"""
Findings with what a CI service needs to know them by: a path in the repository and a fingerprint.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from workerctl.report.findings import Finding
from workerctl.report.records import Record
from workerctl.report.results import Report
from workerctl.secrecy.masking import printable

_STDIN = "<stdin>"
_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
_WITHOUT_FILE = "pyproject.toml"


class Placed(Record):
    """
    A finding of a report. `path` is None if no file of the repository holds what is wrong.

    The fingerprint stays the same when lines move. It contains no value.
    """

    finding: Finding
    report: Report
    path: str | None
    line: int | None
    fingerprint: str

    @property
    def nearest_path(self) -> str:
        """
        The path, or one where a finding without a file may be shown: an env file that was read.
        """
        if self.path is not None:
            return self.path
        files = (path_in_repository(source) for source in self.report.sources)
        return next((path for path in files if path), _WITHOUT_FILE)

    @property
    def text(self) -> str:
        """
        The message and the hint.
        """
        hint = f" {self.finding.hint}" if self.finding.hint else ""
        return printable(f"{self.finding.message}{hint}")


def placed(reports: Iterable[Report]) -> Iterator[Placed]:
    """
    Yield the findings of the reports, the worst first, including those that are suppressed.
    """
    found = [
        (report, finding)
        for report in reports
        for result in report.results
        for finding in result.findings
    ]
    equal: Counter[tuple[str, ...]] = Counter()
    for report, finding in sorted(found, key=lambda pair: -pair[1].severity):
        location = finding.location
        path = None if location is None or not location.file else path_in_repository(location.file)
        known_by = (finding.code, report.name or "", path or "", *finding.fields)
        equal[known_by] += 1
        digest = sha256("\0".join((*known_by, str(equal[known_by]))).encode("utf-8", "replace"))
        line = None if location is None or path is None else location.line
        yield Placed(finding, report, path, line, digest.hexdigest())


def path_in_repository(file: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """
    Return the path of a file relative to the root of the repository, with forward slashes.

    Return None for standard input and for files outside the repository.
    """
    if file == _STDIN:
        return None
    absolute = Path(os.path.abspath(file))  # noqa: PTH100 -- resolve() would follow links
    root = _root(environ)
    if not absolute.is_relative_to(root):
        return None
    return printable(absolute.relative_to(root).as_posix())


def _root(environ: Mapping[str, str]) -> Path:
    """
    Return the root of the repository: as the CI service says, else the directory that has `.git`.
    """
    here = Path.cwd()
    named = (Path(environ[name]) for name in _ROOTS if environ.get(name))
    for root in named:
        if here.is_relative_to(root):
            return root
    parents = (here, *here.parents)
    return next((parent for parent in parents if (parent / ".git").exists()), here)
