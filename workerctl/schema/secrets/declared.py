"""
Decide by its declaration whether a field is secret: by type, rule and name, at every depth.

A field is secret if its type can hold a secret (`SecretStr`, `SecretBytes`, `Secret[...]`, a DSN of
pydantic, a model or dataclass with such a field), if it is marked `Hidden`, or if its name or an
alias looks like a credential. `Public` overrules the name, and nothing else. A forgotten
declaration therefore hides a value rather than showing it.

Whether a *value* has the shape of a secret is decided by `workerctl.schema.secrets.shown`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from types import MappingProxyType, NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AliasChoices, AliasPath, BaseModel, Secret, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from workerctl.rules import Hidden, Public
from workerctl.secrecy.credential_names import (
    ends_as_credential,
    is_collection_name,
    is_credential_name,
)

Fields = Mapping[str, FieldInfo]

_NO_FIELDS: Fields = MappingProxyType({})
_PLAIN = frozenset({str, int, float, bool, bytes, NoneType})
_NUMBERS = (bool, int, float, complex, NoneType)


def is_secret(name: str, info: FieldInfo, parents: tuple[str, ...] = ()) -> bool:
    """
    Return whether the field's value, or any part of it, must never be shown.

    `name` is that of the field, without a prefix of the class, and `parents` are the names of the
    fields that contain it.
    """
    if info.annotation is SecretStr:  # as most secrets are
        return True
    return hides_all(name, info, parents) or (
        info.annotation not in _PLAIN and declares_secret(info.annotation, (*parents, name))
    )


def hides_all(name: str, info: FieldInfo, parents: tuple[str, ...] = ()) -> bool:
    """
    Return whether everything in the field is secret, because of a rule or of its name.

    The name of a nested model does not make it secret: the names of its fields decide. Nor does a
    name make a flag secret, or a number unless it ends in the word for a credential.
    """
    if has_rule(info, Hidden):
        return True
    if is_public(info):
        return False
    names = [text for text in (name, *aliases(info)) if is_credential_name(text)]
    if not names and not (parents and any(map(is_collection_name, parents))):
        return False
    kinds = list(leaf_types(info.annotation))
    if all(kind in _NUMBERS or _is_choice(kind) for kind in kinds):
        is_flag = all(kind in {bool, NoneType} or _is_choice(kind) for kind in kinds)
        return not is_flag and any(map(ends_as_credential, names))
    return not all(fields_of(kind) or kind in _NUMBERS for kind in kinds)


def is_public(info: FieldInfo) -> bool:
    """
    Return whether the field is declared public, by the rule or by `vocabulary.group`.
    """
    extra = info.json_schema_extra
    return bool(isinstance(extra, dict) and extra.get("public")) or has_rule(info, Public)


def has_rule(info: FieldInfo, kind: type[Any]) -> bool:
    """
    Return whether a rule of this kind is in the annotation, with or without parentheses.
    """
    metadata = info.metadata  # most fields have none
    return bool(metadata) and any(item is kind or isinstance(item, kind) for item in metadata)


def aliases(info: FieldInfo) -> Iterator[str]:
    """
    Yield the other names of a field.
    """
    for alias in (info.alias, info.validation_alias, info.serialization_alias):
        if alias is None:
            continue
        for choice in alias.choices if isinstance(alias, AliasChoices) else [alias]:
            if isinstance(choice, AliasPath):
                yield from (part for part in choice.path if isinstance(part, str))
            else:
                yield choice


def declares_secret(
    annotation: Any, parents: tuple[str, ...] = (), seen: frozenset[Any] = frozenset()
) -> bool:
    """
    Return whether a value of this type may hold a secret, in any of its parts.
    """
    for kind in (*leaf_types(annotation), *key_types(annotation)):
        if kind in _PLAIN or kind in seen:
            continue
        if is_secret_type(kind):
            return True
        for name, info in fields_of(kind).items():
            inner = (*parents, name)
            if hides_all(name, info, parents):
                return True
            if declares_secret(info.annotation, inner, seen | {kind}):
                return True
    return False


def is_secret_type(kind: Any) -> bool:
    """
    Return whether every value of a type is secret; of a DSN of pydantic, a part of it.
    """
    if is_hidden(kind) or not isinstance(kind, type):
        return is_hidden(kind)
    return issubclass(kind, (SecretStr, SecretBytes, Secret)) or is_dsn_type(kind)


def is_hidden(kind: Any) -> bool:
    """
    Return whether an item of an annotation is the rule `Hidden`.
    """
    return kind is Hidden or isinstance(kind, Hidden)


def is_dsn_type(kind: type[Any]) -> bool:
    """
    Return whether a type of pydantic is for URLs that usually hold a password.
    """
    module = "pydantic.networks"
    bases = [each.__name__ for each in kind.__mro__ if each.__module__ == module]
    return any(name.endswith(("Dsn", "MultiHostUrl")) for name in bases)


def fields_of(kind: Any) -> Fields:
    """
    Return the fields of a model, a dataclass, a TypedDict or a NamedTuple; none of other types.
    """
    if not isinstance(kind, type) or kind in _PLAIN:
        return _NO_FIELDS
    if issubclass(kind, BaseModel):
        return kind.model_fields
    found = getattr(kind, "__pydantic_fields__", None)  # a dataclass of pydantic
    if isinstance(found, dict):
        return found
    if dataclasses.is_dataclass(kind) or hasattr(kind, "__total__") or hasattr(kind, "_fields"):
        return {name: FieldInfo.from_annotation(hint) for name, hint in _hints(kind).items()}
    return _NO_FIELDS


def _hints(kind: type[Any]) -> dict[str, Any]:
    from typing import get_type_hints

    try:
        return get_type_hints(kind, include_extras=True)
    except (NameError, TypeError):
        return dict(getattr(kind, "__annotations__", {}))


def leaf_types(annotation: Any) -> Iterator[Any]:
    """
    Yield the types of the values in a field: those of items instead of list or dict.

    A marker in the annotation of an item, such as `Hidden()`, is yielded like a type.
    """
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
        return
    alias = _meaning(annotation)
    if alias is not None:
        yield from leaf_types(alias)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from leaf_types(arguments[0])
        yield from filter(is_hidden, arguments[1:])
    elif origin is Literal:
        yield annotation
    elif arguments:
        if isinstance(origin, type) and (is_secret_type(origin) or fields_of(origin)):
            yield origin  # such as Secret[int], or a generic dataclass
        for argument in arguments[1:] if _is_mapping(origin) else arguments:
            if argument is not Ellipsis:
                yield from leaf_types(argument)
    elif alias is None:
        yield annotation


def key_types(annotation: Any) -> Iterator[Any]:
    """
    Yield the types of the keys of all dictionaries in a field, with markers such as `Hidden()`.
    """
    if isinstance(annotation, type) and not get_args(annotation):
        return
    alias, origin = _meaning(annotation), get_origin(annotation)
    if alias is not None:
        yield from key_types(alias)
    if origin is Literal:
        return
    arguments = get_args(annotation)
    if _is_mapping(origin):
        yield from leaf_types(arguments[0])
    for argument in arguments[:1] if origin is Annotated else arguments:
        yield from key_types(argument)


def _meaning(annotation: Any) -> Any:
    """
    Return what a type alias or a new type stands for; None for anything else.
    """
    alias = getattr(annotation, "__value__", None) or getattr(annotation, "__supertype__", None)
    if alias is None and (origin := get_origin(annotation)) is not None:
        alias = getattr(origin, "__value__", None)  # a generic alias with its arguments
    return alias


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _is_choice(kind: Any) -> bool:
    """
    Return whether the values of a type are those that its declaration lists.
    """
    from enum import Enum

    return get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum))
