"""
What a settings class takes from the values of the sources.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from workerctl.rules import Hidden
from workerctl.schema import introspection
from workerctl.sources.names import Names
from workerctl.sources.values import Values


class FurtherSecrets(dict[str, SecretStr]):
    """
    Secrets by variable name. They can be copied within the process, but not pickled.
    """

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        """
        Refuse pickling, as the settings do.
        """
        message = "These are secrets: call get_settings() where they are needed"
        raise TypeError(message)

    def __copy__(self) -> FurtherSecrets:
        return FurtherSecrets(self)

    def __deepcopy__(self, _memo: object) -> FurtherSecrets:
        return FurtherSecrets(self)  # the values are immutable


class SecretFields:
    """
    The names of the secret fields of a class. Each is decided when it is asked for.

    A boot asks only for what is given as NAME_FILE, and for values that no header can carry.
    """

    def __init__(self, fields: Mapping[str, FieldInfo]) -> None:
        self._fields = fields

    def __contains__(self, name: object) -> bool:
        from workerctl.schema.secrets.declared import is_secret  # most boots do not ask

        info = self._fields.get(name) if isinstance(name, str) else None
        return info is not None and is_secret(str(name), info)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._fields if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def names(settings: type[BaseModel]) -> Names:
    """
    Return the variable names that a settings class accepts.
    """
    fields = settings.model_fields
    return Names(
        fields=frozenset(fields),
        secrets=SecretFields(fields),
        deprecated={
            old: name
            for name, info in fields.items()
            if info.validation_alias is not None
            for old in introspection.deprecated_names(name, info)
        },
        families=getattr(settings, "SECRET_FAMILIES", ()),
        files=frozenset(
            name for name, info in fields.items() if introspection.extras(info).get("file")
        ),
    )


def inherit(settings: type[BaseModel]) -> None:
    """
    Keep the secrecy and the group of a base class for the fields that a subclass redeclares.

    A new type, as in `WEBHOOK_URL: str`, does not make a field public; the rule `Public` does.
    """
    from workerctl.schema.secrets.declared import is_public, is_secret  # most teams use one class

    for name, info in settings.model_fields.items():
        base = _declared_before(settings, name)
        if base is None:
            continue
        if info.json_schema_extra is None:
            info.json_schema_extra = base.json_schema_extra
        if is_secret(name, base) and not is_secret(name, info) and not is_public(info):
            info.metadata.append(Hidden())


def _declared_before(settings: type[BaseModel], name: str) -> FieldInfo | None:
    bases = (base for base in settings.__mro__[1:] if issubclass(base, BaseModel))
    found = (base.model_fields.get(name) for base in bases)
    return next((info for info in found if info is not None), None)


def decoded(settings_class: type[BaseModel], values: Values) -> dict[str, object]:
    """
    Return the values by field, in the form that pydantic validates.
    """
    fields = settings_class.model_fields
    return {
        name: _decoded(settings_class, fields[name], value.text)
        for name, value in values.chosen.items()
        if name in fields and value.problem is None
    }


def _decoded(settings_class: type[BaseModel], info: FieldInfo, text: str) -> object:
    """
    Return a value in the form that pydantic validates, as the options of the class say.

    With `env_parse_none_str`, one text stands for None; with `env_parse_enums`, the names of the
    members of an enumeration are known as well as their values.
    """
    config: Mapping[str, Any] = settings_class.model_config
    if config.get("env_parse_none_str") == text:
        return None
    members = getattr(info.annotation, "__members__", {}) if config.get("env_parse_enums") else {}
    return members[text] if text in members else introspection.decode(info, text)


def further_secrets(fields: Container[str], values: Values) -> FurtherSecrets:
    """
    Return the secrets by variable name that belong to a family of the class, not to a field.
    """
    return FurtherSecrets(
        (name, SecretStr(value.text))
        for name, value in values.chosen.items()
        if name not in fields and values.names.is_secret(name)
    )


def field_texts(fields: Container[str], values: Values) -> FurtherSecrets:
    """
    Return the texts by variable name that set a field, any of which may be a secret.
    """
    return FurtherSecrets(
        (name, SecretStr(value.text)) for name, value in values.chosen.items() if name in fields
    )


def without_arguments(values: Values, arguments: Iterable[str]) -> Values:
    """
    Return the values without those of fields that are passed as arguments, which take precedence.
    """
    return without(values, {(values.names.resolve(name) or (name,))[0] for name in arguments})


def without(values: Values, fields: Container[str]) -> Values:
    """
    Return the values without those of the given fields.
    """
    chosen = {name: value for name, value in values.chosen.items() if name not in fields}
    return values.replace(chosen=chosen)
