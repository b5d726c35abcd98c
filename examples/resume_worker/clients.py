"""
The clients of the services. Each is created once per event loop and closed together with it.

A client keeps its connections open, and opening one is expensive. See `loop_cached`.
"""

from contextvars import ContextVar

import httpx
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

from workerctl.runtime.async_helpers import loop_cached
from workerctl.runtime.jobs.warm import tls_context
from workerctl.settings import get_settings

JOB_ID: ContextVar[str] = ContextVar("JOB_ID", default="none")
"""The id of the running job. Every request sends it, so that it appears in the services' logs."""


@loop_cached
def llm_client() -> AsyncOpenAI:
    """
    Return the client of the models. One gateway, OPENAI_BASE_URL, serves all of them.
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
    Return the client for embeddings: the same gateway with its own timeout and retries.
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
    Return the client of storage, database and functions. `attempts` limits the time of its calls.
    """
    settings = get_settings()
    key = settings.SUPABASE_SERVICE_ROLE_KEY.get_secret_value()
    return httpx.AsyncClient(
        base_url=settings.SUPABASE_URL,
        headers={"Authorization": f"Bearer {key}", "apikey": key},
        verify=tls_context(),
        timeout=None,  # noqa: S113 -- a timeout of httpx limits each read, not the whole call
    )


@loop_cached
def webhook_client() -> httpx.AsyncClient:
    """
    Return the client of the webhook. It sends no API key: each delivery is signed instead.
    """
    return httpx.AsyncClient(verify=tls_context(), timeout=None)  # noqa: S113 -- see supabase_client


def request_headers() -> dict[str, str]:
    """
    Return the headers that identify the job in the logs of the services.
    """
    return {"X-Client-Request-Id": JOB_ID.get()}
