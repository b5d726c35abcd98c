"""
Call a misbehaving server with every installed SDK, and print the verdicts as JSON.

The program runs in an environment with SDKs; clients that are not installed are skipped.
"""

import asyncio
import contextlib
import datetime as dt
import importlib.util
import ipaddress
import json
import socket
import ssl
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from workerctl.runtime.retry import classify, translate_errors

warnings.simplefilter("ignore")  # SDKs warn about clients that are not closed

KEY = "sk-s3cretLoopbackKey"
SHORT = 0.5
LONG = 20.0


class Misbehaving(BaseHTTPRequestHandler):
    """
    A handler that answers as the path of the request says.
    """

    protocol_version = "HTTP/1.1"
    done: ClassVar[threading.Event] = threading.Event()

    def do_POST(self) -> None:
        """
        Read the request, then send the answer that the first part of the path names, or none.
        """
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        case = self.path.split("/")[1]
        if case == "hang":
            self.done.wait(LONG)
            self.close_connection = True
        elif case == "cut":
            self.close_connection = True
        elif case == "quota":
            error = {"code": "insufficient_quota", "type": "insufficient_quota", "message": KEY}
            self._answer(429, {"error": error})
        elif case == "text":
            self._answer(200, None)
        else:
            status = int(case)
            error = {"message": KEY, "code": status, "type": "x"}
            self._answer(status, {"error": error, "message": KEY, "statusCode": case, "code": case})

    do_GET = do_POST  # noqa: N815 -- see above

    def _answer(self, status: int, body: dict[str, Any] | None) -> None:
        data = b"<html>" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if body is None else "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status in {429, 503}:
            self.send_header("Retry-After", "3")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_args: Any) -> None:
        """
        Log nothing, because the output is the answer of this program.
        """


class Server(ThreadingHTTPServer):
    """
    A server that does not report aborted connections, which are expected here.
    """

    daemon_threads = True

    def handle_error(self, *_args: Any) -> None:
        """
        Ignore the error.
        """


@contextlib.contextmanager
def serving(directory: Path | None = None) -> Iterator[str]:
    """
    Start the server and yield its URL; given a directory, with TLS and a self-signed certificate.
    """
    server = Server(("127.0.0.1", 0), Misbehaving)
    if directory is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(directory))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        scheme = "http" if directory is None else "https"
        yield f"{scheme}://127.0.0.1:{server.server_port}"
    finally:
        Misbehaving.done.set()
        server.shutdown()
        thread.join()
        server.server_close()


def certificate(directory: Path) -> Path:
    """
    Return the path of a file with a new key and its self-signed certificate.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = directory / "pair.pem"
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


# ------------------------------------------------------------------------------------- clients


def call_openai(url: str, timeout: float) -> object:
    """
    Make a chat request with openai.
    """
    openai = importlib.import_module("openai")
    with openai.OpenAI(api_key=KEY, base_url=url, max_retries=0, timeout=timeout) as client:
        answer = client.chat.completions.create(model="m", messages=[])
        return json.loads(answer if isinstance(answer, str) else answer.choices[0].message.content)


def call_anthropic(url: str, timeout: float) -> object:
    """
    Make a message request with anthropic.
    """
    package = importlib.import_module("anthropic")
    with package.Anthropic(api_key=KEY, base_url=url, max_retries=0, timeout=timeout) as client:
        answer = client.messages.create(model="m", max_tokens=1, messages=[])
        return json.loads(answer if isinstance(answer, str) else answer.content[0].text)


def call_httpx(url: str, timeout: float, package: str = "httpx") -> object:
    """
    Make a plain request with httpx.
    """
    with importlib.import_module(package).Client(timeout=timeout) as client:
        return client.post(url, json={}).raise_for_status().json()


def call_httpx2(url: str, timeout: float) -> object:
    """
    Make a plain request with httpx2, which newer SDKs use.
    """
    return call_httpx(url, timeout, "httpx2")


def call_requests(url: str, timeout: float) -> object:
    """
    Make a plain request with requests.
    """
    answer = importlib.import_module("requests").post(url, json={}, timeout=timeout)
    answer.raise_for_status()
    return answer.json()


def call_aiohttp(url: str, timeout: float) -> object:
    """
    Make a plain request with aiohttp.
    """
    aiohttp = importlib.import_module("aiohttp")

    async def call() -> object:
        limit = aiohttp.ClientTimeout(sock_read=timeout, sock_connect=timeout)
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.post(url, json={}, raise_for_status=True) as answer,
        ):
            return await answer.json()

    return asyncio.run(call())


def call_urllib(url: str, timeout: float) -> object:
    """
    Make a plain request with the standard library.
    """
    request = importlib.import_module("urllib.request")
    with request.urlopen(url, timeout=timeout) as answer:
        return json.load(answer)


def call_storage3(url: str, timeout: float) -> object:
    """
    Download a file with storage3.
    """
    package = importlib.import_module("storage3")
    client = importlib.import_module("httpx").Client(timeout=timeout)
    found = package.SyncStorageClient(f"{url}/", {}, http_client=client)
    data: bytes = found.from_("bucket").download("resume.pdf")
    return json.loads(data)


def call_postgrest(url: str, timeout: float) -> object:
    """
    Insert a row with postgrest, which itself retries requests that only read for seven seconds.
    """
    package = importlib.import_module("postgrest")
    client = importlib.import_module("httpx").Client(timeout=timeout)
    with contextlib.closing(client):
        found = package.SyncPostgrestClient(url, http_client=client)
        return found.from_("jobs").insert({}).execute()


def call_google(url: str, timeout: float) -> object:
    """
    Generate content with google-genai.
    """
    genai = importlib.import_module("google.genai")
    options = {"base_url": url, "timeout": int(timeout * 1000)}
    client = genai.Client(api_key=KEY, http_options=options)
    return json.loads(client.models.generate_content(model="m", contents="x").text)


def call_redis(url: str, timeout: float) -> object:
    """
    Send a Redis ping to a server that does not speak its protocol.
    """
    redis = importlib.import_module("redis")
    scheme, rest = url.split("://")
    secure = "rediss" if scheme == "https" else "redis"
    host = rest.partition("/")[0]
    waits = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    with redis.Redis.from_url(f"{secure}://:{KEY}@{host}/0", **waits) as client:
        return client.ping()


def call_psycopg(url: str, timeout: float) -> object:
    """
    Open a PostgreSQL connection to a server that does not speak its protocol.
    """
    host, port = url.split("://")[1].partition("/")[0].split(":")
    package = importlib.import_module("psycopg")
    return package.connect(
        f"host={host} port={port} user=u password={KEY}", connect_timeout=max(2, int(timeout))
    )


CLIENTS: dict[str, Callable[[str, float], object]] = {
    name.removeprefix("call_"): call for name, call in globals().items() if name[:5] == "call_"
}
CASES = ("400", "401", "404", "429", "500", "503", "quota", "text", "cut", "hang")
NOT_HTTP = {"redis", "psycopg"}
LLMS = {"openai", "anthropic", "google"}


def on_two_loops(package: str) -> Callable[[str, float], object]:
    """
    Return a call that uses one asynchronous client on two event loops in turn.
    """
    found = importlib.import_module(package)

    def call(url: str, timeout: float) -> object:
        if package == "openai":
            made = found.AsyncOpenAI(api_key=KEY, base_url=url, max_retries=0, timeout=timeout)
        else:
            made = found.AsyncClient(timeout=timeout)

        async def one() -> object:
            if package == "openai":
                return await made.models.list()
            return await made.get(url)

        with contextlib.suppress(Exception):
            asyncio.run(one())
        return asyncio.run(one())

    return call


def result(call: Callable[[str, float], object], url: str, timeout: float) -> dict[str, Any]:
    """
    Return the verdict on what a call raises, and what the stage "llm" translates it to.
    """
    try:
        with translate_errors("llm"):
            call(url, timeout)
    except Exception as error:  # noqa: BLE001 -- any exception is a result
        original = error.__cause__ if getattr(error, "error_code", None) else error
        verdict = classify(original or error)
        shown = f"{verdict} {error if original is not error else ''}"
        return {
            **vars(verdict),
            "raises": type(error).__name__ if original is not error else "",
            "cause": f"{type(original).__module__}.{type(original).__qualname__}",
            "leaks": KEY in shown or url in shown,
        }
    return {"kind": "nothing was raised"}


def all_results() -> dict[str, dict[str, Any]]:
    """
    Return the results of every installed client in every case.
    """
    rows: dict[str, dict[str, Any]] = {}
    with (
        tempfile.TemporaryDirectory() as directory,
        serving() as url,
        serving(Path(directory)) as secure,
        socket.socket() as closed,
    ):
        closed.bind(("127.0.0.1", 0))  # nothing listens here
        refused = f"http://127.0.0.1:{closed.getsockname()[1]}"
        for name, call in CLIENTS.items():
            package = {"google": "google.genai"}.get(name, name)
            if importlib.util.find_spec(package.partition(".")[0]) is None:
                continue
            for case in () if name in NOT_HTTP else CASES:
                if (case == "quota" and name not in LLMS) or (case, name) == ("text", "postgrest"):
                    continue  # their exceptions or results do not depend on the body
                timeout = SHORT if case == "hang" else LONG
                rows[f"{name} {case}"] = result(call, f"{url}/{case}", timeout)
            rows[f"{name} refused"] = result(call, refused, LONG)
            if name != "psycopg":
                rows[f"{name} certificate"] = result(call, f"{secure}/500", LONG)
            if name in {"openai", "httpx", "httpx2"}:
                rows[f"{name} two loops"] = result(on_two_loops(name), f"{url}/404", LONG)
    return rows


if __name__ == "__main__":
    answer = all_results()
    sys.stderr.flush()
    print(json.dumps(answer))  # noqa: T201 -- the answer
