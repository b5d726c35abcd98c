"""
Build the exceptions of the installed SDKs, and print the verdict on each as JSON.

The program runs in an environment with SDKs. If a package is not installed, its rows are null.
"""

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

BEFORE = set(sys.modules)
from workerctl.runtime.exceptions import WorkerBaseException  # noqa: E402 -- after BEFORE is set
from workerctl.runtime.retry import classify, translate_errors  # noqa: E402 -- see above

LOADED = set(sys.modules) - BEFORE

URL = "https://api.example-works.net/v1"
LEAK = "s3cretUrlPart"

_Make = Callable[[], BaseException]


def module(name: str) -> Any:
    """
    Import a package when a row needs it.
    """
    return importlib.import_module(name)


def response(client: str, status: int, headers: dict[str, str] | None = None) -> Any:
    """
    Return a response of httpx or httpx2.
    """
    package = module(client)
    request = package.Request("POST", f"{URL}/{LEAK}")
    return package.Response(status, headers=headers or {}, request=request)


def client_of(sdk: str) -> str:
    """
    Return which of httpx and httpx2 an SDK uses.
    """
    return "httpx2" if hasattr(module(f"{sdk}._base_client"), "httpx2") else "httpx"


def of_status(
    sdk: str, status: int, error: dict[str, Any] | None = None, **headers: str
) -> BaseException:
    """
    Return the exception that the SDK's client makes from an HTTP status.
    """
    package = module(sdk)
    key = {"api_key": LEAK}
    client = (package.OpenAI if sdk == "openai" else package.Anthropic)(**key)
    body = {"error": {"message": LEAK, **(error or {})}}
    if sdk == "anthropic":
        body = {"type": "error", **body}
    raw = response(client_of(sdk), status, {k.replace("_", "-"): v for k, v in headers.items()})
    given = body["error"] if sdk == "openai" else body
    made: BaseException = client._make_status_error(f"{status} {given}", body=given, response=raw)
    return made


def raised(make: Callable[[], BaseException], cause: BaseException) -> BaseException:
    """
    Return an exception with a cause.
    """
    made = make()
    made.__cause__ = cause
    return made


def connection(sdk: str, cause: str, text: str = LEAK) -> BaseException:
    """
    Return a connection error of an SDK, caused by one of its HTTP client.
    """
    client = client_of(sdk)
    kind = getattr(module(client), cause)
    request = module(client).Request("POST", URL)
    timeout = issubclass(kind, module(client).TimeoutException)
    wrapper = module(sdk).APITimeoutError if timeout else module(sdk).APIConnectionError
    return raised(lambda: wrapper(request=request), kind(text))


def wrapped(sdk: str, cause: BaseException) -> BaseException:
    """
    Return a connection error of an SDK with any cause.
    """
    request = module(client_of(sdk)).Request("POST", URL)
    return raised(lambda: module(sdk).APIConnectionError(request=request), cause)


def http(client: str, name: str) -> BaseException:
    """
    Return a transport error of httpx or httpx2.
    """
    made: BaseException = getattr(module(client), name)(LEAK)
    return made


def http_status(client: str, status: int, **headers: str) -> BaseException:
    """
    Return the exception that raise_for_status() raises.
    """
    answer = response(client, status, {k.replace("_", "-"): v for k, v in headers.items()})
    try:
        answer.raise_for_status()
    except Exception as error:  # noqa: BLE001 -- any exception is the result
        return error
    raise AssertionError(status)


def certificate() -> BaseException:
    """
    Return Python's error for an invalid certificate.
    """
    return module("ssl").SSLCertVerificationError(1, LEAK)  # type: ignore[no-any-return]


def streamed(sdk: str, code: str) -> BaseException:
    """
    Return an error that arrives within a streamed response.
    """
    if sdk == "openai":
        request = module(client_of(sdk)).Request("POST", URL)
        made: BaseException = module(sdk).APIError(LEAK, request, body={"type": code})
        return made
    return of_status(sdk, 200, {"type": code})


def google(status: int, details: list[dict[str, str]] | None = None) -> BaseException:
    """
    Return an error of google-genai.
    """
    body = {"error": {"code": status, "message": LEAK, "details": details or []}}
    kind = "ServerError" if status >= 500 else "ClientError"
    made: BaseException = getattr(module("google.genai.errors"), kind)(status, body)
    return made


def retry_info(delay: str) -> list[dict[str, str]]:
    """
    Return the error details by which Google requests a wait.
    """
    return [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]


def redis(name: str) -> BaseException:
    """
    Return an error of redis-py.
    """
    made: BaseException = getattr(module("redis.exceptions"), name)(LEAK)
    return made


def storage(status: int | str, code: str = "x") -> BaseException:
    """
    Return an error of storage3.
    """
    kind = module("storage3.exceptions").StorageApiError
    made: BaseException = kind(LEAK, code, status)
    return made


def postgrest(code: str) -> BaseException:
    """
    Return an error of postgrest.
    """
    made: BaseException = module("postgrest.exceptions").APIError({"message": LEAK, "code": code})
    return made


def aiohttp(name: str, status: int | None = None, **headers: str) -> BaseException:
    """
    Return an error of aiohttp.
    """
    package = module("aiohttp")
    kind = getattr(package, name)
    if status is not None:
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        made: BaseException = kind(None, (), status=status, message=LEAK, headers=named)
    elif issubclass(kind, package.ClientConnectorCertificateError):
        made = kind(None, certificate())
    elif issubclass(kind, package.ClientConnectorError):
        key = type("Key", (), {"host": LEAK, "port": 1, "ssl": None, "is_ssl": False})
        made = kind(key, OSError(111, LEAK))
    else:
        made = kind(LEAK)
    return made


def of_requests(name: str, status: int | None = None) -> BaseException:
    """
    Return an error of requests.
    """
    package = module("requests")
    answer = None
    if status is not None:
        answer = package.Response()
        answer.status_code = status
        answer.headers["Retry-After"] = "4"
    made: BaseException = getattr(package.exceptions, name)(LEAK, response=answer)
    return made


def psycopg(name: str) -> BaseException:
    """
    Return an error of psycopg.
    """
    package = module("psycopg")
    made: BaseException = getattr(package.errors, name, None) or getattr(package, name)
    return made(LEAK)  # type: ignore[operator, no-any-return]


def group(*members: BaseException) -> BaseException:
    """
    Return an exception group.
    """
    return ExceptionGroup(LEAK, members)  # type: ignore[type-var]


LLMS: dict[str, _Make] = {
    f"{sdk} {name}": make
    for sdk in ("openai", "anthropic")
    for name, make in {
        **{
            str(status): (lambda sdk=sdk, status=status: of_status(sdk, status))
            for status in (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 501, 502, 503, 504)
        },
        "429 retry-after 7": lambda sdk=sdk: of_status(sdk, 429, retry_after="7"),
        "429 retry-after-ms 1500": lambda sdk=sdk: of_status(sdk, 429, retry_after_ms="1500"),
        "503 retry-after 3": lambda sdk=sdk: of_status(sdk, 503, retry_after="3"),
        "429 should not": lambda sdk=sdk: of_status(sdk, 429, x_should_retry="false"),
        "400 should": lambda sdk=sdk: of_status(sdk, 400, x_should_retry="true"),
        **{
            cause: (lambda sdk=sdk, cause=cause: connection(sdk, cause))
            for cause in (
                "ConnectError",
                "ConnectTimeout",
                "PoolTimeout",
                "ReadTimeout",
                "WriteTimeout",
                "ReadError",
                "RemoteProtocolError",
                "UnsupportedProtocol",
                "LocalProtocolError",
            )
        },
        "certificate": lambda sdk=sdk: wrapped(sdk, raised(lambda: OSError(LEAK), certificate())),
        "closed loop": lambda sdk=sdk: wrapped(sdk, RuntimeError("Event loop is closed")),
        "other loop": lambda sdk=sdk: wrapped(
            sdk, RuntimeError("<Event> is bound to a different event loop")
        ),
        "TypeError": lambda sdk=sdk: wrapped(sdk, TypeError(LEAK)),
        "connection, cause unknown": lambda sdk=sdk: wrapped(sdk, Exception(LEAK)),
        "stream rate limit": lambda sdk=sdk: streamed(sdk, "rate_limit_error"),
        "stream unknown": lambda sdk=sdk: streamed(sdk, LEAK),
    }.items()
}
ROWS: dict[str, _Make] = {
    **LLMS,
    "openai 429 insufficient_quota": lambda: of_status(
        "openai", 429, {"code": "insufficient_quota", "type": "insufficient_quota"}, retry_after="1"
    ),
    "openai 429 names billing page": lambda: of_status(
        "openai", 429, {"message": "Rate limit reached. Add a payment method: …/account/billing."}
    ),
    "openai 429 of Google's endpoint": lambda: of_status(
        "openai", 429, {"message": "exceeded your current quota", "details": retry_info("37s")}
    ),
    "openai 429 reset": lambda: of_status(
        "openai", 429, x_ratelimit_remaining_tokens="0", x_ratelimit_reset_tokens="6m0s"
    ),
    "openai stream server_error": lambda: streamed("openai", "server_error"),
    "openai stream insufficient_quota": lambda: streamed("openai", "insufficient_quota"),
    "openai subclass": lambda: type(
        "Ours", (module("openai").APITimeoutError,), {"__module__": "team"}
    )(request=module(client_of("openai")).Request("POST", URL)),
    "anthropic 402": lambda: of_status("anthropic", 402),
    "anthropic 529": lambda: of_status("anthropic", 529),
    "anthropic 400 credit balance": lambda: of_status(
        "anthropic", 400, {"message": "Your credit balance is too low to access the API."}
    ),
    "anthropic 429 spend limit": lambda: module("anthropic").EnforcedSpendLimitReachedError(
        LEAK, response=response(client_of("anthropic"), 429), body=None
    ),
    "anthropic stream overloaded": lambda: streamed("anthropic", "overloaded_error"),
    "anthropic RetryableError": lambda: module("anthropic").RetryableError(LEAK),
    "anthropic CredentialsError": lambda: module("anthropic").CredentialsError(LEAK),
    **{
        f"{client} {name}": (lambda client=client, name=name: http(client, name))
        for client in ("httpx", "httpx2")
        for name in (
            "ConnectError",
            "ConnectTimeout",
            "PoolTimeout",
            "ReadTimeout",
            "WriteTimeout",
            "ReadError",
            "WriteError",
            "CloseError",
            "ProxyError",
            "RemoteProtocolError",
            "LocalProtocolError",
            "UnsupportedProtocol",
            "InvalidURL",
            "TooManyRedirects",
            "DecodingError",
            "StreamError",
        )
    },
    **{
        f"{client} {status}": (lambda client=client, status=status: http_status(client, status))
        for client in ("httpx", "httpx2")
        for status in (302, 401, 404, 409, 425, 429, 500, 507, 522)
    },
    "httpx 503 retry-after 2": lambda: http_status("httpx", 503, retry_after="2"),
    **{
        f"redis {name}": (lambda name=name: redis(name))
        for name in (
            "ConnectionError",
            "TimeoutError",
            "AuthenticationError",
            "AuthorizationError",
            "NoPermissionError",
            "BusyLoadingError",
            "MaxConnectionsError",
            "ReadOnlyError",
            "OutOfMemoryError",
            "TryAgainError",
            "ClusterDownError",
            "MasterDownError",
            "WatchError",
            "ResponseError",
            "DataError",
            "LockError",
            "RedisError",
        )
    },
    "redis refused": lambda: raised(lambda: redis("ConnectionError"), ConnectionRefusedError()),
    "redis certificate": lambda: raised(lambda: redis("ConnectionError"), certificate()),
    "storage3 503 as text": lambda: storage("503"),
    "storage3 429": lambda: storage(429),
    "storage3 404": lambda: storage(404, "NoSuchKey"),
    "storage3 403": lambda: storage("403"),
    "storage3 409": lambda: storage(409),
    "storage3 no status": lambda: storage(LEAK),
    **{
        f"postgrest {code}": (lambda code=code: postgrest(code))
        for code in (
            "08006",
            "23505",
            "25006",
            "28P01",
            "40001",
            "40P01",
            "42501",
            "53300",
            "55P03",
            "57014",
            "57P01",
            "57P03",
            "57P04",
            "PGRST003",
            "PGRST116",
            "PGRST301",
            "502",
            LEAK,
        )
    },
    **{
        f"psycopg {name}": (lambda name=name: psycopg(name))
        for name in (
            "SerializationFailure",
            "DeadlockDetected",
            "UniqueViolation",
            "QueryCanceled",
            "TooManyConnections",
            "AdminShutdown",
            "InvalidPassword",
            "OperationalError",
            "ConnectionTimeout",
            "IntegrityError",
            "InterfaceError",
        )
    },
    **{
        f"aiohttp {name}": (lambda name=name: aiohttp(name))
        for name in (
            "ClientConnectorError",
            "ClientConnectorCertificateError",
            "ServerDisconnectedError",
            "ConnectionTimeoutError",
            "SocketTimeoutError",
            "ClientPayloadError",
            "InvalidURL",
        )
    },
    "aiohttp 429": lambda: aiohttp("ClientResponseError", 429, Retry_After="9"),
    "aiohttp 404": lambda: aiohttp("ClientResponseError", 404),
    "aiohttp no JSON": lambda: aiohttp("ContentTypeError", 200),
    **{
        f"requests {name}": (lambda name=name: of_requests(name))
        for name in (
            "ConnectionError",
            "ConnectTimeout",
            "ReadTimeout",
            "ChunkedEncodingError",
            "SSLError",
            "ProxyError",
            "InvalidURL",
            "MissingSchema",
            "TooManyRedirects",
            "StreamConsumedError",
        )
    },
    "requests 503": lambda: of_requests("HTTPError", 503),
    "requests 404": lambda: of_requests("HTTPError", 404),
    "google 429 RetryInfo": lambda: google(429, retry_info("37s")),
    "google 429": lambda: google(429),
    "google 403": lambda: google(403),
    "google 503": lambda: google(503),
    "google.auth TransportError": lambda: module("google.auth.exceptions").TransportError(LEAK),
    "google.auth RefreshError": lambda: module("google.auth.exceptions").RefreshError(LEAK),
    "group of a timeout and a refusal": lambda: group(http("httpx", "ReadTimeout"), ValueError()),
    "group of rate limits": lambda: group(
        of_status("openai", 429, retry_after="3"),
        of_status("openai", 429, retry_after="11"),
        http("httpx", "ConnectError"),
    ),
}


def translated(exc: BaseException) -> str:
    """
    Return the name of the class that the stage "llm" translates to; "" if it does not translate.
    """
    try:
        with translate_errors("llm"):
            raise exc  # noqa: TRY301 -- as the SDK does
    except WorkerBaseException as error:
        shown = json.dumps(error.to_dict()) + str(error) + repr(error)
        if LEAK in shown or error.__cause__ is not exc:
            return f"LEAK {shown}"
        return type(error).__name__
    except BaseException as error:  # noqa: BLE001 -- not translated
        return "" if error is exc else "another"


def row_of(make: _Make) -> list[Any] | None:
    """
    Return the verdict on one row.
    """
    try:
        exc = make()
    except ModuleNotFoundError:
        return None
    except AttributeError as error:
        if "has no attribute" in str(error) and "Error'" in str(error):
            return None  # a newer version of the SDK has the class
        raise
    verdict = classify(exc)
    leak = ["LEAK"] * (LEAK in str(verdict))
    return [
        *(value for name, value in vars(verdict).items() if name != "reason"),
        translated(exc),
        *leak,
    ]


if __name__ == "__main__":
    foreign = sorted({name.partition(".")[0] for name in LOADED} - set(sys.stdlib_module_names))
    selected = {} if "none" in sys.argv else ROWS
    rows = {name: row_of(make) for name, make in selected.items()}
    print(json.dumps({"imports": foreign, "rows": rows}))  # noqa: T201 -- the answer
