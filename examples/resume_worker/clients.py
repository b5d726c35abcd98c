"""
The clients of the services: one each for every event loop, closed together with it.

A client keeps its connections, and a connection costs far more than a loop. See `loop_cached`.
"""

from contextvars import ContextVar

import httpx
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

from workerctl.runtime.async_helpers import loop_cached
from workerctl.runtime.jobs.warm import tls_context
from workerctl.settings import get_settings

JOB_ID: ContextVar[str] = ContextVar("JOB_ID", default="none")
"""The job that is running, for whoever reads the logs of a service."""


@loop_cached
def llm_client() -> AsyncOpenAI:
    """
    The client of the models. One gateway serves them all; OPENAI_BASE_URL names it.
    """
    settings = get_settings()
    return AsyncOpenAI(
        api_key=settings.OPENAI_API_KEY.get_secret_value(),
        base_url=settings.OPENAI_BASE_URL,
        timeout=Timeout(settings.LLM_TIMEOUT_SECONDS, connect=settings.LLM_CONNECT_TIMEOUT_SECONDS),
        max_retries=settings.LLM_SDK_MAX_RETRIES,
        http_client=DefaultAsyncHttpxClient(verify=tls_context()),
    )


@loop_cached
def embedding_client() -> AsyncOpenAI:
    """
    The client that embeds: the same service, other patience.
    """
    settings = get_settings()
    return AsyncOpenAI(
        api_key=settings.OPENAI_API_KEY.get_secret_value(),
        base_url=settings.OPENAI_BASE_URL,
        timeout=settings.EMBEDDING_TIMEOUT_SECONDS,
        max_retries=settings.EMBEDDING_SDK_MAX_RETRIES,
        http_client=DefaultAsyncHttpxClient(verify=tls_context()),
    )


@loop_cached
def supabase_client() -> httpx.AsyncClient:
    """
    The client of storage, database and functions; each call has its deadline in `attempts`.
    """
    settings = get_settings()
    key = settings.SUPABASE_SERVICE_ROLE_KEY.get_secret_value()
    return httpx.AsyncClient(
        base_url=settings.SUPABASE_URL,
        headers={"Authorization": f"Bearer {key}", "apikey": key},
        verify=tls_context(),
        timeout=None,  # noqa: S113 -- a timeout of httpx bounds a read, not a call
    )


@loop_cached
def webhook_client() -> httpx.AsyncClient:
    """
    The client of the webhook, which carries no key of ours but the signature.
    """
    return httpx.AsyncClient(verify=tls_context(), timeout=None)  # noqa: S113 -- see supabase_client


def request_headers() -> dict[str, str]:
    """
    The header that names the job; the services' own logs are searched by it.
    """
    return {"X-Client-Request-Id": JOB_ID.get()}
