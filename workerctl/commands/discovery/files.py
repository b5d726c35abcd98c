"""
The Python files of a project, as far as they are its own, within bounds.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from workerctl.report.records import Record

MOST_FILES = 2_500
_ENTRIES_PER_FILE = 10
_MOST_BYTES = 2**18

# A folder with one of these is another project, or a virtual environment.
_FOREIGN = frozenset({"pyproject.toml", "pyvenv.cfg"})
_NOT_OWN = frozenset(
    {"__pycache__", "build", "dist", "node_modules", "site-packages"}
    | {"env", "test", "tests", "venv", "virtualenv"}
)


class Source(Record):
    """
    A Python file: its path relative to the project, with slashes, and its content.
    """

    path: str
    content: bytes


class Folder(Record):
    """
    A folder: its path relative to the project, "" for the project itself, and its entries.
    """

    path: str
    files: tuple[str, ...]
    folders: tuple[str, ...]


class Survey:
    """
    One reading of a project.

    Folders near the top come first, so that what lies beyond a bound is what matters least.
    `is_complete` becomes false when a bound stops the reading.
    """

    def __init__(self, directory: Path, most_files: int = MOST_FILES) -> None:
        self._directory = directory
        self._most_files = most_files
        self._most_entries = most_files * _ENTRIES_PER_FILE
        self._sources: list[Source] | None = None
        self.is_complete = True

    @property
    def sources(self) -> list[Source]:
        """
        The Python files, except tests. They are read once.
        """
        if self._sources is None:
            self._sources = list(self._read())
        return self._sources

    def folders(self) -> Iterator[Folder]:
        """
        Yield the project's own folders, breadth first.
        """
        queue, seen = deque([""]), 0
        while queue:
            folder = self._folder(queue.popleft())
            if folder.path and not _FOREIGN.isdisjoint(folder.files):
                continue
            seen += len(folder.files) + len(folder.folders)
            if seen > self._most_entries:
                self.is_complete = False
                return
            yield folder
            queue += (f"{folder.path}{name}/" for name in folder.folders if _is_own(name))

    def _folder(self, path: str) -> Folder:
        files: list[str] = []
        folders: list[str] = []
        with suppress(OSError), os.scandir(self._directory / path) as entries:
            for entry in islice(entries, self._most_entries + 1):
                # A link may lead out of the project, or back to a folder above.
                (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
        return Folder(path, tuple(sorted(files)), tuple(sorted(folders)))

    def _read(self) -> Iterator[Source]:
        count = 0
        for folder in self.folders():
            for name in folder.files:
                if not name.endswith(".py") or _is_test(name):
                    continue
                count += 1
                if count > self._most_files:
                    self.is_complete = False
                    return
                content = self._content(folder.path + name)
                if content is not None:
                    yield Source(folder.path + name, content)

    def _content(self, path: str) -> bytes | None:
        with suppress(OSError):
            file = self._directory / path
            if not file.is_file():
                return None
            with file.open("rb") as stream:
                content = stream.read(_MOST_BYTES + 1)
            if len(content) <= _MOST_BYTES:
                return content
            self.is_complete = False
        return None


def _is_own(name: str) -> bool:
    return not name.startswith(".") and name not in _NOT_OWN and not name.endswith(".egg-info")


def _is_test(name: str) -> bool:
    return name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py")
