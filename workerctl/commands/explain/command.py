"""
`workerctl explain`: find what a word names, and write the page about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from workerctl.budget.lookup import pipeline_of
from workerctl.checks.base import Check
from workerctl.checks.engine.select import under
from workerctl.commands.explain.topics import About, Answer, Area, Group, Manual
from workerctl.commands.shared.usage import unknown_name
from workerctl.commands.shared.world import World
from workerctl.commands.show_config.rows import redactor_of, settings, shown_default
from workerctl.commands.show_config.story import readers
from workerctl.preflight import check_table
from workerctl.report.errors import WorkerctlError
from workerctl.schema.declarations import Schema
from workerctl.schema.description import Setting
from workerctl.schema.loading import Loaded, load
from workerctl.settings import Settings
from workerctl.sources import project
from workerctl.sources.options import Options


def execute(world: World, name: str | None, format_: Literal["text", "markdown"] = "text") -> int:
    """
    Write the page of a check, a setting or an area, or without a name the list of checks.

    Return the exit code.
    """
    found = answer(name)
    if format_ == "markdown":
        from workerctl.commands.explain import markdown

        return world.output.write(
            lambda stream: stream.writelines(f"{text}\n" for text in markdown.lines(found))
        )
    from workerctl.commands.explain import text

    return world.output.write_lines(text.lines(found))


def answer(name: str | None) -> Answer:
    """
    Return the page of the check or setting with that name; without a name, the list of checks.

    The first letters of codes list these checks, after the setting of that name if there is one;
    the name of a group lists its settings. Raises UsageError for any other name.
    """
    checks = check_table(project.here())
    if name is None:
        return [Area(checks, _schema())]
    codes = under([check.code for check in checks], name) if name else []
    area = tuple(check for check in checks if check.code in codes)
    if name.upper() in codes:
        return [Manual(area[0], _schema())]
    loaded = _loaded()
    known = tuple(settings(loaded))
    found = [*_about(name, loaded, known, checks)]
    if area:
        found.append(Area(area, loaded.schema, has_note=not found))
    found += _group(name, known)
    if not found:
        words = [*(check.code for check in checks), *(each.name for each in known)]
        raise unknown_name(name, "check or setting", words)
    return found


def _about(
    name: str, loaded: Loaded, known: Iterable[Setting], checks: Iterable[Check]
) -> Iterator[About | Area | Group]:
    """
    Yield the page of the setting with that name, if there is one.
    """
    for setting in known:
        if setting.is_called(name):
            pipeline = pipeline_of(loaded.schema, loaded.project)
            default = shown_default(loaded, setting, redactor_of(loaded))
            read_by = tuple(readers(checks, setting.name, loaded.schema, pipeline))
            yield About(setting, default, read_by)
            return


def _group(name: str, known: Iterable[Setting]) -> Iterator[Group]:
    found = tuple(each for each in known if each.group.upper() == name.upper())
    if found:
        yield Group(found[0].group, found)


def _loaded() -> Loaded:
    """
    Return the configuration of the project without any source: only its schema matters here.
    """
    return load(Settings, Options(env_files=(), isolated=True), environ={})


def _schema() -> Schema | None:
    """
    Return the schema of the project, whose variables titles name; None if it does not load.
    """
    try:
        return _loaded().schema
    except WorkerctlError:
        return None
