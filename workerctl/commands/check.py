"""
`workerctl check`: check a configuration, or several files one by one, and write the report.
"""

import os
from collections.abc import Sequence

from workerctl.commands.discovery.hint import hint
from workerctl.commands.world import World
from workerctl.output.formats import Detail
from workerctl.preflight import Request, preflight, reported
from workerctl.report.errors import UsageError
from workerctl.report.results import Report
from workerctl.secrecy.typed import may_repeat


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
    report = _report(world, request)
    code = world.output.deliver(report, format, path, detail)
    if report.error is None:
        world.output.note(hint(request.options, world.environ))
    return code


def execute_each(  # noqa: PLR0913, PLR0917 -- the options
    world: World,
    request: Request,
    files: Sequence[str],
    format: str = "text",  # noqa: A002 -- the name of the option
    path: str | None = None,
    detail: Detail | None = None,
) -> int:
    """
    Check each file alone, and write one report with a section for each. Return the worst exit code.

    A single file gets the report of `--isolated --env-file FILE`. Raises UsageError for options
    that name further sources.
    """
    _require_alone(request)
    for file in files:
        _require_path(file)
    requests = {file: _alone(request, file) for file in files}
    if len(requests) == 1:
        return execute(world, requests[files[0]], format, path, detail)
    reports = {file: _report(world, alone) for file, alone in requests.items()}
    return world.output.deliver_each(reports, format, path, detail or Detail())


def _report(world: World, request: Request) -> Report:
    return reported(
        lambda: preflight(request, environ=world.environ, stdin=world.stdin, today=world.today)
    )


def _alone(request: Request, file: str) -> Request:
    options = request.options._replace(env_files=(file,), secrets_dir="", isolated=True)
    return request._replace(options=options)


def _require_alone(request: Request) -> None:
    given = {
        "--no-env-file": request.options.env_files == (),
        "--env-file": bool(request.options.env_files),
        "--secrets-dir": bool(request.options.secrets_dir),
    }
    for option, is_given in given.items():
        if is_given:
            raise UsageError(
                f"{option} and FILE cannot be combined: each FILE is checked alone.",
                "Drop one of them.",
            )


def _require_path(file: str) -> None:
    """
    Raise UsageError for an argument that is not shown because it may be a secret.
    """
    if not file:
        raise UsageError("An argument is empty.", "Check the variable that should name the file.")
    is_path = os.sep in file or os.extsep in file or file == "-"
    if not is_path and not may_repeat(file):
        raise UsageError(
            "There is no such file; its name is not shown because it may be a secret.",
            "Check the arguments.",
        )
