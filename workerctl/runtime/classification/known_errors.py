"""
The meaning of exception classes by name, as `package.ClassName`, without importing their packages.

The base classes of an exception are looked up after its own class. A class is therefore listed in
addition to a base class only if its meaning differs. An entry is (kind, category, sent), as in
`Verdict`.
"""

from __future__ import annotations

from workerctl.runtime.classification.verdict import Category, Kind, Sent

Known = tuple[Kind, Category, Sent]

# The same classes in four packages: SDKs have moved from httpx to httpx2, each with its own core.
_CLIENTS = ("httpx", "httpx2", "httpcore", "httpcore2")
_OF_CLIENTS: tuple[tuple[Kind, Category, Sent, str], ...] = (
    ("retryable", "timeout", "no", "ConnectTimeout PoolTimeout"),
    ("retryable", "timeout", "unknown", "TimeoutException"),
    ("retryable", "network", "no", "ConnectError"),
    ("retryable", "network", "unknown", "TransportError NetworkError ProtocolError ProxyError"),
    ("permanent", "request", "no", "UnsupportedProtocol LocalProtocolError InvalidURL"),
    ("permanent", "request", "unknown", "TooManyRedirects HTTPStatusError"),
    ("permanent", "answer", "unknown", "DecodingError"),
    ("permanent", "bug", "unknown", "StreamError"),
)
_OTHERS: dict[tuple[Kind, Category, Sent], str] = {
    ("retryable", "timeout", "no"): """
        aiohttp.ConnectionTimeoutError psycopg.ConnectionTimeout requests.ConnectTimeout
        urllib3.ConnectTimeoutError
    """,
    ("retryable", "timeout", "unknown"): """
        aiohttp.ServerTimeoutError anthropic.APITimeoutError builtins.TimeoutError
        openai.APITimeoutError redis.TimeoutError requests.Timeout urllib3.TimeoutError
    """,
    ("retryable", "network", "no"): """
        aiohttp.ClientConnectorError builtins.ConnectionRefusedError google.auth.TransportError
        socket.gaierror urllib3.NewConnectionError
    """,
    ("retryable", "network", "unknown"): """
        aiohttp.ClientConnectionError aiohttp.ClientPayloadError anthropic.APIConnectionError
        asyncio.IncompleteReadError builtins.ConnectionError http.BadStatusLine http.IncompleteRead
        openai.APIConnectionError psycopg.OperationalError psycopg2.OperationalError
        redis.ConnectionError redis.InvalidResponse requests.ChunkedEncodingError
        requests.ConnectionError requests.RetryError ssl.SSLError urllib.URLError
        urllib3.MaxRetryError urllib3.ProtocolError urllib3.SSLError
    """,
    ("retryable", "unavailable", "no"): """
        redis.BusyLoadingError redis.ClusterDownError redis.MasterDownError
        redis.MaxConnectionsError redis.OutOfMemoryError redis.ReadOnlyError redis.TryAgainError
        redis.WatchError
    """,
    ("retryable", "unavailable", "unknown"): """
        anthropic.RetryableError redis.ClusterError supabase_auth.AuthRetryableError
    """,
    ("retryable", "job", "unknown"): """
        rq.AbandonedJobError rq.BaseTimeoutException rq.ShutDownImminentException
        workerctl.ForcedStopError
    """,
    ("permanent", "auth", "no"): """
        aiohttp.ClientConnectorCertificateError aiohttp.ServerFingerprintMismatch
        anthropic.CredentialsError anthropic.WorkloadIdentityError google.auth.GoogleAuthError
        redis.AuthenticationError redis.AuthenticationWrongNumberOfArgsError
        redis.AuthorizationError redis.NoPermissionError
    """,
    ("permanent", "request", "no"): """
        aiohttp.InvalidURL aiohttp.NonHttpUrlClientError http.InvalidURL psycopg.DataError
        psycopg.IntegrityError psycopg.ProgrammingError psycopg2.DataError psycopg2.IntegrityError
        psycopg2.ProgrammingError redis.DataError redis.ResponseError requests.InvalidHeader
        requests.InvalidSchema requests.InvalidURL requests.MissingSchema requests.URLRequired
    """,
    ("permanent", "request", "unknown"): """
        aiohttp.TooManyRedirects openai.ContentFilterFinishReasonError requests.HTTPError
        requests.TooManyRedirects
    """,
    ("permanent", "answer", "unknown"): """
        aiohttp.ContentTypeError anthropic.APIResponseValidationError
        google.genai.UnknownApiResponseError json.JSONDecodeError
        openai.APIResponseValidationError openai.LengthFinishReasonError
        pydantic_core.ValidationError requests.ContentDecodingError
    """,
    ("permanent", "local", "no"): """
        builtins.FileExistsError builtins.FileNotFoundError builtins.IsADirectoryError
        builtins.NotADirectoryError builtins.PermissionError
    """,
    ("permanent", "bug", "unknown"): """
        builtins.ArithmeticError builtins.AssertionError builtins.AttributeError
        builtins.ImportError builtins.LookupError builtins.NameError builtins.NotImplementedError
        builtins.RecursionError builtins.SyntaxError builtins.TypeError builtins.ValueError
        workerctl.NestedRunError
    """,
    # Derives from ValueError, but does not mean a wrong value.
    ("unknown", "", "unknown"): "redis.LockError",
}

KNOWN: dict[str, Known] = {
    f"{client}.{name}": (kind, category, sent)
    for kind, category, sent, names in _OF_CLIENTS
    for client in _CLIENTS
    for name in names.split()
} | {name: known for known, names in _OTHERS.items() for name in names.split()}
"""The meaning of each known class."""

WRAPPERS = frozenset({"openai.APIConnectionError", "anthropic.APIConnectionError"})
"""Classes for failures of any kind, whose cause is more specific."""

UNCONNECTED = frozenset(
    name for name, (_, category, sent) in KNOWN.items() if sent == "no" and category == "network"
)
"""Classes that, as a cause at any depth, prove that no connection was made and nothing sent."""

PERMISSIONS = frozenset(
    {
        "SQLSTATE 42501",
        "SQLSTATE PGRST300",
        "SQLSTATE PGRST302",
        "SQLSTATE PGRST303",
        "aiohttp.ClientConnectorCertificateError",
        "aiohttp.ServerFingerprintMismatch",
        "redis.AuthorizationError",
        "redis.NoPermissionError",
    }
)
"""
Classes and codes of the category auth that say nothing about the value of a credential.

They are about permissions of a known account, the lifetime of a token, or the server.
"""
