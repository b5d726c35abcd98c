"""
Descriptions of a settings class for people: its fields, what they must be, and their defaults.
"""

import math
from collections.abc import Iterable, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from workerctl.report.records import Record
from workerctl.report.words import listed
from workerctl.schema.declarations import Schema
from workerctl.schema.introspection import (
    SEQUENCES,
    bare_type,
    deprecated_names,
    extras,
    holds_url,
    is_undecoded,
    sequence_type,
)
from workerctl.schema.secrets.declared import is_secret
from workerctl.schema.secrets.texts import shown_as
from workerctl.schema.vocabulary import Expects

OTHER_GROUP = "other"
NO_DEFAULT: Final = object()
"""What stands for the default of a field that has none before the class is called."""

_BOUNDS = {"gt": "above", "ge": "of at least", "lt": "below", "le": "of at most"}


class Setting(Record):
    """
    One field of a settings class, described for people.

    `expects` completes "NAME must be …". `public` is the reason why a field with a credential-like
    name is not secret. `deprecated` holds the field's former names, `aliases` its other ones,
    and `path` the path of a nested field.
    """

    name: str
    group: str
    description: str
    expects: str
    default: Any
    required: bool = False
    secret: bool = False
    url: bool = False
    public: str | None = None
    deprecated: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    path: str = ""

    def is_called(self, name: str) -> bool:
        """
        Return whether a name, in whatever case, is one of the setting's, or its path.
        """
        names = (self.name, *self.deprecated, *self.aliases, self.path)
        return name != "" and name.upper() in map(str.upper, names)


def describe(settings: type[BaseModel]) -> tuple[Setting, ...]:
    """
    Return the description of every field of a settings class, in declaration order.
    """
    return tuple(describe_field(name, info) for name, info in settings.model_fields.items())


def describe_field(name: str, info: FieldInfo) -> Setting:
    """
    Return the description of one field.
    """
    extra = extras(info)
    required = info.is_required()
    default = default_of(info)
    return Setting(
        name=name,
        group=extra.get("group") or OTHER_GROUP,
        description=info.description or "",
        expects=expectation(info),
        default=None if default is NO_DEFAULT else default,
        required=required,
        secret=is_secret(name, info),
        url=holds_url(info),
        public=extra.get("public"),
        deprecated=tuple(deprecated_names(name, info)),
    )


def default_of(info: FieldInfo) -> Any:
    """
    Return the default of a field; NO_DEFAULT for a required one and for one that is computed.

    A factory is called twice: what differs, such as a date or a random text, is not a declaration.
    A nested settings class is never called, because it would read the environment.
    """
    factory = info.default_factory
    if info.is_required() or (isinstance(factory, type) and issubclass(factory, BaseSettings)):
        return NO_DEFAULT
    if factory is None:
        return info.default
    try:
        made = [info.get_default(call_default_factory=True, validated_data={}) for _ in range(2)]
        return made[0] if made[0] == made[1] else NO_DEFAULT
    except Exception:  # noqa: BLE001 -- a team's code may raise anything
        return NO_DEFAULT


def default_text(schema: Schema, name: str) -> str:
    """
    Return the default of a variable as written in an env file; empty if it may not be shown whole.

    It is also empty for a required field, and for a default that is computed.
    """
    default = default_of(schema.variables[name].info)
    if default is NO_DEFAULT:
        return ""
    shown, text = shown_as(schema, name, default), as_text(default)
    return text if not shown.secret and as_text(shown.value) == text else ""


def as_text(value: object) -> str:
    """
    Return a validated, public value as it would be written in an env file.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return as_text(value.value)
    if isinstance(value, SEQUENCES):
        return ",".join(as_text(item) for item in value)
    return "" if value is None else str(value)


def expectation(info: FieldInfo, *, is_own: bool = True) -> str:
    """
    Return what the field's value must be, completing "NAME must be …".

    `is_own` is true for the built-in schema, whose lists may be separated by commas.
    """
    for item in info.metadata:
        if isinstance(item, Expects):
            return item.text
    if is_undecoded(info):
        return "text of the form that the class parses"
    if sequence_type(info) is not None:
        return f"a {'comma-separated' if is_own else 'JSON'} list of {_plural(info)}"
    return _scalar(bare_type(info.annotation), _bounds(info.metadata))


def _bounds(metadata: Iterable[object]) -> dict[str, float]:
    found = {}
    for item in metadata:
        for kind in _BOUNDS:
            bound = getattr(item, kind, None)
            if isinstance(bound, int | float) and math.isfinite(bound):
                found[kind] = bound
    return found


def _scalar(annotation: Any, bounds: Mapping[str, float]) -> str:
    if get_origin(annotation) is Literal:
        return _choice(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _choice(member.value for member in annotation)
    if annotation is bool:
        return "true or false"
    if annotation in {int, float}:
        return ("a whole number" if annotation is int else "a number") + _range(bounds)
    if (get_origin(annotation) or annotation) is dict:
        return "a JSON object"
    if get_origin(annotation) in {Union, UnionType}:
        return _union(annotation)
    if annotation in {str, SecretStr, Any} or not isinstance(annotation, type):
        return "text"
    return f"a valid {annotation.__name__}"


def _union(annotation: Any) -> str:
    """
    Return what one of several types accepts; text if any of them takes every text.
    """
    kinds = (
        _scalar(*_without_metadata(kind)) for kind in get_args(annotation) if kind is not NoneType
    )
    words = list(dict.fromkeys(kinds))
    return "text" if "text" in words else _choice(words)


def _without_metadata(annotation: Any) -> tuple[Any, dict[str, float]]:
    if get_origin(annotation) is not Annotated:
        return annotation, {}
    kind, *metadata = get_args(annotation)
    return kind, _bounds(more for each in metadata for more in getattr(each, "metadata", [each]))


def _choice(values: Iterable[object]) -> str:
    return listed(map(str, values), "or")


def _range(bounds: Mapping[str, float]) -> str:
    # A float preserves 15 significant digits; bounds of that length need no exponent.
    shown = {kind: f"{bound:.15g}" for kind, bound in bounds.items()}
    if "ge" in shown and "le" in shown:
        return f" from {shown['ge']} to {shown['le']}"
    limits = [f"{words} {shown[kind]}" for kind, words in _BOUNDS.items() if kind in shown]
    return f" {' and '.join(limits)}" if limits else ""


def _plural(info: FieldInfo) -> str:
    item = next(iter(get_args(bare_type(info.annotation))), None)
    kind, *metadata = get_args(item) if get_origin(item) is Annotated else (item,)
    if kind not in {int, float}:
        return "values"
    flat = [more for entry in metadata for more in getattr(entry, "metadata", [entry])]
    return ("whole numbers" if kind is int else "numbers") + _range(_bounds(flat))
