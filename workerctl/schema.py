"""
What can be told about a settings class: its fields for people, its names for the sources.

A field is secret when its type is `SecretStr`, or when its name looks like a credential and no
`public` reason stands beside it: forgetting to say so fails closed.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, SecretStr
from pydantic.fields import FieldInfo

from workerctl.fields import Expects
from workerctl.masking import is_credential_name
from workerctl.names import Names

OTHER_GROUP = "other"
_SEQUENCES = (list, tuple, set, frozenset)
_BOUNDS = {"gt": "above", "ge": "of at least", "lt": "below", "le": "of at most"}


class Setting(NamedTuple):
    """
    One field of a settings class, described for people.
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

    @property
    def default_text(self) -> str:
        """
        The default as it would be written in an env file; "" for a secret or a required field.
        """
        return "" if self.secret or self.required else as_text(self.default)


def describe(settings: type[BaseModel]) -> tuple[Setting, ...]:
    """
    Every field of a settings class, in the order of declaration.
    """
    return tuple(setting(name, info) for name, info in settings.model_fields.items())


def names(settings: type[BaseModel]) -> Names:
    """
    The variable names that a settings class knows.
    """
    fields = settings.model_fields
    return Names(
        frozenset(fields),
        frozenset(name for name, info in fields.items() if is_secret(name, info)),
        {old: name for name, info in fields.items() for old in _deprecated(name, info)},
        getattr(settings, "SECRET_FAMILIES", ()),
    )


def is_secret(name: str, info: FieldInfo) -> bool:
    """
    Whether the field's value must never be shown.
    """
    if any(kind is SecretStr for kind in _types(info.annotation)):
        return True
    return is_credential_name(name) and not _extra(info).get("public")


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
    kind = _sequence(info)
    if kind is None and _kind(info) is not dict:
        return text
    if kind is None or text.lstrip().startswith("["):
        return _json(text)
    return [item.strip() for item in text.split(",") if item.strip()]


def as_text(value: object) -> str:
    """
    A validated public value as it would be written in an env file.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _SEQUENCES):
        return ",".join(as_text(item) for item in value)
    return "" if value is None else str(value)


def expectation(info: FieldInfo) -> str:
    """
    What the field's value must be, completing "NAME must be …".
    """
    for item in info.metadata:
        if isinstance(item, Expects):
            return item.text
    if _sequence(info) is not None:
        return f"a comma-separated list of {_plural(info)}"
    return _scalar(_bare(info.annotation), _bounds(info))


def setting(name: str, info: FieldInfo) -> Setting:
    """
    One field of a settings class.
    """
    extra = _extra(info)
    required = info.is_required()
    return Setting(
        name=name,
        group=extra.get("group") or OTHER_GROUP,
        description=info.description or "",
        expects=expectation(info),
        default=None
        if required
        else info.get_default(call_default_factory=True, validated_data={}),
        required=required,
        secret=is_secret(name, info),
        url=holds_url(info),
        public=extra.get("public"),
        deprecated=tuple(_deprecated(name, info)),
    )


def _extra(info: FieldInfo) -> Mapping[str, Any]:
    extra = info.json_schema_extra
    return extra if isinstance(extra, dict) else {}


def _deprecated(name: str, info: FieldInfo) -> Iterator[str]:
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    yield from (choice for choice in choices if isinstance(choice, str) and choice != name)


def _types(annotation: object) -> Iterator[object]:
    yield annotation
    for argument in get_args(annotation):
        yield from _types(argument)


def _bare(annotation: Any) -> Any:
    """
    The type without `None` beside it: a source that leaves a field unset says nothing at all.
    """
    if get_origin(annotation) not in {Union, UnionType}:
        return annotation
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 else annotation


def _kind(info: FieldInfo) -> object:
    annotation = _bare(info.annotation)
    return get_origin(annotation) or annotation


def _sequence(info: FieldInfo) -> object | None:
    kind = _kind(info)
    return kind if kind in _SEQUENCES else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _bounds(info: FieldInfo) -> dict[str, float]:
    return _bounds_of(info.metadata)


def _bounds_of(metadata: Iterable[object]) -> dict[str, float]:
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
    if annotation in {str, SecretStr, Any} or not isinstance(annotation, type):
        return "text"
    return f"a valid {annotation.__name__}"


def _choice(values: Iterable[object]) -> str:
    choices = [str(value) for value in values]
    return f"{', '.join(choices[:-1])} or {choices[-1]}" if choices[1:] else choices[0]


def _range(bounds: Mapping[str, float]) -> str:
    # fifteen digits: all that a float holds, and no exponent before that
    shown = {kind: f"{bound:.15g}" for kind, bound in bounds.items()}
    if "ge" in shown and "le" in shown:
        return f" from {shown['ge']} to {shown['le']}"
    limits = [f"{words} {shown[kind]}" for kind, words in _BOUNDS.items() if kind in shown]
    return f" {' and '.join(limits)}" if limits else ""


def _plural(info: FieldInfo) -> str:
    item = next(iter(get_args(_bare(info.annotation))), None)
    kind, *metadata = get_args(item) if get_origin(item) is Annotated else (item,)
    if kind not in {int, float}:
        return "values"
    flat = [more for entry in metadata for more in getattr(entry, "metadata", [entry])]
    return ("whole numbers" if kind is int else "numbers") + _range(_bounds_of(flat))
