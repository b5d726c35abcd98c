"""
The first line of a worker: nothing runs on a configuration that would fail later.
"""

import sys

from workerctl.errors import ConfigurationError
from workerctl.report.exit_codes import ExitCode
from workerctl.runtime.logging_config import configure_logging
from workerctl.settings import Settings, get_settings


class _Booted:
    """
    What this process has started with; a forked child has started, too.
    """

    settings: Settings | None = None


def boot() -> Settings:
    """
    The settings, judged as `workerctl check` judges them, and with the logs set up by them.

    Where a check finds an error, or crashes, the report goes to standard error, and the process
    ends with exit code 1. Warnings are left to `workerctl check`. A second call returns the same
    settings, and judges nothing.
    """
    if _Booted.settings is None or _Booted.settings is not get_settings.made:
        settings = _judged()
        configure_logging(settings)
        _Booted.settings = settings
    return _Booted.settings


def _judged() -> Settings:
    # of the checks and their words, a worker that runs needs nothing any more
    from workerctl.output.delivery import Output
    from workerctl.preflight import Request, preflight, reported

    stderr = Output(sys.stderr, sys.stderr)
    report = reported(lambda: preflight(Request(starting=True)))
    if report.exit_code:
        code = stderr.deliver(report)
        raise SystemExit(code if code == ExitCode.INTERRUPTED else ExitCode.FINDINGS)
    try:
        return get_settings()
    except ConfigurationError as error:  # by a rule whose finding the project suppresses
        sentences = error.message.splitlines()
    stderr.note(*sentences)
    raise SystemExit(ExitCode.FINDINGS)
