"""
Immutable records whose classes take little time to create.
"""

from __future__ import annotations

from typing import Any, NoReturn, Self, dataclass_transform


@dataclass_transform(frozen_default=True)
class Record:
    """
    Base class of records: immutable, compared by value, with a field for each annotation.

        class Place(Record):
            file: str
            line: int = 1

        Place("app.py", line=3).replace(line=4)

    A value in the class body is the default of its field. A record with a value that may be secret
    defines a `__repr__` without it. Raises TypeError if the arguments do not fit the fields.
    """

    field_names: tuple[str, ...] = ()
    """The names of the fields in the order of their declaration."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.field_names = tuple(cls.__annotations__)

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = self.field_names
        mine = self.__dict__
        mine.update(zip(fields, values))  # noqa: B905 -- strict= takes a third of the time
        for name in fields[len(values) :]:
            if name in named:
                mine[name] = named.pop(name)
            elif hasattr(type(self), name):
                mine[name] = getattr(type(self), name)
            else:
                message = f"{type(self).__name__} is created without {name}"
                raise TypeError(message)
        if named or len(values) > len(fields):
            message = f"{type(self).__name__} has {len(fields)} fields, and got other arguments"
            raise TypeError(message)

    def replace(self, **changes: Any) -> Self:
        """
        Return a copy with other values for the named fields.

        Raises TypeError for a name that is not a field.
        """
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.__dict__.update(changes)
        if len(copy.__dict__) != len(self.field_names):
            message = f"{type(self).__name__} has no such field to replace"
            raise TypeError(message)
        return copy

    def __setattr__(self, name: str, value: object) -> NoReturn:
        del value  # error reporters send local variables
        message = f"{type(self).__name__} is immutable: {name} cannot be assigned"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> NoReturn:
        message = f"{type(self).__name__} is immutable: {name} cannot be deleted"
        raise AttributeError(message)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *map(self.__dict__.get, self.field_names)))

    def __repr__(self) -> str:
        values = (f"{name}={self.__dict__[name]!r}" for name in self.field_names)
        return f"{type(self).__name__}({', '.join(values)})"
