"""
The variables that a settings class reads, by pydantic-settings' own naming.

    >>> schema_of(AppSettings).variables["APP_DB__PORT"].path
    ('db', 'port')

Prefix, nested delimiter, aliases and case are those of the class; pydantic-settings is asked where
it can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from workerctl.report.records import Record
from workerctl.schema.declarations import Path, Schema, Variable
from workerctl.schema.foreign.annotations import (
    DEEPEST,
    alternatives,
    fields_of,
    is_mapping,
    models_in,
    nested_models,
)
from workerctl.schema.introspection import is_root_model


class _Reader(Record):
    """
    What a source of pydantic-settings says about names.

    `deepest` is the depth at which a name is no longer split; it may contain the delimiter there.
    """

    source: EnvSettingsSource
    delimiter: str | None
    deepest: int | None

    def fold(self, name: str) -> str:
        return name if self.source.case_sensitive else name.upper()


def schema_of(settings_class: type[BaseSettings]) -> Schema:
    """
    Return the schema of a class derived from BaseSettings, without rules.
    """
    reader = _reader(settings_class)
    source = reader.source
    variables: dict[str, Variable] = {}
    prefixes: list[str] = []
    for variable in _variables(reader, settings_class):
        _add(variables, variable)
        if reader.delimiter and _is_open(variable.info):
            prefixes += [f"{name}{reader.fold(reader.delimiter)}" for name in variable.names]
    config = settings_class.model_config
    return Schema(
        settings_class=settings_class,
        variables=variables,
        is_own=False,
        prefix=reader.fold(source.env_prefix),
        delimiter=reader.delimiter,
        case_sensitive=bool(source.case_sensitive),
        open_prefixes=tuple(dict.fromkeys(prefixes)),
        forbids_unknown=config.get("extra") == "forbid" and config.get("env_file") is not None,
    )


def _reader(settings_class: type[BaseSettings]) -> _Reader:
    source = EnvSettingsSource(settings_class)
    return _Reader(source, source.env_nested_delimiter or None, source.env_nested_max_split)


def settings_classes(schema: Schema) -> dict[Path, type[BaseSettings]]:
    """
    Return the classes that read sources by themselves, by path: the settings class, nested ones.
    """
    found: dict[Path, type[BaseSettings]] = {}
    for path, model in nested_models(schema.settings_class):
        if issubclass(model, BaseSettings):
            found.setdefault(path, model)
    return found


def names_by_class(schema: Schema) -> dict[Path, frozenset[str]]:
    """
    Return the names of the variables that each class reads by itself, by the path of the class.
    """
    return {
        path: frozenset(
            name
            for variable in _variables(_reader(each), each, path, nested=False)
            for name in variable.names
        )
        for path, each in settings_classes(schema).items()
    }


def _add(variables: dict[str, Variable], variable: Variable) -> None:
    known = variables.setdefault(variable.name, variable)
    if known.path != variable.path:
        also = {**known.also, variable.path: variable.info, **variable.also}
        variables[variable.name] = known.replace(also=also)


def _variables(
    reader: _Reader, settings_class: type[BaseSettings], above: Path = (), *, nested: bool = True
) -> Iterator[Variable]:
    for field, info in settings_class.model_fields.items():
        found = [env_name for _, env_name, _ in reader.source._extract_field_info(info, field)]  # noqa: SLF001 -- pinned by a test
        name, *aliases = dict.fromkeys(map(reader.fold, found))
        variable = Variable(name, (*above, field), info, tuple(aliases))
        yield variable
        if nested:
            # A BaseSettings in a field reads the environment by itself, under its own prefix.
            yield from _of_nested(settings_class, field)
        yield from _below(reader, variable, len(variable.path) - len(above))


def _of_nested(settings_class: type[BaseSettings], field: str) -> Iterator[Variable]:
    for path, model in nested_models(settings_class):
        if path[:1] == (field,) and issubclass(model, BaseSettings):
            yield from _variables(_reader(model), model, path, nested=False)


def _below(reader: _Reader, parent: Variable, depth: int) -> Iterator[Variable]:
    """
    Yield the variables of the fields of a nested model, such as `APP_DB__PORT`.
    """
    delimiter, deepest = reader.delimiter, reader.deepest or DEEPEST
    if not delimiter or depth > min(deepest, DEEPEST):
        return
    for model in models_in(parent.info.annotation):
        for field, info in fields_of(model).items():
            keys = [
                key
                for key in _keys(field, info, model)
                # Such a name is split further, unless no split is left.
                if depth == reader.deepest or delimiter.upper() not in key.upper()
            ]
            names = [
                reader.fold(f"{name}{delimiter}{key}") for key in keys for name in parent.names
            ]
            if names:
                variable = Variable(names[0], (*parent.path, field), info, tuple(names[1:]))
                yield variable
                yield from _below(reader, variable, depth + 1)


def _keys(field: str, info: FieldInfo, model: Any) -> list[str]:
    """
    Return the keys under which a nested model takes a field: its aliases, or else its name.
    """
    config: Mapping[str, Any] = (
        getattr(model, "model_config", None) or getattr(model, "__pydantic_config__", None) or {}
    )
    keys = [] if config.get("validate_by_alias") is False else list(alias_keys(info))
    if not keys or config.get("validate_by_name") or config.get("populate_by_name"):
        keys.append(field)
    return list(dict.fromkeys(keys))


def alias_keys(info: FieldInfo) -> Iterator[str]:
    """
    Yield the keys by which pydantic takes a field instead of its name.
    """
    alias = info.validation_alias
    for choice in alias.choices if isinstance(alias, AliasChoices) else [alias]:
        if isinstance(choice, AliasPath):
            yield str(choice.path[0])
        elif choice is not None:
            yield choice


def _is_open(info: FieldInfo) -> bool:
    """
    Return whether the keys below a field are not fixed: those of a dictionary, or of a lax model.
    """
    return is_mapping(info.annotation) or any(
        is_root_model(kind) or (getattr(kind, "model_config", None) or {}).get("extra") == "allow"
        for kind in alternatives(info.annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel)
    )
