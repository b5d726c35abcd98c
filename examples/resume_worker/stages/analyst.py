"""
Extracting the person's data from the document, with several models.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable

from pydantic import Field

from workerctl.settings import Settings, get_settings

from .llm import Answer, ask

_INSTRUCTION = (
    "Extract the person's name, phone number, e-mail address, postal address, skills and the "
    "address of the portfolio from this résumé. Use null for what it does not say. Answer with "
    "JSON only."
)


class Resume(Answer):
    """
    The data of one person. Its `repr` shows no personal data.
    """

    name: str | None = Field(repr=False)
    phone: str | None = Field(repr=False)
    email: str | None = Field(repr=False)
    address: str | None = Field(repr=False)
    skills: tuple[str, ...]
    portfolio: str | None = Field(repr=False)


async def analyze(text: str) -> Resume:
    """
    Return the data on which most models agree.

    With USE_PARALLEL_LLM the models are asked at the same time, else one after the other.
    """
    settings = get_settings()
    if settings.USE_PARALLEL_LLM:
        return agreed(await _side_by_side(_models(settings), text))
    return agreed([await _read(model, text) for model in _models(settings)])


def _models(settings: Settings) -> list[str]:
    models = [settings.OPENAI_MODEL, settings.GEMINI_MODEL]
    return [*models, settings.ANTHROPIC_MODEL] if settings.ANALYSIS_MODE == "phase_2" else models


async def _side_by_side(models: Iterable[str], text: str) -> list[Resume]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_read(model, text)) for model in models]
    except ExceptionGroup as failures:
        # The first failure cancelled the other calls. Unlike the group, it has an error code.
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


async def _read(model: str, text: str) -> Resume:
    return await ask(model, "resume", Resume, _INSTRUCTION, text)


def agreed(answers: list[Resume]) -> Resume:
    """
    Return the most frequent value of each field. In a tie, the answer of the first model wins.
    """
    votes = {
        field: Counter(getattr(answer, field) for answer in answers).most_common(1)[0][0]
        for field in Resume.model_fields
    }
    return Resume.model_construct(**votes)
