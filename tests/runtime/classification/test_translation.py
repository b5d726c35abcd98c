"""
Tests of translate_errors(): which exceptions of SDKs it replaces, and which it does not.
"""

import asyncio
import json
import logging
import pickle
import ssl
import traceback
from typing import Any, get_args
from unittest.mock import ANY

import httpx
import openai
import pytest
from rq.timeouts import JobTimeoutException

from workerctl.runtime import exceptions as ours
from workerctl.runtime.retry import Stage, classify, retryable, translate_errors

SECRET = "sk-s3cretTranslated"
REQUEST = httpx.Request("POST", f"https://api.example-works.net/{SECRET}")


def refused(status: int, **headers: str) -> httpx.HTTPStatusError:
    """
    Return a refusal with this status.
    """
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    response = httpx.Response(status, headers=named, request=REQUEST)
    return httpx.HTTPStatusError(SECRET, request=REQUEST, response=response)


def translated(stage: Stage, exc: BaseException) -> BaseException:
    """
    Return the exception that leaves the stage.
    """
    with pytest.raises(BaseException) as caught, translate_errors(stage):  # noqa: PT011 -- any
        raise exc
    return caught.value


# A timeout, a rate limit, a server error, no connection, 401, 404, an invalid answer, 402.
ERRORS = (
    httpx.ReadTimeout(SECRET),
    refused(429, retry_after="7"),
    refused(500),
    httpx.ConnectError(SECRET),
    refused(401),
    refused(404),
    json.JSONDecodeError(SECRET, SECRET, 0),
    refused(402),
)
EXPECTED: dict[Stage, str] = {
    "llm": """
        LLMTimeoutError LLMRateLimitError LLMUnavailableError LLMUnavailableError
        ProviderAuthError ProviderRequestError LLMParseError ProviderQuotaError
    """,
    "embedding": """
        EmbeddingTimeoutError EmbeddingRateLimitError EmbeddingTimeoutError EmbeddingTimeoutError
        ProviderAuthError ProviderRequestError ProviderRequestError ProviderQuotaError
    """,
    "storage": """
        StorageDownloadError StorageDownloadError StorageDownloadError StorageDownloadError
        ProviderAuthError ProviderRequestError ProviderRequestError ProviderQuotaError
    """,
    "database": """
        DatabaseConnectionError DatabaseConnectionError DatabaseConnectionError
        DatabaseConnectionError ProviderAuthError ProviderRequestError ProviderRequestError
        ProviderQuotaError
    """,
    "webhook": """
        WebhookDeliveryError WebhookDeliveryError WebhookDeliveryError WebhookDeliveryError
        ProviderAuthError ProviderRequestError ProviderRequestError ProviderQuotaError
    """,
}


@pytest.mark.parametrize("stage", get_args(Stage))
def test_the_stage_decides_the_class(stage: Stage) -> None:
    """The same exception becomes a different class in each stage."""
    found = [type(translated(stage, error)).__name__ for error in ERRORS]

    assert found == EXPECTED[stage].split()


def test_a_translated_error_contains_the_verdict_as_plain_json() -> None:
    """A translated error contains the verdict and the requested wait as plain JSON."""
    error = translated("llm", refused(429, retry_after="7"))

    assert isinstance(error, ours.LLMRateLimitError)
    assert error.to_dict() == {
        "error_code": "LLM_RATE_LIMIT",
        "message": "llm: HTTP 429",
        "retryable": True,
        "retry_after": 7.0,
        "details": {
            "stage": "llm",
            "cause": "httpx.HTTPStatusError",
            "status": 429,
            "category": "rate_limit",
            "sent": "no",
        },
    }
    assert pickle.loads(pickle.dumps(error)).details == error.details  # noqa: S301 -- ours
    again = classify(refused(429, retry_after="7"))
    assert classify(error) == again.replace(kind=ANY, reason=ANY)


@pytest.mark.parametrize(
    "error", ERRORS, ids=[f"{n}-{type(e).__name__}" for n, e in enumerate(ERRORS)]
)
def test_the_original_is_the_cause_and_its_text_is_not_shown(error: Exception) -> None:
    """The text of the original is not shown: it may contain a key, a URL or personal data."""
    found: Any = translated("llm", error)

    assert found.__cause__ is error
    assert not found.__suppress_context__ or found.__context__ is error
    for text in (str(found), repr(found), json.dumps(found.to_dict())):
        assert SECRET not in text
        assert "example-works" not in text


def test_the_exception_of_an_sdk_keeps_its_own_chain() -> None:
    """The traceback shows the SDK's exception, its cause, and the translated exception."""
    inner = httpx.ConnectError("nobody there")
    outer = openai.APIConnectionError(request=REQUEST)  # type: ignore[arg-type]
    outer.__cause__ = inner
    shown = "".join(traceback.format_exception(translated("llm", outer)))

    assert shown.index("ConnectError") < shown.index("APIConnectionError")
    assert shown.index("APIConnectionError") < shown.index("LLMUnavailableError")


@pytest.mark.parametrize(
    "error",
    [
        TypeError("x"),
        KeyError("x"),
        ValueError("x"),
        FileNotFoundError("x"),
        RuntimeError("x"),
        RuntimeError("Event loop is closed"),
        Exception("x"),
        ExceptionGroup("x", [TimeoutError(), TypeError()]),
        ours.LLMTimeoutError("x"),
        ours.InvalidFileError("x"),
        ours.EmbeddingPartialFailure("x"),
        asyncio.CancelledError(),
        KeyboardInterrupt(),
        SystemExit(3),
        GeneratorExit(),
        BaseExceptionGroup("x", [asyncio.CancelledError()]),
    ],
    ids=lambda error: f"{type(error).__name__}-{error}",
)
def test_errors_that_are_not_of_the_service_are_not_translated(error: BaseException) -> None:
    """Bugs, local and unknown errors, our exceptions and cancellation are not translated."""
    assert translated("llm", error) is error
    assert error.__cause__ is None


def test_rqs_timeout_passes_through_even_if_an_sdk_wraps_it() -> None:
    """RQ's timeout may be raised within a request, where older SDKs catch every Exception."""
    alarm = JobTimeoutException("x")
    wrapped = openai.APIConnectionError(request=REQUEST)  # type: ignore[arg-type]
    wrapped.__cause__ = alarm

    for error in (alarm, wrapped):
        assert translated("llm", error) is error
        assert classify(error).kind == "retryable"
        assert not retryable(error)


def test_an_invalid_certificate_is_permanent() -> None:
    """An invalid certificate is permanent, whichever exception the SDK raises for it."""
    outer = httpx.ConnectError("x")
    outer.__cause__ = ssl.SSLCertVerificationError(1, "x")

    assert isinstance(translated("storage", outer), ours.ProviderAuthError)


def test_a_group_is_translated_as_one() -> None:
    """A group of errors of one service becomes a single exception."""
    group = ExceptionGroup("x", [refused(429, retry_after="3"), refused(429, retry_after="9")])
    error = translated("embedding", group)

    assert isinstance(error, ours.EmbeddingRateLimitError)
    assert error.retry_after == 9.0


def test_a_block_that_succeeds_is_not_affected() -> None:
    """A block that succeeds is not affected, and the context manager yields None."""
    with translate_errors("llm") as nothing:
        found = 3

    assert (found, nothing) == (3, None)


def test_it_works_around_an_await() -> None:
    """Around an await, asyncio's timeout is translated, but cancellation is not."""

    async def slow() -> None:
        with translate_errors("embedding"):
            async with asyncio.timeout(0):
                await asyncio.sleep(30)

    async def cancelled() -> None:
        with translate_errors("embedding"):
            await asyncio.sleep(30)

    async def main() -> list[Any]:
        tasks = [asyncio.create_task(slow()), asyncio.create_task(cancelled())]
        await asyncio.sleep(0)
        tasks[1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    kinds = [type(found) for found in asyncio.run(main())]
    assert kinds == [ours.EmbeddingTimeoutError, asyncio.CancelledError]


def test_an_unknown_stage_is_reported_immediately() -> None:
    """An unknown stage is an error at the call, not only when the block fails."""
    with pytest.raises(ValueError, match="llm, embedding, storage, database, webhook"):
        translate_errors("lmm")  # type: ignore[arg-type]


def test_it_is_not_a_decorator() -> None:
    """It is not a decorator: around a coroutine function, it would not cover the await."""
    with pytest.raises(TypeError):
        translate_errors("llm")(lambda: None)  # type: ignore[operator]


def test_it_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is logged; the code that catches the error decides about that."""
    with caplog.at_level(logging.DEBUG):
        translated("llm", refused(500))

    assert caplog.records == []
