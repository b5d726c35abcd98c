"""
Which field names the environment, where a settings class does not say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from workerctl.rules import Environment
from workerctl.schema.boot_rules.view import environment_called
from workerctl.schema.declarations import Declaration, Schema, Variable
from workerctl.schema.foreign.annotations import alternatives

COMMON_NAMES = ("env", "environment", "app_env", "stage", "deployment")
"""What the field that names the environment is usually called."""

_ENDINGS = ("_env", "_environment")


def with_environment(schema: Schema) -> Schema:
    """
    Return the schema with a declaration of the environment, if it has none and a field looks so.
    """
    if schema.environment is not None:
        return schema
    name = _by_name(schema) or _by_ending(schema)
    if name is None:
        return schema
    declarations = {**schema.declarations, Environment: (Declaration(name, Environment(), {}),)}
    return schema.replace(declarations=declarations)


def _by_name(schema: Schema) -> str | None:
    """
    Return the variable with one of the usual names, unless its words do not mean environments.
    """
    found = {
        each: variable.name
        for variable in _outermost(schema)
        if not (words := [*_words(variable.info)]) or any(map(environment_called, words))
        for each in _names(variable)
    }
    return next((found[field] for field in COMMON_NAMES if field in found), None)


def _by_ending(schema: Schema) -> str | None:
    """
    Return the only variable such as FASTAPI_ENV whose default or choices mean environments.
    """
    found = [
        variable.name
        for variable in _outermost(schema)
        if any(name.endswith(_ENDINGS) for name in _names(variable))
        and any(map(environment_called, _words(variable.info)))
    ]
    return found[0] if len(found) == 1 else None


def _outermost(schema: Schema) -> Iterator[Variable]:
    yield from (each for each in schema.variables.values() if len(each.path) == 1)


def _names(variable: Variable) -> Iterator[str]:
    yield variable.path[0].lower()
    yield from map(str.lower, variable.names)


def _words(info: FieldInfo) -> Iterator[str]:
    """
    Yield the words that the field may be, as far as its declaration says: default and choices.
    """
    default = getattr(info.default, "value", info.default)
    if isinstance(default, str):
        yield default
    elif not info.is_required() and default is not None:
        yield ""  # a number or a flag does not name an environment
    for kind in alternatives(info.annotation):
        yield from _choices(kind)


def _choices(kind: Any) -> Iterator[str]:
    if get_origin(kind) is Literal:
        yield from map(str, get_args(kind))
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield from (str(member.value) for member in kind)
    elif kind is not str:
        yield ""
