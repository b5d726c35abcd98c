"""
Asking a model, and understanding its answer.
"""

from typing import Any, TypeVar

import pydantic

from resume_worker.attempts import attempts
from resume_worker.clients import llm_client, request_headers
from workerctl.runtime.exceptions import LLMParseError


class Answer(pydantic.BaseModel):
    """
    What a model is asked for; an error about it never shows what the model said.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


A = TypeVar("A", bound=Answer)


async def ask(model: str, name: str, kind: type[A], instruction: str, text: str) -> A:
    """
    The model's answer about a text, as an object. Raises LLMParseError for anything else.
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
            "The model did not answer with the JSON that was asked for.",
            {"model": model, "answer": name},
        )
    # Outside the handler: what was answered may hold personal data, and would be the context.
    raise problem
