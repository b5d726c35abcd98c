"""
Several configurations in one run: all are loaded before the first is judged, to compare them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from workerctl.checks.base import Other
from workerctl.commands.shared.configurations import Configuration
from workerctl.commands.shared.world import World
from workerctl.preflight import attempted, judge, reported
from workerctl.report.exit_codes import ExitCode
from workerctl.report.records import Record
from workerctl.report.results import Problem, Report
from workerctl.schema.boot_rules.view import judged_as
from workerctl.schema.loading import Loaded, load
from workerctl.settings import Settings
from workerctl.sources.project import Project


class _Read(Record):
    configuration: Configuration
    loaded: Loaded | Problem


def reports(
    world: World, configurations: Iterable[Configuration], project: Project
) -> Iterator[Report]:
    """
    Yield the report of each configuration, which is compared with all others that can be read.

    An interruption ends the run with a report that says so.
    """
    found = list(_read(world, configurations, project))
    for one in found:
        report = _report(world, one, found).replace(name=one.configuration.name)
        yield report
        if report.exit_code == ExitCode.INTERRUPTED:
            return


def _read(
    world: World, configurations: Iterable[Configuration], project: Project
) -> Iterator[_Read]:
    for one in configurations:
        loaded = attempted(partial(_loaded, world, one, project))
        yield _Read(one, loaded)
        if isinstance(loaded, Problem) and loaded.exit_code == ExitCode.INTERRUPTED:
            return


def _loaded(world: World, one: Configuration, project: Project) -> Loaded:
    return load(
        Settings,
        one.request.options,
        environ=world.environ,
        stdin=world.stdin,
        project=project,
    )


def _report(world: World, one: _Read, found: Iterable[_Read]) -> Report:
    loaded, request = one.loaded, one.configuration.request
    if isinstance(loaded, Problem):
        return Report(error=loaded)
    others = tuple(other for each in found if each is not one for other in _others(each))
    return reported(lambda: judge(loaded, request, world.today, others))


def _others(one: _Read) -> Iterator[Other]:
    if not isinstance(one.loaded, Problem):
        request, view = one.configuration.request, one.loaded.view
        yield Other(one.configuration.name or "", judged_as(view, request.env), view)
