"""
What the sources need to know of a settings class: names, which are secret, how a list is written.

A field is secret when its type is `SecretStr`, or when its name looks like a credential and no
`public` reason stands beside it: forgetting to say so fails closed.
"""

import json
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, SecretStr
from pydantic.fields import FieldInfo

from workerctl.schema.vocabulary import Expects
from workerctl.secrecy.masking import is_credential_name
from workerctl.sources.names import Names

SEQUENCES = (list, tuple, set, frozenset)


def names(settings: type[BaseModel]) -> Names:
    """
    The variable names that a settings class knows.
    """
    fields = settings.model_fields
    return Names(
        fields=frozenset(fields),
        secrets=frozenset(name for name, info in fields.items() if is_secret(name, info)),
        deprecated={
            old: name for name, info in fields.items() for old in deprecated_names(name, info)
        },
        families=getattr(settings, "SECRET_FAMILIES", ()),
        files=frozenset(name for name, info in fields.items() if extras(info).get("file")),
    )


def is_secret(name: str, info: FieldInfo) -> bool:
    """
    Whether the field's value must never be shown.
    """
    if any(kind is SecretStr for kind in _types(info.annotation)):
        return True
    return is_credential_name(name) and not extras(info).get("public")


def holds_url(info: FieldInfo) -> bool:
    """
    Whether the field's value is a URL.
    """
    return any(isinstance(item, Expects) and item.url for item in info.metadata)


def decode(info: FieldInfo, text: str) -> object:
    """
    What pydantic is to validate: the text, or the list that it spells.

    A list that starts with `[` is JSON, any other is comma-separated. Text that is not the JSON
    it promises to be stays text, which the field's type then refuses.
    """
    kind = sequence_type(info)
    if kind is None and _kind(info) is not dict:
        return text
    if kind is None or text.lstrip().startswith("["):
        return _json(text)
    return [item.strip() for item in text.split(",") if item.strip()]


def extras(info: FieldInfo) -> Mapping[str, Any]:
    """
    What the declaration says beside pydantic's own: `group`, `public` and `file`.
    """
    extra = info.json_schema_extra
    return extra if isinstance(extra, dict) else {}


def deprecated_names(name: str, info: FieldInfo) -> Iterator[str]:
    """
    The names by which the field went before.
    """
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    yield from (choice for choice in choices if isinstance(choice, str) and choice != name)


def _types(annotation: object) -> Iterator[object]:
    yield annotation
    if type(annotation) is type:  # most are `str` or `int`
        return
    for argument in get_args(annotation):
        yield from _types(argument)


def bare_type(annotation: Any) -> Any:
    """
    The type without `None` beside it: a source that leaves a field unset says nothing at all.
    """
    if get_origin(annotation) not in {Union, UnionType}:
        return annotation
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 else annotation


def _kind(info: FieldInfo) -> object:
    annotation = bare_type(info.annotation)
    return get_origin(annotation) or annotation


def sequence_type(info: FieldInfo) -> object | None:
    """
    The kind of list, tuple or set that the field holds, None for anything else.
    """
    kind = _kind(info)
    return kind if kind in SEQUENCES else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
