"""
YAML documents whose values know their lines.

PyYAML parses, with its parser in C where it is installed. The nodes are made here from its events:
its composer overflows the stack of C in deeply nested input, and resolves scalars as YAML 1.1 does,
in which `yes` and `on` are truth values. Scalars stay as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from workerctl.report.errors import SourceError
from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.sources import envfile

_DEEPEST = 64
_MOST_MERGED = 200_000
_TAG = "tag:yaml.org,2002:"
_MISSING = "Reading YAML requires PyYAML, which is not installed."
_INSTALL = "Install it with `pip install 'workerctl[manifests]'`."
_SIMPLIFY = "Simplify the file."
_CORRECT = "Correct the file."
_MERGE = "<<"
_LINE_END = "\n"

_KINDS = {
    "null": re.compile(r"~|null|Null|NULL|"),
    "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "int": re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    "float": re.compile(
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf)|\.(?:nan|NaN)"
    ),
}
_FIRST = frozenset("~nNtTfF-+.0123456789")


class Node(Record):
    """
    A value of a document: a mapping, a sequence, or a scalar as it is written.

    `kind` is "map", "seq", "str", "int", "float", "bool" or "null"; a scalar with another tag is a
    "str". `value` is a mapping of nodes by key, a tuple of nodes, or a text. `is_plain` is true for
    a scalar that is written without quotation marks. `tag` is that of an application, as `!reset`.
    """

    kind: str
    value: Any
    location: Location
    is_plain: bool = False
    tag: str = ""

    @property
    def entries(self) -> Mapping[str, Node]:
        """
        The values of a mapping by key; none if it is something else.
        """
        return self.value if self.kind == "map" else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """
        The values of a sequence; none if it is something else.
        """
        return self.value if self.kind == "seq" else ()

    @property
    def text(self) -> str | None:
        """
        The text of a scalar as it is written; None for null, a mapping or a sequence.
        """
        return None if self.kind in {"map", "seq", "null"} else self.value

    def get(self, *keys: str) -> Node | None:
        """
        Return the value at a path of keys, or None.

            node.get("spec", "template", "spec")
        """
        found: Node | None = self
        for key in keys:
            found = None if found is None else found.entries.get(key)
        return found

    def __repr__(self) -> str:
        return f"Node({self.kind} at {self.location})"


def read(path: str, stdin: BinaryIO | None = None) -> tuple[Node, ...]:
    """
    Return the documents of a YAML file, or of `stdin` if the path is `-`; empty ones are left out.

    Raises SourceError if the file cannot be read, is not YAML, or is nested or repeated beyond what
    a manifest is.
    """
    name, text = envfile.read_plain(path, stdin)
    return parse(text, name)


def parse(text: str, name: str) -> tuple[Node, ...]:
    """
    Return the documents of a text. `name` is the file in locations and messages.

        >>> parse("a: [1, two]", "x.yaml")[0].get("a").items[1].text
        'two'

    Raises SourceError, as `read` does.
    """
    yaml = _library()
    problem: str | None = None
    nodes: list[Node] = []
    try:
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        nodes = list(_Maker(name).documents(yaml.parse(text, loader)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        # At the end of the text, the parser in C counts a line too many, or two.
        last = text.rstrip(_LINE_END).count(_LINE_END) + 1
        problem = "" if mark is None else f":{min(mark.line + 1, last)}"
    except (yaml.YAMLError, ValueError, RecursionError):
        problem = ""
    # Raised outside the handlers: the exceptions quote the file.
    if problem is not None:
        raise SourceError(f"{name}{problem} is not valid YAML.", _CORRECT)
    return tuple(node for node in nodes if node.kind != "null")


def _library() -> Any:
    try:
        import yaml
    except ModuleNotFoundError:
        pass
    else:
        return yaml
    raise SourceError(_MISSING, _INSTALL)


class _Maker:
    """
    Makes nodes from the events of PyYAML. A node that an alias repeats is made once.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._anchors: dict[str, Node] = {}
        self._merged = 0

    def documents(self, events: Iterator[Any]) -> Iterator[Node]:
        for event in events:
            kind = _kind(event)
            if kind == "DocumentStart":
                self._anchors = {}
            elif kind not in {"StreamStart", "StreamEnd", "DocumentEnd"}:
                yield self._node(event, events, 0)

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        location = self._location(event)
        kind = _kind(event)
        if kind == "Alias":
            known = self._anchors.get(event.anchor)
            if known is None:  # undefined, or a part of what it names
                raise SourceError(
                    f"{location} refers to an anchor that is not complete.", _SIMPLIFY
                )
            return known
        if depth > _DEEPEST:
            raise SourceError(f"{location} is nested too deep.", _SIMPLIFY)
        if kind == "Scalar":
            node = Node(_kind_of_scalar(event), event.value, location, event.implicit[0])
        elif kind == "SequenceStart":
            node = Node("seq", tuple(self._items(events, depth)), location)
        else:
            node = Node("map", self._entries(events, depth), location)
        if event.tag is not None and not event.tag.startswith(_TAG):
            node = node.replace(tag=event.tag)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _items(self, events: Iterator[Any], depth: int) -> Iterator[Node]:
        while _kind(event := next(events)) != "SequenceEnd":
            yield self._node(event, events, depth + 1)

    def _entries(self, events: Iterator[Any], depth: int) -> dict[str, Node]:
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        while _kind(event := next(events)) != "MappingEnd":
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if key.text == _MERGE and _kind(event) == "Scalar" and event.implicit[0]:
                for one in value.items or (value,):
                    self._require_few(len(one.entries), key)
                    merged = {**one.entries, **merged}
            elif isinstance(key.value, str):
                if key.value in own:
                    raise SourceError(
                        f"{key.location} repeats a key of the same mapping.", "Remove one of them."
                    )
                # A value that an alias repeats is at the line of its key here.
                own[key.value] = value.replace(location=key.location)
            else:  # often `{{ … }}` of a template
                raise SourceError(f"{key.location} has a key that is not a text.", _CORRECT)
        return {**merged, **own}

    def _require_few(self, count: int, key: Node) -> None:
        self._merged += count
        if self._merged > _MOST_MERGED:
            raise SourceError(f"{key.location} merges too many values.", _SIMPLIFY)

    def _location(self, event: Any) -> Location:
        return Location("environment", self._name, event.start_mark.line + 1)


def _kind(event: Any) -> str:
    return type(event).__name__.removesuffix("Event")


def _kind_of_scalar(event: Any) -> str:
    """
    Return the kind of a scalar: that of its tag, else what a plain one looks like.
    """
    if event.tag is not None:
        kind = event.tag.removeprefix(_TAG)
        return kind if kind in _KINDS else "str"
    value = event.value
    if not event.implicit[0] or (value and value[0] not in _FIRST):
        return "str"
    return next((kind for kind, form in _KINDS.items() if form.fullmatch(value)), "str")


def flattened(documents: tuple[Node, ...]) -> Iterator[Node]:
    """
    Yield the documents, and the items of those that are a Kubernetes List.
    """
    for document in documents:
        kind = document.get("kind")
        if kind is not None and kind.text == "List":
            items = document.get("items")
            yield from () if items is None else items.items
        else:
            yield document
