"""
Retries within a stage: which errors are worth another attempt, and how long to wait before it.

    for attempt in stamina.retry_context(**backoff(settings, "llm").stamina()):
        with attempt, translate_errors("llm"):
            answer = client.chat.completions.create(...)
"""

from __future__ import annotations

from secrets import SystemRandom
from typing import Any

from workerctl.report.records import Record
from workerctl.runtime.classification.classify import classify
from workerctl.runtime.classification.translation import Stage, translate_errors
from workerctl.runtime.classification.verdict import Verdict

__all__ = ["Backoff", "Stage", "Verdict", "backoff", "classify", "retryable", "translate_errors"]

_MAX_DOUBLINGS = 60  # more would overflow a float
_NO_CAP = float("inf")

# Not the `random` module: work-horses are forks, and would all draw the same numbers.
_uniform = SystemRandom().uniform


class Backoff(Record):
    """
    The retry policy of a stage: the number of attempts, the waits, and the errors to retry.

        policy = backoff(settings, "llm")
        if policy.allows(error, attempt):
            time.sleep(policy.wait(error, attempt))

    The wait after attempt *n* is drawn uniformly between half of `longest(n)` and `longest(n)`, so
    that workers that failed together do not retry together. It is at least the `retry_after` of the
    error. An error whose `retry_after` exceeds `longest(n)` ends the stage; the retry of the job
    waits for it.
    """

    attempts: int
    base: float
    cap: float
    idempotent: bool = True

    def longest(self, attempt: int) -> float:
        """
        Return the longest wait in seconds after attempt *n*, from 1: min(base·2^(n-1), cap).
        """
        return min(self.base * 2.0 ** min(attempt - 1, _MAX_DOUBLINGS), self.cap)

    def allows(self, exc: BaseException, attempt: int = 1) -> bool:
        """
        Return whether another attempt may follow the given one, which failed with this error.
        """
        if attempt >= self.attempts or not retryable(exc, idempotent=self.idempotent):
            return False
        return (classify(exc).retry_after or 0.0) <= self.longest(attempt)

    def wait(self, exc: BaseException, attempt: int = 1) -> float:
        """
        Return the seconds to wait after an attempt that failed with an allowed error.
        """
        longest = self.longest(attempt)
        requested = classify(exc).retry_after or 0.0
        return _uniform(min(max(requested, longest / 2), longest), longest)

    def stamina(self) -> dict[str, Any]:
        """
        Return the arguments for `stamina.retry` and `stamina.retry_context` (24.3 or later).

        stamina does not pass the number of the attempt, so a `retry_after` is compared with the
        longest wait after the first one. Only stamina 25.2 and later wait for an allowed one.
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
        Return the arguments for `tenacity.retry`, `tenacity.Retrying` and `tenacity.AsyncRetrying`.

            @tenacity.retry(**backoff(settings, "storage").tenacity())
            def download(path): ...
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


def backoff(settings: Any, stage: Stage, *, idempotent: bool = True) -> Backoff:
    """
    Return the retry policy for calls of a stage, from the pipeline of the settings.

        >>> backoff(settings, "llm").attempts
        3

    With `idempotent=False`, only errors of requests that certainly had no effect are retried.
    Raises ValueError for an unknown stage, and ProjectError if no stage of the pipeline governs it;
    see `workerctl.budget.lookup.call_budget`.
    """
    # Imported here, because code that only translates errors does not need it.
    from workerctl.budget.lookup import call_budget

    numbers = call_budget(settings, stage)
    return Backoff(
        attempts=numbers.retries + 1,
        base=float(numbers.base),
        cap=_NO_CAP if numbers.cap is None else float(numbers.cap),
        idempotent=idempotent,
    )


def retryable(exc: BaseException, *, idempotent: bool = True) -> bool:
    """
    Return whether a stage may try again after this error.

        >>> retryable(ConnectionRefusedError()), retryable(KeyError())
        (True, False)

    False for unknown errors, and for RQ's job timeout, after which only the job can be retried.
    With `idempotent=False`, true only if the request certainly had no effect.
    """
    verdict = classify(exc)
    if verdict.kind != "retryable" or verdict.category == "job":
        return False
    return idempotent or verdict.sent == "no"
