"""
What may be shown of a value: the same value in JSON types, with every secret in it masked.

    >>> shown("db", Settings.model_fields["db"], settings.db)
    Shown(value={'host': 'db.internal', 'password': '••••••••'}, secret=True)

Declarations decide first (`workerctl.schema.secrets.declared`), then the shape of each text. Every
output of values and every collection of secrets goes through `parts` or `shown`.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from math import isfinite
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from workerctl.report.records import Record
from workerctl.rules import Hidden
from workerctl.schema.introspection import is_root_model
from workerctl.schema.secrets.declared import (
    fields_of,
    has_rule,
    hides_all,
    is_dsn_type,
    is_hidden,
    is_public,
    is_secret_type,
    key_types,
    leaf_types,
)
from workerctl.secrecy import urls
from workerctl.secrecy.credential_names import (
    is_collection_name,
    is_credential_name,
    may_look_random,
)
from workerctl.secrecy.masking import MASK, printable, show_url
from workerctl.secrecy.recognition import has_userinfo, is_random, is_token

Redact = Callable[[str], str]

_DEEPEST = 20
_NUMBERS = (bool, int, float, type(None))
_SEQUENCES = (list, tuple, set, frozenset)
# Modules whose objects show as text exactly what they were made from.
_TEXTUAL = ("pathlib", "uuid", "datetime", "decimal", "ipaddress", "zoneinfo", "re", "fractions")
# Keys that are words, as `password` and `db-host` are, and not credentials themselves.
_WORDS = r"[a-z]{1,16}(?:[_.-][a-z]{1,16}){0,3}"
_URL_IN_TEXT = r"[^\s,;\"'<>()\[\]{}]+://[^\s,;\"'<>]+"


class Shown(Record):
    """
    What may be shown of a value, in JSON types, and whether any part of it is masked.
    """

    value: Any
    secret: bool


class Place(Record):
    """
    Where a value stands, and what its declaration says of it.

    `secret` hides the value with everything in it. `public` and `random` are true for a field that
    is declared public, and for one that may hold random characters. With `by_type`, even a flag is
    secret.
    """

    name: str
    annotation: Any = None
    secret: bool = False
    by_type: bool = False
    public: bool = False
    random: bool = False
    parents: tuple[str, ...] = ()


class Part(Record):
    """
    One text, number or flag in a value, and where it stands.
    """

    value: Any
    place: Place

    @property
    def text(self) -> str:
        """
        The value as text.
        """
        return _text(self.value)

    @property
    def is_opaque(self) -> bool:
        """
        Whether the value is an object of another package, whose text may hold anything.
        """
        return not isinstance(self.value, str | bytes | bytearray) and not _has_text(self.value)

    @property
    def is_secret(self) -> bool:
        """
        Whether the part must not be shown: by its declaration, or by its shape.
        """
        if self.place.secret:
            return self.text != "" and (self.place.by_type or not isinstance(self.value, bool))
        if isinstance(self.value, _NUMBERS):
            return False
        text = self.text
        if is_token(text) or has_userinfo(text) or _holds_secret_json(text):
            return True
        return not (self.place.public or self.place.random) and is_random(text)


def place_of(name: str, info: FieldInfo, parents: tuple[str, ...] = ()) -> Place:
    """
    Return the place of a field, whose name is given without a prefix of the class.
    """
    hidden = has_rule(info, Hidden)
    return Place(
        name=name,
        annotation=info.annotation,
        secret=hidden or hides_all(name, info, parents),
        by_type=hidden,
        public=not hidden and is_public(info),
        random=may_look_random(name),
        parents=(*parents, name),
    )


def shown(
    name: str,
    info: FieldInfo,
    value: Any,
    *,
    parents: tuple[str, ...] = (),
    redact: Redact | None = None,
) -> Shown:
    """
    Return what may be shown of a field's value. `redact` removes known secrets from public texts.
    """
    masked: list[bool] = []

    def show(part: Part) -> Any:
        shown_part = _shown_part(part, redact)
        masked.append(shown_part.secret)
        return shown_part.value

    shown_value = _mapped(value, place_of(name, info, parents), show, 0)
    return Shown(shown_value, any(masked))


def parts(
    name: str, info: FieldInfo | None, value: Any, parents: tuple[str, ...] = ()
) -> Iterator[Part]:
    """
    Yield all parts of a value; without `info`, the name and the shapes alone decide.
    """
    place = _key_place(Place(""), name) if info is None else place_of(name, info, parents)
    found: list[Part] = []
    _mapped(value, place, found.append, 0)
    yield from found


def is_same(value: Any, other: Any) -> bool:
    """
    Return whether two values of settings are the same, with every secret in them.

        >>> is_same(10, 10.0), is_same("10", "10.0"), is_same([SecretStr("a")], [SecretStr("b")])
        (True, False, False)

    They are also the same if an env file has the same text for both: the fields of two classes may
    declare one variable with different types.
    """
    try:
        return bool(
            value == other
            or _compared(value, as_text=False) == _compared(other, as_text=False)
            or _compared(value, as_text=True) == _compared(other, as_text=True)
        )
    except Exception:  # noqa: BLE001 -- a team's class may compare itself in any way
        return False


def _compared(value: Any, *, as_text: bool) -> Any:
    """
    Return a value with nothing masked, in types that compare by value as far as they are known.
    """

    def compared(part: Part) -> Any:
        is_text = isinstance(part.value, str | bytes | bytearray)
        return part.text if is_text or (as_text and _has_text(part.value)) else part.value

    return _mapped(value, Place(""), compared, 0)


def _shown_part(part: Part, redact: Redact | None) -> Shown:
    value, text = part.value, part.text
    if part.is_secret:
        return Shown(_masked(part, text), secret=True)
    if isinstance(value, _NUMBERS):
        is_finite = not isinstance(value, float) or isfinite(value)
        return Shown(value if is_finite else str(value), secret=False)  # JSON has no infinity
    public = _public_text(text)
    redacted = public if redact is None else redact(public)
    return Shown(redacted, secret=redacted != public)


def _masked(part: Part, text: str) -> str:
    """
    Return a mask; of a URL in a field that is not secret as a whole, scheme and host remain.
    """
    dsn = _is_dsn(part.place)
    if "://" not in text or is_token(text) or (part.place.secret and not dsn):
        return MASK
    return show_url(text, secret=dsn or is_random(text))


def _is_dsn(place: Place) -> bool:
    return any(
        isinstance(kind, type) and is_dsn_type(kind) for kind in leaf_types(place.annotation)
    )


def _public_text(text: str) -> str:
    """
    Return a public text, and its URLs without userinfo and query.

    It may contain control characters, which every output for people escapes. Bytes that are not
    UTF-8 are escaped here, because JSON cannot represent them.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        text = printable(text)
    if "://" not in text:
        return text
    if urls.split(text) is not None:
        return show_url(text, secret=False)
    if "@" in text.partition("://")[2]:
        return MASK  # perhaps the end of a password that is not escaped
    return re.sub(_URL_IN_TEXT, lambda found: show_url(found[0], secret=False), text)


def _holds_secret_json(text: str) -> bool:
    """
    Return whether a text is a JSON object or list with a secret in it.
    """
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    found: list[Part] = []
    _mapped(value, Place(""), found.append, 0)
    return any(part.is_secret for part in found)


def _mapped(value: Any, place: Place, show: Callable[[Part], Any], depth: int) -> Any:
    """
    Return the value in JSON types, with `show(part)` in place of every text, number and flag.
    """
    if depth > _DEEPEST:
        return show(Part(MASK, place.replace(secret=True)))
    if hasattr(value, "get_secret_value"):
        hidden = place.replace(secret=True, by_type=True)
        return _mapped(value.get_secret_value(), hidden, show, depth + 1)
    if isinstance(value, Enum):
        return _mapped(value.value, place, show, depth + 1)
    if is_root_model(type(value)):
        root = type(value).model_fields["root"].annotation
        return _mapped(value.root, place.replace(annotation=root), show, depth + 1)
    fields = _fields(value)
    if fields is not None:
        declared = fields_of(type(value))
        return _distinct(
            (
                name if name in declared else _key(name, place, show, depth),
                _mapped(item, _field_place(place, type(value), name), show, depth + 1),
            )
            for name, item in fields.items()
        )
    if isinstance(value, Mapping):
        return _distinct(
            (
                _key(key, place, show, depth),
                _mapped(item, _value_place(place, key), show, depth + 1),
            )
            for key, item in value.items()
        )
    if isinstance(value, _SEQUENCES):
        return [
            _mapped(item, _item_place(place, value, number), show, depth + 1)
            for number, item in enumerate(value)
        ]
    return show(Part(value, place))


def _key(key: Any, place: Place, show: Callable[[Part], Any], depth: int) -> str:
    """
    Return what may be shown of a key of a dictionary; the names of declared fields are public.
    """
    if isinstance(key, str) and any(
        key in fields_of(kind) for kind in leaf_types(place.annotation)
    ):
        return key
    shown_key = _mapped(key, _place_of_key(place, key), show, depth + 1)
    return shown_key if isinstance(shown_key, str) else str(shown_key)


def _place_of_key(place: Place, key: Any) -> Place:
    """
    Return the place of a key of a dictionary.

    A key is secret if its type is, or if the whole field is secret and the key is not an ordinary
    word such as `password`, which says what its value is. In a dictionary of models, a field whose
    name is that of a credential has secret keys, too, although the values are judged one by one.
    """
    by_type = place.by_type or any(map(is_secret_type, key_types(place.annotation)))
    named = is_credential_name(place.name) and not place.public
    secret = place.secret or (named and any(map(fields_of, leaf_types(place.annotation))))
    is_word = isinstance(key, str) and re.fullmatch(_WORDS, key) is not None
    secret = by_type or (secret and not is_word)
    return Place("", secret=secret, by_type=by_type, random=True)


def _distinct(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """
    Return a dictionary of the items, with a number after keys whose mask is the same.
    """
    found: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for key, item in items:
        name = key
        while name in found:
            counts[key] = counts.get(key, 1) + 1
            name = f"{key} {counts[key]}"
        found[name] = item
    return found


def _fields(value: Any) -> Mapping[str, Any] | None:
    """
    Return the values of a model or dataclass by field; None for anything else.
    """
    if isinstance(value, BaseModel):
        values = {name: getattr(value, name, None) for name in type(value).model_fields}
        return {**values, **(value.model_extra or {})}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return dict(value._asdict())
    return None


def _field_place(place: Place, kind: Any, name: str) -> Place:
    info = fields_of(kind).get(name)
    if info is None:
        return _key_place(place, name)
    found = place_of(name, info, place.parents)
    return found.replace(
        secret=found.secret or place.secret, by_type=place.by_type or has_rule(info, Hidden)
    )


def _value_place(place: Place, key: object) -> Place:
    """
    Return the place of a value in a dictionary, which may represent a model.
    """
    for kind in leaf_types(place.annotation):
        if str(key) in fields_of(kind):
            return _field_place(place, kind, str(key))
    return _key_place(place, str(key))


def _key_place(place: Place, key: str) -> Place:
    annotation = _item_annotation(place.annotation, -1)
    secret = place.secret or is_credential_name(key) or is_collection_name(place.name)
    return Place(
        name=key,
        annotation=annotation,
        secret=secret or any(is_hidden(kind) for kind in leaf_types(annotation)),
        by_type=place.by_type,
        public=place.public,
        random=place.random or may_look_random(key),
        parents=(*place.parents, key),
    )


def _item_place(place: Place, sequence: Any, number: int) -> Place:
    """
    Return the place of an item; the second of a pair belongs to the name that is the first.
    """
    annotation = _item_annotation(place.annotation, 0)
    hidden = place.secret or any(is_hidden(kind) for kind in leaf_types(annotation))
    item = place.replace(annotation=annotation, secret=hidden)
    if isinstance(sequence, list | tuple) and len(sequence) == 2 and number == 1:  # noqa: PLR2004 -- a pair
        first = sequence[0]
        if isinstance(first, str) and is_credential_name(first):
            return item.replace(secret=True)
    return item


def _item_annotation(annotation: Any, index: int) -> Any:
    """
    Return the type of the items in a container; the annotation itself where it is not known.
    """
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping | list | tuple | set | frozenset):
        return arguments[index]
    return annotation


def _text(value: Any) -> str:
    if isinstance(value, str):
        return str(value.value) if isinstance(value, Enum) else value
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "surrogateescape")
    if isinstance(value, bool):
        return "true" if value else "false"
    if _has_text(value):
        return str(value)
    kind = type(value)
    return f"<{kind.__module__}.{kind.__qualname__}>"  # its text may hold anything


def _has_text(value: Any) -> bool:
    """
    Return whether the text of an object says exactly what it was made from.
    """
    package = type(value).__module__.partition(".")[0]
    return package in {*_TEXTUAL, "builtins", "pydantic", "pydantic_core"}
