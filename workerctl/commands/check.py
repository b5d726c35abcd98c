"""
`workerctl check`: check a configuration and write the report.
"""

from workerctl.commands.discovery.hint import hint
from workerctl.commands.world import World
from workerctl.output.formats import Destination, Detail
from workerctl.preflight import Request, preflight, reported


def execute(
    world: World,
    request: Request,
    to: tuple[Destination, ...] = (Destination(),),
    detail: Detail | None = None,
    *,
    annotate: bool = False,
) -> int:
    """
    Check the requested configuration and write the report to its destinations.

    In GitHub Actions, `annotate` writes annotations to standard output after the report. If the
    project has a settings class that no option or file names, standard error says so. Return the
    exit code.
    """
    report = reported(
        lambda: preflight(request, environ=world.environ, stdin=world.stdin, today=world.today)
    )
    code = world.output.deliver(report, destinations=to, detail=detail)
    if annotate and world.environ.get("GITHUB_ACTIONS") == "true":
        world.output.annotate(report, detail=detail)
    if report.error is None:
        world.output.note(hint(request.options, world.environ))
    return code
