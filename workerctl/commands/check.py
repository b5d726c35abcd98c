"""
`workerctl check`: check a configuration and write the report.
"""

from workerctl.commands.discovery.hint import hint
from workerctl.commands.world import World
from workerctl.output.formats import Detail
from workerctl.preflight import Request, preflight, reported


def execute(
    world: World,
    request: Request,
    format: str = "text",  # noqa: A002 -- the name of the option
    path: str | None = None,
    detail: Detail | None = None,
) -> int:
    """
    Check the requested configuration and write the report to standard output or to the file `path`.

    If the project has a settings class that no option or file names, standard error says so. Return
    the exit code.
    """
    report = reported(
        lambda: preflight(request, environ=world.environ, stdin=world.stdin, today=world.today)
    )
    code = world.output.deliver(report, format, path, detail)
    if report.error is None:
        world.output.note(hint(request.options, world.environ))
    return code
