"""
`workerctl keygen --write`: a fresh ENCRYPTION_KEY in an env file, unless a key is set already.

A key is never printed here, nor put into an error.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from workerctl import atomic, envwrite, keys
from workerctl.envfile import Entry, EnvFile
from workerctl.errors import EnvFileWriteError, RefusedError
from workerctl.output.lines import Line, line
from workerctl.placeholders import is_placeholder
from workerctl.sources import Values

NAME = "ENCRYPTION_KEY"
FILE_NAME = "ENCRYPTION_KEY_FILE"
"""The variable that names a file with the key, as Docker and Kubernetes secrets do."""


class WrittenKey(NamedTuple):
    """
    The id of a key that was written, and whether its file is new or lost its bits for others.
    """

    key_id: str
    created: bool = False
    closed: bool = False


def write_key(
    path: str,
    environ: Mapping[str, str],
    *,
    lock_seconds: float = atomic.LOCK_SECONDS,
    sync: Callable[[int], None] = os.fsync,
) -> WrittenKey:
    """
    Set ENCRYPTION_KEY in the env file `path` to a fresh key, in one atomic replacement.

    An empty value or a placeholder in the file counts as not set and is replaced in place. The
    environment must set no key: it would win over the file.

    Raises RefusedError where a key is set, EnvFileWriteError or SourceError where the file cannot
    be changed; the file is then as it was.
    """
    _require_unset_environment(environ)
    key = keys.generate()

    def decide(file: EnvFile) -> envwrite.Changes:
        _require_unset_file(file)
        return {NAME: key}

    done = envwrite.change(path, decide, lock_seconds=lock_seconds, sync=sync)
    return WrittenKey(keys.key_id(key), done.created, done.closed)


def _require_unset_environment(environ: Mapping[str, str]) -> None:
    for name, value in environ.items():
        if name.upper() in {NAME, FILE_NAME} and value.strip():
            raise RefusedError(
                f"{name} is set in the environment{_named(name, value)}.",
                "It would win over the file: unset it, or leave the file as it is.",
            )


def _require_unset_file(file: EnvFile) -> None:
    for entry in file.entries:
        _require_no_broken_line(file, entry)
    for name in (NAME, FILE_NAME):
        for entry in envwrite.assignments(file, name):
            value = entry.value or ""
            if _is_set(name, value):
                raise RefusedError(
                    f"{file.name}:{entry.number} sets {entry.name} already{_named(name, value)}.",
                    "Keep it: data may be encrypted with it. One that protects no data yet may be "
                    "emptied by hand first.",
                )


def _require_no_broken_line(file: EnvFile, entry: Entry) -> None:
    # No parser takes `ENCRYPTION_KEY: …` for an assignment, but it may be somebody's only copy.
    if entry.name is None and NAME in entry.raw.upper():
        raise EnvFileWriteError(
            f"{file.name}:{entry.number} names {NAME} in a line that cannot be read.",
            f"Write it as `{NAME}=` and the value, or remove it.",
        )


def _is_set(name: str, value: str) -> bool:
    # A well-formed key is one even if it is an example from documentation: data may be under it.
    if keys.form_problem(value) is None:
        return True
    return bool(value.strip()) and not is_placeholder(value, name, secret=name == NAME)


def _named(name: str, value: str) -> str:
    """
    The key's id in parentheses, where it has one: a weak key's would let anyone try guesses.
    """
    if name.upper() != NAME or keys.form_problem(value) or keys.weakness(value):
        return ""
    return f" (key id {keys.key_id(value)})"


def sentences(written: WrittenKey, path: str) -> Iterator[str]:
    """
    What happened to the file, for the person who asked.
    """
    where = f"{path}, a new file" if written.created else path
    yield f"ENCRYPTION_KEY is set in {where}: key id {written.key_id}."
    if written.closed:
        yield "Other accounts could read the file; now they cannot."


def identities(values: Values) -> Iterator[Line]:
    """
    The ids of the current key and of the older ones, by variable.

    Raises RefusedError when there is none, or one that no id can be told of.
    """
    names = [name for name in values.chosen if name == NAME or name.startswith(f"{NAME}_V")]
    found = [name for name in names if values.names.is_secret(name)]
    if NAME not in found:
        raise RefusedError(f"{NAME} is not set.", "Name the env file with --env-file.")
    for name in found:
        key = values.text(name)
        problem = keys.form_problem(key) or keys.weakness(key)
        if problem is not None:
            raise RefusedError(f"{name} {problem}.", "Such a key has no id.")
    yield from (line(f"{name} {keys.key_id(values.text(name))}") for name in found)
