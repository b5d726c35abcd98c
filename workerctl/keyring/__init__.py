"""
Encryption with a ring of keys. Only this package imports cryptography, and only when it is needed.

`KeyRing` encrypts and decrypts personal data:

    ring = KeyRing.from_settings(get_settings())
    token = ring.encrypt(b"A. Applicant", context=b"candidates/name/17")
    plaintext = ring.decrypt(token, context=b"candidates/name/17")

A `canary` shows whether a key is the one that the data was encrypted with.
"""

from __future__ import annotations

from workerctl import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from workerctl.keyring.cipher import round_trip_failure
    from workerctl.keyring.ring import KeyRing

__all__ = ["KeyRing", "round_trip_failure"]
__getattr__ = lazy(__name__, {"KeyRing": "ring", "round_trip_failure": "cipher"})
