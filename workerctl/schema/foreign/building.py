"""
Build an instance of a settings class under the judged environment, and collect every rejection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import eq
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError

from workerctl.report.records import Record
from workerctl.schema.declarations import Path, Schema, Variable
from workerctl.schema.foreign.annotations import fields_of, nested_models
from workerctl.schema.foreign.construction import CONSTRUCTIONS, Construction
from workerctl.schema.foreign.judged import KINDS, JudgedEnvironment, Kind
from workerctl.schema.foreign.rejected import mapping
from workerctl.schema.foreign.rejected.mapping import Rejection, Sources
from workerctl.schema.foreign.rejected.relaxed import relaxed
from workerctl.schema.foreign.variables import settings_classes
from workerctl.schema.foreign.watching import Reading, watched

Texts = Mapping[Kind, Mapping[str, str]]
"""The texts of all variables in the sources, by kind of source and folded name."""


class Built(Record):
    """
    An instance without the rejected values; None if none could be built.

    `readings` are those of the sources of the first attempt, `remote` the sources that were not
    called because they reach the network, `left_out` the paths of fields that have no value, and
    `hidden` the variables that were left out, in upper case.
    """

    instance: Any
    rejections: tuple[Rejection, ...] = ()
    readings: tuple[Reading, ...] = ()
    remote: tuple[str, ...] = ()
    left_out: frozenset[Path] = frozenset()
    hidden: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Built({len(self.rejections)} rejections)"


def build(schema: Schema, environment: JudgedEnvironment, texts: Texts) -> Built:
    """
    Build the class as it builds itself. After a rejection, the rest is built without the value.
    """
    return _Building(schema, environment, texts).run()


class _Building:
    """
    A sequence of attempts, each of which leaves out what the one before it rejected.
    """

    def __init__(self, schema: Schema, environment: JudgedEnvironment, texts: Texts) -> None:
        self._schema = schema
        self._classes = settings_classes(schema)
        self._environment = environment
        self._texts = texts
        self._left_out: set[Path] = set()
        self._validators = True
        self._rejections: list[Rejection] = []
        self._readings: list[Reading] = []
        self._remote: list[str] = []

    def run(self) -> Built:
        instance, rejections = self._attempt()
        while instance is None and self._next(rejections):
            instance, rejections = self._attempt()
        return Built(
            instance=instance,
            rejections=tuple(self._rejections),
            readings=tuple(self._readings),
            remote=tuple(dict.fromkeys(self._remote)),
            left_out=frozenset(self._left_out),
            hidden=frozenset(name.upper() for _, name in self._environment.hidden),
        )

    def _attempt(self) -> tuple[Any, list[Rejection]]:
        """
        Return an instance, or the reasons for which it failed.
        """
        sources = Sources(self._schema, self._environment, self._visible())
        with (
            self._environment.entered() as remote,
            watched(self._classes, self._left_out) as readings,
        ):
            instance, rejections = self._called(sources)
        self._remote += remote
        if len(readings) > len(self._readings):
            self._readings = readings
        return instance, rejections

    def _called(self, sources: Sources) -> tuple[Any, list[Rejection]]:
        try:
            in_defaults = [*self._in_defaults(sources)]
            if in_defaults:
                return None, in_defaults
            settings_class = self._schema.settings_class
            return relaxed(settings_class, self._left_out, validators=self._validators)(), []
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 -- whatever a validator of the team raises
            return None, [*_reasons(error, sources)]

    def _in_defaults(self, sources: Sources) -> Iterator[Rejection]:
        """
        Build the defaults of fields that are instances again, and yield what they reject.

        A module that says `redis: Redis = Redis()` creates the instance while it is imported.
        """
        for path, made in _defaults(self._schema.settings_class):
            inner = [each[len(path) :] for each in self._left_out if each[: len(path)] == path]
            if () in inner:
                continue
            try:
                fresh = relaxed(type(made.instance), inner)(*made.args, **made.kwargs)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 -- as above
                yield from _reasons(error, sources)
            else:
                vars(made.instance).update(vars(fresh))

    def _next(self, rejections: list[Rejection]) -> bool:
        """
        Leave out what was rejected. Return whether that leads to another attempt.
        """
        before = tuple(self._rejections)
        progress = False
        for each in rejections:
            if self._is_new(each, before):
                self._rejections.append(each)
            progress = (self._hide(each) or self._leave_out(each.path)) or progress
        if not progress and self._validators:
            self._validators = False
            return True
        return progress

    def _is_new(self, rejection: Rejection, before: tuple[Rejection, ...]) -> bool:
        """
        Return whether a rejection is to be reported, and not due to a value that was left out.
        """
        if rejection.variable is None:
            return not before
        if rejection.cause == "missing" and any(
            all(map(eq, rejection.path, each.path)) for each in before if each.path
        ):
            return False  # it is around, or inside of, what was left out
        return rejection.variable not in {each.variable for each in self._rejections}

    def _hide(self, rejection: Rejection) -> bool:
        """
        Hide the variables that set what is rejected. Return whether any was visible.
        """
        if rejection.cause == "missing":
            return False
        names = [*self._names(rejection)]
        visible = self._visible(rejection.kinds)
        found = [name for name in names if name in visible]
        if not found and rejection.path:
            found = [*self._names_below(rejection.path, visible)]
        self._environment = self._environment.without(found, rejection.kinds or KINDS)
        return bool(found)

    def _leave_out(self, path: Path) -> bool:
        """
        Do without the field at a path or, if that was not enough, without the model around it.
        """
        for end in range(len(path), 0, -1):
            if path[:end] not in self._left_out:
                self._left_out.update(self._like(path[:end]))
                return True
        return False

    def _like(self, path: Path) -> Iterator[Path]:
        """
        Yield the path, and the same one in other fields of the same nested settings class.
        """
        yield path
        for above, settings_class in self._classes.items():
            if above and path[: len(above)] == above:
                for other, its_class in self._classes.items():
                    if its_class is settings_class:
                        yield (*other, *path[len(above) :])

    def _names(self, rejection: Rejection) -> Iterator[str]:
        variable = self._schema.variables.get(rejection.variable or "")
        if variable is not None:
            yield from variable.names
        elif rejection.variable is not None:
            yield rejection.variable

    def _names_below(self, path: Path, visible: Iterable[str]) -> Iterator[str]:
        """
        Yield the visible variables of a field, of a nested one, and of the keys of a dictionary.
        """
        below = [*_below(path, self._schema)]
        delimiter = self._schema.fold(self._schema.delimiter or "\0")
        known = {name for variable in below for name in variable.names}
        prefixes = tuple(f"{name}{delimiter}" for name in known)
        yield from (name for name in visible if name in known or name.startswith(prefixes))

    def _visible(self, kinds: Iterable[Kind] = ()) -> dict[str, str]:
        texts: dict[str, str] = {}
        for kind in reversed(tuple(kinds) or KINDS):
            texts |= self._environment.visible(kind, self._texts.get(kind, {}))
        return texts


def _reasons(error: BaseException, sources: Sources) -> Iterator[Rejection]:
    if isinstance(error, ValidationError):
        yield from mapping.of_validation(error, sources)
    elif isinstance(error, SettingsError):
        yield from mapping.of_settings_error(error, sources)
    else:
        yield from mapping.of_exception(error, sources)


def _below(path: Path, schema: Schema) -> Iterator[Variable]:
    for variable in schema.variables.values():
        if any(each[: len(path)] == path for each in (variable.path, *variable.also)):
            yield variable


def _defaults(settings_class: Any) -> Iterator[tuple[Path, Construction]]:
    for above, model in nested_models(settings_class):
        for name, info in fields_of(model).items():
            if isinstance(info.default, BaseSettings):
                made = CONSTRUCTIONS.of(info.default)
                if made is not None:
                    yield (*above, name), made
