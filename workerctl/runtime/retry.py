"""
Retrying: which errors another attempt could help with, and how long a stage waits before it.

    for attempt in stamina.retry_context(**backoff(settings, "llm").stamina()):
        with attempt, translate_errors("llm"):
            ...
"""

from secrets import SystemRandom
from typing import TYPE_CHECKING, Any, NamedTuple

from workerctl.runtime.classification.classify import classify
from workerctl.runtime.classification.translation import Stage, translate_errors
from workerctl.runtime.classification.verdict import Verdict

if TYPE_CHECKING:
    from workerctl.settings import Settings

__all__ = ["Backoff", "Stage", "Verdict", "backoff", "classify", "retryable", "translate_errors"]

_DOUBLINGS = 60  # more only overflow
_LIMITLESS = float("inf")

# Not the module random: every work-horse is a fork, and would draw the same numbers.
_uniform = SystemRandom().uniform


class Backoff(NamedTuple):
    """
    The retries of one stage: how many attempts, which errors, which waits.

    The wait after attempt n lies between half of `longest(n)` and the whole, so that workers that
    failed together do not come back together. It is never shorter than the `retry_after` of the
    error, and never longer than `longest(n)`: an error that asks for more ends the stage, and the
    job's own retry waits for it.
    """

    attempts: int
    base: float
    cap: float
    idempotent: bool = True

    def longest(self, attempt: int) -> float:
        """
        The longest wait after an attempt, counted from 1: min(base·2^(n-1), cap).
        """
        return min(self.base * 2.0 ** min(attempt - 1, _DOUBLINGS), self.cap)

    def allows(self, exc: BaseException, attempt: int = 1) -> bool:
        """
        Whether the stage may try again after an attempt that failed so.
        """
        if attempt >= self.attempts or not retryable(exc, idempotent=self.idempotent):
            return False
        return (classify(exc).retry_after or 0.0) <= self.longest(attempt)

    def wait(self, exc: BaseException, attempt: int = 1) -> float:
        """
        How long to wait after an attempt that failed so, if it is allowed.
        """
        longest = self.longest(attempt)
        asked = classify(exc).retry_after or 0.0
        return _uniform(min(max(asked, longest / 2), longest), longest)

    def stamina(self) -> dict[str, Any]:
        """
        The arguments of `stamina.retry` and `stamina.retry_context` (24.3 or later).

        Stamina does not tell which attempt failed, so a `retry_after` is measured against the
        first wait; from 25.2 on it is waited for to the second.
        """
        return {
            "on": self._hook,
            "attempts": self.attempts,
            "timeout": None,
            "wait_initial": self.base / 2,
            "wait_jitter": self.base / 2,
            "wait_max": self.cap,
            "wait_exp_base": 2,
        }

    def tenacity(self) -> dict[str, Any]:
        """
        The arguments of `tenacity.retry`, `tenacity.Retrying` and `tenacity.AsyncRetrying`.
        """
        return {
            "retry": self._tenacity_retry,
            "wait": self._tenacity_wait,
            "stop": lambda state: state.attempt_number >= self.attempts,
            "reraise": True,
        }

    def _hook(self, exc: Exception) -> bool | float:
        allowed = self.allows(exc)
        return self.wait(exc) if allowed and classify(exc).retry_after else allowed

    def _tenacity_retry(self, state: Any) -> bool:
        exc = state.outcome.exception()
        return exc is not None and self.allows(exc, state.attempt_number)

    def _tenacity_wait(self, state: Any) -> float:
        return self.wait(state.outcome.exception(), state.attempt_number)


def backoff(settings: "Settings", stage: Stage, *, idempotent: bool = True) -> Backoff:
    """
    Return the retries of the stage that governs such calls in the pipeline of the settings.

    With `idempotent=False` only errors before anything took effect are retried. Raises as
    `workerctl.budget.lookup.call_budget` does, which finds the numbers.
    """
    # who only translates errors does not need it
    from workerctl.budget.lookup import call_budget

    numbers = call_budget(settings, stage)
    return Backoff(
        attempts=numbers.retries + 1,
        base=float(numbers.base),
        cap=_LIMITLESS if numbers.cap is None else float(numbers.cap),
        idempotent=idempotent,
    )


def retryable(exc: BaseException, *, idempotent: bool = True) -> bool:
    """
    Whether a stage may try again after this error; True of nothing unknown.

    Not after RQ's timeout either: then the job's time is over, and the job's retry is due. With
    `idempotent=False` only after errors before anything took effect.
    """
    verdict = classify(exc)
    if verdict.kind != "retryable" or verdict.category == "job":
        return False
    return idempotent or verdict.sent == "no"
