"""
What the declaration of a field says: the syntax of its lists, its former names, its type.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from workerctl.schema.vocabulary import Expects

SEQUENCES = (list, tuple, set, frozenset)


def is_root_model(kind: type) -> bool:
    """
    Return whether a class is a model of a single value.

    Importing `RootModel` for `issubclass` would build that class, which takes milliseconds.
    """
    return getattr(kind, "__pydantic_root_model__", False) is True


def holds_url(info: FieldInfo) -> bool:
    """
    Return whether the field's value is a URL.
    """
    return any(isinstance(item, Expects) and item.url for item in info.metadata)


def decode(info: FieldInfo, text: str) -> object:
    """
    Return the value that pydantic validates: the text, or the list or dict that it represents.

    A list that starts with `[` is parsed as JSON, any other is split at commas. Text that is not
    valid JSON is returned unchanged, and the field's type then rejects it.
    """
    if info.metadata and is_undecoded(info):
        return text
    kind = sequence_type(info)
    if kind is None and _kind(info) is not dict:
        return text
    if kind is None or text.lstrip().startswith("["):
        return _json(text)
    return [item.strip() for item in text.split(",") if item.strip()]


def is_undecoded(info: FieldInfo) -> bool:
    """
    Return whether the class itself parses the text: `Json[…]`, or `NoDecode` of pydantic-settings.
    """
    kinds = (each if isinstance(each, type) else type(each) for each in info.metadata)
    return any(kind.__name__ in {"Json", "NoDecode"} for kind in kinds)


def extras(info: FieldInfo) -> Mapping[str, Any]:
    """
    Return what `vocabulary.group` adds to a pydantic field: `group`, `public` and `file`.
    """
    extra = info.json_schema_extra
    return extra if isinstance(extra, dict) else {}


def deprecated_names(name: str, info: FieldInfo) -> Iterator[str]:
    """
    Yield the former names of the field.
    """
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    yield from (choice for choice in choices if isinstance(choice, str) and choice != name)


def bare_type(annotation: Any) -> Any:
    """
    Return the annotation without `None`, such as `int` for `int | None`.

    A source cannot assign None; it can only leave the field unset.
    """
    if isinstance(annotation, type) or get_origin(annotation) not in {Union, UnionType}:
        return annotation
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 else annotation


def _kind(info: FieldInfo) -> object:
    annotation = bare_type(info.annotation)
    return get_origin(annotation) or annotation


def sequence_type(info: FieldInfo) -> object | None:
    """
    Return the sequence type that the field holds (list, tuple, set or frozenset), else None.
    """
    kind = _kind(info)
    return kind if kind in SEQUENCES else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
