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
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from workerctl.budget.arithmetic import Budget, StageCost, Step
from workerctl.budget.runtime_stages import RuntimeStage
from workerctl.report.errors import ProjectError

Amount = str | int | float
"""The name of a setting, or a number."""


class Choice(NamedTuple):
    """
    A number that depends on a setting: `Choice("MODE", {"quick": 1, "thorough": 3})`.

    For a value that is not listed, it is the largest of the numbers.
    """

    setting: str
    numbers: Mapping[str, int]

    def number(self, settings: Any) -> int:
        """
        Return the number for the current value of the setting.
        """
        value = getattr(settings, self.setting)
        key = str(value).lower() if isinstance(value, bool) else str(value)
        return self.numbers.get(key, max(self.numbers.values()))


class StageSettings(NamedTuple):
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
        amounts = self[1:-1]  # every field except `name` and `stage`
        names = tuple(amount for amount in amounts if isinstance(amount, str))
        return (*names, self.times.setting) if isinstance(self.times, Choice) else names

    @property
    def governs(self) -> tuple[RuntimeStage, ...]:
        """
        The runtime stages whose calls these settings govern.
        """
        return (self.stage,) if isinstance(self.stage, str) else self.stage

    @property
    def one_call(self) -> "StageSettings":
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

    def numbers(self, settings: Any) -> StageCost:
        """
        Return the cost of one repetition of the stage, with the values of the settings.
        """
        return StageCost(
            name=self.name,
            timeout=_amount(settings, self.timeout),
            retries=_amount(settings, self.retries),
            base=_amount(settings, self.base),
            cap=None if _value(settings, self.cap) is None else _amount(settings, self.cap),
            connect=_amount(settings, self.connect),
            sdk_retries=_amount(settings, self.sdk_retries),
            calls=_amount(settings, self.calls),
        )


class Pipeline(NamedTuple):
    """
    The stages of a job in their order, and the settings of the job itself.
    """

    stages: tuple[StageSettings, ...]
    job_timeout: Amount = "JOB_TIMEOUT_SECONDS"
    job_retries: Amount = "JOB_MAX_RETRIES"
    intervals: str | tuple[int | float, ...] = "JOB_RETRY_INTERVALS_SECONDS"

    @property
    def settings(self) -> tuple[str, ...]:
        """
        The names of all settings that the pipeline uses, each once.
        """
        own = (self.job_timeout, self.job_retries, self.intervals)
        used = [name for stage in self.stages for name in stage.settings]
        return tuple(dict.fromkeys([*used, *(name for name in own if isinstance(name, str))]))

    def job_limits(self, settings: Any) -> tuple[int, tuple[int | float, ...]]:
        """
        Return how often a job is retried, and the longest waits before its retries.
        """
        return _amount(settings, self.job_retries), tuple(_value(settings, self.intervals))

    def budget(self, settings: Any) -> Budget:
        """
        Return the budget with the values of the settings.

        Raise ProjectError if the job has no timeout.
        """
        job_timeout = _amount(settings, self.job_timeout)
        if not job_timeout:
            raise ProjectError(f"{self.job_timeout} gives a job no timeout.", "Set it above 0.")
        steps = tuple(step for stage in self.stages for step in _steps(stage, settings))
        return Budget(steps, job_timeout, *self.job_limits(settings))


def _steps(stage: StageSettings, settings: Any) -> Iterator[Step]:
    times = stage.times.number(settings) if isinstance(stage.times, Choice) else stage.times
    cost = stage.numbers(settings)
    if _value(settings, stage.side_by_side):
        yield (cost,) * times
    else:
        yield from ((_numbered(cost, number, times),) for number in range(1, times + 1))


def _numbered(cost: StageCost, number: int, times: int) -> StageCost:
    return cost if times == 1 else cost._replace(name=f"{cost.name} {number}")


def _amount(settings: Any, amount: Amount | None) -> Any:
    # A team's own setting may have no lower bound. A negative number counts as 0.
    return max(_value(settings, amount), 0)


def _value(settings: Any, value: object) -> Any:
    return getattr(settings, value) if isinstance(value, str) else value


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
