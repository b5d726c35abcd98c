"""
The environment in which a command reads what was checked, and what it would still read differently.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from workerctl.report.findings import Location
from workerctl.schema.loaded import Loaded
from workerctl.secrecy.masking import is_conventional_name
from workerctl.sources import project
from workerctl.sources.options import Options, resolve, resolve_named
from workerctl.sources.values import Assignment

_OF_SOURCES = ("WORKERCTL_ENV_FILE", "WORKERCTL_SECRETS_DIR", "WORKERCTL_SETTINGS")


def environment_for(loaded: Loaded, options: Options, environ: Mapping[str, str]) -> dict[str, str]:
    """
    Return the environment in which the command reads what was checked, from any directory.

    A class of workerctl gets the names of the files rather than their values, because an
    environment is less private than a file. Any other class reads the environment by itself, so it
    gets the values of the files there, as with `docker run --env-file`.
    """
    if loaded.schema.is_own:
        return {**environ, **_names_of_sources(resolve(options, project.here(), environ))}
    named = resolve_named(options, project.here(), environ)
    assigned = [*_assignments(loaded)]
    values = {each.name: each.text for each in assigned}
    # A value of a file may be stronger than that of the environment, as over an ignored empty one.
    stronger = {each.name: each.text for each in assigned if _is_chosen(each, loaded)}
    return {**_secrets(loaded, named), **values, **environ, **stronger, **_names_of_sources(named)}


def differences(loaded: Loaded, environ: MutableMapping[str, str]) -> tuple[str, ...]:
    """
    Return the variables, with their places, that a process with this environment reads differently.

    That may be so for a class other than the built-in one, which reads its sources by itself.
    """
    if loaded.schema.is_own:
        return ()
    from workerctl.schema.foreign import loading  # the built-in class needs none of it

    found = loading.started(loaded, environ)
    names = _different(loaded, found)
    if any(name not in found.invalid for name in names):
        # A default may be new with every instance: a random identifier, or the time.
        random = _different(loaded, loading.changed(loaded, {}))
        names = [name for name in names if name in found.invalid or name not in random]
    paths = [loaded.schema.variables[name].path for name in names]
    return (
        *(
            _placed(name, found.values.location(name))
            for name, path in zip(names, paths, strict=True)
            if not any(each != path and each[: len(path)] == path for each in paths)
        ),
        *_forbidden(found),
        *_further(loaded, found),
    )


def _assignments(loaded: Loaded) -> Iterator[Assignment]:
    """
    Yield the lines of the env files that have an effect, in order.

    A line has none if its field is set by another one, which may use another name.
    """
    for source in loaded.values.env_files:
        for assignment in source.assignments:
            is_set = (assignment.sets or "") in loaded.values.chosen
            if assignment.name not in _OF_SOURCES and (
                not is_set or _is_chosen(assignment, loaded)
            ):
                yield assignment


def _is_chosen(assignment: Assignment, loaded: Loaded) -> bool:
    chosen = loaded.values.chosen.get(assignment.sets or "")
    return chosen is not None and chosen.location == assignment.location


def _secrets(loaded: Loaded, named: Options) -> dict[str, str]:
    """
    Return the values of a secrets directory that the class does not know by itself.
    """
    if named.secrets_dir is None:
        return {}
    return {
        name: value.text
        for name, value in loaded.values.chosen.items()
        if value.location.source == "secret-file" and value.problem is None
    }


def _names_of_sources(options: Options) -> dict[str, str]:
    """
    Return the variables of workerctl that name the sources by their absolute paths.
    """
    sources: dict[str, str] = {}
    if options.env_files is not None:
        paths = os.pathsep.join(str(Path(path).absolute()) for path in options.env_files)
        # A separator alone means no file; an empty value would mean the default ones.
        sources["WORKERCTL_ENV_FILE"] = paths or os.pathsep
    if options.secrets_dir:
        sources["WORKERCTL_SECRETS_DIR"] = str(Path(options.secrets_dir).absolute())
    if isinstance(options.settings, str):
        sources["WORKERCTL_SETTINGS"] = options.settings
    return sources


def _different(loaded: Loaded, found: Loaded) -> list[str]:
    """
    Return the variables whose values differ in two configurations, or are valid in one only.
    """
    schema = loaded.schema
    return [
        name
        for name in schema.variables
        if (name in found.invalid) != (name in loaded.invalid)
        or not _same(schema.value(found.settings, name), schema.value(loaded.settings, name))
    ]


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001 -- whatever the comparison of a team's type raises
        return False


def _forbidden(found: Loaded) -> Iterator[str]:
    """
    Yield the unknown names that the class rejects in its own env file.
    """
    if found.schema.forbids_unknown:
        for source in found.values.env_files:
            for assignment in source.assignments:
                if assignment.sets is None:
                    yield _placed(assignment.name, assignment.location)


def _further(loaded: Loaded, found: Loaded) -> Iterator[str]:
    """
    Yield the names besides the fields whose values differ in two instances, or exist in one only.
    """
    before, after = (getattr(each.settings, "model_extra", None) or {} for each in (loaded, found))
    for name in {**before, **after}:
        if name not in before or name not in after or not _same(before[name], after[name]):
            yield _placed(name.upper())


def _placed(name: str, location: Location | None = None) -> str:
    """
    Return the name of a variable with the line that sets it, without what may be a secret.
    """
    shown = name if is_conventional_name(name) else "an unknown name"
    return shown if location is None or location.file is None else f"{shown} ({location})"
