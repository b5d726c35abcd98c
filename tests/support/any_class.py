"""
The schema of a plain settings class, without the sources of which it could be loaded.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from workerctl.schema.declarations import Path, Schema, Variable


def schema_of(settings_class: Any, prefix: str = "APP_") -> Schema:
    """
    Return the schema of a class whose variables have a prefix, and `__` between nested names.
    """
    variables = {each.name: each for each in _variables(settings_class, prefix, ())}
    return Schema(settings_class, variables, is_own=False)


def _variables(model: Any, prefix: str, path: Path) -> Iterator[Variable]:
    for name, info in model.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _variables(inner, prefix, (*path, name))
        else:
            yield Variable(prefix + "__".join((*path, name)).upper(), (*path, name), info)
