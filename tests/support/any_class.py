"""
The schema of a plain settings class, and the context of the checks for any class.
"""

from collections.abc import Iterator, MutableMapping
from datetime import date
from typing import Any

from pydantic import BaseModel

from workerctl.checks.base import Context
from workerctl.preflight import Request, context_of
from workerctl.schema.declarations import Path, Schema, Variable
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options


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


def judged(
    settings_class: Any, environ: MutableMapping[str, str] | None = None, **request: Any
) -> Context:
    """
    Return the context of the checks for a class and a process environment.
    """
    options = Options(settings=settings_class)
    found = load(Settings, options, environ={} if environ is None else environ)
    return context_of(found, Request(**request), date(2026, 11, 22))
