"""
Finding the pipeline of a configuration, and the numbers in it that bound a call.

    call_budget(settings, "llm").worst  # seconds, all attempts and waits included

`workerctl check`, `workerctl budget`, `boot`, `backoff` and `stage_deadline` all find the pipeline
with `pipeline_of`.
"""

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from workerctl.budget.arithmetic import StageCost, slowest
from workerctl.budget.pipeline import PIPELINE, Pipeline, StageSettings
from workerctl.budget.runtime_stages import RUNTIME_STAGES, RuntimeStage
from workerctl.report.errors import ProjectError
from workerctl.sources.project import Project

Calls = Mapping[RuntimeStage, tuple[StageSettings, ...]]
"""For each runtime stage, the settings of one call: one entry for each stage that governs it."""


class _Entry(NamedTuple):
    """
    The cached calls of a settings class, which are valid for one project.
    """

    project: Project | None
    calls: Calls


# Without a lock, because a fork could leave it held. At worst, two threads compute the same entry.
_cache: WeakKeyDictionary[type, _Entry] = WeakKeyDictionary()


def pipeline_of(settings_class: type[Any], project: Project | None) -> Pipeline:
    """
    Return the project's own table, else the `PIPELINE` next to the class, else the built-in one.

    Read no file. Raise ProjectError for a pipeline that is not valid.
    """
    fields = getattr(settings_class, "model_fields", {})
    if project is not None and project.pipeline is not None:
        from workerctl.budget import declaration  # most projects declare none

        return declaration.pipeline_from_table(project.pipeline, fields)
    for base in settings_class.__mro__:
        # Not getattr(), which would call a module-level __getattr__.
        own = vars(sys.modules.get(base.__module__, sys)).get("PIPELINE")
        if isinstance(own, Pipeline) and own is not PIPELINE:
            from workerctl.budget import declaration

            declaration.require_valid(own, fields, f"PIPELINE in {base.__module__}")
            return own
    return PIPELINE


def call_budget(settings: Any, stage: RuntimeStage) -> StageCost:
    """
    Return the numbers that bound one call of a runtime stage, such as "llm".

    They come from the stage of the pipeline that declares the runtime stage. If several stages
    declare it, the one with the longest call governs, so that no call is cut off earlier than the
    budget of its stage allows. If none does, the built-in stage governs, provided that the settings
    class has the settings that it names: a pipeline need not list every call that a worker makes.

    Raise ValueError for an unknown runtime stage, and ProjectError if no stage governs it.
    """
    governing = _cached_calls(type(settings), getattr(settings, "source_project", None)).get(stage)
    if governing:
        return slowest(tuple(one.numbers(settings) for one in governing))
    if stage not in RUNTIME_STAGES:
        raise ValueError(f"The stage must be one of {', '.join(RUNTIME_STAGES)}.")
    raise ProjectError(
        f'No stage of the pipeline declares stage = "{stage}". '
        "Add it to the stage whose timeout and retries apply to such calls."
    )


def _cached_calls(settings_class: type[Any], project: Project | None) -> Calls:
    found = _cache.get(settings_class)
    if found is None or found.project != project:
        calls = _available_calls(pipeline_of(settings_class, project), settings_class)
        _cache[settings_class] = found = _Entry(project, calls)
    return found.calls


def _available_calls(pipeline: Pipeline, settings_class: type[Any]) -> Calls:
    fields = getattr(settings_class, "model_fields", {})
    calls = {**_declared_calls(PIPELINE), **_declared_calls(pipeline)}
    return {
        stage: distinct
        for stage, distinct in calls.items()
        # A team's own settings class may lack the settings of a built-in stage.
        if all(name in fields for one in distinct for name in one.settings)
    }


def _declared_calls(pipeline: Pipeline) -> Calls:
    calls: dict[RuntimeStage, dict[StageSettings, None]] = {}
    for one in pipeline.stages:
        for stage in one.governs:
            calls.setdefault(stage, {})[one.one_call] = None
    return {stage: tuple(distinct) for stage, distinct in calls.items()}
