"""
The cipher on this machine: it works, or what does not is told by its type.
"""

import os
import sys
from types import SimpleNamespace

import pytest

from tests.keyring.rings import FIRST
from workerctl.keyring import round_trip_failure

AEAD = "cryptography.hazmat.primitives.ciphers.aead"


class Fake:
    """
    A cipher that gives back what it was told to.
    """

    seen: list[bytes]
    answer = b""

    def __init__(self, _: bytes) -> None:
        type(self).seen = []

    def encrypt(self, nonce: bytes, text: bytes, context: bytes) -> bytes:
        """What was given is kept."""
        self.seen.extend((nonce, text, context))
        return text

    def decrypt(self, _nonce: bytes, text: bytes, _context: bytes) -> bytes:
        """Another text, or the same."""
        return self.answer or text


def test_a_good_key_makes_the_round_trip() -> None:
    """
    With the package that is installed.
    """
    assert round_trip_failure(FIRST) is None
    assert round_trip_failure(FIRST.upper()) is None


def test_what_fails_is_told_by_its_type() -> None:
    """
    And never by its text, which may hold the key.
    """
    assert round_trip_failure("zz") == "ValueError"
    assert round_trip_failure("00" * 31) == "ValueError"


def test_a_cipher_that_gives_back_another_text_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It is given 32 random bytes, with a nonce of 12.
    """
    monkeypatch.setitem(sys.modules, AEAD, SimpleNamespace(AESGCM=Fake))
    assert round_trip_failure(FIRST) is None
    first = [*Fake.seen]
    assert round_trip_failure(FIRST) is None
    assert [len(part) for part in first[:2]] == [12, 32]
    assert first[:2] != Fake.seen[:2]

    monkeypatch.setattr(Fake, "answer", os.urandom(32))
    assert round_trip_failure(FIRST) == "decryption returned a different text"


def test_a_package_that_does_not_load_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Rather than to crash.
    """
    monkeypatch.setitem(sys.modules, AEAD, None)

    assert round_trip_failure(FIRST) == "ModuleNotFoundError"
