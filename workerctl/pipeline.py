"""
What a job consists of: its stages, each told by the settings that govern it.

`PIPELINE` is the built-in one. Another team declares its own in `[tool.workerctl.pipeline]`, or as
an object of that name beside its settings class.
"""

from collections.abc import Container, Iterator, Mapping
from math import inf
from typing import Any, NamedTuple, TypeGuard

from pydantic.fields import FieldInfo

from workerctl.budget import Budget, Stage, Step
from workerctl.errors import ProjectError
from workerctl.schema import sequence_type

Amount = str | int | float
"""The name of a setting, or a number."""


class Choice(NamedTuple):
    """
    A number that depends on a setting: `Choice("MODE", {"quick": 1, "thorough": 3})`.
    """

    setting: str
    numbers: Mapping[str, int]


class StageSettings(NamedTuple):
    """
    A stage of a job: the settings, or plain numbers, that govern its calls.

    `timeout` and `connect` bound one attempt; `retries` are the worker's own, with waits from
    `base` up to `cap`; `sdk_retries` are those inside the client. The stage makes `calls` in a row.
    `times` is how many of it there are, for instance one for each model; `side_by_side` says
    whether those run at the same time.
    """

    name: str
    timeout: Amount
    retries: Amount = 0
    base: Amount = 0
    cap: Amount | None = None
    connect: Amount = 0
    sdk_retries: Amount = 0
    calls: Amount = 1
    times: int | Choice = 1
    side_by_side: bool | str = False


class Pipeline(NamedTuple):
    """
    The stages of a job in their order, and the settings of the job around them.
    """

    stages: tuple[StageSettings, ...]
    job_timeout: Amount = "JOB_TIMEOUT_SECONDS"
    job_retries: Amount = "JOB_MAX_RETRIES"
    intervals: str = "JOB_RETRY_INTERVALS_SECONDS"

    @property
    def settings(self) -> tuple[str, ...]:
        """
        The names of all settings that count, each once.
        """
        own = (self.job_timeout, self.job_retries, self.intervals)
        found = [name for stage in self.stages for name in _names(stage)]
        return tuple(dict.fromkeys([*found, *(name for name in own if isinstance(name, str))]))

    def budget(self, settings: Any) -> Budget:
        """
        The numbers that these settings give.
        """
        return Budget(
            tuple(step for stage in self.stages for step in _steps(stage, settings)),
            _amount(settings, self.job_timeout),
            int(_amount(settings, self.job_retries)),
            tuple(getattr(settings, self.intervals)),
        )


def _names(stage: StageSettings) -> Iterator[str]:
    yield from (name for name in stage[1:] if isinstance(name, str))
    if isinstance(stage.times, Choice):
        yield stage.times.setting


def _steps(stage: StageSettings, settings: Any) -> Iterator[Step]:
    times = stage.times
    if isinstance(times, Choice):
        numbers = times.numbers
        times = numbers.get(str(getattr(settings, times.setting)), max(numbers.values()))
    one = Stage(
        stage.name,
        _amount(settings, stage.timeout),
        int(_amount(settings, stage.retries)),
        _amount(settings, stage.base),
        None if stage.cap is None else _amount(settings, stage.cap),
        _amount(settings, stage.connect),
        int(_amount(settings, stage.sdk_retries)),
        int(_amount(settings, stage.calls)),
    )
    if _is_on(settings, stage.side_by_side):
        yield (one,) * times
    else:
        yield from ((_numbered(one, number, times),) for number in range(1, times + 1))


def _numbered(stage: Stage, number: int, of: int) -> Stage:
    return stage if of == 1 else stage._replace(name=f"{stage.name} {number}")


def _amount(settings: Any, amount: Amount) -> Any:
    return getattr(settings, amount) if isinstance(amount, str) else amount


def _is_on(settings: Any, switch: bool | str) -> bool:  # noqa: FBT001 -- it may be a name as well
    return bool(getattr(settings, switch)) if isinstance(switch, str) else switch


_LLM = StageSettings(
    "",
    timeout="LLM_TIMEOUT_SECONDS",
    retries="LLM_MAX_RETRIES",
    base="LLM_RETRY_BASE_WAIT",
    cap="LLM_RETRY_MAX_WAIT",
    connect="LLM_CONNECT_TIMEOUT_SECONDS",
    sdk_retries="LLM_SDK_MAX_RETRIES",
)

PIPELINE = Pipeline(
    (
        StageSettings(
            "storage download",
            timeout="STORAGE_TIMEOUT_SECONDS",
            retries="STORAGE_MAX_RETRIES",
            base="STORAGE_RETRY_DELAY_SECONDS",
        ),
        _LLM._replace(name="identity check"),
        _LLM._replace(
            name="analysis",
            times=Choice("ANALYSIS_MODE", {"phase_1": 2, "phase_2": 3}),
            side_by_side="USE_PARALLEL_LLM",
        ),
        StageSettings(
            "embedding",
            timeout="EMBEDDING_TIMEOUT_SECONDS",
            retries="EMBEDDING_MAX_RETRIES",
            base="EMBEDDING_RETRY_BASE_WAIT",
            cap="EMBEDDING_RETRY_MAX_WAIT",
            sdk_retries="EMBEDDING_SDK_MAX_RETRIES",
        ),
        StageSettings("thumbnail", timeout="VISUAL_TIMEOUT_SECONDS"),
        StageSettings(
            "webhook",
            timeout="WEBHOOK_TIMEOUT_SECONDS",
            retries="WEBHOOK_MAX_RETRIES",
            base="WEBHOOK_RETRY_DELAY_SECONDS",
        ),
    )
)


MOST_TIMES = 1000
_TIMES_HINT = 'Write times = { setting = "MODE", quick = 1, thorough = 3 }.'

_STAGE_KEYS = StageSettings._fields
_WHOLE = ("retries", "sdk_retries", "calls", "job_retries")
_TABLE_KEYS = ("stages", "job_timeout", "job_retries", "intervals")


def declared(table: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> Pipeline:
    """
    The pipeline that `[tool.workerctl.pipeline]` declares. Raises ProjectError.
    """
    _require_known(table, _TABLE_KEYS, "[tool.workerctl.pipeline]")
    stages = table.get("stages")
    if not isinstance(stages, list) or not stages:
        raise ProjectError(
            "[tool.workerctl.pipeline] has no stages.",
            'Write [[tool.workerctl.pipeline.stages]] with name = "…" and timeout = "…".',
        )
    job = {key: _job_setting(key, table[key], fields) for key in _TABLE_KEYS[1:] if key in table}
    return Pipeline(tuple(_declared_stage(stage, fields) for stage in stages), **job)


def require_settings(pipeline: Pipeline, fields: Container[str]) -> None:
    """
    Raise ProjectError for a pipeline that names a setting which does not exist.
    """
    for name in pipeline.settings:
        if name not in fields:
            raise ProjectError(f"The PIPELINE beside the settings class names no setting: {name}.")


def _job_setting(key: str, value: object, fields: Mapping[str, FieldInfo]) -> Any:
    if key == "intervals":
        return _known(value, fields, (list, tuple))
    return _declared_amount(value, key, fields)


def _declared_stage(entry: object, fields: Mapping[str, FieldInfo]) -> StageSettings:
    if not isinstance(entry, dict):
        raise ProjectError("A stage of [tool.workerctl.pipeline] is not a table.")
    name = entry.get("name")
    if not isinstance(name, str) or not name or "timeout" not in entry:
        raise ProjectError("A stage of [tool.workerctl.pipeline] needs a name and a timeout.")
    where = f"Stage {name} of [tool.workerctl.pipeline]"
    _require_known(entry, _STAGE_KEYS, where)
    return StageSettings(
        **{key: _declared_value(key, value, fields) for key, value in entry.items()}
    )


def _declared_value(key: str, value: object, fields: Mapping[str, FieldInfo]) -> Any:
    if key == "name":
        return value
    if key == "times":
        return _declared_times(value, fields)
    if key == "side_by_side":
        return value if isinstance(value, bool) else _known(value, fields, (bool,))
    return _declared_amount(value, key, fields)


def _declared_times(value: object, fields: Mapping[str, FieldInfo]) -> int | Choice:
    if isinstance(value, dict):
        return _declared_choice(value, fields)
    if _is_count(value):
        return value
    raise ProjectError(
        f"`times` of a stage must be a whole number from 1 to {MOST_TIMES}, or a table.",
        _TIMES_HINT,
    )


def _declared_choice(entry: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> Choice:
    setting = entry.get("setting")
    numbers = {key: number for key, number in entry.items() if key != "setting"}
    if not isinstance(setting, str) or not numbers or not all(map(_is_count, numbers.values())):
        raise ProjectError(
            "`times` of a stage needs a setting and a number for each of its values.",
            _TIMES_HINT,
        )
    return Choice(_known(setting, fields, ()), numbers)


def _declared_amount(value: object, key: str, fields: Mapping[str, FieldInfo]) -> Any:
    if isinstance(value, str):
        return _known(value, fields, (int, float))
    kinds = int if key in _WHOLE else int | float
    least = 1 if key == "job_timeout" else 0
    if isinstance(value, kinds) and not isinstance(value, bool) and least <= value < inf:
        return value
    kind = "a whole number" if key in _WHOLE else "a number"
    raise ProjectError(f"`{key}` of a pipeline must be the name of a setting or {kind}.")


def _known(name: object, fields: Mapping[str, FieldInfo], kinds: tuple[type, ...]) -> str:
    if not isinstance(name, str) or name not in fields:
        from workerctl.suggest import did_you_mean

        hint = did_you_mean(name, fields) if isinstance(name, str) else None
        raise ProjectError("[tool.workerctl.pipeline] names a setting that does not exist.", hint)
    info = fields[name]
    if kinds and info.annotation not in kinds and sequence_type(info) not in kinds:
        raise ProjectError(f"{name} is no setting of the kind that the pipeline needs there.")
    return name


def _is_count(number: object) -> TypeGuard[int]:
    if not isinstance(number, int) or isinstance(number, bool):
        return False
    return 0 < number <= MOST_TIMES


def _require_known(table: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in keys:
            from workerctl.suggest import did_you_mean

            raise ProjectError(f"{where} has no setting {key}.", did_you_mean(key, keys))
