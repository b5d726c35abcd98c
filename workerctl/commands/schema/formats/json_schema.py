"""
A JSON Schema (2020-12) of the variables, for editors: a flat object of texts by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr

from workerctl.commands.schema.demands import Demand
from workerctl.commands.schema.entries import Entry, Outline
from workerctl.commands.schema.formats.comments import origin
from workerctl.rules import ENVIRONMENTS
from workerctl.rules import Environment as EnvironmentRule
from workerctl.schema.boot_rules.view import COMMON_WORDS
from workerctl.schema.foreign.annotations import is_complex
from workerctl.schema.introspection import bare_type, extras, is_undecoded

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# pydantic strips blanks, and allows underscores in places where Python does not.
_INTEGER = r"[-+]?[0-9_]+(\.0*)?"
_FLOAT = r"[-+]?([0-9_]+\.?[0-9_]*|\.[0-9_]+)([eE][-+]?[0-9_]+)?"
_FLAGS = ("0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes")
_READ_FIRST = {"BeforeValidator", "PlainValidator", "WrapValidator"}
_LIMITS = {"min_length": "minLength", "max_length": "maxLength"}
_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
}

Document = dict[str, Any]


def lines(outline: Outline) -> Iterator[str]:
    """
    Yield the schema as indented JSON.
    """
    yield from json.dumps(document(outline), indent=2).split("\n")


def document(outline: Outline) -> Document:
    """
    Return the schema: what each variable may be, and which have to be set.

    A variable that is not known may belong to another program, and is valid.
    """
    properties: Document = {}
    for entry in outline.entries:
        properties[entry.name] = _property(entry, outline)
        same = {"$ref": f"#/properties/{entry.name}"}
        properties |= dict.fromkeys(entry.setting.aliases, same)
        old = {**same, "deprecated": True}
        properties |= dict.fromkeys(entry.setting.deprecated, old)
        if _may_be_file(entry, outline):
            properties[f"{entry.name}_FILE"] = {
                "type": "string",
                "description": f"The path of a file that holds {entry.name}.",
            }
    made: Document = {
        "$schema": _DIALECT,
        "title": f"Environment of {outline.target}",
        "$comment": origin(outline),
        "type": "object",
        "properties": properties,
    }
    conditions = list(_conditions(outline))
    return {**made, "allOf": conditions} if conditions else made


def _property(entry: Entry, outline: Outline) -> Document:
    setting = entry.setting
    made: Document = {"description": " ".join(_said(entry))}
    made |= {"type": "string"} if _reads_first(entry, outline) else _form(entry, outline)
    if entry.default is not None:
        made["default"] = entry.default
    return {**made, "writeOnly": True} if setting.secret else made


def _said(entry: Entry) -> Iterator[str]:
    if entry.description:
        yield entry.description
    yield from entry.sentences


def _form(entry: Entry, outline: Outline) -> Document:
    """
    Return the constraints on the text, as far as they are certain.
    """
    kind, info = bare_type(entry.info.annotation), entry.info
    may_be_empty = outline.schema.is_own or bool(
        outline.schema.settings_class.model_config.get("env_ignore_empty")
    )
    bounds = _limits(info.metadata, _BOUNDS)
    if kind is bool:
        words = "|".join(map(_in_any_case, _FLAGS))
        return {"type": ["string", "boolean", "integer"], **_pattern(words, empty=may_be_empty)}
    if kind is int:
        types = ["string", "integer"]
        return {"type": types, **_pattern(rf"\s*{_INTEGER}\s*", empty=may_be_empty), **bounds}
    if kind is float:
        words = "|".join(map(_in_any_case, ("inf", "infinity", "nan")))
        pattern = rf"\s*({_FLOAT}|[-+]?({words}))\s*"
        return {"type": ["string", "number"], **_pattern(pattern, empty=may_be_empty), **bounds}
    choices = _choices(kind)
    if choices:
        return {"type": "string", "enum": [*choices, *([""] if may_be_empty else [])]}
    if kind in {str, SecretStr}:
        return {"type": "string", **({} if may_be_empty else _limits(info.metadata, _LIMITS))}
    if is_complex(kind) and not is_undecoded(info) and not outline.schema.is_own:
        return {"type": "string", "contentMediaType": "application/json"}
    return {"type": "string"}


def _pattern(expression: str, *, empty: bool) -> Document:
    return {"pattern": f"^({expression}){'?' if empty else ''}$"}


def _limits(metadata: Iterable[object], names: Mapping[str, str]) -> Document:
    found: Document = {}
    for item in metadata:
        for attribute, word in names.items():
            limit = getattr(item, attribute, None)
            if isinstance(limit, int | float) and not isinstance(limit, bool):
                found[word] = limit
    return found


def _choices(kind: Any) -> list[str]:
    """
    Return the texts of a Literal or an Enum, if these are all that the field accepts.
    """
    values: tuple[Any, ...] = ()
    if get_origin(kind) is Literal:
        values = get_args(kind)
    elif isinstance(kind, type) and issubclass(kind, Enum) and "_missing_" not in vars(kind):
        values = tuple(member.value for member in kind)
    return list(values) if all(isinstance(value, str) for value in values) else []


def _in_any_case(word: str) -> str:
    return re.sub("[a-z]", lambda found: f"[{found[0].upper()}{found[0]}]", word)


def _reads_first(entry: Entry, outline: Outline) -> bool:
    """
    Return whether the class itself reads the text before its type does, so that any may be valid.
    """
    if any(type(item).__name__ in _READ_FIRST for item in entry.info.metadata):
        return True
    field = (entry.setting.path or entry.name).rpartition(".")[2]
    kinds: list[Any] = [outline.schema.settings_class]
    model: Any = outline.schema.settings_class
    for part in outline.schema.variables[entry.name].path[:-1]:
        model = _model_in(model, part)
        kinds.append(model)
    decorators = getattr(kinds[-1], "__pydantic_decorators__", None)
    validators = {} if decorators is None else decorators.field_validators
    return any(
        one.info.mode != "after" and not {field, "*"}.isdisjoint(one.info.fields)
        for one in validators.values()
    )


def _model_in(model: Any, field: str) -> Any:
    from workerctl.schema.foreign.annotations import fields_of, models_in

    found = fields_of(model).get(field) if model is not None else None
    return None if found is None else next(models_in(found.annotation), None)


def _may_be_file(entry: Entry, outline: Outline) -> bool:
    is_file = entry.setting.secret or bool(extras(entry.info).get("file"))
    return outline.schema.is_own and is_file


def _conditions(outline: Outline) -> Iterator[Document]:
    """
    Yield what the demands make of the schema: what is required, and under which conditions.
    """
    entries = {entry.name: entry for entry in outline.entries}
    required: dict[str, list[Document]] = {}
    for demand in outline.demands:
        if demand.used is None:
            condition = json.dumps(_condition(demand, outline))
            names = (name for name in demand.names if name in entries)
            spellings = (each for name in names for each in _spellings(entries[name], outline))
            required.setdefault(condition, []).append(_any_of(spellings))
    for condition, found in required.items():
        given = json.loads(condition)
        if given:
            yield {"if": given, "then": {"allOf": found}}
        else:
            yield from found


def _condition(demand: Demand, outline: Outline) -> Document:
    """
    Return the condition under which a demand applies; an empty one applies always.
    """
    given: list[Document] = []
    if demand.environments != ENVIRONMENTS:
        given.append(_in_environment(demand, outline))
    if demand.when is not None and demand.equals is None:
        given.append({"required": [demand.when], "properties": {demand.when: {"minLength": 1}}})
    elif demand.when is not None:
        value: Document = {"properties": {demand.when: {"const": demand.equals}}}
        is_default = any(
            entry.name == demand.when and entry.default == demand.equals
            for entry in outline.entries
        )
        given.append(value if is_default else {**value, "required": [demand.when]})
    return {"allOf": given} if len(given) > 1 else (given or [{}])[0]


def _any_of(names: Iterable[str]) -> Document:
    found = [{"required": [name]} for name in names]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _spellings(entry: Entry, outline: Outline) -> Iterator[str]:
    yield entry.name
    yield from entry.setting.aliases
    yield from entry.setting.deprecated
    if _may_be_file(entry, outline):
        yield f"{entry.name}_FILE"


def _in_environment(demand: Demand, outline: Outline) -> Document:
    """
    Return the condition that the environment is one of those of a demand.
    """
    declaration = outline.schema.environment
    if declaration is None:
        return {"not": {}}  # without a field for it, the environment is development
    rule: EnvironmentRule = declaration.rule
    known = rule.words() if rule.strict else {**COMMON_WORDS, **rule.words()}
    words = [word for word, meant in known.items() if meant in demand.environments]
    name = declaration.name
    return {"required": [name], "properties": {name: {"enum": words}}}
