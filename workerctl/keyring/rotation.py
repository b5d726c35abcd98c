"""
Where a rotation of keys stands, and what has to happen next. Nothing is decrypted for it.

add → deploy → activate → deploy → re-encrypt → renew the canary → retire: every state between two
of these steps has a name, and in each one every worker can read all data. docs/rotation.md tells
the whole.
"""

import enum
from collections.abc import Iterable
from typing import NamedTuple

from workerctl.keyring.versions import Ring, VersionedKey


class State(enum.Enum):
    """
    The states of a rotation, as `check` and `show-config` call them.
    """

    STABLE = "stable"
    ADDED = "new key added, not active"
    ACTIVE = "active, old data remains"
    READY = "ready to retire"


class Rotation(NamedTuple):
    """
    Where a ring stands: its state, the keys that only decrypt, and the next step, if any.
    """

    state: State
    current: VersionedKey
    waiting: Ring
    next_step: str | None = None

    @property
    def facts(self) -> str:
        """
        What the state means for the keys.
        """
        facts = f"{self.current.title} is current"
        if self.waiting:
            only = "only decrypts" if len(self.waiting) == 1 else "only decrypt"
            facts += f", {_listed(key.title for key in self.waiting)} {only}"
        return facts


def of(ring: Ring, canary_id: str | None = None) -> Rotation:
    """
    The state of a ring that has a current key and no problem.

    `canary_id` is the key id that the canary names. A canary is renewed when all data are
    encrypted anew: one of the current key says that the older ones are not needed any more.
    """
    current = ring[0]
    by_version = {key.version: key for key in ring[1:] if key.version != current.version}
    waiting = tuple(by_version.values())
    older = [key for key in waiting if key.version < current.version]
    if older and canary_id is not None and canary_id == current.id:
        return Rotation(State.READY, current, waiting, _retire(older[0].version))
    if older:
        return Rotation(State.ACTIVE, current, waiting, _reencrypt(older, canary_id))
    if waiting:
        return Rotation(State.ADDED, current, waiting, _ACTIVATE)
    return Rotation(State.STABLE, current, waiting)


_ACTIVATE = (
    "When every worker has it, make it current: `workerctl keygen --rotate --write FILE`, "
    "and deploy again."
)


def _reencrypt(older: list[VersionedKey], canary_id: str | None) -> str:
    numbers = _listed(str(key.version) for key in older)
    version = "version" if len(older) == 1 else "versions"
    first = (
        f"When every worker has it, encrypt anew what {version} {numbers} wrote and count the rest"
    )
    if canary_id is not None:
        return f"{first}; at 0, renew the canary with `workerctl keygen --canary`."
    return f"{first}; at 0, `workerctl keygen --retire {older[0].version} --in-use 0 --write FILE`."


def _retire(version: int) -> str:
    return (
        f"Store version {version} with the backups that need it, then "
        f"`workerctl keygen --retire {version} --in-use 0 --write FILE`."
    )


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
