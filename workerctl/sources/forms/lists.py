"""
Lists that another separator, quotes or a foreign syntax made into something else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from workerctl.sources.forms.characters import Fault

_PART = r"[A-Za-z0-9_.:/@*+~-]+"
# Between separators of East Asian and Arabic keyboards, of any script.
_NAME = r"[\w.:/@*+~-]+"
_SEPARATORS = {
    ";": "a semicolon",
    "|": "a vertical bar",
    "\n": "a line end",
    "\t": "a tab",
    "\uff0c": "a full-width comma",
    "\u3001": "an ideographic comma",
    "\uff1b": "a full-width semicolon",
    "\uff5c": "a full-width vertical bar",
    "\u060c": "an Arabic comma",
}
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"


def list_fault(items: Sequence[str], *, named: bool = False, json: bool = False) -> Fault | None:
    """
    Return what is wrong with the items of a list; None if they may be meant like this.

    `named` is true if the items are names, such as those of queues, in which no blank can be meant.
    `json` is true if they are written as JSON, which separates them: only names are looked at then,
    and a bar is a part of them.
    """
    texts = [item.strip() for item in items]
    if not any(texts):
        return None
    brackets = texts[0][:1] + texts[-1][-1:]
    if brackets in {"[]", "()", "{}"} and texts[0] != "[::]":
        words = "is a list in brackets that is not JSON, so they became part of its items"
        return Fault("list", words, 'Write it as JSON, such as ["a", "b"].')
    return _quoted(texts) or _spaced(items) or _unseparated(texts, named=named, json=json)


def separator_in(text: str, *, named: bool = True) -> Fault | None:
    """
    Return the separator, other than a comma, that divides a text into several words, as a fault.
    """
    for separator, described in _SEPARATORS.items():
        part = _NAME if named and not separator.isascii() else _PART
        if separator in text and _are_parts(text.split(separator), part):
            return _separated_by(described)
    return _separated_by("a blank") if named and _are_parts(text.split(), _PART) else None


def syntax_hint(text: str, *, json: bool) -> str | None:
    """
    Return how to write a list that its field rejects, or None.

    `json` says that the field takes JSON only; otherwise it takes a list with commas as well.
    """
    bare = text.strip()
    if bare.startswith(("[", "(", "{")) and "'" in bare:
        return "JSON needs double quotes around each text, and brackets around the list."
    if json and not bare.startswith(("[", "{")):
        return 'Write it as JSON, such as ["a", "b"].'
    found = separator_in(bare)
    return None if found is None else found.remedy


def _quoted(texts: list[str]) -> Fault | None:
    if _is_enclosed(texts):
        words = "is enclosed in quotes, which are part of its first and last item"
        return Fault("list", words, "Remove the quotes where the list is set.")
    for number, text in enumerate(texts, 1):
        if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
            words = f"has quotes around item {number}, which are part of it"
            return Fault("list", words, "Remove the quotes.")
    return None


def _is_enclosed(texts: list[str]) -> bool:
    mark = texts[0][:1]
    if len(texts) == 1 or mark not in {'"', "'"} or texts[-1][-1:] != mark:
        return False
    return ",".join(texts).count(mark) == len("''")


def _spaced(items: Sequence[str]) -> Fault | None:
    for number, item in enumerate(items, 1):
        if not item.strip():
            return Fault("list", f"has an empty item {number}", "Remove the comma or the item.")
        if item != item.strip():
            words = f"has white space around item {number}, which is part of it"
            return Fault("list", words, "Remove the white space.")
    return None


def _unseparated(texts: list[str], *, named: bool, json: bool) -> Fault | None:
    if json and not named:
        return None
    found = (separator_in(text, named=named) for text in texts if not (json and "|" in text))
    return next(filter(None, found), None)


def _separated_by(described: str) -> Fault:
    words = f"has {described} between two items, which makes them one"
    return Fault("list", words, "Separate the items with commas.")


def _are_parts(texts: Sequence[str], part: str) -> bool:
    stripped = [text.strip() for text in texts]
    found = [text for text in stripped if text]
    return len(found) > 1 and all(re.fullmatch(part, text) for text in found)
