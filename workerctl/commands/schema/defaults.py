"""
The defaults of a settings class as texts of variables, which the class itself reads back.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import AliasChoices, AliasPath
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python
from pydantic_settings import BaseSettings

from workerctl.report.records import Record
from workerctl.schema.declarations import Path, Schema, Variable
from workerctl.schema.description import NO_DEFAULT, as_text, default_of
from workerctl.schema.foreign.annotations import fields_of, models_in
from workerctl.schema.introspection import is_undecoded
from workerctl.schema.loading import Loaded, changed
from workerctl.schema.secrets.shown import Redact
from workerctl.schema.secrets.texts import shown_as

NOT_SET = "Not set by default."
"""The note about a default that is None or a secret without a text."""

_SETS = (set, frozenset)
_SEQUENCES = (list, tuple, *_SETS)


class Default(Record):
    """
    The default of a variable. `text` is None if there is not one that can be written.

    `note` is a sentence about a default that has no text. `applies` is false for a field of a model
    that is not used by default.
    """

    text: str | None = None
    note: str = ""
    applies: bool = True


_REQUIRED = Default()
_UNSET = Default(note=NOT_SET)
_COMPUTED = Default(note="The default is computed.")
_HIDDEN = Default(note="The default is not shown.")
_UNWRITABLE = Default(note="The default cannot be written as text.")


def defaults(
    loaded: Loaded, names: Iterable[str], secrets: frozenset[str], redact: Redact | None
) -> dict[str, Default]:
    """
    Return the default of each of the variables. That of a secret has no text.

    Every text is one from which the class, built with it, gets the default again.
    """
    schema = loaded.schema
    values = {name: _default_at(schema, schema.variables[name].path) for name in names}
    found = {
        name: _without_text(schema, name, value, secrets, redact) for name, value in values.items()
    }
    public = {
        name: _candidates(schema, schema.variables[name], values[name].value)
        for name, default in found.items()
        if default is None
    }
    first = {name: texts[0] for name, texts in public.items()}
    read = _read_back(loaded, first, values)
    for name, texts in public.items():
        text = texts[0] if name in read else _readable(loaded, name, texts, values)
        applies = values[name].applies
        found[name] = _UNWRITABLE if text is None else Default(text, applies=applies)
    return {name: each or _REQUIRED for name, each in found.items()}


class _Value(Record):
    """
    A default, or NO_DEFAULT, and whether the model that contains it is used by default.
    """

    value: Any
    required: bool = False
    applies: bool = True


def _without_text(
    schema: Schema, name: str, found: _Value, secrets: frozenset[str], redact: Redact | None
) -> Default | None:
    """
    Return a default that has no text; None if it is to be written.
    """
    if found.required:
        return _REQUIRED
    if found.value is NO_DEFAULT:
        return _COMPUTED
    if found.value is None:
        return _UNSET
    if name in secrets:
        plain = getattr(found.value, "get_secret_value", lambda: found.value)()
        return _HIDDEN if plain else _UNSET
    whole = _plain(found.value)
    shown = shown_as(schema, name, found.value, redact)
    if shown.secret or _comparable(_ordered(shown.value, found.value)) != _comparable(whole):
        return _HIDDEN
    return None


def _default_at(schema: Schema, path: Path) -> _Value:
    return _in_model(schema.settings_class, path, applies=True)


def _in_model(model: Any, path: Path, *, applies: bool) -> _Value:
    info, rest = fields_of(model)[path[0]], path[1:]
    value = default_of(info)
    if not rest:
        return _Value(value, info.is_required(), applies)
    # The instance of a nested settings class may hold what the environment said at its creation.
    if value is not None and value is not NO_DEFAULT and not isinstance(value, BaseSettings):
        return _in_instance(value, rest, applies=applies)
    for kind in models_in(info.annotation):
        if rest[0] in fields_of(kind):
            return _in_model(kind, rest, applies=applies and value is not None)
    return _Value(None, applies=False)


def _in_instance(value: Any, path: Path, *, applies: bool) -> _Value:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    return _Value(value, applies=applies)


def _candidates(schema: Schema, variable: Variable, value: Any) -> list[str]:
    """
    Return the texts that may represent a value, the most usual one first.
    """
    plain = _wrapped(_plain(value), variable)
    if not isinstance(plain, list | dict):
        return [as_text(plain)]
    compact = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    if not isinstance(plain, list):
        return [compact]
    joined = ",".join(map(as_text, plain))
    splits = schema.is_own or is_undecoded(variable.info)
    return [joined, compact] if splits else [compact, joined]


def _wrapped(plain: Any, variable: Variable) -> Any:
    """
    Return a value in the list or the dictionary of which an alias names a part.
    """
    paths = [each for each in alias_paths(variable.info) if each.path[0] == variable.name]
    for part in reversed(paths[0].path[1:] if paths else []):
        plain = [*[None] * part, plain] if isinstance(part, int) else {part: plain}
    return plain


def alias_paths(info: FieldInfo) -> Iterator[AliasPath]:
    """
    Yield the aliases of a field that name a part of a list or of a dictionary.
    """
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    yield from (each for each in choices if isinstance(each, AliasPath))


def _readable(
    loaded: Loaded, name: str, texts: list[str], values: Mapping[str, _Value]
) -> str | None:
    """
    Return the first of the texts from which the class reads the default; or None.
    """
    if not values[name].applies:  # the class cannot be built with a part of a model
        return texts[0]
    if loaded.settings is None:  # a factory fails, say, so that only simple texts are certain
        return None if isinstance(_plain(values[name].value), list | dict) else texts[0]
    return next((text for text in texts if _read_back(loaded, {name: text}, values)), None)


def _read_back(
    loaded: Loaded, texts: Mapping[str, str], values: Mapping[str, _Value]
) -> frozenset[str]:
    """
    Return the variables whose texts the class reads as their defaults.
    """
    new = changed(loaded, texts)
    if new.settings is None:
        return frozenset()
    return frozenset(
        name
        for name in texts
        if name not in new.invalid
        and _comparable(_plain(new.schema.value(new.settings, name)))
        == _comparable(_plain(values[name].value))
    )


def _comparable(plain: Any) -> Any:
    """
    Return a value by which the types of JSON differ: true is not 1, but 5.0 is 5.
    """
    return json.dumps(plain, sort_keys=True) if isinstance(plain, bool | list | dict) else plain


def _plain(value: Any) -> Any:
    """
    Return a value in JSON types, with sets in a fixed order.
    """
    return _ordered(to_jsonable_python(value, fallback=str, serialize_unknown=True), value)


def _ordered(plain: Any, value: Any) -> Any:
    """
    Return the JSON form of a value with the items of its sets sorted.
    """
    if isinstance(value, _SETS) and isinstance(plain, list):
        return sorted(plain, key=str)
    if isinstance(value, _SEQUENCES) and isinstance(plain, list) and len(plain) == len(value):
        return [_ordered(one, each) for one, each in zip(plain, value, strict=True)]
    if isinstance(value, Mapping) and isinstance(plain, dict) and len(plain) == len(value):
        pairs = zip(plain.items(), value.values(), strict=True)
        return {key: _ordered(one, each) for (key, one), each in pairs}
    return plain
