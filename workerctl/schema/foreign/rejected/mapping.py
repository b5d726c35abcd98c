"""
What a settings class rejects, mapped to its variables. No text of an exception is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args

from pydantic import AliasChoices, AliasPath, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType
from pydantic_settings import SettingsError

from workerctl.report import places
from workerctl.report.places import Place
from workerctl.report.records import Record
from workerctl.schema.declarations import Path, Schema, Variable
from workerctl.schema.foreign.annotations import (
    alternatives,
    fields_of,
    is_complex,
    models_in,
    nested_models,
)
from workerctl.schema.foreign.judged import JudgedEnvironment, Kind
from workerctl.schema.foreign.rejected.unreadable import Unreadable, source_of
from workerctl.schema.foreign.variables import alias_keys, settings_classes

Cause = Literal["type", "json", "missing", "validator", "machine", "unknown", "source"]

_KNOWN_TYPES = frozenset(get_args(ErrorType))
_BY_VALIDATOR = ("value_error", "assertion_error")
_OF_TYPES = (
    *("base64_", "byte_size", "color_", "import_", "ip_", "path_type", "pattern_", "payment_card_"),
    "zoneinfo_",
)
"""Prefixes of the kinds of errors that types of pydantic raise in Python code."""
_NO_TEXT = (
    *("bool_type", "bytes_type", "date_type", "datetime_type", "decimal_type", "float_type"),
    *("int_type", "time_delta_type", "time_type", "uuid_type"),
)
"""The kinds of errors for a text where a type accepts no text at all."""
_OF_DISCRIMINATOR = {
    "union_tag_invalid": "union_tag_invalid",
    "union_tag_not_found": "missing",
}
_CHOICES = ("literal_error", "enum")
_OF_MACHINE = (
    "path_not_directory",
    "path_not_file",
    "path_exists",
    "path_not_socket",
    "parent_does_not_exist",
)
_FUNCTIONAL = "pydantic.functional_validators"
_FIELD = r'field "([^"]+)"'
_SOURCE = r'source "(\w+)"'
_KINDS: Mapping[str, tuple[Kind, ...]] = {
    "EnvSettingsSource": ("environment",),
    "DotEnvSettingsSource": ("env-file",),
    "SecretsSettingsSource": ("secret-file",),
}


class Rejection(Record):
    """
    Why the class refuses the value of a field, or all values where `path` is empty.

    `variable` is the one that sets the field, or a name below the field, which may be unknown or
    be that of a key of a dictionary. `type` is
    pydantic's type of the error or the name of an exception; neither holds a value. `kinds` are
    the kinds of the sources that hold the value, where they are known. `lacks` is what is
    missing inside of the value, in words. `takes_no_text` says that the type refuses every text.
    `unreadable` is the source that raised the exception.
    """

    path: Path
    variable: str | None
    cause: Cause
    type: str
    place: Place | None = None
    kinds: tuple[Kind, ...] = ()
    lacks: str | None = None
    takes_no_text: bool = False
    unreadable: Unreadable | None = None


class Sources(Record):
    """
    The schema, and the texts of its variables in the sources: what an error is traced to.
    """

    schema: Schema
    environment: JudgedEnvironment
    texts: Mapping[str, str]

    def is_set(self, variable: Variable) -> bool:
        """
        Return whether a visible source sets a variable.
        """
        return any(name in self.texts for name in map(self.schema.fold, variable.names))

    def text(self, variable: Variable) -> str:
        """
        Return the text of a variable. It may be a secret.
        """
        return next(self.texts[name] for name in variable.names if name in self.texts)

    def at(self, path: Path) -> Iterator[Variable]:
        """
        Yield the variables that set the field at a path.
        """
        for variable in self.schema.variables.values():
            if variable.path == path or path in variable.also:
                yield variable

    def setting(self, path: Path) -> Variable | None:
        """
        Return the variable that sets a field: its own, or one that sets a whole model as JSON.
        """
        ways = [variable for end in range(len(path), 0, -1) for variable in self.at(path[:end])]
        return next((each for each in ways if self.is_set(each)), next(iter(ways), None))

    def below(self, variable: Variable, location: tuple[str, ...]) -> tuple[str | None, int]:
        """
        Return the name that sets what is at a location below a variable, and how many keys it has.

        The variable itself is not that name, but LIMITS__CPU may be one below LIMITS. The location
        may have further parts, such as the names of union members.
        """
        found = [(keys, name) for keys, name in self._keys(variable) if _is_in(keys, location)]
        keys, name = max(found, key=lambda each: len(each[0]), default=([], None))
        return name, len(keys)

    def lacking(self, variable: Variable, location: tuple[str, ...]) -> str | None:
        """
        Return the name of what is missing at a location, if its neighbours are variables.
        """
        *above, last = location
        found = [(keys, name) for keys, name in self._keys(variable) if _is_in(keys[:-1], above)]
        if not found:
            return None
        keys, name = max(found, key=lambda each: len(each[0]))
        return f"{name[: len(name) - len(keys[-1])]}{self.schema.fold(last)}"

    def _keys(self, variable: Variable) -> Iterator[tuple[list[str], str]]:
        """
        Yield the keys in each set name below a variable, and the name.
        """
        delimiter = self.schema.fold(self.schema.delimiter or "\0")
        for prefix in (f"{name}{delimiter}" for name in variable.names):
            for name in self.texts:
                if name.startswith(prefix):
                    yield name.removeprefix(prefix).split(delimiter), name


def of_validation(error: ValidationError, sources: Sources) -> Iterator[Rejection]:
    """
    Yield what pydantic rejects.
    """
    above = _path_of_class(error.title, sources)
    for each in error.errors(include_input=False, include_url=False):
        if each["type"] == "extra_forbidden":
            yield _unknown(tuple(map(str, each["loc"])), sources)
        else:
            yield _rejection(_at_discriminator(each), above, sources)


def _at_discriminator(item: ErrorDetails) -> ErrorDetails:
    """
    Return an error at a union as one at the field that chooses its member.
    """
    field = str(item.get("ctx", {}).get("discriminator", "")).strip("'")
    if item["type"] not in _OF_DISCRIMINATOR or not field.isidentifier():
        return item
    kind = _OF_DISCRIMINATOR[item["type"]]
    return {**item, "type": kind, "loc": (*item["loc"], field)}


def of_settings_error(error: SettingsError, sources: Sources) -> Iterator[Rejection]:
    """
    Yield the variables whose text is not the JSON that their field needs.

    The error names the field of a class and the source, but no variable. Of those below the field,
    the ones that cannot be decoded are at fault.
    """
    field, source = (re.search(pattern, str(error)) for pattern in (_FIELD, _SOURCE))
    name = field[1] if field else ""
    paths = [
        path
        for each in sources.schema.variables.values()
        for path in (each.path, *each.also)
        if name in path
    ]
    if not paths:
        yield Rejection((), None, "validator", type(error).__name__)
        return
    path = min((path[: path.index(name) + 1] for path in paths), key=len)
    kinds = _KINDS.get(source[1], ()) if source else ()
    found = [each for each in _below(path, sources) if _is_bad_json(each, sources)]
    setting = sources.setting(path)
    for variable in found or ([] if setting is None else [setting]):
        yield Rejection(variable.path, variable.name, "json", "json_invalid", kinds=kinds)


def of_exception(error: BaseException, sources: Sources) -> Iterator[Rejection]:
    """
    Yield what an exception that pydantic does not catch says: by which validator it was raised.

    It may be a source that has raised it.
    """
    unreadable = source_of(error)
    is_of_machine = isinstance(error, OSError)
    if unreadable is not None:
        place, kind = places.last_of(error), type(error).__name__
        by: Cause = "machine" if is_of_machine else "source"
        yield Rejection((), None, by, kind, place, unreadable=unreadable)
        return
    place = places.validator_of(error)
    cause: Cause = "machine" if is_of_machine else "validator"
    path = () if place is None else _judged_by(place, sources)
    variable = sources.setting(path) if path else None
    name = None if variable is None else variable.name
    yield Rejection(path, name, cause, type(error).__name__, place)


def path_of(location: Iterable[str], schema: Schema) -> Path:
    """
    Return the path of the field that a location of pydantic's points into.

    A location also holds indexes, names of union members, and aliases in place of field names.
    """
    path: Path = ()
    models: list[Any] = [schema.settings_class]
    parts = list(location)
    while parts:
        field = next((found for model in models if (found := _field(parts, model))), None)
        if field is not None:
            path = (*path, field)
            info = next(fields[field] for m in models if field in (fields := fields_of(m)))
            models = list(models_in(info.annotation))
        parts.pop(0)
    return path


def _field(parts: list[str], model: Any) -> str | None:
    """
    Return the field of a model that the beginning of a location names, or None.
    """
    fields = fields_of(model)
    for name, info in fields.items():
        if any(parts[: len(keys)] == keys for keys in _alias_paths(info)):
            return name
    if parts[0] in fields:
        return parts[0]
    folded = parts[0].lower()
    return next(
        (name for name, info in fields.items() if folded in map(str.lower, alias_keys(info))),
        None,
    )


def _alias_paths(info: Any) -> Iterator[list[str]]:
    alias = info.validation_alias
    for choice in alias.choices if isinstance(alias, AliasChoices) else [alias]:
        if isinstance(choice, AliasPath):
            yield list(map(str, choice.path))


def _path_of_class(title: str, sources: Sources) -> Path:
    """
    Return the path of a nested settings class, whose own error names only the class.
    """
    if title == sources.schema.settings_class.__name__:
        return ()
    paths = settings_classes(sources.schema).items()
    return next((path for path, each in paths if path and each.__name__ == title), ())


def _rejection(item: ErrorDetails, above: Path, sources: Sources) -> Rejection:
    location = (*above, *map(str, item["loc"]))
    path = path_of(location, sources.schema)
    raised = item.get("ctx", {}).get("error")
    place = places.validator_of(raised) if isinstance(raised, BaseException) else None
    variable = sources.setting(path) if path else None
    cause = _cause(item["type"], raised)
    if variable is None:
        return Rejection((), None, cause, item["type"], place)
    if cause == "validator" and place is None:
        cause = "validator" if _has_validators(path, variable, sources.schema) else "type"
    is_inside = cause == "missing" and path_of(location[:-1], sources.schema) == path
    below, keys = sources.below(variable, location[:-1] if is_inside else location)
    if is_inside and below is None:
        below = sources.lacking(variable, location)
    depth = len(location) - len(path) - keys
    return Rejection(
        path=path,
        variable=below or variable.name,
        cause=cause,
        type=item["type"],
        place=place,
        lacks=_lacking(item["loc"][-1], depth) if is_inside else None,
        takes_no_text=below is None
        and sources.is_set(variable)
        and _takes_no_text(item["type"], variable),
    )


def _is_in(keys: Iterable[str], location: Iterable[str]) -> bool:
    """
    Return whether a location has these parts in this order, in whatever case.
    """
    parts = iter([part.upper() for part in location])
    return all(key.upper() in parts for key in keys)


def _lacking(last: int | str, depth: int) -> str:
    """
    Return in words what is missing inside of a field: items, or a key that the class declares.
    """
    if isinstance(last, int):
        return f"at least {last + 1} items"
    return last if depth == 1 else f"{last} in every item"


def _takes_no_text(error: str, variable: Variable) -> bool:
    """
    Return whether the type of a variable is a strict one, or a choice of other values than texts.

    `error` is pydantic's type of the error for the text that a source has for it.
    """
    kinds = [*alternatives(variable.info.annotation)]
    if len(kinds) != 1 or is_complex(kinds[0]):
        return False
    if error not in _CHOICES:
        return error in _NO_TEXT
    from pydantic import TypeAdapter  # few classes have such a type

    (kind,) = kinds
    choices = get_args(kind) or [each.value for each in kind]
    return not any(_is_accepted(TypeAdapter(kind), str(each)) for each in choices)


def _is_accepted(adapter: Any, text: str) -> bool:
    try:
        adapter.validate_python(text)
    except ValidationError:
        return False
    return True


def _has_validators(path: Path, variable: Variable, schema: Schema) -> bool:
    """
    Return whether a validator in the annotation of a field or in its class may reject its value.
    """
    if any(type(each).__module__ == _FUNCTIONAL for each in variable.info.metadata):
        return True
    models = (model for above, model in nested_models(schema.settings_class) if above == path[:-1])
    return any(
        not {"*", path[-1]}.isdisjoint(decorator.info.fields)
        for model in models
        if hasattr(model, "__pydantic_decorators__")
        for decorator in model.__pydantic_decorators__.field_validators.values()
    )


def _cause(kind: str, raised: object) -> Cause:
    causes: list[object] = [raised]
    if isinstance(raised, BaseException):
        causes += [raised.__cause__, raised.__context__]
    if kind in _OF_MACHINE or any(isinstance(each, OSError) for each in causes):
        return "machine"
    if kind == "missing":
        return "missing"
    if kind == "json_invalid":
        return "json"
    is_known = kind in _KNOWN_TYPES or kind.startswith(_OF_TYPES)
    return "validator" if kind in _BY_VALIDATOR or not is_known else "type"


def _unknown(location: tuple[str, ...], sources: Sources) -> Rejection:
    """
    Return the rejection of a name that the class, or a nested model, does not declare.
    """
    path = path_of(location[:-1], sources.schema)
    variable = sources.setting(path) if path else None
    delimiter = sources.schema.delimiter or ""
    ends = [location[-1]]
    if variable is not None:
        ends = [f"{name}{delimiter}{location[-1]}" for name in variable.names]
    name = next((name for name in map(sources.schema.fold, ends) if name in sources.texts), None)
    if name is None and variable is not None and sources.is_set(variable):
        return Rejection(path, variable.name, "unknown", "extra_forbidden")
    return Rejection(path, name, "unknown", "extra_forbidden")


def _below(path: Path, sources: Sources) -> Iterator[Variable]:
    for variable in sources.schema.variables.values():
        if any(each[: len(path)] == path for each in (variable.path, *variable.also)):
            yield variable


def _is_bad_json(variable: Variable, sources: Sources) -> bool:
    if not sources.is_set(variable) or not is_complex(variable.info.annotation):
        return False
    try:
        json.loads(sources.text(variable))
    except (ValueError, RecursionError):
        return True
    return False


def _judged_by(place: Place, sources: Sources) -> Path:
    """
    Return the path of the only field that a validator judges, or the empty path.
    """
    for path, model in nested_models(sources.schema.settings_class):
        if not hasattr(model, "__pydantic_decorators__"):
            continue
        for name, decorator in model.__pydantic_decorators__.field_validators.items():
            function = getattr(decorator.func, "__func__", decorator.func)
            fields = decorator.info.fields
            if getattr(function, "__code__", None) is place.code and len(fields) == 1:
                return (*path, fields[0]) if fields[0] != "*" and name else ()
    return ()
