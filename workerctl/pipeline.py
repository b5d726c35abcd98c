"""
What a job consists of: its stages, each told by the settings that govern it.

`PIPELINE` is the built-in one. Another team declares its own in `[tool.workerctl.pipeline]`, or as
an object of that name beside its settings class.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from workerctl.budget import Budget, Stage, Step

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
        times = times.numbers[getattr(settings, times.setting)]
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
    every = [one._replace(name=_numbered(one.name, number, times)) for number in range(1, times + 1)]
    if _is_on(settings, stage.side_by_side):
        yield tuple(every)
    else:
        yield from ((stage,) for stage in every)


def _numbered(name: str, number: int, of: int) -> str:
    return name if of == 1 else f"{name} {number}"


def _amount(settings: Any, amount: Amount) -> int | float:
    value = getattr(settings, amount) if isinstance(amount, str) else amount
    return value  # type: ignore[no-any-return] -- the schema says that it is a number


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
