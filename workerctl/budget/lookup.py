"""
The pipeline of a configuration, and the numbers in it that bound a call.

    call_budget(settings, "llm").worst  # seconds, all attempts and waits included

`workerctl check`, `workerctl budget`, `boot` and the worker's `backoff` and `stage_deadline` all
find the pipeline with `pipeline_of`.
"""

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from workerctl.budget.arithmetic import Stage, slowest
from workerctl.budget.pipeline import PIPELINE, Pipeline, StageSettings
from workerctl.budget.runtime_stages import RUNTIME_STAGES, RuntimeStage
from workerctl.errors import ProjectError
from workerctl.sources.project import Project

Calls = Mapping[RuntimeStage, tuple[StageSettings, ...]]
"""The settings of one call of each runtime stage; several where several stages govern it."""


class _Entry(NamedTuple):
    """
    What was found for a settings class, and the project for which it holds.
    """

    project: Project | None
    calls: Calls


# Without a lock, which a fork could leave held: at worst, two threads find the same.
_cache: WeakKeyDictionary[type, _Entry] = WeakKeyDictionary()


def pipeline_of(settings_class: type[Any], project: Project | None) -> Pipeline:
    """
    Return the project's own table, else the `PIPELINE` next to the class, else the built-in one.

    Nothing is read from a file. Raises ProjectError for a pipeline that is not valid.
    """
    fields = getattr(settings_class, "model_fields", {})
    if project is not None and project.pipeline is not None:
        from workerctl.budget import declaration  # most projects declare none

        return declaration.declared(project.pipeline, fields)
    for base in settings_class.__mro__:
        # not getattr: a module may answer for names that it does not have
        own = vars(sys.modules.get(base.__module__, sys)).get("PIPELINE")
        if isinstance(own, Pipeline) and own is not PIPELINE:
            from workerctl.budget import declaration

            declaration.require_sound(own, fields, f"PIPELINE in {base.__module__}")
            return own
    return PIPELINE


def call_budget(settings: Any, stage: RuntimeStage) -> Stage:
    """
    Return the numbers that bound one call of a runtime stage, such as "llm".

    They are those of the stage that declares it in the pipeline of the settings. If several do,
    the one whose call may take longest governs, so that no call is cut off earlier than the budget
    of its stage allows. If none does, the built-in stage governs where the settings class has the
    settings that it names: a pipeline need not list every call that a worker makes.

    Raises ValueError for a stage that does not exist, ProjectError where no stage governs it.
    """
    governing = _calls(type(settings), getattr(settings, "source_project", None)).get(stage)
    if governing:
        return slowest(tuple(one.numbers(settings) for one in governing))
    if stage not in RUNTIME_STAGES:
        raise ValueError(f"The stage must be one of {', '.join(RUNTIME_STAGES)}.")
    raise ProjectError(
        f'No stage of the pipeline declares stage = "{stage}": '
        "add it to the one whose timeout and retries such a call has."
    )


def _calls(settings_class: type[Any], project: Project | None) -> Calls:
    found = _cache.get(settings_class)
    if found is None or found.project != project:
        calls = _governed(pipeline_of(settings_class, project), settings_class)
        _cache[settings_class] = found = _Entry(project, calls)
    return found.calls


def _governed(pipeline: Pipeline, settings_class: type[Any]) -> Calls:
    fields = getattr(settings_class, "model_fields", {})
    calls = {**_declared(PIPELINE), **_declared(pipeline)}
    return {
        stage: distinct
        for stage, distinct in calls.items()
        # a class other than the built-in one may lack the settings of a built-in stage
        if all(name in fields for one in distinct for name in one.settings)
    }


def _declared(pipeline: Pipeline) -> Calls:
    calls: dict[RuntimeStage, dict[StageSettings, None]] = {}
    for one in pipeline.stages:
        for stage in one.governs:
            calls.setdefault(stage, {})[one.one_call] = None
    return {stage: tuple(distinct) for stage, distinct in calls.items()}
