"""
Encryption with the key: the only module that imports cryptography.
"""

import hmac
import os

_NONCE_BYTES = 12


def round_trip_failure(key: str) -> str | None:
    """
    Encrypt and decrypt with a well-formed key; why it failed, by the exception's type, or None.
    """
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = AESGCM(bytes.fromhex(key))
        nonce, probe, context = os.urandom(_NONCE_BYTES), os.urandom(32), b"workerctl self-test"
        opened = cipher.decrypt(nonce, cipher.encrypt(nonce, probe, context), context)
    except Exception as error:  # noqa: BLE001 -- a broken native library raises anything
        return type(error).__name__
    return None if hmac.compare_digest(opened, probe) else "another text came back"
