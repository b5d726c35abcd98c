"""
Reports against a baseline: which findings it knows, which of these are gone, and how it is renewed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from workerctl.commands.check.baseline import Baseline, Key
from workerctl.commands.shared.configurations import target_of
from workerctl.report.findings import ALWAYS, Finding, Location
from workerctl.report.records import Record
from workerctl.report.results import Report, Result, Status
from workerctl.sources import envfile
from workerctl.sources.project import Project

DAYS = 90
"""How long a new baseline counts."""

_JUDGED = {Status.PASSED, Status.FAILED, Status.NOT_APPLICABLE}


class Renewed(Record):
    """
    A baseline, and how many findings were added, removed, and left out because of their code.
    """

    baseline: Baseline
    added: int = 0
    removed: int = 0
    left_out: int = 0


def with_known(  # noqa: PLR0913, PLR0917 -- what is marked, by what, and how that is renewed
    report: Report, baseline: Baseline, project: Project, today: date, file: str, again: str
) -> Report:
    """
    Return the report with the findings marked that the baseline, which is in `file`, knows.

    `again` is the command that renews it.

    If several findings have the same key, the baseline knows as many as it has counted. An expired
    baseline knows nothing.
    """
    if report.error is not None:
        return report
    if baseline.has_expired(today):
        note = f"The baseline {file} expired on {baseline.expires}, so its findings count again."
        return report.replace(notes=(*report.notes, note))
    left = Counter(baseline.counts)
    results: list[Result] = []
    for result in report.results:
        findings: list[Finding] = []
        for finding in result.findings:
            key = _key(finding, report, project)
            is_known = _may_be_known(finding) and left[key] > 0
            left[key] -= is_known
            findings.append(finding.replace(aside="known") if is_known else finding)
        results.append(result.replace(findings=tuple(findings)))
    gone = sum(count for key, count in (+left).items() if _was_judged(key, report, project))
    notes = report.notes
    if gone:
        subject = "1 known finding is" if gone == 1 else f"{gone} known findings are"
        notes = (*notes, f"{subject} gone; run {again}.")
    return report.replace(results=tuple(results), baseline=file, gone=gone, notes=notes)


def renewed(
    old: Baseline | None, reports: Sequence[Report], project: Project, today: date
) -> Renewed:
    """
    Return the baseline that knows all findings of the reports.

    Of the old one, it keeps the findings that the reports say nothing about: of other targets,
    files and checks. Those of a target that is not declared any more, or of a file that does not
    exist any more, are dropped. It also keeps the date, unless that has passed.
    """
    is_new = old is None or old.has_expired(today)
    before = Counter({} if old is None else old.counts)
    kept = Counter(
        {
            key: count
            for key, count in before.items()
            if not is_new
            and _exists(key, project)
            and not any(_was_judged(key, report, project) for report in reports)
        }
    )
    new = kept
    for report in reports:
        found = filter(_may_be_known, _findings(report))
        # Not the sum: a check that crashed may have found some of what is kept.
        new |= Counter(_key(finding, report, project) for finding in found)
    return Renewed(
        Baseline(today + timedelta(DAYS) if old is None or is_new else old.expires, new),
        added=(new - before).total(),
        removed=(before - new).total(),
        left_out=sum(each.code in ALWAYS for report in reports for each in _findings(report)),
    )


def said(made: Renewed, file: str) -> Iterator[str]:
    """
    Yield in sentences what has changed in the baseline in `file`, and what is not in it.
    """
    changes = [
        f"{_counted(count)} {verb}"
        for count, verb in ((made.added, "added"), (made.removed, "removed"))
        if count
    ]
    total = sum(made.baseline.counts.values())
    holds = f"it has {_counted(total)} and is valid until {made.baseline.expires}"
    yield f"{file}: {', '.join(changes) or 'no finding added or removed'}; {holds}."
    if made.left_out:
        yield (
            f"{_counted(made.left_out)} of {' and '.join(sorted(ALWAYS))} cannot be in it, because "
            "all other results depend on these checks; `workerctl check` still reports them."
        )


def _counted(count: int) -> str:
    return "1 finding" if count == 1 else f"{count} findings"


def _findings(report: Report) -> Iterable[Finding]:
    return (finding for result in report.results for finding in result.findings)


def _may_be_known(finding: Finding) -> bool:
    return finding.suppressed is None and finding.code not in ALWAYS


def _key(finding: Finding, report: Report, project: Project) -> Key:
    return Key(
        code=finding.code,
        severity=finding.severity.label,
        target=_target(report, project),
        env=report.judged_as or "",
        file=_file(finding.location, project),
        fields=finding.fields,
    )


def _target(report: Report, project: Project) -> str | None:
    """
    Return the name of a target, or the path of a file that was checked and is not all of a target.
    """
    if report.name is None or report.name in {target.name for target in project.targets}:
        return report.name
    target = target_of(report.name, report.judged_as, project)
    return _relative(report.name, project) if target is None else target


def _file(location: Location | None, project: Project) -> str | None:
    if location is None or location.file is None:
        return None
    return _relative(location.file, project)


def _relative(path: str, project: Project) -> str:
    """
    Return a path relative to the project; one outside of it, or another name, as it was given.
    """
    if not os.path.lexists(path):
        return path
    relative = os.path.relpath(path, project.directory)
    return path if relative.startswith(os.pardir) else relative.replace(os.sep, "/")


def _was_judged(key: Key, report: Report, project: Project) -> bool:
    """
    Return whether the report would have the finding with this key, if it still existed.

    That is not known of a check that was not selected, was skipped, or crashed. Runs without a
    target may read different files, so one says nothing about the existing files of another.
    """
    if report.error is not None or (key.target, key.env) != (
        _target(report, project),
        report.judged_as,
    ):
        return False
    if not any(each.code == key.code and each.status in _JUDGED for each in report.results):
        return False
    if key.target is not None or key.file is None:
        return True
    read = [_relative(source, project) for source in report.sources]
    is_read = any(key.file == each or key.file.startswith(f"{each}/") for each in read)
    return is_read or not os.path.lexists(project.path(key.file))


def _exists(key: Key, project: Project) -> bool:
    declared = {target.name for target in project.targets}
    if key.target is None or key.target == envfile.STDIN or key.target in declared:
        return True
    return os.path.lexists(project.path(key.target))
