"""
Compose: the `environment` of a service, with values that come from outside and defaults.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workerctl.commands.schema.entries import Entry, Outline
from workerctl.commands.schema.formats.comments import comment, described, origin
from workerctl.commands.schema.formats.kubernetes import workload
from workerctl.commands.schema.formats.yaml import key, scalar

_SOURCES = (
    "Values come from the shell, or from the .env of the project. A required variable without a "
    "value is an error; every other one keeps its default."
)
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"


def lines(outline: Outline) -> Iterator[str]:
    """
    Yield a service as YAML, for a separate file: `docker compose -f compose.yaml -f FILE up`.
    """
    yield from comment([origin(outline)])
    yield "#"
    yield from comment([_SOURCES])
    yield "services:"
    yield f"  {workload(outline)}:"
    yield "    environment:" if outline.entries else "    environment: {}"
    for number, entry in enumerate(outline.entries):
        yield from [""] if number else []
        yield from described(entry, indent="      ")
        yield f"      {key(entry.name)}:{_value(entry)}"


def _value(entry: Entry) -> str:
    """
    Return the value of a variable. One without a value is set only if it is set outside.

    Compose ends a default at a brace, so that one with braces is left to the class.
    """
    name, default = entry.name, entry.default
    if not re.fullmatch(_NAME, name, re.ASCII):
        return ""
    if entry.is_needed:
        return f" {scalar(f'${{{name}:?}}')}"
    if default is None or not entry.is_used or "{" in default or "}" in default:
        return ""
    escaped = default.replace("$", "$$")
    return f" {scalar(f'${{{name}:-{escaped}}}')}"
