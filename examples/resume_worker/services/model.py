"""
A server with the API of OpenAI: chat completions with JSON answers, and embeddings.
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
_INVALID_JSON = "Of course! Here is what I found in the document:"


class Model:
    """
    The two endpoints, for clients with the key.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def chat(self, request: Request, *, spoiled: bool = False) -> Reply:
        """
        Answer with JSON of the schema that the request names, or with invalid JSON if `spoiled`.
        """
        if not request.is_authorized(self._key):
            return _refused()
        body = request.json()
        reader = READERS.get(body["response_format"]["json_schema"]["name"])
        if reader is None:
            return problem(400, "Unknown JSON schema.", "invalid_request_error")
        text = body["messages"][-1]["content"]
        answer = _INVALID_JSON if spoiled else json.dumps(reader(text), ensure_ascii=False)
        return json_reply(_completion(body["model"], text, answer))

    def embeddings(self, request: Request) -> Reply:
        """
        Return a vector for each text. Equal texts have equal vectors.
        """
        if not request.is_authorized(self._key):
            return _refused()
        body = request.json()
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        length, packed = body.get("dimensions", 1536), body.get("encoding_format") == "base64"
        return json_reply(
            {
                "object": "list",
                "model": body["model"],
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
    return problem(401, "Invalid API key.", "invalid_api_key")


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
    sent, received = len(_WORD.findall(prompt)), len(_WORD.findall(answer))
    return {"prompt_tokens": sent, "completion_tokens": received, "total_tokens": sent + received}


def _vector(text: str, length: int) -> list[float]:
    """
    Return a unit vector to which every word adds one component, so that similar texts are close.
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
