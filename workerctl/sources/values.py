"""
Values that know where they came from, and the sources that assigned them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.sources import envfile
from workerctl.sources.expansion import references
from workerctl.sources.names import Names

ENVIRONMENT = Location("environment")
"""The location of all variables of the process environment."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Assignment(Record):
    """
    A variable in a source. `sets` is the field that it sets and `spelling` how it refers to it.

    Both are None for an unknown name. `entry` is the statement of an env file, and `unset` has the
    names in its `${NAME}` that had no value there, and became empty.
    """

    name: str
    text: str
    location: Location
    sets: str | None = None
    spelling: int | None = None
    entry: envfile.Entry | None = None
    unset: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Assignment({self.sets} at {self.location})"


class Broken(Record):
    """
    A line of an env file that does not set a value, and the reason.

    `entry` is what stands there.
    """

    location: Location
    reason: str
    entry: envfile.Entry | None = None


class Source(Record):
    """
    The assignments of one source, and the lines of it that could not be read.

    `unread` has the names of the files in a secrets directory that set no field. An env file has
    its `text` without the byte order mark that it has if `is_marked`.
    """

    name: str
    assignments: tuple[Assignment, ...]
    broken: tuple[Broken, ...] = ()
    unread: tuple[str, ...] = ()
    text: str = ""
    is_marked: bool = False

    def __repr__(self) -> str:
        return f"Source({self.name}, {len(self.assignments)} assignments)"


def referenced_names(source: Source) -> frozenset[str]:
    """
    Return the names to which `${NAME}` in the values of an env file refers.
    """
    written = (each.entry.value for each in source.assignments if each.entry is not None)
    return frozenset(name for value in written for name in references(value or ""))


Place = Callable[[str], Location]
"""A function that returns where a variable of the environment is set."""


def in_environment(_: str) -> Location:
    """
    Return the location of a variable of the process environment.
    """
    return ENVIRONMENT


class UnknownVariables(Record):
    """
    The variables of the environment that do not set a field. Their texts are read on demand.

    A container among many services has a thousand of them, and few of their texts are ever read.
    Reading all of them would double the time that it takes to load the settings. `place` returns
    where one is set.
    """

    names: tuple[str, ...] = ()
    environ: Mapping[str, str] = _NOTHING
    place: Place = in_environment

    def text(self, name: str) -> str:
        """
        Return the text of a variable, "" if it is not set. It may be a secret.
        """
        return self.environ.get(name, "")

    def __repr__(self) -> str:
        return f"UnknownVariables({len(self.names)} names)"


class Value(Record):
    """
    The effective text of a field, its location, and the locations that it shadows, strongest first.

    `problem` is set if the text could not be read from a file.
    """

    text: str
    location: Location
    shadowed: tuple[Location, ...] = ()
    problem: str | None = None

    def __repr__(self) -> str:
        return f"Value(at {self.location})"


class Unread(Record):
    """
    A variable of a source that the settings class which has a field for it does not read.
    """

    location: Location
    reader: str

    @property
    def words(self) -> str:
        """
        What messages say of the variable, such as "is in .env, which Redis does not read".
        """
        return f"is in {self.location.file or 'the environment'}, which {self.reader} does not read"

    @property
    def remedy(self) -> str:
        """
        What to do about it.
        """
        option = {"env-file": "env_file", "secret-file": "secrets_dir"}.get(self.location.source)
        remedy = "et the variable in the environment."
        return (
            f"S{remedy}"
            if option is None
            else f"Give {self.reader} the same {option}, or s{remedy}"
        )


class Values(Record):
    """
    The values of all sources, by field.

    `unread` has the variables that set nothing because their settings class reads other sources.
    `environment` has the variables that set a field and `unknown` all others. `empty` has the
    location of an empty assignment for each field that nothing else sets. `secrets` are the secrets
    directories.
    """

    names: Names
    files: tuple[str, ...] = ()
    environment: Source | None = None
    unknown: UnknownVariables = UnknownVariables()
    env_files: tuple[Source, ...] = ()
    chosen: Mapping[str, Value] = _NOTHING
    empty: Mapping[str, Location] = _NOTHING
    secrets: tuple[Source, ...] = ()
    unread: Mapping[str, Unread] = _NOTHING

    def is_set(self, name: str) -> bool:
        """
        Return whether a source sets the field to a value that is not empty.
        """
        return name in self.chosen

    def text(self, name: str, default: str = "") -> str:
        """
        Return the raw text of a field. It may be a secret.
        """
        value = self.chosen.get(name)
        return default if value is None else value.text

    def texts(self) -> dict[str, str]:
        """
        Return the raw text of every field that is set. Some are secrets.
        """
        return {name: value.text for name, value in self.chosen.items()}

    def location(self, name: str) -> Location:
        """
        Return the location of a field's value, or of its empty assignment, or the default.
        """
        value = self.chosen.get(name)
        if value is not None:
            return value.location
        return self.empty.get(name, Location("default"))

    def sources(self) -> Iterator[Source]:
        """
        Yield the environment, then the env files in the given order.
        """
        if self.environment is not None:
            yield self.environment
        yield from self.env_files

    def named(self, names: Container[str]) -> Iterator[Assignment]:
        """
        Yield the assignments to these upper-case names, in whatever case a source writes them.
        """
        for name in self.unknown.names:
            if name.upper() in names:
                yield Assignment(name, self.unknown.text(name), self.unknown.place(name))
        for source in self.sources():
            yield from (found for found in source.assignments if found.name.upper() in names)
