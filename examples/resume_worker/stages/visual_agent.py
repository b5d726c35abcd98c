"""
Capturing a thumbnail of the portfolio.
"""

import asyncio

from resume_worker.clients import request_headers, supabase_client
from workerctl.runtime.exceptions import VisualAgentFailure, WorkerBaseException
from workerctl.runtime.retry import translate_errors
from workerctl.settings import get_settings

_PNG = b"\x89PNG\r\n\x1a\n"


async def capture_portfolio_thumbnail(url: str) -> bytes:
    """
    Return the thumbnail of a page as a PNG. Raise VisualAgentFailure if it cannot be captured.

    There is no retry, because a candidate without a picture is acceptable. The renderer fetches the
    page: an address from a document could point into the worker's own network, so the worker must
    not request it.
    """
    try:
        with translate_errors("storage"):
            async with asyncio.timeout(get_settings().VISUAL_TIMEOUT_SECONDS):
                picture = await _capture(url)
    except WorkerBaseException as error:
        cause = {"cause": error.error_code}
        raise VisualAgentFailure("The portfolio could not be captured.", cause) from error
    if not picture.startswith(_PNG):
        raise VisualAgentFailure("The renderer did not return a picture.")
    return picture


async def _capture(url: str) -> bytes:
    response = await supabase_client().post(
        "/functions/v1/thumbnail", json={"url": url}, headers=request_headers()
    )
    return response.raise_for_status().content
