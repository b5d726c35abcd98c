"""
Instances that a team's module creates while it is imported: none of them decides anything.

Many modules end in `settings = Settings()`, which fails wherever the environment is incomplete, as
it is in every CI job.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_settings import BaseSettings

from workerctl.report.records import Record
from workerctl.schema.foreign.annotations import alternatives
from workerctl.schema.foreign.judged import replaced
from workerctl.schema.imports import importing

_EMPTY = (str, bytes, int, float, bool, list, tuple, set, frozenset, dict)


class Construction(Record):
    """
    An instance and the arguments with which it was created; `failed` if its values were refused.
    """

    instance: BaseSettings
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    failed: bool

    def __repr__(self) -> str:
        return f"Construction({type(self.instance).__name__})"


class Constructions:
    """
    The instances that were created while modules were imported, by identity.

    An instance in the default of a field has to be built again before a class that uses it.
    """

    def __init__(self) -> None:
        self._made: dict[int, Construction] = {}

    def of(self, instance: object) -> Construction | None:
        """
        Return how an instance was created, or None if it was not created during an import.
        """
        return self._made.get(id(instance))

    @property
    def has_failed(self) -> bool:
        """
        Whether the values of any instance were refused.
        """
        return any(made.failed for made in self._made.values())

    @contextmanager
    def lenient(self) -> Iterator[None]:
        """
        Until the context is left, an instance whose values are refused has defaults instead.
        """
        kind: Any = type(BaseSettings)

        def create(cls: Any, *args: Any, **kwargs: Any) -> Any:
            if not issubclass(cls, BaseSettings):
                return type.__call__(cls, *args, **kwargs)
            instance, failed = None, False
            try:
                instance = type.__call__(cls, *args, **kwargs)
            except KeyboardInterrupt:
                raise
            except BaseException:  # noqa: BLE001 -- whatever a validator of the team raises
                failed = True
            made = _blank(cls) if instance is None else instance
            self._made[id(made)] = Construction(made, args, kwargs, failed)
            return made

        with replaced(kind, "__call__", create), importing():
            yield


CONSTRUCTIONS = Constructions()
"""Those of this process, in which a module is imported only once."""


def _blank(model: Any) -> Any:
    """
    Return an instance with defaults and, elsewhere, with empty values.
    """
    fields = model.model_fields
    empty = {name: _empty(info.annotation) for name, info in fields.items()}
    with suppress(Exception):  # a default factory may fail as well
        instance = model.model_construct()
        missing = fields.keys() - vars(instance).keys()
        vars(instance).update({name: empty[name] for name in missing})
        return instance
    instance = model.__new__(model)
    for name, value in {
        "__dict__": empty,
        "__pydantic_fields_set__": set[str](),
        "__pydantic_extra__": None,
        "__pydantic_private__": None,
    }.items():
        object.__setattr__(instance, name, value)
    return instance


def _empty(annotation: Any) -> Any:
    """
    Return an empty value of a type, with which code that only handles it on can go on; else None.
    """
    kind = next(alternatives(annotation), None)
    kind = get_origin(kind) or kind
    if kind in _EMPTY:
        return kind()
    if kind in {SecretStr, SecretBytes}:
        return kind("" if kind is SecretStr else b"")
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _blank(kind)
    return None
