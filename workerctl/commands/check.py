"""
`workerctl check`: judge a configuration, and report what is wrong with it.
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
    Check what the request describes, and deliver the report. Return the exit code.
    """
    report = reported(
        lambda: preflight(request, environ=world.environ, stdin=world.stdin, today=world.today)
    )
    return world.output.deliver(report, format, path, detail)
