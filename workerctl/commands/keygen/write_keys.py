"""
Changes to the keys of one env file: set, add, rotate, retire, each in one atomic replacement.

No key is printed here or put into an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from workerctl import keys
from workerctl.commands.keygen import key_file
from workerctl.commands.keygen.key_file import CANARY, CANARY_CONTEXT, FILE
from workerctl.keyring import rotation, versions
from workerctl.keyring.rotation import Rotation
from workerctl.keyring.versions import CURRENT, HIGHEST, VERSION, Ring, VersionedKey
from workerctl.report.errors import RefusedError
from workerctl.report.records import Record
from workerctl.sources.envfile import EnvFile
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.writing import atomic, envwrite

_WINS = "It would take precedence over the file, so unset it or leave the file as it is."
_RENEW = "Count the values that need it; at 0, renew the canary with `workerctl keygen --canary`."


class Written(Record):
    """
    The keys of a file after a change, and the id of the key that its canary names.

    `created` means that the file is new, `closed` that other accounts lost access to it, and
    `shared` that its group still has access.
    """

    ring: Ring
    canary_id: str | None = None
    created: bool = False
    closed: bool = False
    shared: bool = False

    @property
    def rotation(self) -> Rotation:
        """
        The state of the rotation after the change.
        """
        return rotation.assess(self.ring, self.canary_id)

    @property
    def about_mode(self) -> str:
        """
        A sentence about the mode of the file, or "" if the mode did not change.
        """
        if not self.closed:
            return ""
        if self.shared:
            return (
                "Accounts outside its group could access the file; now they cannot. Its group "
                "still can, until you run `chmod 600`."
            )
        return "Other accounts could access the file; now they cannot."


class Writing(Record):
    """
    How to write. Only tests need other values than the defaults.

    `lock_seconds` is the time to wait for another writer; `sync` flushes a descriptor to the disk.
    """

    lock_seconds: float = atomic.LOCK_SECONDS
    sync: Callable[[int], None] = os.fsync


DEFAULT = Writing()


def write_key(path: str, environ: Mapping[str, str], writing: Writing = DEFAULT) -> Written:
    """
    Set ENCRYPTION_KEY in the env file `path` to a new key.

    An empty value or a placeholder in the file counts as not set and is replaced in place. The
    environment must not set a key, because it would take precedence over the file.

    Raises RefusedError if a key is set, or EnvFileWriteError or SourceError if the file cannot be
    changed. Like all functions here, it then leaves the file unchanged.
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
    Add a new key, which only decrypts until `rotate` makes it current.

    Every worker can thus have the key before the first one encrypts with it.
    """
    fresh = keys.generate()

    def decide(file: EnvFile, ring: Ring) -> envwrite.Changes:
        newer = _newer(ring)
        if newer:
            hint = "Make it current: `workerctl keygen --rotate --write FILE`."
            raise RefusedError(f"{file.name} already has a new key, {newer[0].title}.", hint)
        return {versions.name_of(_next_version(file, ring)): fresh}

    return _change_ring(path, environ, decide, writing)


def rotate(
    path: str, environ: Mapping[str, str], start: int | None = None, writing: Writing = DEFAULT
) -> Written:
    """
    Make the added key current, or a new one if none was added, and keep the old key.

    `start` is the version that must be current. Without it, a file with an older key is refused. In
    both cases, only one of two concurrent calls succeeds, and a repeated call is refused.
    """
    fresh = keys.generate()

    def decide(file: EnvFile, ring: Ring) -> envwrite.Changes:
        _require_start(file, ring, start)
        current, added = ring[0], _newer(ring)[:1]
        new = added[0] if added else VersionedKey(CURRENT, _next_version(file, ring), fresh)
        if new.id is None:
            hint = f"Remove it, and add another: `workerctl keygen --add --write {file.name}`."
            raise RefusedError(f"{new.name} in {file.name} {keys.weakness(new.text)}.", hint)
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
    Remove a key that is not current. `in_use`, the number of values that still need it, must be 0.
    """
    if in_use:
        values = "1 value still needs" if in_use == 1 else f"{in_use} values still need"
        raise RefusedError(f"{values} version {version}.", "Re-encrypt them, and count again.")

    def decide(file: EnvFile, ring: Ring) -> envwrite.Changes:
        if version == ring[0].version:
            raise RefusedError(f"Version {version} is the current key of {file.name}.")
        found = [key for key in ring if key.version == version]
        if not found:
            raise RefusedError(f"{file.name} has no key of version {version}.")
        if found[0].id in _canary_ids(file, environ):
            raise RefusedError(f"The canary was made with version {version}.", _RENEW)
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
    Set ENCRYPTION_CANARY, and its context if one is given.

    A canary of the current key declares that no data needs an older key.
    """
    _require_unset(environ, lambda name: name.startswith(CANARY))

    def decide(file: EnvFile, _: Ring) -> envwrite.Changes:
        if envwrite.assignments(file, CANARY + FILE):
            hint = f"Write a new one: `workerctl keygen --canary --env-file {file.name} > NEW`."
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

    def decide_with_ring(file: EnvFile) -> envwrite.Changes:
        ring = key_file.sound_ring(file)
        _require_no_other_key(file, environ, ring)
        return decide(file, ring)

    return _change(path, decide_with_ring, writing)


def _change(path: str, decide: Callable[[EnvFile], envwrite.Changes], writing: Writing) -> Written:
    results: list[Written] = []

    def decide_and_record(file: EnvFile) -> envwrite.Changes:
        changes = decide(file)
        texts = key_file.texts(file) | {name: text or "" for name, text in changes.items()}
        named = next(iter(key_file.canary_ids(texts)), None)
        results.append(Written(key_file.ring_of(texts), named))
        return changes

    done = envwrite.change(
        path, decide_and_record, lock_seconds=writing.lock_seconds, sync=writing.sync
    )
    return results[-1].replace(created=done.created, closed=done.closed, shared=done.shared)


def _require_start(file: EnvFile, ring: Ring, start: int | None) -> None:
    current = ring[0]
    older = [key for key in ring if key.version < current.version]
    if start is not None and current.version != start:
        raise RefusedError(
            f"The current key of {file.name} is {current.title}, not version {start}.",
            "Someone has already rotated the file, so deploy it as it is.",
        )
    if start is None and older:
        raise RefusedError(
            f"A rotation is under way in {file.name}: {rotation.assess(ring).facts}.",
            f"Finish it, or rotate once more with `--from {current.version}`.",
        )


def _newer(ring: Ring) -> list[VersionedKey]:
    return [key for key in ring if key.version > ring[0].version]


def _next_version(file: EnvFile, ring: Ring) -> int:
    highest = max(key.version for key in ring)
    if highest == HIGHEST:
        raise RefusedError(f"{file.name} has a key of version {HIGHEST}, the highest version.")
    return highest + 1


def _require_no_other_key(file: EnvFile, environ: Mapping[str, str], ring: Ring) -> None:
    """
    Raise RefusedError if a canary was made with a key that is not in `ring`.
    """
    for other in sorted(_canary_ids(file, environ) - {key.id for key in ring}):
        raise RefusedError(
            f"The canary of {file.name} was made with another key, {other}.",
            "Restore that key, which the data needs, or remove the canary if no data exists.",
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
                    f"{file.name}:{entry.number} already sets {entry.name}{_named(name, value)}.",
                    "Keep it, because data may be encrypted with it; if none is, empty the value "
                    "by hand first.",
                )


def _is_set(name: str, value: str) -> bool:
    # Even an example from documentation is kept if it is well-formed: it may have encrypted data.
    if keys.form_problem(value) is None:
        return True
    return bool(value.strip()) and not is_placeholder(value, name, secret=name == CURRENT)


def _named(name: str, value: str) -> str:
    """
    Return the id of the key in parentheses, or "" if the key is weak, malformed or in another file.
    """
    key_id = None if name.upper() != CURRENT else VersionedKey(name, 0, value).id
    return "" if key_id is None else f" (key id {key_id})"
