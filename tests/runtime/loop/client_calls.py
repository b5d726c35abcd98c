"""
Make six calls with a client of `loop_cached`, on the kept loop, with asyncio.run, or alternating.

For httpx and openai and each order of modes, the program prints as JSON: the answers, the number of
clients and connections, whether the clean-up closed all clients, and the number of leaked
descriptors.
"""

import gc
import json
import os
import sys
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import openai

from workerctl.runtime.async_helpers import cleanup_event_loop, loop_cached, run_async

COMPLETION = {
    "id": "one",
    "object": "chat.completion",
    "created": 1,
    "model": "stub",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "answer"},
        }
    ],
}
ORDERS = {"kept": ["true"] * 6, "run": ["false"] * 6, "turns": ["true", "false"] * 3}


class Handler(BaseHTTPRequestHandler):
    """
    Answers every request with a completion, and counts connections.
    """

    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self):
        """Count the connection."""
        super().setup()
        type(self).connections += 1

    def do_POST(self):
        """Send the completion."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(COMPLETION).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Log nothing."""


def calls(kind, url):
    """
    Return a coroutine function that makes one call, and the list of the clients it creates.
    """
    made = []

    def make():
        if kind == "httpx":
            made.append(httpx.AsyncClient(timeout=30))
        else:
            made.append(openai.AsyncOpenAI(api_key="none", base_url=url, max_retries=0, timeout=30))
        return made[-1]

    client = loop_cached(make)

    async def call():
        if kind == "httpx":
            answer = (await client().post(url, content=b"{}")).json()
            return answer["choices"][0]["message"]["content"]
        answer = await client().chat.completions.create(
            model="stub", messages=[{"role": "user", "content": "question"}]
        )
        return answer.choices[0].message.content

    return call, made


def is_closed(client):
    """
    Return whether a client is closed: it is a method in one package, a property in the other.
    """
    return client.is_closed() if callable(client.is_closed) else client.is_closed


def descriptors():
    """
    Return the number of open descriptors.
    """
    return sum(1 for _ in Path("/dev/fd").iterdir())


def results(kind, order, url):
    """
    Return the results of six calls.
    """
    call, made = calls(kind, url)
    before, Handler.connections = descriptors(), 0
    answers = []
    for flag in ORDERS[order]:
        os.environ["USE_NEW_ASYNC_HELPER"] = flag
        answers.append(run_async(call()))
    cleanup_event_loop()
    gc.collect()
    return {
        "answers": answers,
        "clients": len(made),
        "connections": Handler.connections,
        "closed": all(map(is_closed, made)),
        "left": max(0, descriptors() - before - len(server_threads())),
    }


def server_threads():
    """
    Return the threads of the server that still hold a connection.
    """
    return [thread for thread in threading.enumerate() if "process_request" in thread.name]


def main():
    """
    Run all orders of modes, and print the results.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    warnings.simplefilter("error", ResourceWarning)
    for kind in ("httpx", "openai"):  # a library's first call opens some for good
        results(kind, "run", url)
    found = {
        f"{kind} {order}": results(kind, order, url)
        for kind in ("httpx", "openai")
        for order in ORDERS
    }
    server.shutdown()
    server.server_close()
    json.dump({"openai": openai.__version__, **found}, sys.stdout)


if __name__ == "__main__":
    main()
