"""
What the annotation of a field allows: nested models, dictionaries, sequences.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from workerctl.schema.introspection import is_root_model

DEEPEST = 8
"""How deeply models are looked into: one may contain itself."""


def alternatives(annotation: Any) -> Iterator[Any]:
    """
    Yield the types that a value may have: the members of a union, without None.
    """
    annotation = getattr(annotation, "__value__", annotation)  # a type alias
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from alternatives(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for argument in get_args(annotation):
            yield from alternatives(argument)
    elif annotation is not NoneType:
        yield annotation


def models_in(annotation: Any) -> Iterator[Any]:
    """
    Yield the models and dataclasses that a value of this type may be.
    """
    for kind in alternatives(annotation):
        if not isinstance(kind, type) or get_origin(kind) is not None:
            continue
        is_model = issubclass(kind, BaseModel) and not is_root_model(kind)
        if is_model or dataclasses.is_dataclass(kind):
            yield kind


def nested_models(model: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """
    Yield a model and those in its fields, at any depth, each after its path.
    """
    yield above, model
    if len(above) < DEEPEST:
        for name, info in fields_of(model).items():
            for below in models_in(info.annotation):
                yield from nested_models(below, (*above, name))


def is_mapping(annotation: Any) -> bool:
    """
    Return whether a value may be a dictionary.
    """
    kinds = (get_origin(kind) or kind for kind in alternatives(annotation))
    return any(isinstance(kind, type) and issubclass(kind, Mapping) for kind in kinds)


def item_type(annotation: Any, key: str) -> Any:
    """
    Return the type of a key of a dictionary or of a model; Any if it is not known.
    """
    for kind in alternatives(annotation):
        origin = get_origin(kind) or kind
        if not isinstance(origin, type):
            continue
        # The TypedDict of typing_extensions is another one than that of typing.
        if hasattr(origin, "__total__") or any(True for _ in models_in(origin)):
            hints: Mapping[str, Any] = {}
            with suppress(Exception):  # a name that only a type checker imports
                hints = get_type_hints(origin, include_extras=True)
            of_keys = {name.upper(): hint for name, hint in hints.items()}
            further = of_keys.get("__PYDANTIC_EXTRA__", Any)
            found = of_keys.get(key.upper()) or item_type(further, key)
            if found is not Any:
                return found
        if issubclass(origin, Mapping) and get_args(kind):
            return get_args(kind)[-1]
    return Any


def is_complex(annotation: Any) -> bool:
    """
    Return whether pydantic-settings decodes a value as JSON.
    """
    kinds = [get_origin(kind) or kind for kind in alternatives(annotation)]
    return any(True for _ in models_in(annotation)) or any(
        isinstance(kind, type)
        and not issubclass(kind, str | bytes)
        and issubclass(kind, Mapping | BaseModel | Sequence | AbstractSet | deque)
        for kind in kinds
    )


def fields_of(model: Any) -> Mapping[str, FieldInfo]:
    """
    Return the fields of a model or a dataclass.
    """
    if issubclass(model, BaseModel):
        fields: Mapping[str, FieldInfo] = model.model_fields
        return fields
    known: Mapping[str, FieldInfo] | None = getattr(model, "__pydantic_fields__", None)
    return known if known is not None else _fields_of_dataclass(model)


def _fields_of_dataclass(model: Any) -> Mapping[str, FieldInfo]:
    hints: Mapping[str, Any] = {}
    with suppress(Exception):  # a name that only a type checker imports
        hints = get_type_hints(model, include_extras=True)
    return {
        field.name: _field(hints.get(field.name, Any), field) for field in dataclasses.fields(model)
    }


def _field(annotation: Any, field: dataclasses.Field[Any]) -> FieldInfo:
    info = FieldInfo.from_annotation(annotation)
    if field.default is not dataclasses.MISSING:
        info.default = field.default
    elif field.default_factory is not dataclasses.MISSING:
        info.default_factory = field.default_factory
    return info
