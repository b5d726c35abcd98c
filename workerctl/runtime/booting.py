"""
`boot()`, the first call of a worker: it stops a process whose configuration would fail later.
"""

import sys

from workerctl.report.exit_codes import ExitCode
from workerctl.runtime.logging_config import configure_logging
from workerctl.settings import Settings, get_settings


class _Booted:
    """
    The settings that this process, or the parent that it was forked from, has started with.
    """

    settings: Settings | None = None


def boot() -> Settings:
    """
    Run the checks of `workerctl check`, configure logging, and return the settings.

        from workerctl.runtime import boot

        settings = boot()
        connection = Redis.from_url(settings.REDIS_URL.get_secret_value())
        Worker(settings.QUEUES, connection=connection).work(with_scheduler=True)

    If a check finds an error or crashes, write the report to standard error and exit with status 1.
    Warnings are not reported. Further calls in the same process return the same settings without
    running the checks again.
    """
    if _Booted.settings is None or _Booted.settings is not get_settings.made:
        settings = _checked_settings()
        configure_logging(settings)
        _Booted.settings = settings
    return _Booted.settings


def _checked_settings() -> Settings:
    # Imported here, because forked children need neither the checks nor the report formats.
    from workerctl.output.delivery import Output
    from workerctl.preflight import Request, preflight, reported

    report = reported(lambda: preflight(Request(starting=True)))
    if report.exit_code:
        code = Output(sys.stderr, sys.stderr).deliver(report)
        raise SystemExit(code if code == ExitCode.INTERRUPTED else ExitCode.FINDINGS)
    return get_settings()
