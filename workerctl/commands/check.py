"""
`workerctl check`: check a configuration and write the report.
"""

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

    Return the exit code.
    """
    report = reported(
        lambda: preflight(request, environ=world.environ, stdin=world.stdin, today=world.today)
    )
    return world.output.deliver(report, format, path, detail)
