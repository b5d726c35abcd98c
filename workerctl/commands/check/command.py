"""
`workerctl check`: check configurations and write the report.
"""

from collections.abc import Iterator, Sequence

from workerctl.commands.discovery.hint import hint
from workerctl.commands.world import World
from workerctl.output.formats import Destination, Detail
from workerctl.preflight import Request, attempted, preflight, reported
from workerctl.report.results import Problem, Report
from workerctl.sources import project as projects
from workerctl.sources.project import Project


def execute(  # noqa: PLR0913 -- what to check, and where to write it
    world: World,
    request: Request,
    words: Sequence[str] = (),
    to: tuple[Destination, ...] = (Destination(),),
    detail: Detail | None = None,
    *,
    annotate: bool = False,
) -> int:
    """
    Check the requested configurations and write the report to its destinations.

    In GitHub Actions, `annotate` writes annotations to standard output after the report. If the
    project has a settings class that no option or file names, standard error says so. Return the
    exit code.
    """
    project = attempted(projects.here)
    reports = tuple(_reports(world, request, words, project))
    code = world.output.deliver(*reports, destinations=to, detail=detail)
    if annotate and world.environ.get("GITHUB_ACTIONS") == "true":
        world.output.annotate(*reports, detail=detail)
    if isinstance(project, Project) and all(report.error is None for report in reports):
        world.output.note(hint(request.options, project, world.environ))
    return code


def _reports(
    world: World, request: Request, words: Sequence[str], project: Project | Problem
) -> Iterator[Report]:
    """
    Yield a report for each configuration, or one with the reason why nothing can be checked.
    """
    if isinstance(project, Problem):
        yield Report(error=project)
        return
    if not words and not project.targets:
        yield _report(world, request, project)
        return
    from workerctl.commands.configurations import configurations

    found = attempted(lambda: configurations(words, request, project))
    if isinstance(found, Problem):
        yield Report(error=found)
        return
    from workerctl.commands.check import together

    yield from together.reports(world, found, project)


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
