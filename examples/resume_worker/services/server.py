"""
The HTTP server of all services: one port, one thread for each connection.
"""

import select
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from . import supabase, webhook
from .model import Model
from .modes import Modes, Rule, misbehaviour
from .supabase import Supabase
from .webhook import Receiver
from .wire import REQUEST_ID, Reply, Request, json_reply, problem

_DRIBBLE_SECONDS = 0.8
_HANG_SECONDS = 60.0


class Keys(NamedTuple):
    """
    The keys that clients must present.
    """

    openai: str
    supabase: str
    webhook: str


class Services:
    """
    All services and the paths that they serve.
    """

    def __init__(self, root: Path, keys: Keys) -> None:
        self._root = root
        self._keys = keys
        self.forget()

    def forget(self) -> None:
        """
        Reset to the initial state: no rows, deliveries, counted requests or rules.
        """
        self._modes = Modes()
        self._model = Model(self._keys.openai)
        self._receiver = Receiver(self._keys.webhook)
        stored = Supabase(self._root, self._keys.supabase)
        self._routes: tuple[tuple[str, str, Callable[[Request], Reply]], ...] = (
            ("/v1/chat/completions", "llm", self._model.chat),
            ("/v1/embeddings", "embedding", self._model.embeddings),
            (supabase.STORAGE, "storage", stored.storage),
            (supabase.TABLES, "database", stored.tables),
            (f"{supabase.FUNCTIONS}thumbnail", "thumbnail", stored.thumbnail),
            (webhook.PATH, "webhook", self._receiver.receive),
        )

    def reply(self, request: Request) -> Reply | None:
        """
        Return the reply to a request, or None if a rule says that the service hangs.
        """
        if request.path.startswith("/_"):
            return self._control(request)
        for prefix, service, handle in self._routes:
            if request.path.startswith(prefix):
                rule = self._modes.next(service, request.headers.get(REQUEST_ID))
                if rule is None:
                    return handle(request)
                if rule.mode == "dribble":
                    return handle(request)._replace(pause=_DRIBBLE_SECONDS)
                return self._misbehave(rule, request)
        return problem(404, "Not found.")

    def _misbehave(self, rule: Rule, request: Request) -> Reply | None:
        if rule.mode == "hang":
            return None
        if (rule.service, rule.mode) == ("llm", "bad_json"):
            return self._model.chat(request, spoiled=True)
        return misbehaviour(rule)

    def _control(self, request: Request) -> Reply:
        if request.path == "/_mode" and request.method == "POST":
            self._modes.add(Rule(**request.json()))
            return Reply(204)
        if request.path == "/_mode" and request.method == "DELETE":
            self._modes.clear()
            return Reply(204)
        if request.path == "/_state" and request.method == "DELETE":
            self.forget()
            return Reply(204)
        if request.path == "/_requests":
            return json_reply(self._modes.requests())
        if request.path == "/_deliveries":
            return self._receiver.deliveries()
        return problem(404, "Not found.")


class Server(ThreadingHTTPServer):
    """
    The HTTP server of the services, on a free loopback port.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, services: Services) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.services = services

    def handle_error(self, request: Any, client_address: Any) -> None:
        """
        Print the error, unless the client has disconnected, which is usual after a timeout.
        """
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """
        The base URL of the server.
        """
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # otherwise the body, sent after the head, is delayed

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name in the base class
        """
        Log nothing, because a URL may contain personal data.
        """

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = dict(parse_qsl(parts.query))
        request = Request(self.command, parts.path, query, self.headers, body)
        try:
            reply = self.server.services.reply(request)
        except (KeyError, TypeError, ValueError) as error:
            reply = problem(400, f"Invalid request ({type(error).__name__}).")
        if reply is None:
            self._hang()
        else:
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, text in reply.headers.items():
            self.send_header(name, text)
        if reply.body:
            self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if not reply.pause:
            self.wfile.write(reply.body)
            return
        for byte in reply.body:
            self.wfile.write(bytes([byte]))
            time.sleep(reply.pause)

    def _hang(self) -> None:
        """
        Send nothing until the client disconnects.
        """
        self.close_connection = True
        select.select([self.connection], [], [], _HANG_SECONDS)
