"""
Tests of the choice of a key: only the key that the header of a token names is used.
"""

import os

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
from workerctl.keyring import KeyRing, tokens


def test_an_older_key_still_decrypts(ring: KeyRing, before: KeyRing) -> None:
    """
    A ring reads what was written before a rotation; the ring from before does not know the new key.
    """
    assert ring.decrypt(before.encrypt(SECRET, context=PLACE), context=PLACE) == SECRET
    message = refused(lambda: before.decrypt(ring.encrypt(SECRET, context=PLACE), context=PLACE))
    assert message == "The ring has no key of version 1."


def test_one_key_is_tried_and_no_other(ring: KeyRing) -> None:
    """A token whose header names another key of the ring is not opened with the one that fits."""
    token = ring.encrypt(SECRET, context=PLACE)
    first = bytes.fromhex(keys.key_id(FIRST)[4:])
    parts = tokens.parse(token)
    assert parts is not None
    forged = tokens.encode(tokens.header(0, first, parts.salt), parts.nonce, parts.sealed)

    assert "another key of version 0" in refused(
        lambda: ring.decrypt(changed(token, 3), context=PLACE)
    )
    assert "was modified" in refused(lambda: ring.decrypt(forged, context=PLACE))
    old = sealed_at_the_origin(SECOND, 0, SECRET)
    assert "was modified" in refused(lambda: ring.decrypt(old, context=PLACE))


def test_the_wrong_key_of_the_right_version_is_reported(make: MakeRing, before: KeyRing) -> None:
    """A different key is recognized by its public id, before anything is decrypted."""
    other = make(f"ENCRYPTION_KEY={OTHER}")

    message = refused(lambda: other.decrypt(before.encrypt(SECRET, context=PLACE), context=PLACE))
    assert message == "The token was made with another key of version 0."
    old = sealed_at_the_origin(FIRST, 0, SECRET)
    assert "was modified" in refused(lambda: other.decrypt(old, context=PLACE))


def test_other_bytes_than_a_token_have_no_version(ring: KeyRing) -> None:
    """The version of a malformed token raises; it is not 0."""
    assert refused(lambda: ring.version_of(b"wkt1")) == "The token is malformed."
    assert refused(lambda: ring.decrypt(b"", context=PLACE)) == "The token is malformed."


def test_no_two_tokens_are_alike(ring: KeyRing) -> None:
    """Salt and nonce are new for each token."""
    made = [tokens.parse(ring.encrypt(SECRET, context=PLACE)) for _ in range(300)]

    for part in ("salt", "nonce", "sealed"):
        assert len({getattr(token, part) for token in made}) == len(made)


def test_threads_and_forks_make_their_own_nonces(ring: KeyRing) -> None:
    """A forked process does not reuse random bytes of its parent."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, ring.encrypt(SECRET, context=PLACE))
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        theirs = pipe.read()
    ours = ring.encrypt(SECRET, context=PLACE)

    assert ring.decrypt(theirs, context=PLACE) == SECRET
    one, other = tokens.parse(theirs), tokens.parse(ours)
    assert (one.salt, one.nonce) != (other.salt, other.nonce)
