"""
Measure the first LLM call of a job in a forked work-horse, with a prepared and with a plain parent.

    python benchmarks/fork.py -n 7

Every round runs both workers on a real Redis, in random order. Each runs one job, which calls an
OpenAI-compatible server on loopback, over TLS and through the openai SDK. The time is measured from
the fork to the response; the memory is what the child then shares with no other process. A figure
is the median of the rounds' ratios, because absolute times mean little on shared cores. The exit
code is 1 if a bound is missed.
"""

import argparse
import contextlib
import json
import os
import random
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from horses import ANSWER

ROOT = Path(__file__).parents[1]
LEAST_ROUNDS = 2

PRELOAD = ("openai", "horses:rehearse")


class Row(NamedTuple):
    """
    A row of the table: a figure of the children, multiplied by `scale` to have the unit `unit`.
    """

    what: str
    figure: str
    unit: str
    scale: float
    bound: float


ROWS = (
    Row("from the fork to the first response", "seconds", "ms", 1000, 0.10),
    Row("private memory after it", "private", "MiB", 1 / 1024, 1.00),
)

Figures = dict[str, float]


class Stub(BaseHTTPRequestHandler):
    """
    A handler that sends the same chat completion to every request.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet: the client would wait 40 ms for a second one

    def do_POST(self) -> None:
        """
        Send the chat completion.
        """
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """
        Log nothing.
        """


def main() -> int:
    """
    Start the servers, measure, print the table. Return the exit code.
    """
    parser = argparse.ArgumentParser(description="Measure the first LLM call in a work-horse.")
    parser.add_argument("-n", type=int, default=7, help="rounds; default: 7")
    rounds = max(parser.parse_args().n, LEAST_ROUNDS)
    sys.path.insert(0, str(ROOT))
    from examples.resume_worker.local.redis_server import RedisServerError, running_redis

    samples: dict[str, list[Figures]] = {"prepared": [], "plain": []}
    try:
        with tempfile.TemporaryDirectory() as name, running_redis() as redis:
            directory = Path(name)
            with _llm(directory) as url:
                environ = _environ(directory, redis, url)
                for _ in range(rounds):
                    for kind in random.sample(list(samples), len(samples)):
                        samples[kind].append(_run(kind, directory, environ))
    except (RedisServerError, subprocess.CalledProcessError) as error:
        print(f"Nothing was measured: {error}", file=sys.stderr)
        return 2
    missed = [row.what for row in ROWS if not _print(row, samples)]
    print(f"{rounds} rounds; missed: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


@contextlib.contextmanager
def _llm(directory: Path) -> Iterator[str]:
    _certify(directory)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(directory / "certificate.pem", directory / "key.pem")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _certify(directory: Path) -> None:
    """
    Write a private key and its certificate for localhost, valid for a day, into the directory.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    secret = key.private_bytes(*form, serialization.NoEncryption())
    (directory / "key.pem").write_bytes(secret)
    public = certificate.public_bytes(serialization.Encoding.PEM)
    (directory / "certificate.pem").write_bytes(public)


def _environ(directory: Path, redis: str, url: str) -> dict[str, str]:
    """
    Return the environment of both workers: the SDK trusts the system's certificates and ours.
    """
    preload = json.dumps(list(PRELOAD))
    (directory / "pyproject.toml").write_text(f"[tool.workerctl]\npreload = {preload}\n")
    authorities = directory / "authorities.pem"
    with authorities.open("wb") as file:
        for path in (ssl.get_default_verify_paths().cafile, directory / "certificate.pem"):
            if path is not None:
                file.write(Path(path).read_bytes())
    return {
        "PATH": os.defpath,
        "HOME": str(directory),
        "PYTHONPATH": str(ROOT),
        "SSL_CERT_FILE": str(authorities),
        "ENCRYPTION_KEY": "9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2",
        "REDIS_URL": redis,
        "OPENAI_BASE_URL": url,
    }


def _run(kind: str, directory: Path, environ: dict[str, str]) -> Figures:
    program = Path(__file__).with_name("horses.py")
    done = subprocess.run(
        [sys.executable, program, kind],
        cwd=directory,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: Figures = json.loads(done.stdout)
    return figures


def _print(row: Row, samples: dict[str, list[Figures]]) -> bool:
    """
    Print a row of the table. Return whether its bound is met.
    """
    ours, theirs = ([one[row.figure] for one in samples[kind]] for kind in ("prepared", "plain"))
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    ratio = statistics.median(ratios)
    low, _, high = statistics.quantiles(ratios, n=4)
    one, other = (row.scale * statistics.median(figures) for figures in (ours, theirs))
    met = ratio <= row.bound
    print(
        f"{row.what:<35} {ratio:6.3f} ({low:.3f}-{high:.3f}) ≤ {row.bound:.2f}"
        f" {'met' if met else 'MISSED':<6} {one:.1f} / {other:.1f} {row.unit}"
    )
    return met


if __name__ == "__main__":
    sys.exit(main())
