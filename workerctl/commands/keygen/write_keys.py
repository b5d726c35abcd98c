"""
The keys of one env file: set, add, rotate, retire, each in one atomic replacement.

A key is never printed here, nor put into an error.
"""

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from workerctl import keys
from workerctl.commands.keygen import key_file
from workerctl.commands.keygen.key_file import CANARY, CANARY_CONTEXT, FILE
from workerctl.errors import RefusedError
from workerctl.keyring import rotation, versions
from workerctl.keyring.rotation import Rotation
from workerctl.keyring.versions import CURRENT, HIGHEST, VERSION, Ring, VersionedKey
from workerctl.secrecy.placeholders import is_placeholder
from workerctl.sources import atomic, envwrite
from workerctl.sources.envfile import EnvFile

_WINS = "It would win over the file: unset it, or leave the file as it is."
_RENEW = "Count what needs it; at 0, renew the canary with `workerctl keygen --canary`."


class Written(NamedTuple):
    """
    The keys of a file after a change, and the id of the key that its canary names.

    The file is new, or lost its bits for others.
    """

    ring: Ring
    canary_id: str | None = None
    created: bool = False
    closed: bool = False

    @property
    def rotation(self) -> Rotation:
        """
        Where the rotation of these keys stands now.
        """
        return rotation.of(self.ring, self.canary_id)

    @property
    def about_mode(self) -> str:
        """
        What to tell of the mode of the file, "" when it stayed as it was.
        """
        return "Other accounts could read the file; now they cannot." if self.closed else ""


class Writing(NamedTuple):
    """
    How to write; the defaults are right for everybody but tests.

    `lock_seconds` is how long to wait for another writer, `sync` makes a descriptor durable.
    """

    lock_seconds: float = atomic.LOCK_SECONDS
    sync: Callable[[int], None] = os.fsync


DEFAULT = Writing()


def write_key(path: str, environ: Mapping[str, str], writing: Writing = DEFAULT) -> Written:
    """
    Set ENCRYPTION_KEY in the env file `path` to a fresh key.

    An empty value or a placeholder in the file counts as not set and is replaced in place. The
    environment must set no key: it would win over the file.

    Raises RefusedError where a key is set, EnvFileWriteError or SourceError where the file cannot
    be changed; the file is then as it was. So do all functions here.
    """
    _require_unset(environ, lambda name: name in {CURRENT, CURRENT + FILE})
    key = keys.generate()

    def decide(file: EnvFile) -> envwrite.Changes:
        _require_no_key(file)
        _require_no_other_key(file, environ, ())
        return {CURRENT: key}

    return _change(path, decide, writing)


def add_key(path: str, environ: Mapping[str, str], writing: Writing = DEFAULT) -> Written:
    """
    Add a fresh key that only decrypts until `rotate` makes it current.

    So every worker can know the key before one of them writes with it.
    """
    fresh = keys.generate()

    def decide(file: EnvFile, ring: Ring) -> envwrite.Changes:
        newer = _newer(ring)
        if newer:
            hint = "Make it current: `workerctl keygen --rotate --write FILE`."
            raise RefusedError(f"{file.name} has a new key already, {newer[0].title}.", hint)
        return {versions.name_of(_next_version(file, ring)): fresh}

    return _change_ring(path, environ, decide, writing)


def rotate(
    path: str, environ: Mapping[str, str], start: int | None = None, writing: Writing = DEFAULT
) -> Written:
    """
    Make the next key current, the one that was added or else a fresh one; the old one stays.

    `start` is the version that is expected to be current. Without it, a file with an older key is
    refused: of two people who rotate at once one wins, and a second call does no harm.
    """
    fresh = keys.generate()

    def decide(file: EnvFile, ring: Ring) -> envwrite.Changes:
        _require_start(file, ring, start)
        current, added = ring[0], _newer(ring)[:1]
        new = added[0] if added else VersionedKey(CURRENT, _next_version(file, ring), fresh)
        if new.id is None:
            raise RefusedError(f"{file.name} has {new.name}, which {keys.weakness(new.text)}.")
        return {
            CURRENT: new.text,
            VERSION: str(new.version),
            versions.name_of(current.version): current.text,
            **{key.name: None for key in ring[1:] if key.version == new.version},
        }

    return _change_ring(path, environ, decide, writing)


def retire(
    path: str, environ: Mapping[str, str], version: int, in_use: int, writing: Writing = DEFAULT
) -> Written:
    """
    Drop a key that is not current. `in_use` is how many values still need it, as somebody counted.
    """
    if in_use:
        values = "1 value still needs" if in_use == 1 else f"{in_use} values still need"
        raise RefusedError(f"{values} version {version}.", "Encrypt them anew, and count again.")

    def decide(file: EnvFile, ring: Ring) -> envwrite.Changes:
        if version == ring[0].version:
            raise RefusedError(f"Version {version} is the current one in {file.name}.")
        found = [key for key in ring if key.version == version]
        if not found:
            raise RefusedError(f"{file.name} has no key of version {version}.")
        if found[0].id in _canary_ids(file, environ):
            raise RefusedError(f"The canary was written with version {version}.", _RENEW)
        return {key.name: None for key in found}

    return _change_ring(path, environ, decide, writing)


def write_canary(
    path: str,
    environ: Mapping[str, str],
    canary: str,
    context: str | None = None,
    writing: Writing = DEFAULT,
) -> Written:
    """
    Set ENCRYPTION_CANARY, and its context where one is given.

    Whoever renews it says that no data remain under older keys.
    """
    _require_unset(environ, lambda name: name.startswith(CANARY))

    def decide(file: EnvFile, _: Ring) -> envwrite.Changes:
        if envwrite.assignments(file, CANARY + FILE):
            hint = f"Make another: `workerctl keygen --canary --env-file {file.name} > NEW`."
            raise RefusedError(f"{file.name} names a file that holds the canary.", hint)
        return {CANARY: canary, **({} if context is None else {CANARY_CONTEXT: context})}

    return _change_ring(path, environ, decide, writing)


def _change_ring(
    path: str,
    environ: Mapping[str, str],
    decide: Callable[[EnvFile, Ring], envwrite.Changes],
    writing: Writing,
) -> Written:
    _require_unset(environ, key_file.is_of_ring)

    def decide_in_no_doubt(file: EnvFile) -> envwrite.Changes:
        ring = key_file.sound_ring(file)
        _require_no_other_key(file, environ, ring)
        return decide(file, ring)

    return _change(path, decide_in_no_doubt, writing)


def _change(path: str, decide: Callable[[EnvFile], envwrite.Changes], writing: Writing) -> Written:
    made: list[Written] = []

    def noted(file: EnvFile) -> envwrite.Changes:
        changes = decide(file)
        texts = key_file.texts(file) | {name: text or "" for name, text in changes.items()}
        named = next(iter(key_file.canary_ids(texts)), None)
        made.append(Written(key_file.ring_of(texts), named))
        return changes

    done = envwrite.change(path, noted, lock_seconds=writing.lock_seconds, sync=writing.sync)
    return made[-1]._replace(created=done.created, closed=done.closed)


def _require_start(file: EnvFile, ring: Ring, start: int | None) -> None:
    current = ring[0]
    older = [key for key in ring if key.version < current.version]
    if start is not None and current.version != start:
        raise RefusedError(
            f"In {file.name} {current.title} is current, not version {start}.",
            "Somebody else has rotated it: deploy what is there.",
        )
    if start is None and older:
        raise RefusedError(
            f"A rotation is under way in {file.name}: {rotation.of(ring).facts}.",
            f"Finish it, or rotate once more with `--from {current.version}`.",
        )


def _newer(ring: Ring) -> list[VersionedKey]:
    return [key for key in ring if key.version > ring[0].version]


def _next_version(file: EnvFile, ring: Ring) -> int:
    highest = max(key.version for key in ring)
    if highest == HIGHEST:
        raise RefusedError(f"{file.name} has a key of version {HIGHEST}, the last one there is.")
    return highest + 1


def _require_no_other_key(file: EnvFile, environ: Mapping[str, str], ring: Ring) -> None:
    """
    Refuse where a canary says that the data were written with a key that is not here.
    """
    for other in sorted(_canary_ids(file, environ) - {key.id for key in ring}):
        raise RefusedError(
            f"The canary of {file.name} was written by another key, {other}.",
            "Restore that key: the data need it. If there are none, remove the canary.",
        )


def _canary_ids(file: EnvFile, environ: Mapping[str, str]) -> set[str]:
    above = {name.upper(): text for name, text in environ.items()}
    return key_file.canary_ids({**key_file.texts(file), **above})


def _require_unset(environ: Mapping[str, str], matters: Callable[[str], bool]) -> None:
    for name, value in environ.items():
        if matters(name.upper()) and value.strip():
            raise RefusedError(f"{name} is set in the environment{_named(name, value)}.", _WINS)


def _require_no_key(file: EnvFile) -> None:
    key_file.require_readable(file)
    for name in (CURRENT, CURRENT + FILE):
        for entry in envwrite.assignments(file, name):
            value = entry.value or ""
            if _is_set(name, value):
                raise RefusedError(
                    f"{file.name}:{entry.number} sets {entry.name} already{_named(name, value)}.",
                    "Keep it: data may be encrypted with it. One that protects no data yet may be "
                    "emptied by hand first.",
                )


def _is_set(name: str, value: str) -> bool:
    # A well-formed key is one even if it is an example from documentation: data may be under it.
    if keys.form_problem(value) is None:
        return True
    return bool(value.strip()) and not is_placeholder(value, name, secret=name == CURRENT)


def _named(name: str, value: str) -> str:
    """
    The key's id in parentheses, where it has one: a weak key's would let anyone try guesses.
    """
    key_id = None if name.upper() != CURRENT else VersionedKey(name, 0, value).id
    return "" if key_id is None else f" (key id {key_id})"
