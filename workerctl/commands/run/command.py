"""
`workerctl run`: check the configuration, then replace this process with a command that uses it.

The command has the same process id and streams, receives the signals, and sets the exit code.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from workerctl.commands.run import starting
from workerctl.commands.run.launching import replace_process
from workerctl.commands.shared.world import World
from workerctl.output.delivery import Output
from workerctl.preflight import Request, attempted, judge, reported
from workerctl.report.errors import UsageError
from workerctl.report.exit_codes import ExitCode
from workerctl.report.results import Problem, Report
from workerctl.schema.loaded import Loaded
from workerctl.sources import project
from workerctl.sources.envfile import STDIN
from workerctl.sources.options import Options, resolve

_SHOWN = 5
"""The maximum number of variables in a message."""


def execute(world: World, request: Request, command: list[str]) -> int:
    """
    Check the requested configuration, then replace this process with the command.

    If the check fails, write the report to standard error and return the exit code; otherwise write
    nothing and do not return. Raises CommandError if the command cannot be executed, and UsageError
    if it could not read the sources that were checked.
    """
    if not command:
        raise UsageError("The command to run is missing.", "Add it: `workerctl run -- rq worker`.")
    require_readable_again(request.options, world.environ)
    loaded = attempted(lambda: world.load(request.options))
    if isinstance(loaded, Problem):
        report = Report(error=loaded)
    else:
        report = reported(lambda: judge(loaded, request.replace(running=True), world.today))
    if report.exit_code or isinstance(loaded, Problem):
        # Standard output is reserved for the command.
        return Output(world.stderr, world.stderr).deliver(report)
    environ = starting.environment_for(loaded, request.options, world.environ)
    _require_same_values(loaded, environ)
    replace_process(world, command, environ)
    return ExitCode.OK


def _require_same_values(loaded: Loaded, environ: dict[str, str]) -> None:
    """
    Raise UsageError if a class that reads by itself would not read what was checked.

    It may read another env file as well, or find a field under two names.
    """
    found = starting.differences(loaded, environ)
    if found:
        more = len(found) - _SHOWN
        listed = [*found[:_SHOWN], *([f"{more} more"] if more > 0 else [])]
        names = {text.partition(" ")[0] for text in found}
        hints = (
            f"{name} {each.words}. {each.remedy}"
            for name, each in loaded.values.unread.items()
            if name in names
        )
        otherwise = (
            "Name the env files that the class reads by itself, too, and each variable once."
        )
        raise UsageError(
            f"The command would read other values than those that were checked for "
            f"{', '.join(listed)}.",
            next(hints, otherwise),
        )


def require_readable_again(options: Options, environ: Mapping[str, str]) -> None:
    """
    Raise UsageError if the command could not read the sources that are going to be checked.
    """
    files = resolve(options, project.here(), environ).env_files or ()
    if STDIN in files:
        raise UsageError(
            "The command could not read standard input again.", "Pass a file to --env-file."
        )
    if any(os.pathsep in path for path in files):
        raise UsageError(
            f"The path of an env file contains `{os.pathsep}`, which separates paths.",
            "Rename the file.",
        )
