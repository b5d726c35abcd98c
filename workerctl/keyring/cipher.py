"""
AES-256-GCM as the key ring uses it: which key encrypts what, and what is authenticated with it.

The caller answers for the frames of an error, which hold keys.
"""

import hashlib
import hmac
import os

from workerctl import keys
from workerctl.keyring import tokens

_RECORD_KEY = b"workerctl/v1/record-key"
_ORIGIN_ROUNDS = 100_000


def round_trip_failure(key: str) -> str | None:
    """
    Encrypt and decrypt with a well-formed key; why it failed, by the exception's type, or None.
    """
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = AESGCM(bytes.fromhex(key))
        nonce, probe, context = os.urandom(12), os.urandom(32), b"workerctl self-test"
        opened = cipher.decrypt(nonce, cipher.encrypt(nonce, probe, context), context)
    except Exception as error:  # noqa: BLE001 -- a broken native library raises anything
        return type(error).__name__
    return None if hmac.compare_digest(opened, probe) else "another text came back"


def seal(key: bytes, plaintext: bytes, bound: bytes) -> tuple[bytes, bytes]:
    """
    A fresh nonce, and the ciphertext with its tag, which authenticates what is bound to it, too.

    Raises OverflowError for a plaintext of 2³¹ bytes or more.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(tokens.NONCE_BYTES)
    return nonce, AESGCM(key).encrypt(nonce, plaintext, bound)


def opened(key: bytes, nonce: bytes, sealed: bytes, bound: bytes | None) -> bytes | None:
    """
    The plaintext; None when the key, the text or what is bound to it is another one.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(nonce, sealed, bound)
    except InvalidTag:
        return None


def record_key(key: bytes, salt: bytes) -> bytes:
    """
    The key of one token, so that none encrypts so often that random nonces could meet.
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), keys.KEY_BYTES, salt, _RECORD_KEY).derive(key)


def purpose_key(key: bytes, purpose: bytes) -> bytes:
    """
    A key for something beside the data, of which the data's own key cannot be found.
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    return HKDFExpand(SHA256(), keys.KEY_BYTES, purpose).derive(key)


def origin_key(key: bytes, salt: bytes) -> bytes:
    """
    The key of one token of the origin format.
    """
    # stretching adds nothing to a random key: it is how these tokens were written
    return hashlib.pbkdf2_hmac("sha256", key, salt, _ORIGIN_ROUNDS, keys.KEY_BYTES)
