"""
The HTTP requests and replies of the services.
"""

import json
from collections.abc import Mapping
from email.message import Message
from typing import Any, NamedTuple

REQUEST_ID = "X-Client-Request-Id"
"""The header with the id of the job that sends the request."""


class Request(NamedTuple):
    """
    An HTTP request. The names in `headers` are case-insensitive.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: "Message[str, str]"
    body: bytes

    def json(self) -> Any:
        """
        Return the parsed JSON body.
        """
        return json.loads(self.body)

    def is_authorized(self, key: str) -> bool:
        """
        Return whether the request carries the key as a bearer token.
        """
        return self.headers.get("Authorization") == f"Bearer {key}"


class Reply(NamedTuple):
    """
    An HTTP response. `pause` is the delay after each byte of the body, in seconds.
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}
    pause: float = 0.0


def json_reply(value: object, status: int = 200, **headers: str) -> Reply:
    """
    Return a JSON response. Keyword arguments are headers: `Retry_After="1"` sets Retry-After.
    """
    body = json.dumps(value, ensure_ascii=False).encode()
    fields = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, body, headers=fields)


def problem(status: int, message: str, code: str = "", **headers: str) -> Reply:
    """
    Return an error in the format of the OpenAI API. Clients of other services ignore its body.
    """
    return json_reply(
        {"error": {"message": message, "type": code, "code": code}}, status, **headers
    )
