"""
The fields whose values a container gets from somewhere else when it starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from workerctl.report.records import Record
from workerctl.sources.manifests.containers import Manifest
from workerctl.sources.names import Names, Spelling
from workerctl.sources.values import Values

_SECRETS_DIR = "WORKERCTL_SECRETS_DIR"


class Provided(Record):
    """
    What a container gets later, each variable with the source of its value, in words.

    A manifest sets those in `later` to values that are not in its files. Those in `perhaps` are not
    set, but a source that is not here may set them.
    """

    later: Mapping[str, str]
    perhaps: Mapping[str, str]


def without_files(environ: Mapping[str, str], names: Names) -> dict[str, str]:
    """
    Return an environment without the variables that name files, which only the container has.
    """
    return {name: text for name, text in environ.items() if not _names_file(name, names)}


def provided(
    manifest: Manifest,
    values: Values,
    paths: Mapping[str, tuple[str, ...]],
    secrets_dir: object = None,
) -> Provided:
    """
    Return what a container gets later. `paths` has the variables of the settings class.

    A path consists of the names of the fields that lead to a variable. `secrets_dir` is the
    directory from which the class reads secrets.
    """
    later = dict(_later(manifest, values, secrets_dir))
    unset = [name for name in paths if name not in later and not values.is_set(name)]
    perhaps = {name: source for name in unset for source in _above(name, later, paths)}
    sources = [further.value for further in manifest.judged.further]
    directory = _directory(manifest, secrets_dir)
    if directory is not None and _hides(manifest, directory):
        sources.append(f"the files in {directory}")
    for source in sources:
        perhaps |= {name: source for name in unset if name not in perhaps}
    return Provided(later, perhaps)


def _later(manifest: Manifest, values: Values, secrets_dir: object) -> Iterator[tuple[str, str]]:
    names = values.names
    named = (name for name in manifest.texts if _names_file(name, names))
    found: Iterable[tuple[str, str]] = (
        *manifest.later.items(),
        *((name, f"the file that {name} names") for name in named),
        *_mounted(manifest, secrets_dir),
    )
    for name, source in found:
        resolved = names.resolve(name)
        if resolved is not None and not values.is_set(resolved[0]):
            yield resolved[0], source


def _mounted(manifest: Manifest, secrets_dir: object) -> Iterator[tuple[str, str]]:
    """
    Yield the names of the files that are mounted where secrets are read.
    """
    directory = _directory(manifest, secrets_dir)
    for path in map(PurePosixPath, manifest.judged.mounts):
        if path.parent == directory:
            yield path.name, f"the file {path}"


def _directory(manifest: Manifest, secrets_dir: object) -> PurePosixPath | None:
    found = manifest.texts.get(_SECRETS_DIR) or secrets_dir
    return PurePosixPath(found) if isinstance(found, str | PurePosixPath) else None


def _hides(manifest: Manifest, directory: PurePosixPath) -> bool:
    """
    Return whether a volume with files that are not known is mounted at a directory, or above it.
    """
    places = {directory, *directory.parents}
    return any(PurePosixPath(path) in places for path in manifest.judged.mounts)


def _above(
    name: str, later: Mapping[str, str], paths: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    """
    Yield the source of a value that is provided later and holds that of a nested variable.
    """
    path = paths[name]
    for each, source in later.items():
        above = paths.get(each, path)
        if len(above) < len(path) and path[: len(above)] == above:
            yield source


def _names_file(name: str, names: Names) -> bool:
    resolved = names.resolve(name)
    return resolved is not None and resolved[1] == Spelling.FILE
