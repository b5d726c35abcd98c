"""
Adding `[tool.workerctl]` to a pyproject.toml whose other bytes stay as they are.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from workerctl.report.errors import RefusedError
from workerctl.sources.writing import atomic

_HEADER = "[tool.workerctl]"
_MOST_BYTES = 2**22


def lines_for(target: str) -> tuple[str, ...]:
    """
    Return the lines that configure a settings class.
    """
    return _HEADER, f'settings = "{target}"'


def add(file: Path, target: str) -> None:
    """
    Append the table to the file, which must have no such table.

    Raises RefusedError if that would change anything else, or EnvFileWriteError if the file cannot
    be replaced; its content is then what it was.
    """
    atomic.replace(
        str(file),
        lambda old: with_table(old or b"", target),
        size_limit=_MOST_BYTES,
        private=False,
    )


def with_table(old: bytes, target: str) -> bytes:
    """
    Return the content of a pyproject.toml with the table at its end, in the line ends of the file.

    Raises RefusedError if the result would not be the same document with the table added.
    """
    end = b"\r\n" if b"\r\n" in old else b"\n"
    gap = b"" if not old else end if old.endswith(b"\n") else end + end
    new = old + gap + end.join(line.encode() for line in lines_for(target)) + end
    before, after = _document(old), _document(new)
    if before is None or after is None or after != _expected(before, target):
        raise RefusedError("pyproject.toml has a form to which a table cannot be appended.")
    return new


def _document(content: bytes) -> dict[str, Any] | None:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


def _expected(document: dict[str, Any], target: str) -> dict[str, Any] | None:
    tool = document.get("tool", {})
    if not isinstance(tool, dict) or "workerctl" in tool:
        return None
    return {**document, "tool": {**tool, "workerctl": {"settings": target}}}
