"""
Subclasses that demand less than a settings class, to judge the rest of a rejected configuration.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any

from pydantic import BaseModel, create_model, model_validator

from workerctl.schema.declarations import Path


def relaxed(model: Any, paths: Iterable[Path], *, validators: bool = True) -> Any:
    """
    Return a subclass in which the required fields at these paths may be missing, unvalidated.

    Without `validators`, the validators of the whole model are left out as well.
    """
    below: dict[str, list[Path]] = {}
    for first, *rest in filter(None, paths):
        below.setdefault(first, []).append(tuple(rest))
    fields: dict[str, Any] = {
        name: _relaxed_field(model.model_fields[name], rest)
        for name, rest in below.items()
        if name in model.model_fields
    }
    left_out = {} if validators else _without_effect(model)
    if not fields and not left_out:
        return model
    return create_model(
        model.__name__,
        __base__=model,
        __module__=model.__module__,
        __validators__=left_out,
        **fields,
    )


def _relaxed_field(info: Any, paths: list[Path]) -> tuple[Any, Any]:
    kind = info.annotation
    less = copy(info)
    if () in paths or not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        less.annotation, less.metadata, less.validate_default = Any, [], False
        if info.is_required():
            less.default = None
    elif not isinstance(info.default, BaseModel):  # an instance does not belong to the subclass
        less.annotation = relaxed(kind, paths)
        if info.default_factory is kind:
            less.default_factory = less.annotation
    return less.annotation, less


def _without_effect(model: Any) -> dict[str, Any]:
    """
    Return validators that replace those of the model and accept everything.
    """
    found: dict[str, Any] = {}
    validator: Any = model_validator
    for name, decorator in model.__pydantic_decorators__.model_validators.items():
        mode = decorator.info.mode
        if mode == "after":
            found[name] = validator(mode="after")(_unchanged)
        elif mode == "before":
            found[name] = validator(mode="before")(classmethod(_given))
        else:
            found[name] = validator(mode="wrap")(classmethod(_handled))
    return found


def _unchanged(self: Any) -> Any:
    return self


def _given(_cls: Any, data: Any) -> Any:
    return data


def _handled(_cls: Any, data: Any, handler: Any) -> Any:
    return handler(data)
