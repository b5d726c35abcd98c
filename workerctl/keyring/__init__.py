"""
Encryption with the keys: the only package that imports cryptography, when it is first needed.

`KeyRing` encrypts and decrypts personal data. `canary` proves that a key is the one that the data
was written with.
"""

from workerctl import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from workerctl.keyring.cipher import round_trip_failure
    from workerctl.keyring.ring import KeyRing

__all__ = ["KeyRing", "round_trip_failure"]
__getattr__ = lazy(__name__, {"KeyRing": "ring", "round_trip_failure": "cipher"})
