"""
Tests of re-encryption: the same plaintext under the current key, in its context, repeatable.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.keyring.rings import (
    FIRST,
    OTHER,
    PLACE,
    SECOND,
    SECRET,
    MakeRing,
    changed,
    refused,
    sealed_at_the_origin,
)
from workerctl import keys
from workerctl.keyring import KeyRing


def test_tokens_of_an_older_key_are_encrypted_with_the_current_one(
    ring: KeyRing, before: KeyRing
) -> None:
    """A token of either format keeps its plaintext and gets the current key."""
    for token in (before.encrypt(SECRET, context=PLACE), sealed_at_the_origin(FIRST, 0, SECRET)):
        renewed = ring.reencrypt(token, PLACE)

        assert (ring.version_of(token), ring.version_of(renewed)) == (0, 1)
        assert (ring.is_current(token), ring.is_current(renewed)) == (False, True)
        assert ring.decrypt(renewed, context=PLACE) == SECRET
        refused(lambda renewed=renewed: before.decrypt(renewed, context=PLACE))


def test_a_current_token_is_returned_unchanged(ring: KeyRing) -> None:
    """
    A current token is returned as it is, so that a repeated or resumed run writes nothing for it.
    """
    token = ring.encrypt(SECRET, context=PLACE)

    assert ring.reencrypt(token, context=PLACE) is token
    assert (ring.current_version, ring.versions) == (1, (1, 0))


def test_the_origin_format_is_never_current(ring: KeyRing) -> None:
    """
    A token of the origin format is not current in any version, because it is bound to no context.
    """
    token = sealed_at_the_origin(SECOND, 1, SECRET)
    renewed = ring.reencrypt(token, PLACE)

    assert not ring.is_current(token)
    assert ring.is_current(renewed)
    assert ring.decrypt(renewed, context=PLACE) == SECRET
    refused(lambda: ring.decrypt(renewed, context=b"elsewhere"))


def test_a_token_of_another_key_of_the_version_is_not_current(
    ring: KeyRing, make: MakeRing
) -> None:
    """A token of a different key with the current version is not current, and does not open."""
    other = make(f"ENCRYPTION_KEY={OTHER}", "ENCRYPTION_KEY_VERSION=1")
    token = other.encrypt(SECRET, context=PLACE)

    assert not ring.is_current(token)
    assert "another key" in refused(lambda: ring.reencrypt(token, PLACE))
    assert keys.key_id(OTHER) not in repr(ring)


@pytest.mark.parametrize("version", [0, 2])
def test_a_token_of_another_version_of_the_key_is_not_current(
    ring: KeyRing, make: MakeRing, version: int
) -> None:
    """
    If keys were renumbered, the version in the header of a token decides whether it is current.
    """
    other = make(f"ENCRYPTION_KEY={SECOND}", f"ENCRYPTION_KEY_VERSION={version}")

    assert not ring.is_current(other.encrypt(SECRET, context=PLACE))


def test_a_token_that_does_not_open_is_not_reencrypted(ring: KeyRing, before: KeyRing) -> None:
    """A token that does not open is refused, even if its header says that it is current."""
    for token in (before.encrypt(SECRET, context=PLACE), ring.encrypt(SECRET, context=PLACE)):
        for broken, place in ((token, b"elsewhere"), (changed(token, -1), PLACE)):
            message = refused(lambda broken=broken, place=place: ring.reencrypt(broken, place))
            assert message == "The token was modified, or belongs to another context."
    assert refused(lambda: ring.reencrypt(b"no token", PLACE)) == "The token is malformed."
    assert refused(lambda: ring.is_current(b"no token")) == "The token is malformed."


@given(plaintext=st.binary(max_size=300), context=st.binary(max_size=60))
def test_reencryption_keeps_the_plaintext(
    ring: KeyRing, before: KeyRing, plaintext: bytes, context: bytes
) -> None:
    """Any bytes with any context come back after a re-encryption."""
    renewed = ring.reencrypt(before.encrypt(plaintext, context=context), context)

    assert ring.decrypt(renewed, context=context) == plaintext


@pytest.mark.parametrize("token", [17, None, bytearray(b"wkt1")])
def test_an_argument_of_the_wrong_type_is_a_type_error(ring: KeyRing, token: object) -> None:
    """An argument of the wrong type is a `TypeError` that names only types."""
    with pytest.raises(TypeError, match="token must be bytes or str, not "):
        ring.reencrypt(token, PLACE)
    with pytest.raises(TypeError, match="token must be bytes or str, not "):
        ring.is_current(token)
    with pytest.raises(TypeError, match="context must be bytes, not str"):
        ring.reencrypt(ring.encrypt(SECRET, context=PLACE), "text")
