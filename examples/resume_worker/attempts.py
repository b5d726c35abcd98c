"""
One call of a service, with its deadline, its retries, and the worker's own exceptions.
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
    Make a call and retry it as often and as long as the settings allow for this stage.

    The deadline limits all attempts together, because the timeout of an HTTP client starts again
    with every byte that arrives. If a server asks for a longer wait than the stage allows, the
    call fails, and the job is retried later.
    """
    settings = get_settings()
    async with stage_deadline(settings, stage) as deadline:

        @stamina.retry(**backoff(settings, stage).stamina())
        async def attempt() -> Response:
            with translate_errors(stage):
                async with deadline.attempt():
                    return await call()

        return await attempt()
