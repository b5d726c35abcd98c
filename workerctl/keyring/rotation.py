"""
The state of a key rotation and its next step, found without decrypting anything.

The steps are: add a key, deploy, make it current, deploy, re-encrypt, renew the canary, retire the
older key, deploy. In every state between them, all workers can decrypt all data. docs/rotation.md
describes the whole procedure.
"""

from __future__ import annotations

import enum

from workerctl.keyring.versions import Ring, VersionedKey
from workerctl.report.records import Record
from workerctl.report.words import listed


class State(enum.Enum):
    """
    The states of a rotation, by the names that `check` and `show-config` show.
    """

    STABLE = "stable"
    ADDED = "new key added, not active"
    ACTIVE = "active, old data remains"
    READY = "ready to retire"


class Rotation(Record):
    """
    The state of a ring, its current key, the other keys, and the next step of the rotation, if any.
    """

    state: State
    current: VersionedKey
    others: Ring
    next_step: str | None = None

    @property
    def facts(self) -> str:
        """
        Which key is current, and which keys only decrypt.
        """
        facts = f"{self.current.title} is current"
        if self.others:
            only = "only decrypts" if len(self.others) == 1 else "only decrypt"
            facts += f", {listed(key.title for key in self.others)} {only}"
        return facts


def assess(ring: Ring, canary_id: str | None = None) -> Rotation:
    """
    Return the state of a ring that has a current key and no problems.

    `canary_id` is the key id that the canary names. The canary is renewed once all data is
    re-encrypted, so a canary of the current key means that no data needs an older key.
    """
    current = ring[0]
    by_version = {key.version: key for key in ring[1:] if key.version != current.version}
    others = tuple(by_version.values())
    older = [key for key in others if key.version < current.version]
    if older and canary_id is not None and canary_id == current.id:
        return Rotation(State.READY, current, others, _retire(older[0].version))
    if older:
        return Rotation(State.ACTIVE, current, others, _reencrypt(older, canary_id))
    if others:
        return Rotation(State.ADDED, current, others, _ACTIVATE)
    return Rotation(State.STABLE, current, others)


_ACTIVATE = (
    "When every worker has the new key, make it current with "
    "`workerctl keygen --rotate --write FILE`, and deploy again."
)


def _reencrypt(older: list[VersionedKey], canary_id: str | None) -> str:
    numbers = listed(str(key.version) for key in older)
    version = "version" if len(older) == 1 else "versions"
    reencrypt = (
        "When every worker has the new key, re-encrypt the data of "
        f"{version} {numbers} and count what remains"
    )
    if canary_id is not None:
        return f"{reencrypt}; at 0, renew the canary with `workerctl keygen --canary`."
    return f"{reencrypt}; at 0, run `{_retire_command(older[0].version)}`."


def _retire(version: int) -> str:
    return (
        f"Store version {version} with the backups that need it, then run "
        f"`{_retire_command(version)}`."
    )


def _retire_command(version: int) -> str:
    return f"workerctl keygen --retire {version} --in-use 0 --write FILE"
