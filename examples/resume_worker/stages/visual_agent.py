"""
A small picture of the portfolio.
"""

import asyncio

from resume_worker.clients import request_headers, supabase_client
from workerctl.runtime.exceptions import VisualAgentFailure, WorkerBaseException
from workerctl.runtime.retry import translate_errors
from workerctl.settings import get_settings

_PNG = b"\x89PNG\r\n\x1a\n"


async def capture_portfolio_thumbnail(url: str) -> bytes:
    """
    Have the page drawn, once. Raises VisualAgentFailure: a candidate without a picture is fine.

    The renderer fetches the page. The worker never follows an address that a document gives: it
    could point into the network that the worker is in.
    """
    try:
        with translate_errors("storage"):
            async with asyncio.timeout(get_settings().VISUAL_TIMEOUT_SECONDS):
                picture = await _drawn(url)
    except WorkerBaseException as error:
        cause = {"cause": error.error_code}
        raise VisualAgentFailure("The portfolio could not be drawn.", cause) from error
    if not picture.startswith(_PNG):
        raise VisualAgentFailure("The renderer sent something else than a picture.")
    return picture


async def _drawn(url: str) -> bytes:
    response = await supabase_client().post(
        "/functions/v1/thumbnail", json={"url": url}, headers=request_headers()
    )
    return response.raise_for_status().content
