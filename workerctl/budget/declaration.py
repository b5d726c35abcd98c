"""
A team's own pipeline: reading `[tool.workerctl.pipeline]`, and validating what it declares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from math import inf
from typing import Any, NoReturn, get_args

from workerctl.budget.pipeline import Choice, Pipeline, StageSettings
from workerctl.budget.runtime_stages import RUNTIME_STAGES
from workerctl.report.errors import ProjectError
from workerctl.report.records import Record
from workerctl.report.suggest import did_you_mean
from workerctl.schema.declarations import Schema, Variable, variable_named
from workerctl.schema.introspection import bare_type, sequence_type

TABLE = "[tool.workerctl.pipeline]"
_STAGES_TABLE = "[[tool.workerctl.pipeline.stages]]"

MOST_TIMES = 1000
"""The largest number of repetitions of one stage."""

_LONGEST_NAME = 40
_COUNTS = ("retries", "sdk_retries", "calls")
_TIMES = ("timeout", "base", "connect")
_STAGE_HINT = f'Write {_STAGES_TABLE} with name = "…" and timeout = "…".'
_CHOICE_HINT = 'Write times = { setting = "MODE", quick = 1, thorough = 3 }.'
_GOVERNS_HINT = 'Write stage = "llm", or stage = ["storage", "database"].'
_TIMEOUT_HINT = "Write job_timeout = 600, or the name of a field that holds the seconds."

_MOST_NAMED = 8
_SECONDS = (int, float, timedelta)
_DEFAULTS = dict(vars(Pipeline(())))
_ABSENT: dict[str, Any] = {"job_retries": 0, "intervals": (), "grace": None}
"""These replace the defaults that name a setting which the class does not have."""


def parsed(table: Mapping[str, Any]) -> Pipeline:
    """
    Return the pipeline that a table declares. Its numbers and names are not validated yet.

    Raise ProjectError for an unknown key, and for a stage without a name or a timeout.
    """
    _require_known(table, Pipeline.field_names, TABLE)
    entries = table.get("stages")
    if not isinstance(entries, list):
        raise ProjectError(f"{TABLE} has no stages.", _STAGE_HINT)
    options = {key: _frozen(value) for key, value in table.items() if key != "stages"}
    return Pipeline(tuple(map(_stage, entries)), **options)


def resolved(pipeline: Pipeline, schema: Schema, where: str) -> Pipeline:
    """
    Return the pipeline with variables in place of the paths of fields.

    A default that names a setting of the built-in schema counts only if the class has that setting.
    Raise ProjectError if any entry is neither a valid number nor the name of a suitable setting.
    `where` names the pipeline in the message.
    """
    pipeline = _without_foreign_defaults(pipeline, schema, where)
    _require_valid(pipeline, schema, where)
    return pipeline.renamed(lambda name: variable_named(schema, name) or name)


def numbers(schema: Schema) -> Iterator[str]:
    """
    Yield the paths of the fields that may hold a number of seconds.
    """
    yield from (_path(each) for each in schema.variables.values() if _kind(each) in _SECONDS)


def _without_foreign_defaults(pipeline: Pipeline, schema: Schema, where: str) -> Pipeline:
    missing = {
        key
        for key in ("job_timeout", *_ABSENT)
        if getattr(pipeline, key) == _DEFAULTS[key]
        and variable_named(schema, _DEFAULTS[key]) is None
    }
    if "job_timeout" in missing:
        raise ProjectError(
            f"{where} has no job_timeout, and {schema.settings_class.__name__} has no field "
            f"{pipeline.job_timeout}.",
            _TIMEOUT_HINT,
        )
    return pipeline.replace(**{key: _ABSENT[key] for key in missing})


def _require_valid(pipeline: Pipeline, schema: Schema, where: str) -> None:
    stages: object = pipeline.stages
    if not isinstance(stages, tuple) or not stages:
        raise ProjectError(f"{where} has no stages.", _STAGE_HINT)
    for number, stage in enumerate(stages, 1):
        # The message identifies the stage by number, because its name is not validated yet.
        _require_valid_stage(stage, schema, f"Stage {number} of {where}")
    job = _Part(where, schema)
    job.require_seconds("job_timeout", pipeline.job_timeout, least=1)
    job.require_count("job_retries", pipeline.job_retries)
    job.require_intervals("intervals", pipeline.intervals)
    if pipeline.grace is not None:
        job.require_seconds("grace", pipeline.grace)


def _require_valid_stage(stage: object, schema: Schema, where: str) -> None:
    if not isinstance(stage, StageSettings) or not _is_name(stage.name):
        raise ProjectError(
            f"{where} needs a name of 1 to {_LONGEST_NAME} printable characters.", _STAGE_HINT
        )
    part = _Part(where, schema)
    for key in _TIMES:
        part.require_seconds(key, getattr(stage, key))
    if stage.cap is not None:
        part.require_seconds("cap", stage.cap)
    for key in _COUNTS:
        part.require_count(key, getattr(stage, key))
    part.require_times("times", stage.times)
    if not isinstance(stage.side_by_side, bool):
        part.require_setting("side_by_side", stage.side_by_side, (bool,), "true or false")
    part.require_runtime_stages("stage", stage.stage)


class _Part(Record):
    """
    A part of a pipeline, as messages name it, and the schema whose fields it may refer to.
    """

    where: str
    schema: Schema

    def require_seconds(self, key: str, value: object, *, least: int = 0) -> None:
        """
        Require a number of seconds, or the name of a setting that is one.
        """
        if not _is_number(value, int | float, least):
            number = "a number" if least == 0 else f"a number from {least}"
            self.require_setting(key, value, _SECONDS, number)

    def require_count(self, key: str, value: object) -> None:
        """
        Require a whole number, or the name of a setting that is one.
        """
        if not _is_number(value, int):
            self.require_setting(key, value, (int,), "a whole number")

    def require_times(self, key: str, value: object) -> None:
        """
        Require a number of repetitions, or a Choice of such numbers.
        """
        numbers: object = {"": value}
        if isinstance(value, Choice):
            self.require_setting(f"{key}.setting", value.setting, (), "")
            numbers = value.numbers
        if not (isinstance(numbers, Mapping) and numbers) or not all(
            _is_number(number, int, 1, MOST_TIMES) for number in numbers.values()
        ):
            self._refuse(f"{key} must be whole numbers from 1 to {MOST_TIMES}", _CHOICE_HINT)

    def require_intervals(self, key: str, value: object) -> None:
        """
        Require a tuple of numbers, or the name of a setting that is a list of them.
        """
        if isinstance(value, tuple):
            if not all(_is_number(item, int | float) for item in value):
                self._refuse(f"{key} must be numbers")
            return
        variable = self._known(key, value, "a list of numbers", _is_number_list)
        if not _is_number_list(variable):
            self._refuse_type(key, variable, "a list of numbers", _is_number_list)

    def require_runtime_stages(self, key: str, value: object) -> None:
        """
        Require the name of a runtime stage, or a tuple of such names.
        """
        names = value if isinstance(value, tuple) else (value,)
        for name in names:
            if name not in RUNTIME_STAGES:
                hint = did_you_mean(name, RUNTIME_STAGES) if isinstance(name, str) else None
                known = ", ".join(RUNTIME_STAGES)
                self._refuse(f"{key} must be one or more of {known}", hint or _GOVERNS_HINT)

    def require_setting(self, key: str, value: object, kinds: tuple[type, ...], what: str) -> None:
        """
        Require the name of a setting whose type is one of `kinds`; () means any type.

        `what` describes those types in the message. The setting may be optional.
        """

        def is_suitable(variable: Variable) -> bool:
            return not kinds or _kind(variable) in kinds

        variable = self._known(key, value, what, is_suitable)
        if not is_suitable(variable):
            self._refuse_type(key, variable, what, is_suitable)

    def _known(
        self, key: str, value: object, what: str, is_suitable: Callable[[Variable], bool]
    ) -> Variable:
        if not isinstance(value, str):
            alternative = f"{what} or " if what else ""
            self._refuse(f"{key} must be {alternative}the name of a setting")
        name = variable_named(self.schema, value)
        if name is None:
            # The message does not repeat the value, which may be a misplaced secret.
            paths = self._paths(is_suitable)
            hint = did_you_mean(value, [*paths, *self.schema.variables]) or _listed(paths)
            self._refuse(f"{key} names a setting that does not exist", hint)
        return self.schema.variables[name]

    def _refuse_type(
        self, key: str, variable: Variable, what: str, is_suitable: Callable[[Variable], bool]
    ) -> NoReturn:
        hint = _listed(self._paths(is_suitable))
        self._refuse(f"{key} names {_path(variable)}, which is not {what}", hint)

    def _paths(self, is_suitable: Callable[[Variable], bool]) -> list[str]:
        return [_path(each) for each in self.schema.variables.values() if is_suitable(each)]

    def _refuse(self, reason: str, hint: str | None = None) -> NoReturn:
        raise ProjectError(f"{self.where}: {reason}.", hint)


def _stage(entry: object) -> StageSettings:
    if not isinstance(entry, dict) or not {"name", "timeout"} <= entry.keys():
        raise ProjectError(f"A stage of {TABLE} needs a name and a timeout.", _STAGE_HINT)
    _require_known(entry, StageSettings.field_names, _STAGES_TABLE)
    return StageSettings(**{key: _value(value) for key, value in entry.items()})


def _value(value: object) -> Any:
    if not isinstance(value, dict):
        return _frozen(value)
    numbers = {key: number for key, number in value.items() if key != "setting"}
    return Choice(value.get("setting", ""), numbers)


def _frozen(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _path(variable: Variable) -> str:
    return ".".join(variable.path)


def _listed(paths: list[str]) -> str | None:
    """
    Return a hint that lists the fields that may be named, or None without any.
    """
    if not paths:
        return None
    shown, more = ", ".join(paths[:_MOST_NAMED]), len(paths) - _MOST_NAMED
    return f"It may name {shown}" + (f", or one of {more} others." if more > 0 else ".")


def _kind(variable: Variable) -> Any:
    """
    Return the type of a field, without None and without annotations.
    """
    return _unannotated(bare_type(variable.info.annotation))


def _is_number_list(variable: Variable) -> bool:
    info = variable.info
    items = [bare_type(_unannotated(item)) for item in get_args(bare_type(info.annotation))]
    return sequence_type(info) in {list, tuple} and items[:1] in [[int], [float]]


def _unannotated(annotation: Any) -> Any:
    return annotation.__origin__ if hasattr(annotation, "__metadata__") else annotation


def _is_number(value: object, kinds: Any, least: int = 0, most: float = inf) -> bool:
    if not isinstance(value, kinds) or isinstance(value, bool) or value == inf:
        return False
    return bool(least <= value <= most)


def _is_name(name: object) -> bool:
    if not isinstance(name, str) or not name.isprintable():
        return False
    return 0 < len(name.strip()) <= _LONGEST_NAME


def _require_known(table: Iterable[str], keys: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in keys:
            from workerctl.secrecy.typed import named

            shown = named(key, "one of the names")
            raise ProjectError(f"{where}: {shown} is not a known key.", did_you_mean(key, keys))
