"""
Keys, tokens made without the key ring, and checks of what an error of it may hold.
"""

import base64
import hmac
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from traceback import walk_tb
from types import TracebackType

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from tests.leaks.oracle import Mint, Oracle, texts
from workerctl import keys
from workerctl.keyring import KeyRing
from workerctl.runtime.exceptions import EncryptionError

MINT = Mint(11)
FIRST, SECOND, OTHER = (MINT.key() for _ in range(3))
WEAK = "0123456789abcdef" * 4
SECRET = MINT.token().encode()
PLACE = b"people/phone/17"
ORACLE = Oracle([FIRST, SECOND, OTHER, SECRET.decode()])

MakeRing = Callable[..., KeyRing]


def refused(call: Callable[[], object]) -> str:
    """
    Return the message of the `EncryptionError` that a call raises.

    The error, its causes and its frames must hold no secret.
    """
    with pytest.raises(EncryptionError) as caught:
        call()
    error = caught.value
    assert (error.__cause__, error.__context__, error.details) == (None, None, {})
    assert ORACLE.leaks("\n".join(texts(error))) == []
    assert ORACLE.leaks("\n".join(locals_of(error.__traceback__))) == []
    return error.message


def functions_in(traceback: TracebackType | None) -> set[str]:
    """Return the names of the functions of `ring.py` in a traceback."""
    codes = [frame.f_code for frame, _ in walk_tb(traceback)]
    return {code.co_name for code in codes if Path(code.co_filename).name == "ring.py"}


def locals_of(traceback: TracebackType | None) -> list[str]:
    """
    Return the local variables of the frames of `ring.py`, as an error reporter shows them.
    """
    return [
        repr(value)
        for frame, _ in walk_tb(traceback)
        if Path(frame.f_code.co_filename).name == "ring.py"
        for value in frame.f_locals.values()
    ]


def changed(token: bytes, at: int, by: int = 1) -> bytes:
    """Return a token of which one decoded byte is different."""
    data = bytearray(base64.urlsafe_b64decode(token + b"=" * (-len(token) % 4)))
    data[at] ^= by
    return base64.urlsafe_b64encode(data).rstrip(b"=")


# longer be read.


def sealed_by_hand(key: str, version: int, plaintext: bytes, context: bytes) -> bytes:
    """Return a token, made according to RFC 5869 and the description of the format."""
    salt, nonce, raw = bytes(range(16)), bytes(range(12)), bytes.fromhex(key)
    extracted = hmac.digest(salt, raw, sha256)
    record_key = hmac.digest(extracted, b"workerctl/v1/record-key\x01", sha256)
    header = b"\xc2\x4b\x75" + bytes([version]) + bytes.fromhex(keys.key_id(key)[4:]) + salt
    sealed = AESGCM(record_key).encrypt(nonce, plaintext, header + context)
    return base64.urlsafe_b64encode(header + nonce + sealed).rstrip(b"=")


def opened_by_hand(key: str, token: bytes, context: bytes) -> bytes:
    """Return the plaintext of a token, decrypted according to the description of the format."""
    data = base64.urlsafe_b64decode(token + b"=" * (-len(token) % 4))
    header, nonce, sealed = data[:28], data[28:40], data[40:]
    extracted = hmac.digest(header[12:], bytes.fromhex(key), sha256)
    record_key = hmac.digest(extracted, b"workerctl/v1/record-key\x01", sha256)
    return AESGCM(record_key).decrypt(nonce, sealed, header + context)


def sealed_at_the_origin(key: str, version: int, plaintext: bytes) -> bytes:
    """Return a token of the format that workers wrote before the key ring existed."""
    salt, nonce = os.urandom(16), os.urandom(12)
    derived = PBKDF2HMAC(SHA256(), 32, salt, 100_000).derive(bytes.fromhex(key))
    sealed = AESGCM(derived).encrypt(nonce, plaintext, None)
    return base64.b64encode(b"RAI1" + bytes([version]) + salt + nonce + sealed)
