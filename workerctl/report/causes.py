"""
One fault, one finding: of several findings about one value, only the cause is reported.

A placeholder in a URL is also a text of the wrong type, without a host, and not encrypted. All of
these disappear with the placeholder, so it is their cause. The possible causes are, in this order:
a placeholder, a reference, the form of the text, and a variable in it that nothing sets. What the
value means comes last. A misspelt name is the cause of the variable that is not set.

Nothing is lost by that. A cause is reported with the highest severity of the findings that it
hides, so that exit codes are the same. It hides only findings about the same variable, and none if
a suppression accepts it. The only severity that is not raised is that of information: it is about a
file in which a tool replaces the value later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workerctl.report.findings import Finding, Severity

_ORDER = (
    ("ENV004",),
    ("REF",),
    ("FRM",),
    ("SET011",),
    ("SET001", "SET009", "URL", "KEY", "ENV"),
)
"""The codes, or their beginnings, of findings about a value. An earlier one is the cause."""

_MISSPELT = ("SET002", "SET003")
_MISSING = ("ENV002", "KEY001")
"""A misspelt name is the cause of a variable that is not set, and of nothing else."""

_WORDS = {
    "ENV004": "is a placeholder",
    "REF001": "is a reference",
    "REF002": "is the text of a missing value",
    "SET002": "is misspelt",
    "SET003": "is misspelt",
    "SET011": "refers to an unset variable",
}

Causes = Mapping[str, Finding]
"""By variable, the finding that hides the later ones in the order."""


def causes(findings: Iterable[Finding]) -> Causes:
    """
    Return the cause for each variable that has one, with the highest severity of its findings.
    """
    found: dict[str, Finding] = {}
    counting = [each for each in findings if each.suppressed is None and each.fields]
    about = [each for each in counting if _rank(each) is not None]
    for finding in sorted(about, key=lambda each: _rank(each) or 0):
        (name,) = finding.fields[:1]
        cause = found.setdefault(name, finding)
        if cause.severity is not Severity.INFO and finding.severity > cause.severity:
            found[name] = cause.replace(severity=finding.severity)
    known = {name: each for name, each in found.items() if _rank(each) != len(_ORDER) - 1}
    return {**_misspelt(counting), **known}


def _misspelt(findings: Iterable[Finding]) -> Causes:
    missing = {each.fields[0]: each for each in findings if each.code in _MISSING}
    return {
        name: each.replace(severity=max(each.severity, missing[name].severity))
        for each in findings
        if each.code in _MISSPELT and each.severity is not Severity.INFO
        for name in each.fields[:1]
        if name in missing
    }


def cause_of(finding: Finding, known: Causes) -> Finding | None:
    """
    Return the cause that hides a finding, or None if the finding is reported.
    """
    rank = _rank(finding)
    cause = known.get(finding.fields[0]) if rank is not None else None
    if cause is None or finding.suppressed is not None:
        return None
    if cause.code in _MISSPELT:
        return cause if finding.code in _MISSING else None
    own = _rank(cause)
    return cause if own is not None and rank is not None and own < rank else None


def reason(cause: Finding) -> str:
    """
    Return why a check is skipped whose finding is hidden: `API_KEY is a placeholder (ENV004)`.
    """
    return f"{cause.fields[0]} {_WORDS.get(cause.code, 'is malformed')} ({cause.code})"


def without_hidden(findings: Iterable[Finding]) -> list[Finding]:
    """
    Return the findings without those that a cause hides.
    """
    found = list(findings)
    known = causes(found)
    return [with_raised_severity(each, known) for each in found if cause_of(each, known) is None]


def with_raised_severity(finding: Finding, known: Causes) -> Finding:
    """
    Return a finding with the highest severity of those that it hides.
    """
    cause = known.get(finding.fields[0]) if finding.fields else None
    is_cause = cause is not None and (cause.code, cause.message) == (finding.code, finding.message)
    return cause if cause is not None and is_cause and finding.suppressed is None else finding


def _rank(finding: Finding) -> int | None:
    if not finding.fields:
        return None
    ranks = (rank for rank, codes in enumerate(_ORDER) if finding.code.startswith(codes))
    return next(ranks, None)
