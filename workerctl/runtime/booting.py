"""
`boot()`, the first call of a worker: it stops a process whose configuration would fail later.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, overload

from workerctl.report.exit_codes import ExitCode
from workerctl.runtime.logging_config import configure_logging
from workerctl.schema.imports import is_importing
from workerctl.settings import Chosen, Settings, Target, get_settings
from workerctl.sources.options import Options

if TYPE_CHECKING:
    from workerctl.report.results import Report
    from workerctl.schema.loading import Loaded

_booted: list[Any] = []
"""The instances that this process, or the parent that it was forked from, has started with."""


@overload
def boot() -> Settings: ...
@overload
def boot(target: type[Chosen]) -> Chosen: ...
@overload
def boot(target: str) -> Any: ...
def boot(target: Target = None) -> Any:
    """
    Run the checks of `workerctl check`, configure logging, and return the settings.

        from workerctl.runtime import boot

        settings = boot(Settings)

    `Settings` is any class derived from `pydantic_settings.BaseSettings`; the line replaces
    `settings = Settings()`, in the module of the class as well. A class may also be named, as in
    `boot("app.config:Settings")`, and without an argument it is the one that `get_settings` uses.

    If a check finds an error or crashes, write the report to standard error and exit with status 1.
    Warnings alone neither stop the worker nor cause a report. Further calls in the same process
    return the same settings without running the checks again.
    """
    if is_importing():
        return get_settings(target)
    settings = get_settings.made_for(target)
    if not _is_booted(settings):
        settings = _checked_settings(target)
        get_settings.boot_with(settings)
        configure_logging(settings)
        # Without instances that were discarded by get_settings.cache_clear().
        _booted[:] = [*filter(_is_booted, get_settings.instances), settings]
    return settings


def _is_booted(settings: Any) -> bool:
    return any(settings is one for one in _booted)


def _checked_settings(target: Target) -> Any:
    """
    Return the instance that the checks have judged; raise SystemExit if a worker must not start.
    """
    # Imported here, because forked children need neither the checks nor the report formats.
    from workerctl.output.delivery import Output

    loaded, report = _judged(target)
    if loaded is None or loaded.findings or report.exit_code:
        del loaded  # it holds values
        code = Output(sys.stderr, sys.stderr).deliver(report)
        raise SystemExit(code if code == ExitCode.INTERRUPTED else ExitCode.FINDINGS)
    return get_settings.keep(target, loaded)


def _judged(target: Target) -> tuple[Loaded | None, Report]:
    from workerctl.preflight import Request, attempted, judge, reported
    from workerctl.report.results import Problem, Report
    from workerctl.schema.loading import load

    request = Request(Options(settings=target), starting=True)
    loaded = attempted(lambda: load(Settings, request.options))
    if isinstance(loaded, Problem):
        return None, Report(error=loaded)
    return loaded, reported(lambda: judge(loaded, request))
