"""
One call of a service: its deadline, its errors in the worker's words, and its retries.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

from workerctl.runtime.retry import Stage, backoff, translate_errors
from workerctl.settings import Settings, get_settings

Response = TypeVar("Response")


async def attempts(stage: Stage, call: Callable[[], Awaitable[Response]]) -> Response:
    """
    What the call returns, tried as often and as long as the settings allow this stage.

    The deadline is that of the whole call: the timeouts of HTTP clients begin anew at every byte.
    A server that asks for a longer wait than a stage may have is left to the retry of the job.
    """
    settings = get_settings()

    @stamina.retry(**backoff(settings, stage).stamina())
    async def attempt() -> Response:
        with translate_errors(stage):
            async with asyncio.timeout(_deadline(settings, stage)):
                return await call()

    return await attempt()


def _deadline(settings: Settings, stage: Stage) -> float:
    if stage == "llm":
        return settings.LLM_CONNECT_TIMEOUT_SECONDS + settings.LLM_TIMEOUT_SECONDS
    if stage == "embedding":
        return settings.EMBEDDING_TIMEOUT_SECONDS
    if stage == "webhook":
        return settings.WEBHOOK_TIMEOUT_SECONDS
    return settings.STORAGE_TIMEOUT_SECONDS
