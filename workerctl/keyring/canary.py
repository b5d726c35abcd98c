"""
A canary: a token beside the data that opens with the key of that data and no other.

It is no secret. Its text is always the same and its key serves nothing else, so that whoever can
write a canary can neither have data opened by it nor learn anything of them.
"""

import enum
from collections.abc import Iterable
from typing import NamedTuple

from workerctl import keys
from workerctl.keyring import cipher, tokens
from workerctl.keyring.versions import VersionedKey

_PURPOSE = b"workerctl/v1/canary"
_TEXT = b"workerctl canary v01"
_BOUND = b"workerctl-canary"


class Outcome(enum.Enum):
    """
    What a canary says of the keys.
    """

    OPENS = "opens"
    OTHER_KEY = "written by another key"
    MALFORMED = "malformed"
    TAMPERED = "tampered with, or of another context"
    MISSING = "missing"


class Verification(NamedTuple):
    """
    The verdict; `key_id` is the one that the canary names, `key` the key of the ring that has it.
    """

    outcome: Outcome
    key_id: str | None = None
    key: VersionedKey | None = None


def make(key: str, context: str) -> str:
    """
    A canary of a key, for a context such as `production/db-eu`.

    Raises ValueError for a weak or malformed key, which has no id.
    """
    header = tokens.canary_header(keys.key_id(key))
    nonce, sealed = cipher.seal(_key(key), _TEXT, _bound(header, context))
    return tokens.spell_canary(header, nonce, sealed)


def verify(canary: str, ring: Iterable[VersionedKey], context: str) -> Verification:
    """
    Whether a canary opens with the key of the ring that it names; no other key is tried.
    """
    if not canary:
        return Verification(Outcome.MISSING)
    parsed = tokens.parse_canary(canary)
    if parsed is None:
        return Verification(Outcome.MALFORMED)
    named = next((key for key in ring if key.id == parsed.key_id), None)
    if named is None:
        return Verification(Outcome.OTHER_KEY, parsed.key_id)
    bound = _bound(parsed.header, context)
    opened = cipher.opened(_key(named.text), parsed.nonce, parsed.sealed, bound) == _TEXT
    return Verification(Outcome.OPENS if opened else Outcome.TAMPERED, parsed.key_id, named)


def _key(key: str) -> bytes:
    return cipher.purpose_key(bytes.fromhex(key), _PURPOSE)


def _bound(header: bytes, context: str) -> bytes:
    # the header has one length, so nothing can be moved between it and the context
    return _BOUND + header + context.encode("utf-8", "surrogateescape")
