"""
A webhook receiver, which keeps the deliveries with a valid signature.
"""

import threading
from typing import Any

from resume_worker.signature import HEADER, is_genuine

from .wire import Reply, Request, json_reply, problem

PATH = "/hooks/"


class Receiver:
    """
    The endpoint of the webhook, and its deliveries in the order of arrival.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._lock = threading.Lock()
        self._deliveries: list[Any] = []

    def receive(self, request: Request) -> Reply:
        """
        Accept a delivery. Reply with 401 if its signature is not valid.
        """
        if not is_genuine(request.body, self._secret, request.headers.get(HEADER, "")):
            return problem(401, "Invalid signature.")
        with self._lock:
            self._deliveries.append(request.json())
        return Reply(204)

    def deliveries(self) -> Reply:
        """
        Return all deliveries so far.
        """
        with self._lock:
            return json_reply(self._deliveries)
