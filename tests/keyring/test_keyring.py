"""
Tests of the key ring: it decrypts what it encrypted, in the same context, and nothing else.
"""

import base64
import random

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.keyring.rings import (
    FIRST,
    PLACE,
    SECOND,
    SECRET,
    MakeRing,
    changed,
    opened_by_hand,
    refused,
    sealed_at_the_origin,
    sealed_by_hand,
)
from tests.support.effort import effort
from workerctl import keys
from workerctl.keyring import KeyRing, tokens


def test_the_format_stays_readable(ring: KeyRing) -> None:
    """Tokens of an independent implementation open with either key."""
    for key, version in ((SECOND, 1), (FIRST, 0)):
        token = sealed_by_hand(key, version, SECRET, PLACE)
        assert ring.decrypt(token, context=PLACE) == SECRET


def test_a_token_of_long_ago_opens(make: MakeRing) -> None:
    """A token that was stored as text, and not made by this code, opens."""
    ring = make("ENCRYPTION_KEY=911d31690a8ff606eb0ecc1be9f51f7f7c0fa631639aae99aca8f3b30ad77224")
    token = (
        b"wkt1AAlffBFqnpn_AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKC__"
        b"AB5qr1sJx7P_eyuQ3Qc_Hw_PgbZA76_hYkQ"
    )

    assert ring.decrypt(token, context=b"a place") == "견본 text".encode()


@pytest.mark.parametrize("plaintext", [b"", SECRET, "서울특별시".encode(), bytes(5000)])
def test_the_origin_format_is_read_with_either_key(ring: KeyRing, plaintext: bytes) -> None:
    """The header's version selects the key; the context is ignored, because the format has none."""
    for key, version in ((SECOND, 1), (FIRST, 0)):
        token = sealed_at_the_origin(key, version, plaintext)
        assert ring.decrypt(token, context=b"anywhere") == plaintext
        assert KeyRing.version_of(token) == version


def test_only_the_new_format_is_written(ring: KeyRing) -> None:
    """A new token has the version and the id of the current key."""
    token = tokens.parse(ring.encrypt(SECRET, context=PLACE))

    assert token is not None
    assert (token.version, token.key_id) == (1, bytes.fromhex(keys.key_id(SECOND)[4:]))


@given(plaintext=st.binary(max_size=300), context=st.binary(max_size=60))
def test_what_is_encrypted_is_decrypted(ring: KeyRing, plaintext: bytes, context: bytes) -> None:
    """Any bytes with any context are decrypted by the same ring."""
    token = ring.encrypt(plaintext, context=context)

    assert ring.decrypt(token, context=context) == plaintext
    assert KeyRing.version_of(token) == 1
    assert len(plaintext) < 6 or plaintext not in token


def test_of_10_000_values_each_comes_back(ring: KeyRing, before: KeyRing) -> None:
    """
    Values written with either key are opened by the ring, and by an independent implementation.
    """
    source = random.Random(10_000)
    for number in range(effort(10_000)):
        plaintext, context = (source.randbytes(source.randrange(200)) for _ in range(2))
        writer, key = ((ring, SECOND), (before, FIRST))[number % 2]
        token = writer.encrypt(plaintext, context=context)
        assert ring.decrypt(token, context=context) == plaintext
        assert opened_by_hand(key, token, context) == plaintext


def test_of_60_values_in_the_origin_format_each_comes_back(ring: KeyRing) -> None:
    """
    Values in the origin format come back.

    There are few, because each takes 100 000 rounds of key derivation.
    """
    source = random.Random(60)
    for number in range(effort(60)):
        plaintext = source.randbytes(source.randrange(200))
        key, version = ((SECOND, 1), (FIRST, 0))[number % 2]
        token = sealed_at_the_origin(key, version, plaintext)
        assert ring.decrypt(token, context=b"") == plaintext


@given(context=st.binary(max_size=60), other=st.binary(max_size=60))
def test_a_token_opens_in_its_context_only(ring: KeyRing, context: bytes, other: bytes) -> None:
    """A token does not open in another context, even if one is a part of the other."""
    token = ring.encrypt(SECRET, context=context)
    if context != other:
        message = refused(lambda: ring.decrypt(token, context=other))
        assert message == "The token was modified, or belongs to another context."


def test_two_rows_cannot_be_swapped(ring: KeyRing) -> None:
    """A token opens in the context where it was written, not in that of another row."""
    rows = {place: ring.encrypt(place, context=place) for place in (b"people/1", b"people/2")}

    assert [ring.decrypt(token, context=place) for place, token in rows.items()] == [*rows]
    for place, token in zip(rows, reversed(rows.values()), strict=True):
        refused(lambda place=place, token=token: ring.decrypt(token, context=place))


@pytest.mark.parametrize("size", [0, 1, 2])
def test_no_changed_bit_is_accepted(ring: KeyRing, size: int) -> None:
    """A token does not open if any bit of its text was changed."""
    token = ring.encrypt(b"x" * size, context=PLACE)
    for at in range(8 * len(token)):
        other = bytearray(token)
        other[at // 8] ^= 1 << at % 8
        refused(lambda other=other: ring.decrypt(bytes(other), context=PLACE))


def test_no_changed_bit_of_the_decoded_token_is_accepted(ring: KeyRing) -> None:
    """Each bit of header, salt, nonce, ciphertext and tag is authenticated."""
    token = ring.encrypt(b"xyz", context=PLACE)
    for at in range(len(token) * 3 // 4):
        for bit in range(8):
            other = changed(token, at, 1 << bit)
            refused(lambda other=other: ring.decrypt(other, context=PLACE))


@examples(max_examples=30)
@given(at=st.integers(0, 8 * (5 + 28 + 16 + 4) - 1))
def test_no_changed_bit_of_the_origin_format_is_accepted(ring: KeyRing, at: int) -> None:
    """
    A token of the origin format does not open if any bit was changed.

    Its header is not authenticated, but a changed version selects another key, which does not fit.
    """
    data = bytearray(base64.b64decode(sealed_at_the_origin(SECOND, 1, b"four")))
    data[at // 8] ^= 1 << at % 8
    token = base64.b64encode(data)

    refused(lambda: ring.decrypt(token, context=PLACE))


def test_no_truncated_or_extended_token_is_accepted(ring: KeyRing) -> None:
    """A token of either format does not open if it was truncated at either end, or extended."""
    for token in (ring.encrypt(SECRET, context=PLACE), sealed_at_the_origin(SECOND, 1, b"")):
        for size in range(len(token)):
            refused(lambda token=token, size=size: ring.decrypt(token[:size], context=PLACE))
        for piece in (token[1:], token[4:], token + b"A", token + b"AAAA", token * 2):
            refused(lambda piece=piece: ring.decrypt(piece, context=PLACE))


@given(st.binary(max_size=120))
def test_no_other_bytes_open(ring: KeyRing, text: bytes) -> None:
    """Arbitrary bytes do not open, not even after the prefix of a format."""
    for start in (b"", b"wkt1", b"UkFJMQ"):
        refused(lambda start=start: ring.decrypt(start + text, context=PLACE))
