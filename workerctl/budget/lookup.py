"""
Finding the pipeline of a configuration, and the numbers in it that bound a call.

    call_budget(settings, "llm").worst  # seconds, all attempts and waits included

`workerctl check`, `workerctl budget` and `boot` find the pipeline with `pipeline_of`; the runtime,
which has an instance only, with `pipeline_for`.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from workerctl.budget.arithmetic import StageCost, slowest
from workerctl.budget.pipeline import PIPELINE, Pipeline, StageSettings
from workerctl.budget.runtime_stages import RUNTIME_STAGES, RuntimeStage
from workerctl.report.errors import ProjectError
from workerctl.report.records import Record
from workerctl.schema import instances
from workerctl.schema.declarations import Schema
from workerctl.sources import project as projects
from workerctl.sources.project import Project

Calls = Mapping[RuntimeStage, tuple[StageSettings, ...]]
"""For each runtime stage, the settings of one call: one entry for each stage that governs it."""


class _Entry(Record):
    """
    What is cached for a settings class, which is valid for one project. Names are paths of fields.
    """

    project: Project | None
    pipeline: Pipeline | None
    calls: Calls


# Without a lock, because a fork could leave it held. At worst, two threads compute the same entry.
_cache: WeakKeyDictionary[type, _Entry] = WeakKeyDictionary()


def pipeline_of(schema: Schema, project: Project | None) -> Pipeline | None:
    """
    Return the project's own table, else the `PIPELINE` next to the class, else the built-in one.

    Its names are variables. A class other than the built-in one, whose stages nobody knows, has no
    pipeline unless one is declared. Read no file. Raise ProjectError for a pipeline that is not
    valid.
    """
    found = _declared(schema.settings_class, project)
    if found is None:
        return PIPELINE if schema.is_own and _has_all(PIPELINE, schema.variables) else None
    from workerctl.budget import declaration  # most projects declare none

    return declaration.resolved(found[0], schema, found[1])


def pipeline_for(settings: Any) -> Pipeline | None:
    """
    Return the pipeline of an instance of any settings class. Its names are paths of fields.

    It is found once for each class, by the project for which the instance was loaded; if that is
    not known, for an instance that a team's code has made, by that of the working directory.
    """
    return _entry(settings).pipeline


def call_budget(settings: Any, stage: RuntimeStage) -> StageCost:
    """
    Return the numbers that bound one call of a runtime stage, such as "llm".

    They come from the stage of the pipeline that declares the runtime stage. If several stages
    declare it, the one with the longest call governs, so that no call is cut off earlier than the
    budget of its stage allows. If none does, the built-in stage governs a class of the built-in
    schema: a pipeline need not list every call that a worker makes.

    Raise ValueError for an unknown runtime stage, and ProjectError if no stage governs it.
    """
    governing = _entry(settings).calls.get(stage)
    if governing:
        return slowest(tuple(one.numbers(settings) for one in governing))
    if stage not in RUNTIME_STAGES:
        raise ValueError(f"The stage must be one of {', '.join(RUNTIME_STAGES)}.")
    raise ProjectError(
        f'No stage of the pipeline declares stage = "{stage}". '
        "Add it to the stage whose timeout and retries apply to such calls."
    )


def calls_of(pipeline: Pipeline, schema: Schema) -> Calls:
    """
    Return the settings of one call of each runtime stage that a pipeline of a schema governs.
    """
    return _calls(pipeline, schema.variables if schema.is_own else ())


def _declared(settings_class: type[Any], project: Project | None) -> tuple[Pipeline, str] | None:
    """
    Return the pipeline that a team declares, not validated yet, and what messages call it.
    """
    if project is not None and project.pipeline is not None:
        from workerctl.budget import declaration

        return declaration.parsed(project.pipeline), declaration.TABLE
    for base in settings_class.__mro__:
        # Not getattr(), which would call a module-level __getattr__.
        own = vars(sys.modules.get(base.__module__, sys)).get("PIPELINE")
        if isinstance(own, Pipeline) and own is not PIPELINE:
            return own, f"PIPELINE in {base.__module__}"
    return None


def _entry(settings: Any) -> _Entry:
    settings_class, project = type(settings), instances.project_of(settings)
    found = _cache.get(settings_class)
    if found is not None and project is None and not _is_own(settings_class):
        return found
    if found is None or found.project != project:
        _cache[settings_class] = found = _found(settings, project)
    return found


def _found(settings: Any, project: Project | None) -> _Entry:
    settings_class = type(settings)
    is_own = _is_own(settings_class)
    if project is None and not is_own:
        project = projects.here()
    fields = settings_class.model_fields if is_own else {}
    pipeline = PIPELINE if is_own and _has_all(PIPELINE, fields) else None
    if _declared(settings_class, project) is not None:
        pipeline = _by_path(settings, project)
    return _Entry(project, pipeline, _calls(pipeline, fields))


def _by_path(settings: Any, project: Project | None) -> Pipeline | None:
    from workerctl.schema.loading import schema_of

    schema = schema_of(settings)
    pipeline = pipeline_of(schema, project)
    if pipeline is None or schema.is_own:
        return pipeline
    return pipeline.renamed(lambda name: ".".join(schema.variables[name].path))


def _is_own(settings_class: type[Any]) -> bool:
    """
    Return whether a class is the built-in one or derived from it, without importing that.
    """
    return hasattr(settings_class, "source_project")


def _calls(pipeline: Pipeline | None, built_in: Container[str]) -> Calls:
    """
    Return the calls of a pipeline, and those of built-in stages whose settings are all `built_in`.
    """
    found = {
        stage: calls
        for stage, calls in _declared_calls(PIPELINE).items()
        if all(name in built_in for one in calls for name in one.settings)
    }
    return found if pipeline is None else {**found, **_declared_calls(pipeline)}


def _has_all(pipeline: Pipeline, names: Container[str]) -> bool:
    return all(name in names for name in pipeline.all_settings)


def _declared_calls(pipeline: Pipeline) -> Calls:
    calls: dict[RuntimeStage, dict[StageSettings, None]] = {}
    for one in pipeline.stages:
        for stage in one.governs:
            calls.setdefault(stage, {})[one.one_call] = None
    return {stage: tuple(distinct) for stage, distinct in calls.items()}
