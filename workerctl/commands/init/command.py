"""
`workerctl init`: look at a project, name its settings class in pyproject.toml, and check it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workerctl.commands.check.command import reports
from workerctl.commands.discovery.files import Survey
from workerctl.commands.discovery.surroundings import document_of, look_around
from workerctl.commands.discovery.targets import Discovery, discover
from workerctl.commands.init import story, table
from workerctl.commands.init.steps import steps
from workerctl.commands.shared.world import World
from workerctl.output.lines import Line, line
from workerctl.preflight import Request
from workerctl.report.errors import EnvFileWriteError, RefusedError, UsageError
from workerctl.report.records import Record
from workerctl.sources import modules
from workerctl.sources import project as projects
from workerctl.sources.project import Project

_LISTED = 4


class _Plan(Record):
    """
    The class to configure, and the file to add lines to or what to say instead.
    """

    target: str
    lines: tuple[str, ...]
    file: Path | None = None
    said: str = ""


def execute(world: World, settings: str | None = None, *, dry_run: bool = False) -> int:
    """
    List what the project holds, configure its settings class, check it, and say what comes next.

    Return the exit code of the check. With `dry_run`, nothing is written, imported or checked.
    Raises UsageError if there is not one settings class that the project clearly uses.
    """
    project = projects.here()
    survey = Survey(project.directory)
    discovery = discover(survey)
    around = look_around(project.directory, survey)
    lost = world.output.write_lines(story.found(discovery, around))
    plan = _plan(project, _target(project, discovery, settings))
    if dry_run:
        said = plan.said or "These lines would be added to pyproject.toml:"
        return world.output.write_lines(_told(said, plan.lines)) or lost
    project = project.replace(settings=plan.target)
    made = tuple(reports(world, Request(), project))
    can_check = any(report.error is None for report in made)
    said = plan.said or _written(plan, can_check=can_check)
    lost = world.output.write_lines([*_told(said, plan.lines), line()]) or lost
    code = world.output.deliver(*made)
    if can_check:
        lost = world.output.write_lines([line(), *steps(project, around, made)]) or lost
    return code or lost


def _told(said: str, lines: tuple[str, ...]) -> Iterator[Line]:
    yield line()
    yield line(said)
    if lines:
        yield line()
    yield from (line(f"  {text}") for text in lines)


def _target(project: Project, discovery: Discovery, settings: str | None) -> str:
    if settings is not None:
        return modules.require_target(settings)
    if project.settings is not None:
        return project.settings
    if discovery.chosen is not None:
        return discovery.chosen.target
    names = [one.target for one in discovery.classes]
    if not names:
        raise UsageError(
            "No class derived from pydantic_settings.BaseSettings was found.",
            "Name one with --settings MODULE:CLASS; `workerctl check` uses the built-in schema.",
        )
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    raise UsageError(
        f"The project has several settings classes: {', '.join(names[:_LISTED])}{more}.",
        f"Choose one, for example with --settings {names[0]}.",
    )


def _plan(project: Project, target: str) -> _Plan:
    file, lines = project.directory / "pyproject.toml", table.lines_for(target)
    if project.settings == target:
        return _Plan(target, (), said=f"pyproject.toml names {target} already.")
    if not file.is_file():
        # To create one would change how pip builds the project, and what other tools read.
        said = "There is no pyproject.toml. Create one with these lines:"
        return _Plan(target, lines, said=said)
    tool = document_of(file).get("tool")
    if isinstance(tool, dict) and "workerctl" in tool:
        said = "pyproject.toml has a table [tool.workerctl], which is not changed. Set in it:"
        return _Plan(target, lines[1:], said=said)
    return _Plan(target, lines, file)


def _written(plan: _Plan, *, can_check: bool) -> str:
    """
    Add the lines to pyproject.toml. Return a sentence that says whether they were added.
    """
    if not can_check or plan.file is None:
        # A class that cannot be checked would make every later check fail.
        return "The check could not be made, so nothing was written. To be added to pyproject.toml:"
    try:
        table.add(plan.file, plan.target)
    except (EnvFileWriteError, RefusedError) as error:
        return f"{error.message} Add these lines to pyproject.toml:"
    return "Added to pyproject.toml:"
