"""
A server with a small part of Supabase's API: files, tables, and a function that renders pages.
"""

import hashlib
import struct
import threading
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .wire import Reply, Request, json_reply, problem

STORAGE = "/storage/v1/object/"
TABLES = "/rest/v1/"
FUNCTIONS = "/functions/v1/"

_PIXELS = 64
_CELLS = 8

Row = dict[str, Any]


class Supabase:
    """
    A storage with the files below `root`, tables in memory, and a renderer of portfolio pages.
    """

    def __init__(self, root: Path, key: str) -> None:
        self._root = root.resolve()
        self._key = key
        self._lock = threading.Lock()
        self._tables: dict[str, dict[str, Row]] = {}

    def storage(self, request: Request) -> Reply:
        """
        Download a file: GET /storage/v1/object/BUCKET/PATH.
        """
        if not request.is_authorized(self._key):
            return _refused()
        _, _, path = unquote(request.path.removeprefix(STORAGE)).partition("/")
        file = (self._root / path).resolve()
        if not file.is_relative_to(self._root) or not file.is_file():
            return problem(404, "Object not found.")
        return Reply(200, file.read_bytes(), "application/octet-stream")

    def tables(self, request: Request) -> Reply:
        """
        Insert rows, replacing those with the same id: POST. Read rows: GET ?COLUMN=eq.VALUE.
        """
        if not request.is_authorized(self._key):
            return _refused()
        table = request.path.removeprefix(TABLES)
        if request.method == "POST":
            body = request.json()
            with self._lock:
                rows = self._tables.setdefault(table, {})
                for row in body if isinstance(body, list) else [body]:
                    rows[row["id"]] = row
            return Reply(201)
        with self._lock:
            rows = dict(self._tables.get(table, {}))
        filters = {name: text.removeprefix("eq.") for name, text in request.query.items()}
        return json_reply(
            [
                row
                for row in rows.values()
                if all(str(row.get(name)) == text for name, text in filters.items())
            ]
        )

    def thumbnail(self, request: Request) -> Reply:
        """
        Render a page: POST /functions/v1/thumbnail {"url": …}.

        The picture is derived from the URL alone, so no access to the internet is needed.
        """
        if not request.is_authorized(self._key):
            return _refused()
        return Reply(
            200, _png(hashlib.sha256(request.json()["url"].encode()).digest()), "image/png"
        )


def _refused() -> Reply:
    return problem(401, "Invalid API key.")


def _png(seed: bytes) -> bytes:
    """
    Return a PNG of black and white cells, one for each of the first bits of the seed.
    """
    size = _PIXELS // _CELLS
    cells = [[seed[row] >> column & 1 for column in range(_CELLS)] for row in range(_CELLS)]
    lines = [bytes(255 * bit for bit in row for _ in range(size)) for row in cells]
    pixels = b"".join(b"\0" + line for line in lines for _ in range(size))
    header = struct.pack(">IIBBBBB", _PIXELS, _PIXELS, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum
