"""
Asking a model, and validating its answer.
"""

from typing import Any, TypeVar

import pydantic

from resume_worker.attempts import attempts
from resume_worker.clients import llm_client, request_headers
from workerctl.runtime.exceptions import LLMParseError


class Answer(pydantic.BaseModel):
    """
    The base class of answers. Its validation errors never show what the model answered.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


A = TypeVar("A", bound=Answer)


async def ask(model: str, name: str, kind: type[A], instruction: str, text: str) -> A:
    """
    Ask a model about a text. Return its answer as an instance of `kind`.

    Raise LLMParseError if the answer does not match the schema of `kind`.
    """
    schema: Any = {"name": name, "schema": kind.model_json_schema(), "strict": True}
    completion = await attempts(
        "llm",
        lambda: llm_client().chat.completions.create(
            model=model,
            messages=[
                {"role": "system", "content": instruction},
                {"role": "user", "content": text},
            ],
            response_format={"type": "json_schema", "json_schema": schema},
            extra_headers=request_headers(),
        ),
    )
    try:
        return kind.model_validate_json(completion.choices[0].message.content or "")
    except pydantic.ValidationError:
        problem = LLMParseError(
            "The model did not answer with the requested JSON.",
            {"model": model, "answer": name},
        )
    # Raised outside the handler, so that its context does not hold the answer and personal data.
    raise problem
