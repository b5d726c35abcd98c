"""
Measure the cost of a call of `run_async`, and of creating a client for every call.

    python benchmarks/event_loop.py -n 21

Every round times each row once, in random order. A figure is the median of the rounds' ratios,
because absolute times mean little on shared cores. The exit code is 1 if a bound is missed.
"""

import argparse
import asyncio
import contextlib
import importlib
import ipaddress
import multiprocessing
import platform
import random
import signal
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from peers import install

from workerctl.runtime.async_helpers import cleanup_event_loop, loop_cached, run_async

HOST = "127.0.0.1"
LEAST_ROUNDS = 2
HEADER = f"{'what':<44} {'median':>6} {'(quartiles)':<13} {'bound':>7} {'':<6} one call"
CALLS, REQUESTS = 300, 4  # per row and round
JOB_TIMEOUT = 1800

Act = Callable[[], None]


class Row(NamedTuple):
    """
    A row of the table: `act` is called `times` times and compared with the row `against`.
    """

    what: str
    act: Act
    times: int
    against: str
    bound: float | None = None


class Handler(BaseHTTPRequestHandler):
    """
    A handler that answers every request immediately and keeps connections open.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per response

    def do_GET(self) -> None:
        """
        Send a response of two bytes.
        """
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """
        Log nothing.
        """


def main() -> int:
    """
    Set up, run every row once, measure, print the table. Return the exit code.
    """
    parser = argparse.ArgumentParser(description="Measure what a call of run_async costs.")
    parser.add_argument("-n", type=int, default=21, help="rounds; default: 21")
    rounds = max(parser.parse_args().n, LEAST_ROUNDS)
    skipped = []
    try:
        sys.path.append(str(install.event_loop_peers()))
    except install.InstallError as error:
        skipped.append(f"skipped: asgiref, anyio: {error}")
    with contextlib.ExitStack() as stack:
        rows = [*_call_rows(stack, peers=not skipped), *_request_rows(stack)]
        for row in rows:
            row.act()
        seconds = _measure(rows, rounds)
        cleanup_event_loop()
    print(HEADER)
    missed = [row.what for row in rows if not _print(row, seconds)]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print("\n".join(["", *skipped, f"{python} on {platform.system()} {platform.machine()}"]))
    print(f"{rounds} rounds; missed: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


def _call_rows(stack: contextlib.ExitStack, *, peers: bool) -> Iterator[Row]:
    base = "asyncio.run"
    runner = stack.enter_context(asyncio.Runner())
    yield Row(base, lambda: asyncio.run(_nothing()), CALLS, base)
    yield Row("run_async", lambda: run_async(_nothing()), CALLS, base, 0.15)
    yield Row("run_async under a job timeout", _limited, CALLS, base)
    yield Row("asyncio.Runner, kept", lambda: runner.run(_nothing()), CALLS, base)
    if peers:
        sync = importlib.import_module("asgiref.sync")
        blocking = importlib.import_module("anyio.from_thread")
        portal = stack.enter_context(blocking.start_blocking_portal())
        yield Row("asgiref async_to_sync", sync.async_to_sync(_nothing), CALLS, base)
        yield Row("anyio portal, kept", lambda: portal.call(_nothing), CALLS, base)


async def _nothing() -> None:
    pass


def _limited() -> None:
    """
    Call `run_async` as in a job of RQ: with an alarm set and a handler for it.
    """
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.alarm(JOB_TIMEOUT)
    run_async(_nothing())
    signal.alarm(0)


def _request_rows(stack: contextlib.ExitStack) -> Iterator[Row]:
    httpx = importlib.import_module("httpx")
    certificate, port = stack.enter_context(_server())
    url = f"https://{HOST}:{port}/"
    shared = _trust(httpx, certificate)
    client = loop_cached(lambda: httpx.AsyncClient(verify=shared))

    async def request_with_new_client(context: ssl.SSLContext | None = None) -> None:
        verify = context or _trust(httpx, certificate)
        async with httpx.AsyncClient(verify=verify) as new:
            assert (await new.get(url)).text == "ok"

    async def request_with_kept_client() -> None:
        assert (await client().get(url)).text == "ok"

    base = "TLS request, client per call, asyncio.run"
    yield Row(base, lambda: asyncio.run(request_with_new_client()), REQUESTS, base)
    kept = "client kept by loop_cached"
    yield Row(kept, lambda: run_async(request_with_kept_client()), REQUESTS, base, 0.05)
    new = "client per call on the kept loop"
    yield Row(new, lambda: run_async(request_with_new_client()), REQUESTS, base)
    one_context = "client per call, one TLS context"
    yield Row(one_context, lambda: run_async(request_with_new_client(shared)), REQUESTS, base)


def _trust(httpx: ModuleType, certificate: Path) -> ssl.SSLContext:
    """
    Return a TLS context that trusts httpx's default certificates and our server's.
    """
    context: ssl.SSLContext = httpx.create_ssl_context()
    context.load_verify_locations(certificate)
    return context


@contextlib.contextmanager
def _server() -> Iterator[tuple[Path, int]]:
    """
    Run an HTTPS server in a separate process. Yield the path of its certificate and its port.
    """
    with tempfile.TemporaryDirectory() as name:
        certificate = Path(name) / "certificate.pem"
        certificate.write_bytes(_self_signed())
        spawning = multiprocessing.get_context("spawn")
        receiver, sender = spawning.Pipe()
        process = spawning.Process(target=_serve, args=(certificate, sender), daemon=True)
        process.start()
        try:
            yield certificate, receiver.recv()
        finally:
            process.terminate()
            process.join()


def _serve(certificate: Path, parent: Connection) -> None:
    server = ThreadingHTTPServer((HOST, 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    parent.send(server.server_port)
    server.serve_forever()


def _self_signed() -> bytes:
    """
    Return a new private key and its certificate for the loopback address, valid for a day, as PEM.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _measure(rows: list[Row], rounds: int) -> dict[str, list[float]]:
    """
    Return the seconds per call of each row, one figure per round.
    """
    seconds: dict[str, list[float]] = {row.what: [] for row in rows}
    for _ in range(rounds):
        for row in random.sample(rows, len(rows)):
            start = time.perf_counter()
            for _ in range(row.times):
                row.act()
            seconds[row.what].append((time.perf_counter() - start) / row.times)
    return seconds


def _print(row: Row, seconds: dict[str, list[float]]) -> bool:
    """
    Print a row of the table. Return whether its bound is met.
    """
    pairs = zip(seconds[row.what], seconds[row.against], strict=True)
    ratios = [one / other for one, other in pairs]
    ratio = statistics.median(ratios)
    low, _, high = statistics.quantiles(ratios, n=4)
    met = row.bound is None or ratio <= row.bound
    bound = "" if row.bound is None else f"≤ {row.bound:.2f}"
    verdict = "" if row.bound is None else "met" if met else "MISSED"
    milliseconds = 1000 * statistics.median(seconds[row.what])
    print(
        f"{row.what:<44} {ratio:6.3f} ({low:.3f}–{high:.3f}) {bound:>7} {verdict:<6}"
        f" {milliseconds:.3f} ms"
    )
    return met


if __name__ == "__main__":
    sys.exit(main())
