"""
A team's own pipeline: as `[tool.workerctl.pipeline]` declares it, and whether it makes sense.
"""

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any, NamedTuple, NoReturn, get_args

from pydantic.fields import FieldInfo

from workerctl.budget.pipeline import Choice, Pipeline, StageSettings
from workerctl.budget.runtime_stages import RUNTIME_STAGES
from workerctl.errors import ProjectError
from workerctl.report.suggest import did_you_mean
from workerctl.schema.introspection import bare_type, sequence_type

TABLE = "[tool.workerctl.pipeline]"

MOST_TIMES = 1000
"""How many of one stage there may be."""

_LONGEST_NAME = 40
_COUNTS = ("retries", "sdk_retries", "calls")
_TIMES = ("timeout", "base", "connect")
_STAGE_HINT = 'Write [[tool.workerctl.pipeline.stages]] with name = "…" and timeout = "…".'
_CHOICE_HINT = 'Write times = { setting = "MODE", quick = 1, thorough = 3 }.'
_GOVERNS_HINT = 'Write stage = "llm", or stage = ["storage", "database"].'

Fields = Mapping[str, FieldInfo]


def declared(table: Mapping[str, Any], fields: Fields) -> Pipeline:
    """
    The pipeline that a table declares. Raises ProjectError.
    """
    _require_known(table, Pipeline._fields, TABLE)
    entries = table.get("stages")
    if not isinstance(entries, list):
        raise ProjectError(f"{TABLE} has no stages.", _STAGE_HINT)
    own = {key: _frozen(value) for key, value in table.items() if key != "stages"}
    pipeline = Pipeline(tuple(map(_stage, entries)), **own)
    require_sound(pipeline, fields, TABLE)
    return pipeline


def require_sound(pipeline: Pipeline, fields: Fields, where: str) -> None:
    """
    Raise ProjectError for what names no setting, one of another kind, or is no number.
    """
    stages: object = pipeline.stages
    if not isinstance(stages, tuple) or not stages:
        raise ProjectError(f"{where} has no stages.", _STAGE_HINT)
    for number, stage in enumerate(stages, 1):
        # not by its name, which may be anything
        _require_sound_stage(stage, fields, f"Stage {number} of {where}")
    job = _Place(where, fields)
    job.require_seconds("job_timeout", pipeline.job_timeout, least=1)
    job.require_count("job_retries", pipeline.job_retries)
    job.require_intervals("intervals", pipeline.intervals)


def _require_sound_stage(stage: object, fields: Fields, where: str) -> None:
    if not isinstance(stage, StageSettings) or not _is_name(stage.name):
        raise ProjectError(f"{where} has no name of 1 to 40 characters.", _STAGE_HINT)
    place = _Place(where, fields)
    for key in _TIMES:
        place.require_seconds(key, getattr(stage, key))
    if stage.cap is not None:
        place.require_seconds("cap", stage.cap, optional=True)
    for key in _COUNTS:
        place.require_count(key, getattr(stage, key))
    place.require_times("times", stage.times)
    if not isinstance(stage.side_by_side, bool):
        place.require_setting("side_by_side", stage.side_by_side, (bool,), "true or false")
    place.require_runtime_stages("stage", stage.stage)


class _Place(NamedTuple):
    """
    A part of a pipeline, and the fields that it may name.
    """

    where: str
    fields: Fields

    def require_seconds(
        self, key: str, value: object, *, least: int = 0, optional: bool = False
    ) -> None:
        """
        A time, or the name of a setting that is one.
        """
        if not _is_number(value, int | float, least):
            number = "a number" if least == 0 else f"a number from {least}"
            self.require_setting(key, value, (int, float), number, optional=optional)

    def require_count(self, key: str, value: object) -> None:
        """
        A whole number, or the name of a setting that is one.
        """
        if not _is_number(value, int):
            self.require_setting(key, value, (int,), "a whole number")

    def require_times(self, key: str, value: object) -> None:
        """
        How many of a stage there are: a number, or one for each value of a setting.
        """
        numbers: object = {"": value}
        if isinstance(value, Choice):
            self.require_setting(f"{key}.setting", value.setting, (), "a setting")
            numbers = value.numbers
        if not (isinstance(numbers, Mapping) and numbers) or not all(
            _is_number(number, int, 1, MOST_TIMES) for number in numbers.values()
        ):
            self._refuse(f"{key} must be whole numbers from 1 to {MOST_TIMES}", _CHOICE_HINT)

    def require_intervals(self, key: str, value: object) -> None:
        """
        The waits between the runs of a job, or the name of a setting that lists them.
        """
        if isinstance(value, tuple):
            if not all(_is_number(item, int | float) for item in value):
                self._refuse(f"{key} must be numbers")
            return
        name = self._known(key, value, "a list of numbers")
        info = self.fields[name]
        items = [bare_type(_plain(item)) for item in get_args(bare_type(info.annotation))]
        if sequence_type(info) not in {list, tuple} or items[:1] not in [[int], [float]]:
            self._refuse(f"{key} names {name}, which is not a list of numbers")

    def require_runtime_stages(self, key: str, value: object) -> None:
        """
        Refuse anything but the name of a runtime stage, or a tuple of such names.
        """
        names = value if isinstance(value, tuple) else (value,)
        for name in names:
            if name not in RUNTIME_STAGES:
                hint = did_you_mean(name, RUNTIME_STAGES) if isinstance(name, str) else None
                known = ", ".join(RUNTIME_STAGES)
                self._refuse(f"{key} must be one or several of {known}", hint or _GOVERNS_HINT)

    def require_setting(
        self, key: str, value: object, kinds: tuple[type, ...], what: str, *, optional: bool = False
    ) -> None:
        """
        The name of a setting of one of the kinds; of any, if there are none.
        """
        name = self._known(key, value, what)
        annotation = self.fields[name].annotation
        kind = bare_type(annotation) if optional else annotation
        if kinds and kind not in kinds:
            self._refuse(f"{key} names {name}, which is not {what}")

    def _known(self, key: str, value: object, what: str) -> str:
        if not isinstance(value, str):
            self._refuse(f"{key} must be {what} or the name of a setting")
        if value not in self.fields:
            # it is not repeated: what is no name may be a secret in the wrong place
            hint = did_you_mean(value, self.fields)
            self._refuse(f"{key} names a setting that does not exist", hint)
        return value

    def _refuse(self, why: str, hint: str | None = None) -> NoReturn:
        raise ProjectError(f"{self.where}: {why}.", hint)


def _stage(entry: object) -> StageSettings:
    if not isinstance(entry, dict) or not {"name", "timeout"} <= entry.keys():
        raise ProjectError(f"A stage of {TABLE} needs a name and a timeout.", _STAGE_HINT)
    _require_known(entry, StageSettings._fields, f"A stage of {TABLE}")
    return StageSettings(**{key: _chosen(value) for key, value in entry.items()})


def _chosen(value: object) -> Any:
    if not isinstance(value, dict):
        return _frozen(value)
    numbers = {key: number for key, number in value.items() if key != "setting"}
    return Choice(value.get("setting", ""), numbers)


def _frozen(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _plain(annotation: Any) -> Any:
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
            raise ProjectError(f"{where} has no setting {key}.", did_you_mean(key, keys))
