"""
Canaries: tokens that are kept with the data and open only with the key of the data.

A canary is not a secret. Its plaintext is fixed, and its key is derived for this purpose only, so
someone who can replace a canary can neither decrypt data with it nor learn anything about the data.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from workerctl import keys
from workerctl.keyring import cipher, tokens
from workerctl.keyring.versions import VersionedKey
from workerctl.report.records import Record

_PURPOSE = b"workerctl/v1/canary"
_TEXT = b"workerctl canary v01"
_DOMAIN = b"workerctl-canary"


class Outcome(enum.Enum):
    """
    The result of verifying a canary with the keys of a ring.
    """

    OPENS = "opens"
    OTHER_KEY = "made with another key"
    MALFORMED = "malformed"
    TAMPERED = "modified, or made for another context"
    MISSING = "missing"


class Verification(Record):
    """
    The outcome, the key id that the canary names, and the key of the ring that has this id.
    """

    outcome: Outcome
    key_id: str | None = None
    key: VersionedKey | None = None


def make(key: str, context: str) -> str:
    """
    Return a canary of a key, bound to a context such as `production/db-eu`.

    Raises ValueError for a weak or malformed key, because such a key has no id.
    """
    header = tokens.canary_header(keys.key_id(key))
    nonce, sealed = cipher.seal(_canary_key(key), _TEXT, _associated(header, context))
    return tokens.encode_canary(header, nonce, sealed)


def verify(canary: str, ring: Iterable[VersionedKey], context: str) -> Verification:
    """
    Try to open a canary with the key of the ring that it names. No other key is tried.
    """
    if not canary:
        return Verification(Outcome.MISSING)
    parsed = tokens.parse_canary(canary)
    if parsed is None:
        return Verification(Outcome.MALFORMED)
    named = next((key for key in ring if key.id == parsed.key_id), None)
    if named is None:
        return Verification(Outcome.OTHER_KEY, parsed.key_id)
    associated = _associated(parsed.header, context)
    text = cipher.unseal(_canary_key(named.text), parsed.nonce, parsed.sealed, associated)
    outcome = Outcome.OPENS if text == _TEXT else Outcome.TAMPERED
    return Verification(outcome, parsed.key_id, named)


def _canary_key(key: str) -> bytes:
    return cipher.purpose_key(bytes.fromhex(key), _PURPOSE)


def _associated(header: bytes, context: str) -> bytes:
    # The header has a fixed length, so no byte can be moved between it and the context.
    return _DOMAIN + header + context.encode("utf-8", "surrogateescape")
