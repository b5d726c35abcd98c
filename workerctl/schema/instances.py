"""
What is known about a settings instance besides its values: its schema, its project, other secrets.

The built-in class keeps this in its instances. A class of a team has no place for it, so it is kept
here, for as long as the instance exists.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any

from pydantic import SecretStr

from workerctl.report.records import Record
from workerctl.schema.declarations import Schema
from workerctl.sources.project import Project


class Origin(Record):
    """
    Where an instance came from.

    `further_secrets` are the secrets by variable that its sources hold without setting a field: the
    other keys of its key rings. `texts` are those that they hold for its fields.
    """

    schema: Schema
    project: Project
    further_secrets: Mapping[str, SecretStr]
    texts: Mapping[str, SecretStr] = MappingProxyType({})


# By id, because a pydantic model is hashable only if it is frozen. The references remove the
# entries of instances that no longer exist.
_origins: dict[int, tuple[weakref.ref[Any], Origin]] = {}


def remember(settings: Any, origin: Origin) -> None:
    """
    Keep the origin of an instance.
    """
    number = id(settings)
    _origins[number] = (weakref.ref(settings, lambda _: _origins.pop(number, None)), origin)


def known(settings: Any) -> Origin | None:
    """
    Return the origin of an instance, or None if workerctl has not loaded it.
    """
    found = _origins.get(id(settings))
    return found[1] if found is not None and found[0]() is settings else None


def is_own(settings: Any) -> bool:
    """
    Return whether the class of an instance is the built-in one or derived from it.
    """
    return hasattr(type(settings), "source_project")


def further_secrets(settings: Any) -> Mapping[str, SecretStr]:
    """
    Return the secrets, by variable, that the sources of an instance hold besides its fields.
    """
    if is_own(settings):
        own: Mapping[str, SecretStr] = settings.further_secrets
        return own
    origin = known(settings)
    return {} if origin is None else origin.further_secrets


def project_of(settings: Any) -> Project | None:
    """
    Return the project for which an instance was loaded, or None if it is not known.
    """
    if is_own(settings):
        own: Project | None = settings.source_project
        return own
    origin = known(settings)
    return None if origin is None else origin.project


def plain(value: Any) -> Any:
    """
    Return the value inside a secret or an enumeration; any other value unchanged.
    """
    reveal = getattr(value, "get_secret_value", None)
    if reveal is not None:
        return reveal()
    return value.value if isinstance(value, Enum) else value
