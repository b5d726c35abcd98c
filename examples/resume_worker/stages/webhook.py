"""
Notifying the application of the outcome of a job.
"""

import json
from typing import Any

from resume_worker.attempts import attempts
from resume_worker.clients import request_headers, webhook_client
from resume_worker.signature import HEADER, sign
from workerctl.settings import get_settings


async def announce(announcement: dict[str, Any]) -> None:
    """
    Deliver a signed announcement. Do nothing if WEBHOOK_URL is not set.
    """
    if get_settings().WEBHOOK_URL.get_secret_value():
        body = json.dumps(announcement).encode()
        await attempts("webhook", lambda: _deliver(body))


async def _deliver(body: bytes) -> None:
    settings = get_settings()
    signature = sign(body, settings.WEBHOOK_SECRET.get_secret_value())
    headers = {"Content-Type": "application/json", HEADER: signature, **request_headers()}
    address = settings.WEBHOOK_URL.get_secret_value()
    response = await webhook_client().post(address, content=body, headers=headers)
    response.raise_for_status()
