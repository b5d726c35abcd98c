"""
The defaults of a settings class as texts of variables, which the class itself reads back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_settings import BaseSettings

from workerctl.commands.show_config.written import candidates, comparable, ordered, plain, written
from workerctl.report.records import Record
from workerctl.schema.declarations import Path, Schema
from workerctl.schema.description import NO_DEFAULT, default_of
from workerctl.schema.foreign.annotations import fields_of, models_in
from workerctl.schema.loaded import Loaded
from workerctl.schema.secrets.shown import Redact
from workerctl.schema.secrets.texts import shown_as

NOT_SET = "Not set by default."
"""The note about a default that is None or a secret without a text."""


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
    public = {name: values[name] for name, default in found.items() if default is None}
    # The class cannot be built with a part of a model.
    applying = {name: each.value for name, each in public.items() if each.applies}
    texts = written(loaded, applying)
    for name, each in public.items():
        text = texts.get(name)
        if text is None and (not each.applies or loaded.settings is None):
            text = _uncertain(schema, name, each)
        found[name] = _UNWRITABLE if text is None else Default(text, applies=each.applies)
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
        text = getattr(found.value, "get_secret_value", lambda: found.value)()
        return _HIDDEN if text else _UNSET
    whole = plain(found.value)
    shown = shown_as(schema, name, found.value, redact)
    if shown.secret or comparable(ordered(shown.value, found.value)) != comparable(whole):
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


def _uncertain(schema: Schema, name: str, found: _Value) -> str | None:
    """
    Return the text of a default that the class cannot be asked to read; None if it may differ.

    Where the whole class cannot be built because a factory fails, say, only simple texts are
    certain.
    """
    if found.applies and isinstance(plain(found.value), list | dict):
        return None
    return candidates(schema, schema.variables[name], found.value)[0]
