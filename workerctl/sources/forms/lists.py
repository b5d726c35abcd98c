"""
Lists that another separator, quotes or a foreign syntax made into something else.
"""

import re
from collections.abc import Sequence

from workerctl.sources.forms.characters import Fault

_PART = r"[A-Za-z0-9_.:/@*+~-]+"
_SEPARATORS = {";": "a semicolon", "|": "a vertical bar", "\n": "a line end", "\t": "a tab"}
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"


def list_fault(items: Sequence[str], *, named: bool = False) -> Fault | None:
    """
    Return what is wrong with the items of a list; None if they may be meant like this.

    `named` is true if the items are names, such as those of queues, in which no blank can be meant.
    """
    texts = [item.strip() for item in items]
    if not any(texts):
        return None
    brackets = texts[0][:1] + texts[-1][-1:]
    if brackets in {"[]", "()", "{}"} and texts[0] != "[::]":
        words = "is a list in brackets that is not JSON, so they became part of its items"
        return Fault("list", words, 'Write it as JSON, such as ["a", "b"].')
    return _quoted(texts) or _spaced(items) or _unseparated(texts, named=named)


def separator_in(text: str, *, named: bool = True) -> Fault | None:
    """
    Return the separator, other than a comma, that divides a text into several words, as a fault.
    """
    for separator, described in _SEPARATORS.items():
        if separator in text and _are_parts(text.split(separator)):
            return _separated_by(described)
    return _separated_by("a blank") if named and _are_parts(text.split()) else None


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


def _unseparated(texts: list[str], *, named: bool) -> Fault | None:
    found = (separator_in(text, named=named) for text in texts)
    return next(filter(None, found), None)


def _separated_by(described: str) -> Fault:
    words = f"has {described} between two items, which makes them one"
    return Fault("list", words, "Separate the items with commas.")


def _are_parts(parts: Sequence[str]) -> bool:
    stripped = [part.strip() for part in parts]
    found = [part for part in stripped if part]
    return len(found) > 1 and all(re.fullmatch(_PART, part, re.ASCII) for part in found)
