"""
The texts of the secrets that a settings instance holds, so that they can be redacted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import copy
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic.fields import FieldInfo

from workerctl.report.records import Record
from workerctl.rules import Hidden, Public
from workerctl.schema.declarations import Schema, Variable
from workerctl.schema.instances import known
from workerctl.schema.secrets.declared import is_public, is_secret
from workerctl.schema.secrets.shown import Part, Redact, Shown, parts, shown
from workerctl.secrecy.masking import hidden_parts
from workerctl.secrecy.recognition import secret_spans

# The words before a credential in a header are not secret, and occur in many log lines.
_SCHEME = r"^(?i:bearer|basic|token)\s+"
_HIDDEN = FieldInfo.from_annotation(Annotated[object, Hidden()])  # type: ignore[arg-type]


def secret_texts(settings: Any, schema: Schema | None = None) -> Iterator[str]:
    """
    Yield the text of every secret of a settings instance, whatever its class.

    These are the secrets at every depth, known by type, name or shape; the parts of public URLs
    that are not shown, such as a password; what computed fields and private attributes hold; and
    further secrets such as older encryption keys. Of an object of another package, these are its
    own text and the text in the sources.

    `schema` has the rules of the project's table as well. By default, it is the one with which the
    instance was loaded.
    """
    origin = known(settings)
    if schema is None:
        schema = Schema(type(settings), {}) if origin is None else origin.schema
    for name, info in _fields(settings, schema):
        for part in parts(name, info, getattr(settings, name, None)):
            yield from _texts(part)
    # An instance whose construction failed has neither.
    extra = getattr(settings, "__pydantic_extra__", None) or {}
    private = getattr(settings, "__pydantic_private__", None) or {}
    for name, value in {**extra, **private, **_computed(settings)}.items():
        for part in parts(name, None, value):
            yield from _texts(part)
    if origin is not None:  # that of the built-in class is among its private attributes
        for secret in origin.further_secrets.values():
            yield secret.get_secret_value()
        for name, secret in origin.texts.items():
            if _is_opaque(schema.value(settings, name)):
                for part in _parts_as(schema, name, secret.get_secret_value()):
                    yield from _texts(part)
    for one in schema.of(Hidden):  # perhaps in a table, not at the field
        for part in parts("", _HIDDEN, schema.value(settings, one.name)):
            yield from _texts(part)


def _fields(settings: Any, schema: Schema) -> Iterator[tuple[str, FieldInfo]]:
    """
    Yield the fields of an instance, with `Public` where a table says so.
    """
    paths = {schema.variables[one.name].path for one in schema.of(Public)}
    for name, info in type(settings).model_fields.items():
        yield name, _public(info) if (name,) in paths else info


def secret_variables(schema: Schema) -> frozenset[str]:
    """
    Return the variables whose fields are secret, by type, name or rule, at the field or in a table.
    """
    public = {one.name for one in schema.of(Public)}
    hidden = [schema.variables[one.name].path for one in schema.of(Hidden)]
    return frozenset(
        name
        for name, variable in schema.variables.items()
        if any(variable.path[: len(path)] == path for path in hidden)
        or _is_secret(variable, public=name in public)
    )


def _is_secret(variable: Variable, *, public: bool) -> bool:
    fields = {variable.path: _declared(variable, public=public), **variable.also}
    return any(is_secret(path[-1], info, path[:-1]) for path, info in fields.items())


def is_secret_by_name(schema: Schema, name: str) -> bool:
    """
    Return whether only its name makes a secret variable secret, so that `Public` would undo it.
    """
    variable = schema.variables.get(name)
    if variable is None or _is_hidden(schema, variable):
        return False
    return not _is_secret(variable, public=True)


def _is_hidden(schema: Schema, variable: Variable) -> bool:
    """
    Return whether a table of the project, or a field, hides the variable or what contains it.
    """
    hidden = [schema.variables[one.name].path for one in schema.of(Hidden)]
    return any(variable.path[: len(path)] == path for path in hidden)


def shown_variable(schema: Schema, settings: Any, name: str, redact: Redact | None = None) -> Shown:
    """
    Return what may be shown of the value that an instance has for a variable.
    """
    return shown_as(schema, name, schema.value(settings, name), redact)


def shown_as(schema: Schema, name: str, value: Any, redact: Redact | None = None) -> Shown:
    """
    Return what may be shown of a value, such as a default, of the field that a variable sets.
    """
    field = _field(schema, name)
    return shown(field.name, field.info, value, parents=field.parents, redact=redact)


def secret_parts(schema: Schema, settings: Any, name: str) -> Iterator[Part]:
    """
    Yield the secret parts of the value that an instance has for a variable.
    """
    found = _parts_as(schema, name, schema.value(settings, name))
    yield from (part for part in found if part.is_secret)


def _parts_as(schema: Schema, name: str, value: Any) -> Iterator[Part]:
    """
    Yield all parts of a value of the field that a variable sets.
    """
    field = _field(schema, name)
    yield from parts(field.name, field.info, value, field.parents)


class _Field(Record):
    """
    A field as the class and the table of the project declare it together.
    """

    name: str
    info: FieldInfo
    parents: tuple[str, ...] = ()


def _field(schema: Schema, name: str) -> _Field:
    variable = schema.variables[name]
    if _is_hidden(schema, variable):
        return _Field(name, _HIDDEN)
    info = _declared(variable, public=any(one.name == name for one in schema.of(Public)))
    return _Field(variable.path[-1], info, variable.path[:-1])


def _declared(variable: Variable, *, public: bool) -> FieldInfo:
    """
    Return the declaration of a field, with `Public` if a table says so.
    """
    return _public(variable.info) if public else variable.info


def _public(info: FieldInfo) -> FieldInfo:
    if is_public(info):
        return info
    info = copy(info)
    info.metadata = [*info.metadata, Public]
    return info


def secrets_in(name: str, text: str) -> Iterator[str]:
    """
    Yield the secrets in the text of a variable, known by its name or by their shapes.
    """
    for part in parts(name, None, text):
        yield from _texts(part)


def _is_opaque(value: Any) -> bool:
    """
    Return whether a value is nothing but an object of another package.
    """
    return [part.is_opaque for part in parts("", None, value) if part.value is value] == [True]


def _object_text(value: Any) -> str:
    """
    Return the text that a class gives to its objects; "" without one.
    """
    kind: Any = type(value)
    if kind.__str__ is object.__str__:  # the name of the class, or what it shows of itself
        return ""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 -- a team's code may raise anything
        return ""


def _texts(part: Part) -> Iterator[str]:
    if part.is_opaque:
        part = part.replace(value=_object_text(part.value))
    text = part.text
    if part.place.secret and part.is_secret:
        yield re.sub(_SCHEME, "", text)
    elif isinstance(part.value, bool | int | float | None):
        return
    elif "://" in text and any(hidden_parts(text)):
        yield urlsplit(text)._replace(path="").geturl()
        if part.is_secret and any(secret_spans(urlsplit(text).path)):
            yield text
    elif part.is_secret:
        yield from tuple(secret_spans(text)) or (text,)


def _computed(settings: Any) -> Mapping[str, Any]:
    """
    Return the values of the computed fields that can be computed.
    """
    found: dict[str, Any] = {}
    for name in type(settings).model_computed_fields:
        try:
            found[name] = getattr(settings, name)
        except Exception:  # noqa: BLE001, S112 -- a team's code may raise anything
            continue
    return found
