"""
How a service misbehaves: too many requests, silence, a byte at a time, a refused key, and so on.
"""

import threading
from typing import Literal, NamedTuple, get_args

from .wire import Reply, problem

Mode = Literal["rate_limit", "hang", "dribble", "bad_json", "unauthorized", "error"]
Service = Literal["llm", "embedding", "storage", "database", "thumbnail", "webhook"]

MODES = get_args(Mode)
SERVICES = get_args(Service)


class Rule(NamedTuple):
    """
    One order: which service misbehaves, how, how many times, and towards which job.

    `times` None is until further notice; `job` None is towards everyone.
    """

    service: Service
    mode: Mode
    times: int | None = None
    job: str | None = None
    retry_after: float = 1.0


class Modes:
    """
    The orders in force, and what was asked for so far. Threads may use it side by side.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._requests: dict[str, int] = {}

    def add(self, rule: Rule) -> None:
        """
        Misbehave from now on; the latest order that fits counts.

        Raises ValueError for a service or a mode that there is not.
        """
        if rule.service not in SERVICES or rule.mode not in MODES:
            raise ValueError("There is no such service or mode.")
        with self._lock:
            self._rules.insert(0, rule)

    def clear(self) -> None:
        """
        Behave again.
        """
        with self._lock:
            self._rules.clear()

    def next(self, service: str, job: str | None) -> Rule | None:
        """
        The order for this request, which is counted.
        """
        with self._lock:
            key = f"{service} {job}" if job else service
            self._requests[key] = self._requests.get(key, 0) + 1
            for index, rule in enumerate(self._rules):
                if rule.service == service and rule.job in (None, job):
                    self._use(index, rule)
                    return rule
        return None

    def requests(self) -> dict[str, int]:
        """
        How many requests came, by service and job.
        """
        with self._lock:
            return dict(self._requests)

    def _use(self, index: int, rule: Rule) -> None:
        if rule.times is None:
            return
        if rule.times > 1:
            self._rules[index] = rule._replace(times=rule.times - 1)
        else:
            del self._rules[index]


def misbehaviour(rule: Rule) -> Reply:
    """
    What a misbehaving service answers; one that hangs answers nothing, and is not asked here.
    """
    if rule.mode == "rate_limit":
        wait = f"{rule.retry_after:g}"
        return problem(429, "Too many requests.", "rate_limit_exceeded", Retry_After=wait)
    if rule.mode == "unauthorized":
        return problem(401, "The key is not accepted.", "invalid_api_key")
    if rule.mode == "bad_json":
        return Reply(200, b"<html><body>It works!</body></html>", "text/html")
    return problem(500, "Something went wrong.", "server_error")
