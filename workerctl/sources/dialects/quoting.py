"""
Write a text as the value of an assignment in an env file, so that it is read back as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workerctl.report.errors import SourceError
from workerctl.sources import envfile
from workerctl.sources.expansion import Expander, ExpansionError

# What needs no quotes anywhere: `workerctl check` finds no difference between the readers.
_BARE = r"[A-Za-z0-9_./:@%+,=^?!*\[\]{}-]*"
_JSON = r"[\[{][A-Za-z0-9_./:@%+,=^?!*\[\]{}\"-]*"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(name: str, text: str, *, literal_quotes: bool) -> str | None:
    r"""
    Return a text as it is written as the value of `name`; None if no form of it is read as it is.

    With `literal_quotes`, `${NAME}` is not expanded in single quotes, as workerctl reads files; in
    those that pydantic-settings reads, it is.

        >>> quoted("MOTTO", "it's", literal_quotes=True)
        '"it\'s"'
    """
    for form in _forms(text):
        if form.isprintable() and _read(f"{name}={form}\n", name, literal_quotes) == text:
            return form
    return None


def _forms(text: str) -> Iterator[str]:
    """
    Yield the forms of a text, that which most programs read alike first.
    """
    if re.fullmatch(f"{_BARE}|{_JSON}", text, re.ASCII):
        yield text
    yield f"'{text}'"
    yield '"' + "".join(_ESCAPES.get(each, each) for each in text) + '"'
    yield "'" + re.sub(r"([\\'])", r"\\\1", text) + "'"
    yield text


def _read(line: str, name: str, literal_quotes: bool) -> str | None:  # noqa: FBT001
    """
    Return what is read for a variable from a line; None if the line does not set it.
    """
    try:
        entries = envfile.parse(line, "").entries
        if len(entries) == 1 and entries[0].name == name and entries[0].value is not None:
            expander = Expander({}, literal_quotes=literal_quotes)
            return expander.expand(name, entries[0].value, entries[0].quote)
    except (SourceError, ExpansionError):
        pass
    return None
