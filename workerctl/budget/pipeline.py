"""
What a job consists of: its stages, each told by the settings that govern it.

`PIPELINE` is the built-in one. Another team declares its own in `[tool.workerctl.pipeline]`, or as
an object of that name beside its settings class.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from workerctl.budget.arithmetic import Budget, Stage, Step
from workerctl.budget.runtime_stages import RuntimeStage
from workerctl.errors import ProjectError

Amount = str | int | float
"""The name of a setting, or a number."""


class Choice(NamedTuple):
    """
    A number that depends on a setting: `Choice("MODE", {"quick": 1, "thorough": 3})`.

    For a value that is not told, it is the largest one.
    """

    setting: str
    numbers: Mapping[str, int]

    def number(self, settings: Any) -> int:
        """
        The number that goes with the value of the setting.
        """
        value = getattr(settings, self.setting)
        key = str(value).lower() if isinstance(value, bool) else str(value)
        return self.numbers.get(key, max(self.numbers.values()))


class StageSettings(NamedTuple):
    """
    A stage of a job: the settings, or plain numbers, that govern its calls.

    `timeout` and `connect` bound one attempt; `retries` are the worker's own, with waits from
    `base` up to `cap`; `sdk_retries` are those inside the client. The stage makes `calls` in a row.
    `times` is how many of it there are, for instance one for each model; `side_by_side` says
    whether those run at the same time.

    `stage` names the runtime stage, or a tuple of several, whose calls these settings govern:
    `backoff(settings, "llm")` and `stage_deadline(settings, "llm")` use the stage with
    `stage="llm"`. Where several stages name the same one, the one whose call may take longest
    governs.
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
        The names of the settings that count; a name that counts twice appears twice.
        """
        amounts = self[1:-1]  # all but name and stage
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
        The settings of a single call; equal for two stages whose calls have the same settings.
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

    def numbers(self, settings: Any) -> Stage:
        """
        Return the numbers that these settings give, of one of `times`.
        """
        return Stage(
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
    The stages of a job in their order, and the settings of the job around them.
    """

    stages: tuple[StageSettings, ...]
    job_timeout: Amount = "JOB_TIMEOUT_SECONDS"
    job_retries: Amount = "JOB_MAX_RETRIES"
    intervals: str | tuple[int | float, ...] = "JOB_RETRY_INTERVALS_SECONDS"

    @property
    def settings(self) -> tuple[str, ...]:
        """
        The names of all settings that count, each once.
        """
        own = (self.job_timeout, self.job_retries, self.intervals)
        found = [name for stage in self.stages for name in stage.settings]
        return tuple(dict.fromkeys([*found, *(name for name in own if isinstance(name, str))]))

    def budget(self, settings: Any) -> Budget:
        """
        The numbers that these settings give. Raises ProjectError where a job has no timeout.
        """
        job_timeout = _amount(settings, self.job_timeout)
        if not job_timeout:
            raise ProjectError(f"{self.job_timeout} gives a job no timeout.", "Give it a bound.")
        return Budget(
            tuple(step for stage in self.stages for step in _steps(stage, settings)),
            job_timeout,
            _amount(settings, self.job_retries),
            tuple(_value(settings, self.intervals)),
        )


def _steps(stage: StageSettings, settings: Any) -> Iterator[Step]:
    times = stage.times.number(settings) if isinstance(stage.times, Choice) else stage.times
    one = stage.numbers(settings)
    if _value(settings, stage.side_by_side):
        yield (one,) * times
    else:
        yield from ((_numbered(one, number, times),) for number in range(1, times + 1))


def _numbered(stage: Stage, number: int, of: int) -> Stage:
    return stage if of == 1 else stage._replace(name=f"{stage.name} {number}")


def _amount(settings: Any, amount: Amount | None) -> Any:
    # a team's own setting may have no bounds; less than nothing is nothing
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
            stage=("storage", "database"),  # the database has no settings for its calls
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
