"""
Two checks with fixed results, and a program that reports on them, for golden files.

    python -m tests.output.fakes CASE FORMAT [quiet|verbose]
"""

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path

from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.checks.engine.run import run
from workerctl.output.formats import Detail, renderer
from workerctl.preflight import Request, preflight
from workerctl.report.exit_codes import ExitCode as Code
from workerctl.report.findings import Finding, Location, Severity, Suppression
from workerctl.report.results import Problem, Report
from workerctl.schema.declarations import declared
from workerctl.schema.inputs import names
from workerctl.settings import Settings
from workerctl.sources.options import Options
from workerctl.sources.values import Values

EXAMPLES = Path(__file__).parents[2] / "examples/env"
FILES = tuple(sorted(path.name for path in EXAMPLES.glob("*.env")))
TODAY = date(2026, 6, 1)
LINE_12 = Location("env-file", "deploy/production.env", 12)
FINDINGS = (
    Finding(
        "KEY901",
        Severity.WARNING,
        "OLD_KEY is a name that [bold]nobody[/bold] uses any more, and this sentence is long.",
        None,
        ("OLD_KEY",),
        Location("environment"),
    ),
    Finding(
        "KEY901",
        Severity.ERROR,
        "NEW_KEY holds a value that was written by hand, and \x1b[31mred\x1b[0m ink.",
        "Run `workerctl keygen --write deploy/production.env` where the worker starts.",
        ("NEW_KEY",),
        LINE_12,
    ),
    Finding("KEY901", Severity.INFO, "열쇠가 하나 더 있습니다.", "It may stay.", ("NEW_KEY",)),
    Finding(
        "KEY901",
        Severity.ERROR,
        "SPARE_KEY is known to everyone.",
        "Replace it.",
        ("SPARE_KEY",),
        LINE_12.replace(line=14),
        Suppression("KEY901", "it opens nothing", date(2027, 1, 31)),
    ),
)


def many(context: Context) -> Iterable[Finding]:
    """
    Return a finding of every kind.
    """
    return FINDINGS


def nothing(context: Context) -> Iterable[Finding]:
    """
    Return no finding.
    """
    return ()


def skips(context: Context) -> Iterator[Finding]:
    """
    Skip the check.
    """
    raise SkipCheck("there is no key, so that there is nothing to be said about it")
    yield


def crashes(context: Context) -> Iterator[Finding]:
    """
    Crash.
    """
    raise RuntimeError("a text that nobody may see")
    yield


CASES = {
    "findings": (
        Check("KEY901", "The key is good", many),
        Check("TMO901", "Time is short", nothing),
    ),
    "unjudged": (
        Check("KEY901", "The key is good", skips),
        Check("TMO901", "Time is short", crashes),
    ),
    "held": (
        Check("KEY901", "The key is good", nothing),
        Check("TMO901", "Time is short", nothing),
    ),
}


def report(case: str) -> Report:
    """
    Return the report of a case, with all durations set to zero.

    "forty" has forty findings, with characters that formats must escape. In "known", a baseline
    knows every third finding of "forty", and every fourth of the others is in an unchanged file.
    "empty" is the real report on no file at all, and those of `FILES` are on the files.
    """
    if case in FILES:
        return _real(os.path.relpath(EXAMPLES / case))
    if case == "empty":
        return _real()
    if case == "forty":
        return _forty()
    if case == "known":
        return _known()
    if case == "error":
        return Report(error=Problem("deploy/no.env does not exist.", "Check it.", Code.USAGE))
    context = Context(
        Settings.model_construct(),
        Values(names(Settings)),
        declared(Settings),
        env="production",
        suppressions=(),
        today=TODAY,
    )
    results = run(context, CASES[case])
    return Report(
        tuple(
            result.replace(seconds=0.0, findings=FINDINGS if result.findings else ())
            for result in results
        ),
        settings_class="workerctl.settings:Settings",
        env="production",
        judged_as="production",
        env_from="ENV=production",
        sources=("deploy/production.env",),
    )


def reports(case: str) -> tuple[Report, ...]:
    """
    Return the reports of a case: one, or three named ones for "several".
    """
    if case == "several":
        names = ("production", "staging: a | b, <c> %", "broken")
        made = zip(names, ("findings", "held", "error"), strict=True)
        return tuple(report(case).replace(name=name) for name, case in made)
    return (report(case),)


@cache
def _real(*files: str) -> Report:
    return preflight(Request(Options(files, isolated=True)), environ={}, today=TODAY)


def _forty() -> Report:
    severities = (Severity.INFO, Severity.WARNING, Severity.ERROR)
    findings = tuple(
        Finding(
            "KEY901",
            severities[at % 3],
            f"NAME_{at} is 100% `wrong | odd`, <b>::error::</b> \r\n# @here ]]> *really*.",
            "Mend it, [now](x): 'soon'.",
            (f"NAME_{at}",),
            LINE_12.replace(file="deploy/a, b:c%.env", line=at + 1),
        )
        for at in range(40)
    )
    made = report("findings")
    failed = made.results[0].replace(findings=findings)
    return made.replace(results=(failed, *made.results[1:]))


def _known() -> Report:
    """
    Return a report with findings in every state, and with notes.
    """
    made = _forty()
    findings = list(made.results[0].findings)
    findings[::4] = [each.replace(aside="unchanged") for each in findings[::4]]
    findings[::3] = [each.replace(aside="known") for each in findings[::3]]
    failed = made.results[0].replace(findings=(*findings, FINDINGS[-1]))
    return made.replace(
        results=(failed, *made.results[1:]),
        baseline="deploy/known | findings.json",
        gone=2,
        notes=("2 known findings are gone; run `workerctl`.", "7 findings since <b>main</b>."),
    )


if __name__ == "__main__":
    renderer(sys.argv[2])(
        reports(sys.argv[1]),
        sys.stdout,
        Detail(quiet="quiet" in sys.argv, verbose="verbose" in sys.argv),
    )
