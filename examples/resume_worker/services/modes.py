"""
The ways in which a service misbehaves, such as rate limits, timeouts and rejected keys.
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
    A rule that makes a service misbehave for a number of requests of one job.

    If `times` is None, it applies until it is cleared; if `job` is None, it applies to all jobs.
    `retry_after` is in seconds.
    """

    service: Service
    mode: Mode
    times: int | None = None
    job: str | None = None
    retry_after: float = 1.0


class Modes:
    """
    The active rules and the number of requests so far. It is thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._requests: dict[str, int] = {}

    def add(self, rule: Rule) -> None:
        """
        Add a rule, which takes precedence over earlier rules.

        Raise ValueError for an unknown service or mode.
        """
        if rule.service not in SERVICES or rule.mode not in MODES:
            raise ValueError("Unknown service or mode.")
        with self._lock:
            self._rules.insert(0, rule)

    def clear(self) -> None:
        """
        Remove all rules.
        """
        with self._lock:
            self._rules.clear()

    def next(self, service: str, job: str | None) -> Rule | None:
        """
        Count a request and return the rule that applies to it, if any.
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
        Return the number of requests by service, and by service and job.
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
    Return the reply of a misbehaving service. The server itself handles `hang` and `dribble`.
    """
    if rule.mode == "rate_limit":
        wait = f"{rule.retry_after:g}"
        return problem(429, "Too many requests.", "rate_limit_exceeded", Retry_After=wait)
    if rule.mode == "unauthorized":
        return problem(401, "Invalid API key.", "invalid_api_key")
    if rule.mode == "bad_json":
        return Reply(200, b"<html><body>It works!</body></html>", "text/html")
    return problem(500, "Something went wrong.", "server_error")
