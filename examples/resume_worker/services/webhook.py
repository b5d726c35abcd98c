"""
The application behind the webhook: it keeps the announcements whose signature is right.
"""

import threading
from typing import Any

from resume_worker.signature import HEADER, is_genuine

from .wire import Reply, Request, json_reply, problem

PATH = "/hooks/"


class Receiver:
    """
    What was announced, in the order in which it came.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._lock = threading.Lock()
        self._deliveries: list[Any] = []

    def receive(self, request: Request) -> Reply:
        """
        Take an announcement; 401 for a signature that is not the secret's.
        """
        if not is_genuine(request.body, self._secret, request.headers.get(HEADER, "")):
            return problem(401, "The signature does not fit.")
        with self._lock:
            self._deliveries.append(request.json())
        return Reply(204)

    def deliveries(self) -> Reply:
        """
        All announcements so far.
        """
        with self._lock:
            return json_reply(self._deliveries)
