"""
Descriptions of a settings class for people: its fields, what they must be, and their defaults.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Secret, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from workerctl.report.records import Record
from workerctl.report.words import listed
from workerctl.schema.declarations import Schema
from workerctl.schema.introspection import (
    SEQUENCES,
    deprecated_names,
    extras,
    holds_url,
    is_root_model,
    is_undecoded,
)
from workerctl.schema.secrets.declared import is_secret
from workerctl.schema.secrets.texts import shown_as
from workerctl.schema.vocabulary import Expects

OTHER_GROUP = "other"
NO_DEFAULT: Final = object()
"""What stands for the default of a field that has none before the class is called."""

CONSTRAINTS = {
    "string_too_short": "longer",
    "string_too_long": "shorter",
    "string_pattern_mismatch": "of the form that its pattern requires",
    "too_short": "a list of more items",
    "too_long": "a list of fewer items",
}
"""What a text or a list must be whose type is right, by pydantic's type of the error."""

_BOUNDS = {
    "gt": "above",
    "ge": "of at least",
    "lt": "below",
    "le": "of at most",
    "multiple_of": "divisible by",
}
_NUMBERS = {int: "a whole number", float: "a number", Decimal: "a number"}
_TYPES = {
    "IPvAnyAddress": "IP address",
    "IPvAnyInterface": "IP interface",
    "IPvAnyNetwork": "IP network",
    "Pattern": "regular expression",
}
"""What types are called in messages, if not by their names."""


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
    return _form(info.annotation, info.metadata, "comma-separated" if is_own else "JSON")


def _form(annotation: Any, metadata: Iterable[object], lists: str) -> str:
    """
    Return what a value of a type must be. `lists` is how a list of this class is written.
    """
    annotation, metadata = _unwrapped(annotation, metadata)
    kind, arguments = get_origin(annotation) or annotation, get_args(annotation)
    if kind in {Union, UnionType}:
        return _union(_form(each, metadata, lists) for each in arguments if each is not NoneType)
    if kind is Literal:
        return _choice(arguments)
    if kind is Secret and arguments:
        return _form(arguments[0], (), lists)
    if kind in {Any, object} or not isinstance(kind, type):
        return "text"
    if issubclass(kind, Enum):
        return _choice(member.value for member in kind)
    if kind is bool:
        return "true or false"
    if kind in _NUMBERS:
        return _NUMBERS[kind] + _range(_bounds(metadata))
    if is_root_model(kind):
        root = kind.model_fields["root"]  # type: ignore[attr-defined]
        return _form(root.annotation, root.metadata, "JSON")
    if _is_object(kind):
        return "a JSON object"
    if issubclass(kind, str | bytes | SecretStr | SecretBytes):
        return "text"
    if kind is Iterable or issubclass(kind, Collection):
        written = lists if kind in SEQUENCES else "JSON"
        return f"a {written} list of {_items(kind, arguments)}"
    return f"a valid {_TYPES.get(kind.__name__, kind.__name__)}"


def _unwrapped(annotation: Any, metadata: Iterable[object]) -> tuple[Any, list[object]]:
    """
    Return a type without its aliases, and its metadata with those in the annotation.
    """
    found = list(metadata)
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            found += [each for item in more for each in getattr(item, "metadata", [item])]
        elif (inner := getattr(annotation, "__supertype__", None)) is not None:
            annotation = inner  # a NewType
        elif (inner := getattr(annotation, "__value__", None)) is not None:
            annotation = inner  # a type alias
        else:
            return annotation, found


def _is_object(kind: type) -> bool:
    """
    Return whether JSON writes a value of a type as an object: a dictionary, a model, a dataclass.
    """
    is_model = issubclass(kind, BaseModel) and not is_root_model(kind)
    return is_model or issubclass(kind, Mapping) or hasattr(kind, "__dataclass_fields__")


def _items(kind: type, arguments: tuple[Any, ...]) -> str:
    """
    Return what a list is of. A tuple has a fixed number of items, unless it ends in `...`.
    """
    if issubclass(kind, tuple) and arguments and arguments[-1] is not Ellipsis:
        words = list(map(_item, arguments))
        if len(set(words)) == 1:
            return f"{len(words)} {words[0]}"
        return listed([_form(each, (), "JSON") for each in arguments])
    return _item(arguments[0]) if arguments else "values"


def _item(annotation: Any) -> str:
    kind, metadata = _unwrapped(annotation, ())
    if kind in _NUMBERS:
        return f"{_NUMBERS[kind].removeprefix('a ')}s{_range(_bounds(metadata))}"
    return "JSON objects" if isinstance(kind, type) and _is_object(kind) else "values"


def _bounds(metadata: Iterable[object]) -> dict[str, float]:
    found = {}
    for item in metadata:
        for kind in _BOUNDS:
            bound = getattr(item, kind, None)
            if isinstance(bound, int | float) and math.isfinite(bound):
                found[kind] = bound
    return found


def _union(words: Iterable[str]) -> str:
    """
    Return what one of several types accepts; text if any of them takes every text.
    """
    distinct = list(dict.fromkeys(words))
    return "text" if "text" in distinct else _choice(distinct)


def _choice(values: Iterable[object]) -> str:
    return listed(map(str, values), "or")


def _range(bounds: Mapping[str, float]) -> str:
    # A float preserves 15 significant digits; bounds of that length need no exponent.
    shown = {kind: f"{bound:.15g}" for kind, bound in bounds.items()}
    limits = []
    if "ge" in shown and "le" in shown:
        limits.append(f"from {shown.pop('ge')} to {shown.pop('le')}")
    limits += [f"{words} {shown[kind]}" for kind, words in _BOUNDS.items() if kind in shown]
    return f" {' and '.join(limits)}" if limits else ""
