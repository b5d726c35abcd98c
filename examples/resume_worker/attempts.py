"""
One call of a service: its deadline, its errors in the worker's words, and its retries.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

from workerctl.runtime.deadline import stage_deadline
from workerctl.runtime.retry import Stage, backoff, translate_errors
from workerctl.settings import get_settings

Response = TypeVar("Response")


async def attempts(stage: Stage, call: Callable[[], Awaitable[Response]]) -> Response:
    """
    What the call returns, tried as often and as long as the settings allow this stage.

    The deadline is that of the whole call, and of the job: the timeouts of HTTP clients begin anew
    at every byte. A server that asks for a longer wait than a stage may have is left to the retry
    of the job.
    """
    settings = get_settings()
    async with stage_deadline(settings, stage) as deadline:

        @stamina.retry(**backoff(settings, stage).stamina())
        async def attempt() -> Response:
            with translate_errors(stage):
                async with deadline.attempt():
                    return await call()

        return await attempt()
