"""
Where values came from, where a settings class adds or reorders sources.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workerctl.report.findings import Location
from workerctl.schema.declarations import Path, Schema, Variable
from workerctl.schema.foreign.annotations import fields_of, models_in
from workerctl.schema.foreign.variables import alias_keys
from workerctl.schema.foreign.watching import Reading
from workerctl.sources.values import Assignment, Value, Values

_MISSING = object()
_HIDDEN = object()


def with_origins(schema: Schema, values: Values, readings: Iterable[Reading]) -> Values:
    """
    Return the values, each from the source whose value the class takes.

    `readings` are what the sources returned, the strongest first.
    """
    chosen = dict(values.chosen)
    of_classes: dict[Path, list[Reading]] = {}
    for reading in readings:
        if reading.kind is not None:
            of_classes.setdefault(reading.path, []).append(reading)
    for path, found in of_classes.items():
        for variable in schema.variables.values():
            if variable.path[: len(path)] == path:
                value = _value(schema, variable, values, found)
                if value is not None:
                    chosen[variable.name] = value
    return values.replace(chosen=chosen)


def _value(
    schema: Schema, variable: Variable, values: Values, readings: list[Reading]
) -> Value | None:
    """
    Return what a variable is set to, or None if that is what the sources by themselves say.
    """
    known = values.chosen.get(variable.name)
    places: list[Location] = []
    first: Value | None = None
    for reading in readings:
        found = _find(reading.data, variable.path[len(reading.path) :], schema, reading.path)
        if found is _HIDDEN and not places:
            return None
        if found is _MISSING or found is _HIDDEN:
            continue
        here = _here(schema, variable, values, reading, found)
        if here is not None:
            first = first or here
            places.append(here.location)
    if first is None or (known is not None and first.location == known.location):
        return None
    return first.replace(shadowed=tuple(each for each in places[1:] if each != first.location))


def _here(
    schema: Schema, variable: Variable, values: Values, reading: Reading, found: Any
) -> Value | None:
    if reading.kind == "other":
        return Value(as_text(found), Location("other", reading.label))
    known = values.chosen.get(variable.name)
    kinds = _shown_by(schema, reading)
    if known is not None and known.location.source in kinds:
        return known
    candidates = [*_assignments(variable, values, kinds)]
    return Value(candidates[-1].text, candidates[-1].location) if candidates else None


def _shown_by(schema: Schema, reading: Reading) -> tuple[str | None, ...]:
    """
    Return the kinds of sources whose values the class finds in what it reads.

    A class that names no env file finds the variables of the named ones in its environment.
    """
    if reading.kind != "environment":
        return (reading.kind,)
    config = schema.settings_class.model_config
    further = {"env-file": "env_file", "secret-file": "secrets_dir"}
    return (
        "environment",
        *(kind for kind, option in further.items() if config.get(option) is None),
    )


def _assignments(
    variable: Variable, values: Values, kinds: tuple[str | None, ...]
) -> Iterator[Assignment]:
    for source in values.sources():
        for assignment in source.assignments:
            if assignment.sets == variable.name and assignment.location.source in kinds:
                yield assignment


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
