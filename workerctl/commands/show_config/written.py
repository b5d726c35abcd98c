"""
Texts of variables from which a settings class reads given values again.

    >>> written(loaded, {"QUEUES": ["fast", "slow"]})
    {'QUEUES': 'fast,slow'}

The class itself is asked, so that validators, `NoDecode` and the options of pydantic-settings need
no special rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from pydantic import AliasChoices, AliasPath
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from workerctl.schema.declarations import Schema, Variable
from workerctl.schema.description import as_text
from workerctl.schema.introspection import is_undecoded
from workerctl.schema.loaded import Loaded
from workerctl.schema.loading import changed

_SETS = (set, frozenset)
_SEQUENCES = (list, tuple, *_SETS)


def written(loaded: Loaded, values: Mapping[str, Any]) -> dict[str, str]:
    """
    Return for each variable a text from which the class reads its value.

    A variable is left out if there is no such text.
    """
    schema = loaded.schema
    texts = {
        name: candidates(schema, schema.variables[name], value) for name, value in values.items()
    }
    first = {name: each[0] for name, each in texts.items()}
    read = _read_back(loaded, first, values)
    found = {name: first[name] for name in first if name in read}
    if loaded.settings is None:  # then no single text changes that
        return found
    for name, each in texts.items():
        if name not in read:
            alone = (text for text in each if _read_back(loaded, {name: text}, values))
            found.update((name, text) for text in islice(alone, 1))
    return found


def candidates(schema: Schema, variable: Variable, value: Any) -> list[str]:
    """
    Return the texts that may represent a value, the most usual one first.
    """
    json_value = _wrapped(plain(value), variable)
    if not isinstance(json_value, list | dict):
        return [as_text(json_value)]
    compact = json.dumps(json_value, ensure_ascii=False, separators=(",", ":"))
    if not isinstance(json_value, list):
        return [compact]
    joined = ",".join(map(as_text, json_value))
    splits = schema.is_own or is_undecoded(variable.info)
    return [joined, compact] if splits else [compact, joined]


def _wrapped(value: Any, variable: Variable) -> Any:
    """
    Return a value in the list or the dictionary of which an alias names a part.
    """
    paths = [each for each in alias_paths(variable.info) if each.path[0] == variable.name]
    for part in reversed(paths[0].path[1:] if paths else []):
        value = [*[None] * part, value] if isinstance(part, int) else {part: value}
    return value


def alias_paths(info: FieldInfo) -> Iterator[AliasPath]:
    """
    Yield the aliases of a field that name a part of a list or of a dictionary.
    """
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    yield from (each for each in choices if isinstance(each, AliasPath))


def _read_back(
    loaded: Loaded, texts: Mapping[str, str], values: Mapping[str, Any]
) -> frozenset[str]:
    """
    Return the variables whose texts the class reads as their values.
    """
    new = changed(loaded, texts)
    if new.settings is None:
        return frozenset()
    return frozenset(
        name
        for name in texts
        if name not in new.invalid
        and comparable(plain(new.schema.value(new.settings, name)))
        == comparable(plain(values[name]))
    )


def comparable(json_value: Any) -> Any:
    """
    Return a value by which the types of JSON differ: true is not 1, but 5.0 is 5.
    """
    is_exact = isinstance(json_value, bool | list | dict)
    return json.dumps(json_value, sort_keys=True) if is_exact else json_value


def plain(value: Any) -> Any:
    """
    Return a value in JSON types, with sets in a fixed order.
    """
    return ordered(to_jsonable_python(value, fallback=str, serialize_unknown=True), value)


def ordered(json_value: Any, value: Any) -> Any:
    """
    Return the JSON form of a value with the items of its sets sorted.
    """
    if isinstance(value, _SETS) and isinstance(json_value, list):
        return sorted(json_value, key=str)
    if not isinstance(value, (*_SEQUENCES, Mapping)) or not isinstance(json_value, list | dict):
        return json_value
    if len(json_value) != len(value):
        return json_value
    if isinstance(value, _SEQUENCES) and isinstance(json_value, list):
        return [ordered(one, each) for one, each in zip(json_value, value, strict=True)]
    if isinstance(value, Mapping) and isinstance(json_value, dict):
        pairs = zip(json_value.items(), value.values(), strict=True)
        return {key: ordered(one, each) for (key, one), each in pairs}
    return json_value
