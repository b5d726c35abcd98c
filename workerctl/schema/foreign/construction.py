"""
Instances that a team's module creates while it is imported: none of them decides anything.

Many modules end in `settings = Settings()`, which fails wherever the environment is incomplete, as
it is in every CI job.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from pydantic_settings import BaseSettings

from workerctl.schema.foreign.judged import replaced


class Construction(NamedTuple):
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
        Until the context is left, an instance whose values are refused has defaults, or None.
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

        with replaced(kind, "__call__", create):
            yield


CONSTRUCTIONS = Constructions()
"""Those of this process, in which a module is imported only once."""


def _blank(settings_class: type[BaseSettings]) -> BaseSettings:
    fields = settings_class.model_fields
    with suppress(Exception):  # a default factory may fail as well
        instance = settings_class.model_construct()
        vars(instance).update(dict.fromkeys(fields.keys() - vars(instance).keys()))
        return instance
    instance = settings_class.__new__(settings_class)
    for name, value in {
        "__dict__": dict.fromkeys(fields),
        "__pydantic_fields_set__": set[str](),
        "__pydantic_extra__": None,
        "__pydantic_private__": None,
    }.items():
        object.__setattr__(instance, name, value)
    return instance
