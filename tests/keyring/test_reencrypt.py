"""
Encrypting anew: the same text under the current key, in its place, as often as one likes.
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


def test_what_an_older_key_wrote_gets_the_current_one(ring: KeyRing, before: KeyRing) -> None:
    """In either format; the text is the same, the version and the token are not."""
    for token in (before.encrypt(SECRET, context=PLACE), sealed_at_the_origin(FIRST, 0, SECRET)):
        anew = ring.reencrypt(token, PLACE)

        assert (ring.version_of(token), ring.version_of(anew)) == (0, 1)
        assert (ring.is_current(token), ring.is_current(anew)) == (False, True)
        assert ring.decrypt(anew, context=PLACE) == SECRET
        refused(lambda anew=anew: before.decrypt(anew, context=PLACE))


def test_what_is_current_stays_as_it_is(ring: KeyRing) -> None:
    """So a second run writes nothing, and one that was broken off can begin again."""
    token = ring.encrypt(SECRET, context=PLACE)

    assert ring.reencrypt(token, context=PLACE) is token
    assert (ring.current_version, ring.versions) == (1, (1, 0))


def test_the_origin_format_is_never_current(ring: KeyRing) -> None:
    """Whatever its version: it is bound to no place until it is encrypted anew."""
    token = sealed_at_the_origin(SECOND, 1, SECRET)
    anew = ring.reencrypt(token, PLACE)

    assert not ring.is_current(token)
    assert ring.is_current(anew)
    assert ring.decrypt(anew, context=PLACE) == SECRET
    refused(lambda: ring.decrypt(anew, context=b"elsewhere"))


def test_a_token_of_another_key_of_the_version_is_not_current(
    ring: KeyRing, make: MakeRing
) -> None:
    """And does not open."""
    other = make(f"ENCRYPTION_KEY={OTHER}", "ENCRYPTION_KEY_VERSION=1")
    token = other.encrypt(SECRET, context=PLACE)

    assert not ring.is_current(token)
    assert "another key" in refused(lambda: ring.reencrypt(token, PLACE))
    assert keys.key_id(OTHER) not in repr(ring)


@pytest.mark.parametrize("version", [0, 2])
def test_a_token_of_another_version_of_the_key_is_not_current(
    ring: KeyRing, make: MakeRing, version: int
) -> None:
    """Somebody numbered the keys anew; the header is what counts."""
    other = make(f"ENCRYPTION_KEY={SECOND}", f"ENCRYPTION_KEY_VERSION={version}")

    assert not ring.is_current(other.encrypt(SECRET, context=PLACE))


def test_what_does_not_open_is_not_carried_on(ring: KeyRing, before: KeyRing) -> None:
    """Also a current token, which would come back as it is."""
    for token in (before.encrypt(SECRET, context=PLACE), ring.encrypt(SECRET, context=PLACE)):
        for broken, place in ((token, b"elsewhere"), (changed(token, -1), PLACE)):
            message = refused(lambda broken=broken, place=place: ring.reencrypt(broken, place))
            assert message == "The token was modified, or belongs to another context."
    assert refused(lambda: ring.reencrypt(b"no token", PLACE)) == "The token is malformed."
    assert refused(lambda: ring.is_current(b"no token")) == "The token is malformed."


@given(plaintext=st.binary(max_size=300), context=st.binary(max_size=60))
def test_nothing_is_lost_on_the_way(
    ring: KeyRing, before: KeyRing, plaintext: bytes, context: bytes
) -> None:
    """Any bytes, with any context."""
    anew = ring.reencrypt(before.encrypt(plaintext, context=context), context)

    assert ring.decrypt(anew, context=context) == plaintext


@pytest.mark.parametrize("token", ["text", None, bytearray(b"wkt1")])
def test_a_mistake_in_the_code_stays_one(ring: KeyRing, token: object) -> None:
    """A TypeError, which names types only."""
    with pytest.raises(TypeError, match="token must be bytes, not "):
        ring.reencrypt(token, PLACE)
    with pytest.raises(TypeError, match="token must be bytes, not "):
        ring.is_current(token)
    with pytest.raises(TypeError, match="context must be bytes, not str"):
        ring.reencrypt(ring.encrypt(SECRET, context=PLACE), "text")
