"""
Scalars as kubectl reads them, with the rules of YAML 1.1 as go-yaml applies them.
"""

from __future__ import annotations

import math
import re

from workerctl.sources.manifests.documents import Node

_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"))
_FALSE = frozenset(("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"))
_NUMBER = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+"
    r"|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
)
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_FIRST = frozenset("+-.0123456789")
_KINDS = {"int": "number", "float": "number", "bool": "boolean"}


def kind_of(node: Node) -> str:
    """
    Return "string", "number", "boolean", "null", "map" or "list".

        >>> kind_of(parse("a: yes", "x.yaml")[0].get("a"))
        'boolean'
    """
    if node.kind in {"map", "null"}:
        return node.kind
    if node.kind == "seq":
        return "list"
    if not node.is_plain:  # quoted, a block, or with a tag
        return _KINDS.get(node.kind, "string")
    if node.value in _TRUE or node.value in _FALSE:
        return "boolean"
    return "number" if _is_number(node.value) else "string"


def _is_number(text: str) -> bool:
    if text[:1] not in _FIRST:
        return False
    if _INFINITE.fullmatch(text):
        return True
    # Underscores may divide digits, but not in what begins with a dot.
    digits = text if text[0] == "." else text.replace("_", "")
    if not _NUMBER.fullmatch(digits):
        return False
    return digits.lstrip("+-")[1:2] in {*"xXbBoO"} or math.isfinite(float(digits))


def text_of(node: Node | None) -> str:
    """
    Return the text of a scalar as it is written; "" if there is not one, or it is null.
    """
    return "" if node is None else node.text or ""


def is_given(node: Node | None) -> bool:
    """
    Return whether there is a value that is not null.
    """
    return node is not None and node.kind != "null"


def is_true(node: Node | None) -> bool:
    """
    Return whether a scalar is true.
    """
    return node is not None and node.is_plain and node.text in _TRUE


def whole(node: Node | None) -> int | None:
    """
    Return a decimal number without a fraction, or None if it is something else.
    """
    if node is None:
        return None
    is_whole = kind_of(node) == "number" and re.fullmatch("-?(?:0|[1-9][0-9]{0,17})", node.value)
    return int(node.value) if is_whole else None
