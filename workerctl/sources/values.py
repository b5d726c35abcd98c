"""
Values that know where they came from, and the sources that assigned them.
"""

from collections.abc import Container, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from workerctl.report.findings import Location
from workerctl.sources import envfile
from workerctl.sources.names import Names, Spelling

ENVIRONMENT = Location("environment")
"""Where every variable of the process environment is."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Assignment(NamedTuple):
    """
    One variable as a source gives it. `entry` is the line of an env file.

    `sets` is the field it sets and `spelling` how it names it; both None for an unknown name.
    """

    name: str
    text: str
    location: Location
    sets: str | None = None
    spelling: Spelling | None = None
    entry: envfile.Entry | None = None

    def __repr__(self) -> str:
        return f"Assignment({self.sets} at {self.location})"


class Broken(NamedTuple):
    """
    A line of an env file that gives no value, and why.
    """

    location: Location
    reason: str


class Source(NamedTuple):
    """
    All that one source says, and the lines of it that say nothing.
    """

    name: str
    assignments: tuple[Assignment, ...]
    broken: tuple[Broken, ...] = ()

    def of(self, name: str) -> list[Assignment]:
        """
        What this source assigns to one field.
        """
        return [assignment for assignment in self.assignments if assignment.sets == name]


class UnknownVariables(NamedTuple):
    """
    The variables of the environment that set no field; a text is read when a check needs it.

    A container among many services has a thousand of them, and few of their texts are ever read.
    Reading all of them would double the time that it takes to load the settings.
    """

    names: tuple[str, ...] = ()
    environ: Mapping[str, str] = _NOTHING

    def text(self, name: str) -> str:
        """
        Return what the environment holds under the name; it may be a secret.
        """
        return self.environ.get(name, "")

    def __repr__(self) -> str:
        return f"UnknownVariables({len(self.names)} names)"


class Value(NamedTuple):
    """
    The text that counts for a field, where it came from, and what it shadows, strongest first.

    `problem` says why there is no text: the file that was named cannot be read.
    """

    text: str
    location: Location
    shadowed: tuple[Location, ...] = ()
    problem: str | None = None

    def __repr__(self) -> str:
        return f"Value(at {self.location})"


class Values(NamedTuple):
    """
    What the sources together say, by field.

    `environment` holds the variables of it that set a field, `unknown` all others. `empty` is the
    place of an assignment without a value, for fields that nothing else sets.
    """

    names: Names
    files: tuple[str, ...] = ()
    environment: Source | None = None
    unknown: UnknownVariables = UnknownVariables()
    env_files: tuple[Source, ...] = ()
    chosen: Mapping[str, Value] = _NOTHING
    empty: Mapping[str, Location] = _NOTHING

    def is_set(self, name: str) -> bool:
        """
        Whether any source gives the field a value that is not empty.
        """
        return name in self.chosen

    def text(self, name: str, default: str = "") -> str:
        """
        The raw text of a field; it may be a secret.
        """
        value = self.chosen.get(name)
        return default if value is None else value.text

    def texts(self) -> dict[str, str]:
        """
        The raw text of every field that is set; some are secrets.
        """
        return {name: value.text for name, value in self.chosen.items()}

    def location(self, name: str) -> Location:
        """
        Where the field's value came from, or where it is left empty, or the default.
        """
        value = self.chosen.get(name)
        if value is not None:
            return value.location
        return self.empty.get(name, Location("default"))

    def sources(self) -> Iterator[Source]:
        """
        The environment, then the env files as given.
        """
        if self.environment is not None:
            yield self.environment
        yield from self.env_files

    def named(self, names: Container[str]) -> Iterator[Assignment]:
        """
        What the environment, then the env files assign under these names, in any case of letters.
        """
        for name in self.unknown.names:
            if name.upper() in names:
                yield Assignment(name, self.unknown.text(name), ENVIRONMENT)
        for source in self.sources():
            yield from (found for found in source.assignments if found.name.upper() in names)
