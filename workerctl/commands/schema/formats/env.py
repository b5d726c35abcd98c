"""
`.env.example`: every variable with its description; what is optional is commented out.
"""

import io
import re
from collections.abc import Iterator

from dotenv import dotenv_values

from workerctl.commands.schema.entries import Entry, Outline
from workerctl.commands.schema.formats.comments import comment, described, heading, origin
from workerctl.sources import envfile

_COPY = (
    "Copy this file and replace the placeholders. A line that begins with #NAME= is optional, and "
    "shows the default or a placeholder."
)
_FILES = "A secret NAME can also be given as NAME_FILE, the path of a file that holds it."
# What needs no quotes anywhere: `workerctl check` finds no difference between the readers.
_BARE = r"[A-Za-z0-9_./:@%+,=^?!*\[\]{}-]*"
_JSON = r"[\[{][A-Za-z0-9_./:@%+,=^?!*\[\]{}\"-]*"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


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
    written = None if entry.default is None else quoted(entry.default, is_own=is_own)
    return f"#{entry.name}={entry.placeholder if written is None else written}"


def quoted(text: str, *, is_own: bool) -> str | None:
    r"""
    Return a text as it is written in an env file; None if no parser would read it as it is.

    `is_own` is true if workerctl reads the file, which does not expand `${NAME}` in single quotes.

        >>> quoted("fast,slow", is_own=True), quoted("it's", is_own=True)
        ('fast,slow', '"it\'s"')
    """
    if re.fullmatch(_BARE, text, re.ASCII):
        return text
    escaped = "".join(_ESCAPES.get(each, each) for each in text)
    candidates: tuple[str, ...] = (f"'{text}'", f'"{escaped}"')
    if re.fullmatch(_JSON, text, re.ASCII):
        candidates = (text, *candidates)
    return next((each for each in candidates if _is_read(each, text, is_own=is_own)), None)


def _is_read(written: str, text: str, *, is_own: bool) -> bool:
    if not all(each.isprintable() for each in written):
        return False
    line = f"X={written}\n"
    if is_own:
        (entry,) = envfile.parse(line, "").entries
        expands = "${" in text and entry.quote != "'"
        return entry.value == text and not expands
    found = dotenv_values(stream=io.StringIO(line), interpolate="${" in text)
    return found == {"X": text}
