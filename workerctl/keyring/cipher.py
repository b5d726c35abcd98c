"""
AES-256-GCM as the key ring uses it, and the derivation of the keys that it uses.

The frames of an error raised here hold keys. The caller must not let them into a traceback.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from importlib.util import find_spec

from workerctl import keys

_RECORD_KEY = b"workerctl/v1/record-key"
_ORIGIN_ROUNDS = 100_000


def is_installed() -> bool:
    """
    Return whether the cryptography package is installed, without importing it.

    An installed package may still fail to load: `round_trip_failure` says so.
    """
    return find_spec("cryptography") is not None


def round_trip_failure(key: str) -> str | None:
    """
    Encrypt and decrypt with a well-formed key; return None, or the reason why that failed.

    The reason of an exception is its type, because its text may contain the key.
    """
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = AESGCM(bytes.fromhex(key))
        nonce, probe, context = os.urandom(12), os.urandom(32), b"workerctl self-test"
        opened = cipher.decrypt(nonce, cipher.encrypt(nonce, probe, context), context)
    except Exception as error:  # noqa: BLE001 -- a broken native library raises anything
        return type(error).__name__
    return None if hmac.compare_digest(opened, probe) else "decryption returned a different text"


def seal(key: bytes, plaintext: bytes, associated: bytes) -> tuple[bytes, bytes]:
    """
    Return a fresh nonce, and the ciphertext with its tag.

    The tag authenticates the associated data as well. Raises OverflowError for a plaintext of
    2³¹ bytes or more.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from workerctl.keyring.tokens import NONCE_BYTES  # the self-test encodes no token

    nonce = os.urandom(NONCE_BYTES)
    return nonce, AESGCM(key).encrypt(nonce, plaintext, associated)


def unseal(key: bytes, nonce: bytes, sealed: bytes, associated: bytes | None) -> bytes | None:
    """
    Return the plaintext, or None if the key, the ciphertext or the associated data does not match.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(nonce, sealed, associated)
    except InvalidTag:
        return None


def record_key(key: bytes, salt: bytes) -> bytes:
    """
    Derive the key of a single token.

    Every token has a random salt and so its own key. Random nonces therefore cannot collide under
    one key, however many tokens are written.
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), keys.KEY_BYTES, salt, _RECORD_KEY).derive(key)


def purpose_key(key: bytes, purpose: bytes) -> bytes:
    """
    Derive a key for a purpose other than data. It does not reveal the key of the data.
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    return HKDFExpand(SHA256(), keys.KEY_BYTES, purpose).derive(key)


def origin_key(key: bytes, salt: bytes) -> bytes:
    """
    Derive the key of a single token of the origin format.
    """
    # PBKDF2 adds nothing to a random key, but these tokens were written with it.
    return hashlib.pbkdf2_hmac("sha256", key, salt, _ORIGIN_ROUNDS, keys.KEY_BYTES)
