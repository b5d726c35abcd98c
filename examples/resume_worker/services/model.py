"""
An API as OpenAI's: chat completions that answer in JSON, and embeddings.
"""

import base64
import hashlib
import json
import re
import struct
import time
import uuid
from typing import Any

from .reading import READERS
from .wire import Reply, Request, json_reply, problem

_WORD = re.compile(r"\w+")
_NO_JSON = "Of course! Here is what I found in the document:"


class Model:
    """
    The two endpoints, for whoever has the key.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def chat(self, request: Request, *, spoiled: bool = False) -> Reply:
        """
        Answer by the JSON schema that the request names; a spoiled answer is no JSON.
        """
        if not request.is_authorized(self._key):
            return _refused()
        asked = request.json()
        reader = READERS.get(asked["response_format"]["json_schema"]["name"])
        if reader is None:
            return problem(400, "There is no such schema here.", "invalid_request_error")
        text = asked["messages"][-1]["content"]
        answer = _NO_JSON if spoiled else json.dumps(reader(text), ensure_ascii=False)
        return json_reply(_completion(asked["model"], text, answer))

    def embeddings(self, request: Request) -> Reply:
        """
        One vector for each text; the same text has the same vector.
        """
        if not request.is_authorized(self._key):
            return _refused()
        asked = request.json()
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        length, packed = asked.get("dimensions", 1536), asked.get("encoding_format") == "base64"
        return json_reply(
            {
                "object": "list",
                "model": asked["model"],
                "data": [
                    {
                        "object": "embedding",
                        "index": index,
                        "embedding": _packed(text, length) if packed else _vector(text, length),
                    }
                    for index, text in enumerate(texts)
                ],
                "usage": _usage(" ".join(texts)),
            }
        )


def _refused() -> Reply:
    return problem(401, "The key is not accepted.", "invalid_api_key")


def _completion(model: str, text: str, answer: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer, "refusal": None}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": _usage(text, answer),
    }


def _usage(prompt: str, answer: str = "") -> dict[str, int]:
    asked, told = len(_WORD.findall(prompt)), len(_WORD.findall(answer))
    return {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}


def _vector(text: str, length: int) -> list[float]:
    """
    Every word pushes one of the directions: texts with the same words point the same way.
    """
    vector = [0.0] * length
    for word in _WORD.findall(text.casefold()):
        digest = hashlib.sha256(word.encode()).digest()
        index = int.from_bytes(digest[:4], "big") % length
        vector[index] += 1.0 if digest[4] % 2 else -1.0
    norm = sum(value * value for value in vector) ** 0.5 or 1.0
    return [value / norm for value in vector]


def _packed(text: str, length: int) -> str:
    return base64.b64encode(struct.pack(f"<{length}f", *_vector(text, length))).decode()
