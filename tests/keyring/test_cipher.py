"""
Tests of the round trip of the cipher on this machine; a failure is reported by its type.
"""

import os
import sys
from types import SimpleNamespace

import pytest

from tests.keyring.rings import FIRST
from workerctl.keyring import cipher, round_trip_failure

AEAD = "cryptography.hazmat.primitives.ciphers.aead"


class Fake:
    """
    A cipher that returns the text that it was given, or `answer`.
    """

    seen: list[bytes]
    answer = b""

    def __init__(self, _: bytes) -> None:
        type(self).seen = []

    def encrypt(self, nonce: bytes, text: bytes, context: bytes) -> bytes:
        """Record the arguments and return the text."""
        self.seen.extend((nonce, text, context))
        return text

    def decrypt(self, _nonce: bytes, text: bytes, _context: bytes) -> bytes:
        """Return `answer` if it is set, otherwise the text."""
        return self.answer or text


def test_an_installed_package_is_found() -> None:
    """
    It is one of the packages that the tests need.
    """
    assert cipher.is_installed()


def test_a_good_key_makes_the_round_trip() -> None:
    """
    A valid key passes with the installed package.
    """
    assert round_trip_failure(FIRST) is None
    assert round_trip_failure(FIRST.upper()) is None


def test_a_failure_is_reported_by_its_type() -> None:
    """
    A failure is reported by its type, never by its message, which may contain the key.
    """
    assert round_trip_failure("zz") == "ValueError"
    assert round_trip_failure("00" * 31) == "ValueError"


def test_a_cipher_that_returns_another_text_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The round trip encrypts 32 random bytes with a random nonce of 12, and compares the result.
    """
    monkeypatch.setitem(sys.modules, AEAD, SimpleNamespace(AESGCM=Fake))
    assert round_trip_failure(FIRST) is None
    first = [*Fake.seen]
    assert round_trip_failure(FIRST) is None
    assert [len(part) for part in first[:2]] == [12, 32]
    assert first[:2] != Fake.seen[:2]

    monkeypatch.setattr(Fake, "answer", os.urandom(32))
    assert round_trip_failure(FIRST) == "decryption returned a different text"


def test_a_package_that_does_not_load_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A missing package is reported and raises nothing.
    """
    monkeypatch.setitem(sys.modules, AEAD, None)

    assert round_trip_failure(FIRST) == "ModuleNotFoundError"
