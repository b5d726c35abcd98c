"""
A program: six calls with a client of `loop_cached`, on the kept loop, with asyncio.run, in turns.

It prints as JSON, for httpx and openai and each order of modes: the answers, how many clients and
connections they took, whether all clients are closed after the clean-up, and descriptors left over.
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
    Answers everything with one completion, and counts connections.
    """

    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self):
        """Count."""
        super().setup()
        type(self).connections += 1

    def do_POST(self):
        """Answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(COMPLETION).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


def calls(kind, url):
    """
    A coroutine function that makes one call, and the clients it has made.
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
    A method in one package, a property in the other.
    """
    return client.is_closed() if callable(client.is_closed) else client.is_closed


def descriptors():
    """
    How many are open.
    """
    return sum(1 for _ in Path("/dev/fd").iterdir())


def results(kind, order, url):
    """
    What six calls give.
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
    The threads of the server that still hold their end of a connection.
    """
    return [thread for thread in threading.enumerate() if "process_request" in thread.name]


def main():
    """
    Run all.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    warnings.simplefilter("error", ResourceWarning)
    for kind in ("httpx", "openai"):  # what the first call of a library opens once and for all
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
