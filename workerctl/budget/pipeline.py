"""
The stages of a job, each described by the settings that govern its calls.

`PIPELINE` is the built-in pipeline. A team declares its own in `[tool.workerctl.pipeline]`, or as
an object named `PIPELINE` in the module of its settings class:

    PIPELINE = Pipeline(
        (
            StageSettings("render", timeout="RENDER_TIMEOUT_SECONDS", retries=1, base=2),
            StageSettings("upload", timeout="STORAGE_TIMEOUT_SECONDS", stage="storage"),
        ),
        job_timeout=600,
    )

In any other settings class than the built-in one, a name is the path of a field, such as
"render.timeout", or its variable, such as "APP_RENDER__TIMEOUT".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from enum import Enum
from math import isfinite
from typing import Any

from workerctl.budget.arithmetic import Budget, StageCost, Step
from workerctl.budget.runtime_stages import RuntimeStage
from workerctl.report.errors import ProjectError
from workerctl.report.records import Record

Amount = str | int | float
"""The name of a setting, or a number."""

Read = Callable[[Any, str], Any]
"""Return the value that an instance of a settings class has for a name."""

_AMOUNTS = (
    "timeout", "retries", "base", "cap", "connect", "sdk_retries", "calls", "side_by_side",
)  # fmt: skip
"""The fields of a stage that may hold the name of a setting."""


def by_path(settings: Any, name: str) -> Any:
    """
    Return the value at the path of a field; None if there is no such field.
    """
    value = settings
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    return value


class Choice(Record):
    """
    A number that depends on a setting: `Choice("MODE", {"quick": 1, "thorough": 3})`.

    For a value that is not listed, it is the largest of the numbers.
    """

    setting: str
    numbers: Mapping[str, int]

    def number(self, settings: Any, read: Read = by_path) -> int:
        """
        Return the number for the current value of the setting.
        """
        value = read(settings, self.setting)
        value = value.value if isinstance(value, Enum) else value
        key = str(value).lower() if isinstance(value, bool) else str(value)
        return self.numbers.get(key, max(self.numbers.values()))


class StageSettings(Record):
    """
    A stage of a job: the settings, or plain numbers, that govern its calls.

    One attempt takes up to `connect` + `timeout` seconds. The worker retries it `retries` times,
    after waits that double from `base` up to `cap` seconds; `sdk_retries` are the retries inside
    the client. The stage makes `calls` calls, one after another. `times` repeats the whole stage,
    for instance once for each model; with `side_by_side`, the repetitions run at the same time.

    `stage` names the runtime stage, or a tuple of several, whose calls these settings govern:
    `backoff(settings, "llm")` and `stage_deadline(settings, "llm")` use the stage with
    `stage="llm"`. If several stages name the same one, the one with the longest call governs.
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
    stage: RuntimeStage | tuple[RuntimeStage, ...] = ()

    @property
    def settings(self) -> tuple[str, ...]:
        """
        The names of the settings that this stage uses, once for each use.
        """
        amounts = [
            vars(self)[field] for field in self.field_names if field not in {"name", "stage"}
        ]
        names = tuple(amount for amount in amounts if isinstance(amount, str))
        return (*names, self.times.setting) if isinstance(self.times, Choice) else names

    @property
    def governs(self) -> tuple[RuntimeStage, ...]:
        """
        The runtime stages whose calls these settings govern.
        """
        return (self.stage,) if isinstance(self.stage, str) else self.stage

    @property
    def one_call(self) -> StageSettings:
        """
        The settings of a single call. They are equal for stages that make the same kind of call.
        """
        return StageSettings(
            "",
            timeout=self.timeout,
            retries=self.retries,
            base=self.base,
            cap=self.cap,
            connect=self.connect,
            sdk_retries=self.sdk_retries,
        )

    def numbers(self, settings: Any, read: Read = by_path) -> StageCost:
        """
        Return the cost of one repetition of the stage, with the values of the settings.

        Raise ProjectError if its timeout is None, because a call could then take any time.
        """
        timeout = _value(settings, self.timeout, read)
        if timeout is None:
            raise ProjectError(f"{self.timeout} gives a call no timeout.", "Set it to a number.")
        return StageCost(
            name=self.name,
            timeout=max(timeout, 0),
            retries=_amount(settings, self.retries, read),
            base=_amount(settings, self.base, read),
            cap=self._cap(settings, read),
            connect=_amount(settings, self.connect, read),
            sdk_retries=_amount(settings, self.sdk_retries, read),
            calls=_amount(settings, self.calls, read),
        )

    def renamed(self, new_name: Callable[[str], str]) -> StageSettings:
        """
        Return the stage with other names of settings.
        """
        changes = {key: _renamed(getattr(self, key), new_name) for key in _AMOUNTS}
        times = self.times
        if isinstance(times, Choice):
            times = Choice(new_name(times.setting), times.numbers)
        return self.replace(times=times, **changes)

    def _cap(self, settings: Any, read: Read) -> Any:
        cap = _value(settings, self.cap, read)
        return None if cap is None else max(cap, 0)


class Pipeline(Record):
    """
    The stages of a job in their order, and the settings of the job itself.

    `grace` is the time that the orchestrator gives a running job when it stops the worker.

    The defaults are settings of the built-in schema. Any other class has to give `job_timeout`; its
    jobs are by default not retried, and their grace period is not known.
    """

    stages: tuple[StageSettings, ...]
    job_timeout: Amount = "JOB_TIMEOUT_SECONDS"
    job_retries: Amount = "JOB_MAX_RETRIES"
    intervals: str | tuple[int | float, ...] = "JOB_RETRY_INTERVALS_SECONDS"
    grace: Amount | None = "SHUTDOWN_GRACE_SECONDS"

    @property
    def settings(self) -> tuple[str, ...]:
        """
        The names of all settings that determine the worst case of a job, each once.
        """
        own = (self.job_timeout, self.job_retries, self.intervals)
        used = [name for stage in self.stages for name in stage.settings]
        return tuple(dict.fromkeys([*used, *(name for name in own if isinstance(name, str))]))

    @property
    def all_settings(self) -> tuple[str, ...]:
        """
        The names of all settings that the pipeline uses, including that of the grace period.
        """
        grace = (self.grace,) if isinstance(self.grace, str) else ()
        return tuple(dict.fromkeys([*self.settings, *grace]))

    def renamed(self, new_name: Callable[[str], str]) -> Pipeline:
        """
        Return the pipeline with other names of settings.
        """
        keys = ("job_timeout", "job_retries", "intervals", "grace")
        changes = {key: _renamed(getattr(self, key), new_name) for key in keys}
        stages = tuple(stage.renamed(new_name) for stage in self.stages)
        return self.replace(stages=stages, **changes)

    def job_limits(
        self, settings: Any, read: Read = by_path
    ) -> tuple[int, tuple[int | float, ...]]:
        """
        Return how often a job is retried, and the longest waits before its retries.
        """
        intervals = _value(settings, self.intervals, read) or ()
        return _amount(settings, self.job_retries, read), tuple(map(_number, intervals))

    def grace_seconds(self, settings: Any, read: Read = by_path) -> int | float | None:
        """
        Return the grace period in seconds; None if it is not known.
        """
        seconds: int | float | None = _value(settings, self.grace, read)
        return seconds

    def budget(self, settings: Any, read: Read = by_path) -> Budget:
        """
        Return the budget with the values of the settings.

        Raise ProjectError if the job or one of its stages has no timeout.
        """
        job_timeout = _amount(settings, self.job_timeout, read)
        if not job_timeout:
            raise ProjectError(f"{self.job_timeout} gives a job no timeout.", "Set it above 0.")
        steps = tuple(step for stage in self.stages for step in _steps(stage, settings, read))
        return Budget(steps, job_timeout, *self.job_limits(settings, read))


def _steps(stage: StageSettings, settings: Any, read: Read) -> Iterator[Step]:
    times = stage.times
    repetitions = times.number(settings, read) if isinstance(times, Choice) else times
    cost = stage.numbers(settings, read)
    if _value(settings, stage.side_by_side, read):
        yield (cost,) * repetitions
    else:
        numbers = range(1, repetitions + 1)
        yield from ((_numbered(cost, number, repetitions),) for number in numbers)


def _numbered(cost: StageCost, number: int, times: int) -> StageCost:
    return cost if times == 1 else cost.replace(name=f"{cost.name} {number}")


def _amount(settings: Any, amount: Amount | None, read: Read) -> Any:
    # A team's own setting may be None, or have no lower bound. A negative number counts as 0.
    return max(_value(settings, amount, read) or 0, 0)


def _value(settings: Any, value: object, read: Read) -> Any:
    return _number(read(settings, value)) if isinstance(value, str) else value


def _number(value: Any) -> Any:
    """
    Return the seconds of a timedelta; None for a number that is not finite, and so limits nothing.
    """
    if isinstance(value, timedelta):
        return value.total_seconds()
    return None if isinstance(value, float) and not isfinite(value) else value


def _renamed(value: Any, new_name: Callable[[str], str]) -> Any:
    return new_name(value) if isinstance(value, str) else value


_LLM = StageSettings(
    "",
    timeout="LLM_TIMEOUT_SECONDS",
    retries="LLM_MAX_RETRIES",
    base="LLM_RETRY_BASE_WAIT",
    cap="LLM_RETRY_MAX_WAIT",
    connect="LLM_CONNECT_TIMEOUT_SECONDS",
    sdk_retries="LLM_SDK_MAX_RETRIES",
    stage="llm",
)

PIPELINE = Pipeline(
    (
        StageSettings(
            "storage download",
            timeout="STORAGE_TIMEOUT_SECONDS",
            retries="STORAGE_MAX_RETRIES",
            base="STORAGE_RETRY_DELAY_SECONDS",
            stage=("storage", "database"),  # there are no settings for calls to the database
        ),
        _LLM.replace(name="identity check"),
        _LLM.replace(
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
            stage="embedding",
        ),
        StageSettings("thumbnail", timeout="VISUAL_TIMEOUT_SECONDS"),
        StageSettings(
            "webhook",
            timeout="WEBHOOK_TIMEOUT_SECONDS",
            retries="WEBHOOK_MAX_RETRIES",
            base="WEBHOOK_RETRY_DELAY_SECONDS",
            stage="webhook",
        ),
    )
)
