"""
`workerctl check`: check configurations and write the report.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone

from workerctl.commands.discovery.hint import hint
from workerctl.commands.shared.world import World
from workerctl.output.delivery import require_no_source
from workerctl.output.formats import Destination, Detail
from workerctl.output.lines import line
from workerctl.preflight import Request, attempted, preflight, reported
from workerctl.report.errors import UsageError
from workerctl.report.records import Record
from workerctl.report.results import Problem, Report, worst
from workerctl.secrecy.masking import is_like_secret
from workerctl.sources import project as projects
from workerctl.sources.project import BASELINE, Project

Mark = Callable[[Report], Report]


class Living(Record):
    """
    How to live with findings: write the baseline, or report only what has changed since a revision.
    """

    write_baseline: bool = False
    diff_from: str | None = None


def execute(  # noqa: PLR0913 -- what to check, and where to write it
    world: World,
    request: Request,
    words: Sequence[str] = (),
    to: tuple[Destination, ...] = (Destination(),),
    detail: Detail | None = None,
    *,
    living: Living = Living(),  # noqa: B008 -- immutable
    annotate: bool = False,
) -> int:
    """
    Check the requested configurations and write the report to its destinations.

    In GitHub Actions, `annotate` writes annotations to standard output after the report. If the
    project has a settings class that no option or file names, standard error says so. Return the
    exit code.

    Raises UsageError if a destination is a source.
    """
    project = attempted(projects.here)
    made = tuple(reports(world, request, project, words, living))
    if living.write_baseline:
        return _write_baseline(world, made, project)
    for each in to:
        if each.path is not None:
            sources = [source for report in made for source in report.sources]
            require_no_source(each.path, [*words, *request.options.named, *sources])
    code = world.output.deliver(*made, destinations=to, detail=detail)
    if annotate and world.environ.get("GITHUB_ACTIONS") == "true":
        world.output.annotate(*made, detail=detail)
    if isinstance(project, Project) and all(report.error is None for report in made):
        world.output.note(hint(request.options, project, world.environ))
    return code


def reports(
    world: World,
    request: Request,
    project: Project | Problem,
    words: Sequence[str] = (),
    living: Living = Living(),  # noqa: B008 -- immutable
) -> Iterator[Report]:
    """
    Yield a report for each configuration, or one with the reason why nothing can be checked.
    """
    if isinstance(project, Problem):
        yield Report(error=project)
        return
    marks = attempted(lambda: tuple(_marks(world, request, project, words, living)))
    if isinstance(marks, Problem):
        yield Report(error=marks)
        return
    if not words and not project.targets:
        yield _marked(_report(world, request, project), marks)
        return
    from workerctl.commands.shared.configurations import configurations

    found = attempted(lambda: configurations(words, request, project))
    if isinstance(found, Problem):
        yield Report(error=found)
        return
    from workerctl.commands.check import together

    for report in together.reports(world, found, project):
        yield _marked(report, marks)


def _marks(
    world: World, request: Request, project: Project, words: Sequence[str], living: Living
) -> Iterator[Mark]:
    """
    Yield functions that mark the findings of a report that do not count.

    Raises UsageError if the baseline or the revision cannot be used.
    """
    path = _baseline_path(project)
    if project.baseline is not None and is_like_secret(path):
        raise UsageError("[tool.workerctl] baseline does not name a file.", "Correct it.")
    if living.write_baseline:
        return
    if project.baseline is not None or os.path.lexists(path):
        from workerctl.commands.check import baseline, known  # most projects have no baseline

        made = baseline.read(path)
        today = world.today or datetime.now(timezone.utc).date()  # noqa: UP017 -- as in preflight

        def mark(report: Report) -> Report:
            again = _writing_again(request, (report.name,) if words and report.name else ())
            return known.with_known(report, made, project, today, path, again)

        yield mark
    if living.diff_from is not None:
        from workerctl.commands.check import changes

        since = changes.revision(living.diff_from)
        yield lambda report: changes.with_unchanged(report, since)


def _writing_again(request: Request, words: Sequence[str]) -> str:
    from workerctl.commands.shared.usage import command_line

    env = () if request.env is None else ("--env", request.env)
    return command_line(["check", *words], request.options, [*env, "--write-baseline"])


def _report(world: World, request: Request, project: Project) -> Report:
    return reported(
        lambda: preflight(
            request,
            environ=world.environ,
            stdin=world.stdin,
            today=world.today,
            project=project,
        )
    )


def _marked(report: Report, marks: Sequence[Mark]) -> Report:
    def make() -> Report:
        marked = report
        for mark in marks:
            marked = mark(marked)
        return marked

    return report if report.error is not None else reported(make).replace(name=report.name)


def _baseline_path(project: Project) -> str:
    return project.path(project.baseline or BASELINE)


def _write_baseline(world: World, reports: tuple[Report, ...], project: Project | Problem) -> int:
    """
    Write the findings of the reports to the baseline, and say what has changed in it.

    If a configuration could not be checked, nothing is written. Return the exit code.
    """
    for report in reports:
        if report.error is not None:
            world.output.print_problem(report.error)
    if isinstance(project, Problem) or any(report.error is not None for report in reports):
        world.output.note("The baseline was not written.")
        return int(worst(0 if each.error is None else each.error.exit_code for each in reports))
    from workerctl.commands.check import baseline, known

    path = _baseline_path(project)
    today = world.today or datetime.now(timezone.utc).date()  # noqa: UP017 -- as in the preflight
    made: list[known.Renewed] = []

    def change(old: baseline.Baseline | None) -> baseline.Baseline:
        made.append(known.renewed(old, reports, project, today))
        return made[-1].baseline

    baseline.write(path, change)
    return world.output.write_lines(line(text) for text in known.said(made[-1], path))
