"""
`.env.example`: every variable with its description; what is optional is commented out.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.commands.schema.entries import Entry, Outline
from workerctl.commands.schema.formats.comments import comment, described, heading, origin
from workerctl.sources.dialects.quoting import quoted

_COPY = (
    "Copy this file and replace the placeholders. A line that begins with #NAME= is optional, and "
    "shows the default or a placeholder."
)
_FILES = "A secret NAME can also be given as NAME_FILE, the path of a file that holds it."


def lines(outline: Outline) -> Iterator[str]:
    """
    Yield the lines of an env file that is complete when its placeholders are replaced.
    """
    yield from comment([origin(outline)])
    yield "#"
    yield from comment([_COPY, *([_FILES] if outline.schema.is_own else [])])
    for group, entries in outline.groups():
        yield ""
        yield heading(group)
        for entry in entries:
            yield ""
            yield from described(entry)
            yield assignment(entry, is_own=outline.schema.is_own)


def assignment(entry: Entry, *, is_own: bool) -> str:
    """
    Return the line that sets a variable, or that would if it were not commented out.
    """
    if entry.is_needed:
        return f"{entry.name}={entry.placeholder}"
    written = None
    if entry.default is not None:
        written = quoted(entry.name, entry.default, literal_quotes=is_own)
    return f"#{entry.name}={entry.placeholder if written is None else written}"
