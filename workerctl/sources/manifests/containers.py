"""
A container as a manifest describes it, in terms that docker compose and Kubernetes share.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from workerctl.report.findings import Location
from workerctl.report.records import Record

Said = TypeVar("Said")

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Fact(Record, Generic[Said]):
    """
    Something that a manifest says, and where. `hint` is what to do about it, if anything is.
    """

    value: Said
    location: Location
    hint: str | None = None

    def __repr__(self) -> str:
        return f"Fact(at {self.location})"


class Variable(Record):
    """
    A variable of a container's environment.

    `text` is its value, which may be a secret. It is None if the value comes from somewhere else
    when the container starts; `source` then says from where, as in "the Secret worker-keys". If
    only a part of it comes from there, `partial` has the value with a reference in place of that
    part, such as `${NAME}` or `$(NAME)`. It may contain a secret, too.

    `in_clear` is true if the value is written in the manifest itself, outside of a Secret. `entry`
    is where the container refers to the value, if that is another place.
    """

    text: str | None
    location: Location
    source: str = ""
    in_clear: bool = False
    entry: Location | None = None
    partial: str | None = None

    def __repr__(self) -> str:
        return f"Variable(at {self.location})"


class Mount(Record):
    """
    What a container sees at one of its paths.

    `file` is the file of the project that is mounted, None if it is not one. `text` is its content
    if the manifest itself has it. `is_kept` is true if what the container writes there outlives it.
    """

    file: str | None = None
    text: str | None = None
    is_kept: bool = False

    def __repr__(self) -> str:
        return f"Mount({self.file})"


class Container(Record):
    """
    A container of a manifest. None means that the manifest does not say it.

    - `name` is that of the service, or `Kind/name` of the workload, with `:container` after it if
      the workload has several.
    - `image` is the image's name. It `is_local` if no registry is asked for it. `code` identifies
      the image or the build, so that two containers with an equal `code` run the same program.
    - `command` has the words that the container executes, the entry point first, as far as the
      manifest gives them: a shell's script is one word.
    - `variables` are those of its environment. `further` names the sources of which the files do
      not show the variables, such as an env file that is not in the repository.
    - `mounts` are by the path in the container.
    - `restart` is the restart policy in the words of the manifest; `restarts` says whether the
      container is started again when it fails, None if that is not known.
    - `grace_seconds` is the time between SIGTERM and SIGKILL; `default_grace_seconds` applies
      without one.
    - `memory_bytes` is the limit of its memory.
    - `is_one_off` is true for what is meant to end, such as a job or an init container.
    - `hosts` are the names by which the judged container reaches it, if they are not its own.
    - `is_elsewhere` is true for what belongs to another deploy, such as that of another namespace.
    """

    name: str
    location: Location
    image: Fact[str] | None = None
    is_local: bool = False
    code: str | None = None
    command: Fact[tuple[str, ...]] | None = None
    variables: Mapping[str, Variable] = _NOTHING
    further: tuple[Fact[str], ...] = ()
    mounts: Mapping[str, Mount] = _NOTHING
    restart: Fact[str] | None = None
    restarts: bool | None = None
    grace_seconds: Fact[float] | None = None
    default_grace_seconds: float = 10.0
    memory_bytes: Fact[int] | None = None
    is_one_off: bool = False
    hosts: frozenset[str] = frozenset()
    is_elsewhere: bool = False

    def __repr__(self) -> str:
        return f"Container({self.name})"


class Manifest(Record):
    """
    The container whose settings are judged, and the others of the same deploy.

    `kind` is "compose" or "kubernetes". `files` are those that were read, as they are named.
    `remarks` are what the platform would refuse or ignore, each with its place.
    """

    kind: str
    judged: Container
    others: tuple[Container, ...] = ()
    files: tuple[str, ...] = ()
    remarks: tuple[Fact[str], ...] = ()

    @property
    def texts(self) -> dict[str, str]:
        """
        The environment of the container, as far as the files give it. It may hold secrets.
        """
        variables = self.judged.variables.items()
        return {name: each.text for name, each in variables if each.text is not None}

    def location(self, name: str) -> Location:
        """
        Return where a variable of the container is set.
        """
        return self.judged.variables[name].location

    @property
    def later(self) -> dict[str, str]:
        """
        The variables whose values come from elsewhere when the container starts, with the source.
        """
        variables = self.judged.variables.items()
        return {name: each.source for name, each in variables if each.text is None}

    def __repr__(self) -> str:
        return f"Manifest({self.judged.name})"
