"""
Watch the sources of a settings class: in which order they are called, and what they return.

    with watched({(): AppSettings}) as readings:
        AppSettings()
    [reading.label for reading in readings]     # ["EnvSettingsSource", "toml file app.toml"]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from os import PathLike
from pathlib import Path as FilePath
from typing import Any, Literal

from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    InitSettingsSource,
    SecretsSettingsSource,
)

from workerctl.report.places import shown
from workerctl.report.records import Record
from workerctl.schema.declarations import Path
from workerctl.schema.foreign.judged import Kind, replaced

_FILES = {
    "toml_file_path": "toml file",
    "yaml_file_path": "yaml file",
    "json_file_path": "json file",
}


class Reading(Record):
    """
    What a source of the class at `path` returned. `label` names the source in reports.

    `kind` is None for the arguments of the constructor. `names` are the variables that the source
    finds, in upper case, whether or not they set a field; None if only its data say so.
    """

    path: Path
    label: str
    kind: Kind | Literal["other"] | None
    data: Mapping[str, Any]
    names: frozenset[str] | None = None

    def __repr__(self) -> str:
        return f"Reading({self.label})"


@contextmanager
def watched(
    classes: Mapping[Path, type[BaseSettings]], dropped: Iterable[Path] = ()
) -> Iterator[list[Reading]]:
    """
    Yield a list to which every call of a source is added until the context is left.

    Values at the `dropped` paths are removed from what other sources than the environment, env
    files and secrets directories return.
    """
    readings: list[Reading] = []
    paths = {settings_class: path for path, settings_class in reversed(list(classes.items()))}
    originals = {each: _function(each.settings_customise_sources) for each in paths}
    with ExitStack() as stack:
        for settings_class, path in paths.items():
            inner = [each[len(path) :] for each in dropped if each[: len(path)] == path]
            customise = _customise(originals[settings_class], path, inner, readings)
            stack.enter_context(
                replaced(settings_class, "settings_customise_sources", classmethod(customise))
            )
        yield readings


def _function(method: Any) -> Callable[..., Any]:
    function: Callable[..., Any] = method.__func__
    return function


def _customise(
    original: Callable[..., Any], path: Path, dropped: list[Path], readings: list[Reading]
) -> Callable[..., Any]:
    def customise(cls: Any, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        sources = original(cls, *args, **kwargs)
        for source in sources:
            with suppress(TypeError):  # a class whose layout does not allow it is not watched
                _watch(source, path, dropped, readings)
        return tuple(sources)

    return customise


def _watch(source: Any, path: Path, dropped: list[Path], readings: list[Reading]) -> None:
    kind: Any = type(source)
    if "_is_watched" in vars(kind):  # by the base class, which a team's method may call
        return

    def call(self: Any) -> Any:
        data = kind.__call__(self)
        of_class = _kind_of(kind)
        if of_class == "other" and dropped:
            data = _without(data, dropped)
        readings.append(Reading(path, _label(self, kind), of_class, data, _names(self, of_class)))
        return data

    # The name is kept: pydantic-settings passes the data of a source on under it.
    source.__class__ = type(
        kind.__name__,
        (kind,),
        {"__call__": call, "__module__": kind.__module__, "_is_watched": True},
    )


def _kind_of(kind: Any) -> Kind | Literal["other"] | None:
    if issubclass(kind, SecretsSettingsSource):
        return "secret-file"
    if kind is InitSettingsSource:
        return None
    load = getattr(kind, "_load_env_vars", None)
    if load is DotEnvSettingsSource._load_env_vars:  # noqa: SLF001 -- pinned by a test
        return "env-file"
    return "environment" if load is EnvSettingsSource._load_env_vars else "other"  # noqa: SLF001 -- as above


def _names(source: Any, kind: Kind | Literal["other"] | None) -> frozenset[str] | None:
    of_variables = kind in {"environment", "env-file"}
    return frozenset(map(str.upper, source.env_vars)) if of_variables else None


def _label(source: Any, kind: Any) -> str:
    for attribute, word in _FILES.items():
        files = getattr(source, attribute, None)
        if files:
            files = files if isinstance(files, list | tuple) else [files]
            read = [file for file in files if _is_file(file)]
            return f"{word} {', '.join(map(_file_name, read or files))}"
    name: str = kind.__name__
    return name


def _is_file(file: Any) -> bool:
    # pydantic-settings also reads a Traversable, such as a file in a package.
    is_path = isinstance(file, str | PathLike)
    return bool((FilePath(file).expanduser() if is_path else file).is_file())


def _file_name(file: Any) -> str:
    return shown(str(file if isinstance(file, str | PathLike) else file.name))


def _without(data: Any, paths: list[Path]) -> Any:
    rest = deepcopy(data)
    for *above, last in filter(None, paths):
        at = rest
        for key in above:
            at = at.get(key) if isinstance(at, dict) else None
        if isinstance(at, dict):
            at.pop(last, None)
    return rest
