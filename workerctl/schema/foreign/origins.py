"""
Where values came from, where a settings class adds or reorders sources, or contains another one.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from workerctl.report.findings import Location
from workerctl.schema.declarations import Path, Schema, Variable
from workerctl.schema.foreign.annotations import fields_of, models_in
from workerctl.schema.foreign.judged import KINDS
from workerctl.schema.foreign.variables import alias_keys, names_by_class, settings_classes
from workerctl.schema.foreign.watching import Reading
from workerctl.sources.values import Assignment, Unread, Value, Values

_MISSING = object()
_HIDDEN = object()
_IN_CODE = Value("", Location("default"))
"""What stands for a value that is an argument of the constructor, which no variable changes."""


def with_origins(
    schema: Schema, values: Values, readings: Iterable[Reading], hidden: Container[str] = ()
) -> Values:
    """
    Return the values, each from the source whose value the class takes.

    `readings` are what the sources returned, the strongest first. A variable that they lack is
    unread, unless it was `hidden` from them.
    """
    # What an outer class finds for a nested one is passed to its constructor, and is stronger.
    of_sources = sorted(readings, key=lambda reading: len(reading.path))
    by_class = names_by_class(schema)
    classes = settings_classes(schema)
    chosen = dict(values.chosen)
    unread = {name: each for name, each in values.unread.items() if name not in chosen}
    for variable in schema.variables.values():
        found = [each for each in of_sources if _may_set(each, variable, by_class)]
        value = _value(schema, variable, values, found)
        if value is _IN_CODE:
            chosen.pop(variable.name, None)
            continue
        if value is not None:
            chosen[variable.name] = value
            continue
        known = values.chosen.get(variable.name)
        readers = [each.path for each in found if _reads(each.path, variable, by_class)]
        if known is None or known.location.source not in KINDS or not readers:
            continue
        if not any(name.upper() in hidden for name in variable.names) and not any(
            _sees(schema, variable, each) for each in found
        ):
            reader = classes[readers[-1]].__name__
            unread[variable.name] = Unread(chosen.pop(variable.name).location, reader)
    return values.replace(chosen=chosen, unread=unread)


def _may_set(reading: Reading, variable: Variable, by_class: Mapping[Path, Container[str]]) -> bool:
    """
    Return whether a source is one of those in which a class looks for a variable.
    """
    if _path_in(reading, variable) is None:
        return False
    return reading.names is None or _reads(reading.path, variable, by_class)


def _reads(path: Path, variable: Variable, by_class: Mapping[Path, Container[str]]) -> bool:
    """
    Return whether a class looks for a variable, not only the class around it or inside of it.
    """
    return any(name in by_class[path] for name in variable.names)


def _path_in(reading: Reading, variable: Variable) -> Path | None:
    """
    Return the path of a field that a variable sets, below that of the class of a source.
    """
    depth = len(reading.path)
    paths = (path for path in (variable.path, *variable.also) if path[:depth] == reading.path)
    return next((path[depth:] for path in paths), None)


def _sees(schema: Schema, variable: Variable, reading: Reading) -> bool:
    if reading.names is not None:
        return any(name.upper() in reading.names for name in variable.names)
    return _found(schema, variable, reading) is not _MISSING


def _found(schema: Schema, variable: Variable, reading: Reading) -> Any:
    path = _path_in(reading, variable) or ()
    return _find(reading.data, path, schema, reading.path)


def _value(
    schema: Schema, variable: Variable, values: Values, readings: list[Reading]
) -> Value | None:
    """
    Return what a variable is set to; None if no source says so, or a value hides it.
    """
    places: list[Location] = []
    first: Value | None = None
    for reading in readings:
        found = _found(schema, variable, reading)
        if found is _HIDDEN and not places:
            return None
        if found is _MISSING or found is _HIDDEN:
            continue
        if reading.kind is None and first is None:
            return _IN_CODE
        here = _here(schema, variable, values, reading, found)
        if here is not None:
            first = first or here
            places += [here.location, *here.shadowed]
    if first is None:
        return None
    rest = (each for each in dict.fromkeys(places) if each != first.location)
    return first.replace(shadowed=tuple(rest))


def _here(
    schema: Schema, variable: Variable, values: Values, reading: Reading, found: Any
) -> Value | None:
    """
    Return the value that a source has for a variable, and those that it overrides in that source.
    """
    if reading.kind is None:
        return None
    if reading.kind == "other":
        return Value(as_text(found), Location("other", reading.label))
    known = values.chosen.get(variable.name)
    kinds = _shown_by(schema, reading)
    if known is None:
        return None
    places = [each for each in (known.location, *known.shadowed) if each.source in kinds]
    if not places:
        return None
    first, *others = places
    shadowed = tuple(others)
    if first == known.location:
        return known.replace(shadowed=shadowed)
    texts = (each.text for each in _assignments(variable, values) if each.location == first)
    return Value(next(texts, None) or as_text(found), first, shadowed)


def _shown_by(schema: Schema, reading: Reading) -> tuple[str | None, ...]:
    """
    Return the kinds of sources whose values the class finds in what it reads.

    A class that names no env file finds the variables of the named ones in its environment, as it
    finds those that `changed` sets.
    """
    if reading.kind != "environment":
        return (reading.kind,)
    config = schema.settings_class.model_config
    further = {"env-file": "env_file", "secret-file": "secrets_dir"}
    return (
        *("environment", "default"),
        *(kind for kind, option in further.items() if config.get(option) is None),
    )


def _assignments(variable: Variable, values: Values) -> Iterator[Assignment]:
    for source in values.sources():
        yield from (each for each in source.assignments if each.sets == variable.name)


def holds(data: Any, path: Path, schema: Schema, above: Path) -> bool:
    """
    Return whether the value of the field at `above` says what a field at a path below it is.
    """
    return _find(data, path, schema, above) is not _MISSING


def _find(data: Any, path: Path, schema: Schema, above: Path) -> Any:
    """
    Return the value at a path, or that it is missing, or that a value above it hides it.
    """
    models = [schema.settings_class]
    for part in above:
        models = _models_below(models, part)
    for part in path:
        if not isinstance(data, Mapping):
            return _HIDDEN
        keys = [part, *(key for model in models for key in _alias(model, part))]
        key = next((key for key in keys if key in data), None)
        if key is None:
            return _MISSING
        data = data[key]
        models = _models_below(models, part)
    return data


def _alias(model: Any, field: str) -> Iterator[str]:
    info = fields_of(model).get(field)
    if info is not None:
        yield from alias_keys(info)


def _models_below(models: Iterable[Any], field: str) -> list[Any]:
    infos = (fields_of(model).get(field) for model in models)
    return [each for info in infos if info is not None for each in models_in(info.annotation)]


def as_text(value: object) -> str:
    """
    Return a value of a source as it would be written in an env file.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, default=str, ensure_ascii=False)
