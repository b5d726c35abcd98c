"""
Requests and replies, as the services see them.
"""

import json
from collections.abc import Mapping
from email.message import Message
from typing import Any, NamedTuple

REQUEST_ID = "X-Client-Request-Id"
"""The header in which the worker says for which job a request is."""


class Request(NamedTuple):
    """
    One HTTP request. `headers` can be asked in any case.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: "Message[str, str]"
    body: bytes

    def json(self) -> Any:
        """
        The body, read as JSON.
        """
        return json.loads(self.body)

    def is_authorized(self, key: str) -> bool:
        """
        Whether it carries the key as a bearer token.
        """
        return self.headers.get("Authorization") == f"Bearer {key}"


class Reply(NamedTuple):
    """
    One HTTP response; `pause` is what is waited after each byte of it, in seconds.
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}
    pause: float = 0.0


def json_reply(value: object, status: int = 200, **headers: str) -> Reply:
    """
    A response of JSON; `Retry_After="1"` is the header Retry-After.
    """
    body = json.dumps(value, ensure_ascii=False).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, body, headers=named)


def problem(status: int, message: str, code: str = "", **headers: str) -> Reply:
    """
    An error as the OpenAI API words it; the others' clients look at the status only.
    """
    return json_reply(
        {"error": {"message": message, "type": code, "code": code}}, status, **headers
    )
