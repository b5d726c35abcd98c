"""
Which field names the environment, where a settings class does not say so.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from workerctl.rules import Environment
from workerctl.schema.boot_rules import environment_called
from workerctl.schema.declarations import Declaration, Schema, Variable
from workerctl.schema.foreign.annotations import alternatives

_FIELDS = ("env", "environment", "app_env", "stage", "deployment")


def with_environment(schema: Schema) -> Schema:
    """
    Return the schema with a declaration of the environment, if it has none and a field looks so.
    """
    if schema.environment is not None:
        return schema
    found = {variable.path[0].lower(): variable for variable in _candidates(schema)}
    name = next((found[field].name for field in _FIELDS if field in found), None)
    if name is None:
        return schema
    declarations = {**schema.declarations, Environment: (Declaration(name, Environment(), {}),)}
    return schema._replace(declarations=declarations)


def _candidates(schema: Schema) -> Iterator[Variable]:
    for variable in schema.variables.values():
        if len(variable.path) == 1 and variable.path[0].lower() in _FIELDS:
            words = [*_words(variable.info)]
            if not words or any(map(environment_called, words)):
                yield variable


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
