"""
Tests of the encoding of tokens: each token has one spelling, and no other text parses.
"""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workerctl.keyring import tokens

ID, SALT, NONCE, SEALED = b"i" * 8, b"s" * 16, b"n" * 12, b"c" * 20


def spelt(version: int = 7, sealed: bytes = SEALED) -> bytes:
    """Return a token of the current format."""
    return tokens.encode(tokens.header(version, ID, SALT), NONCE, sealed)


def origin(version: int = 7, sealed: bytes = SEALED) -> bytes:
    """Return a token of the origin format."""
    return base64.b64encode(b"RAI1" + bytes([version]) + SALT + NONCE + sealed)


@given(st.integers(0, 255), st.binary(min_size=16, max_size=100))
def test_an_encoded_token_is_parsed(version: int, sealed: bytes) -> None:
    """Every part of a token of either format is parsed."""
    ours, old = tokens.parse(spelt(version, sealed)), tokens.parse(origin(version, sealed))

    header = base64.urlsafe_b64decode(b"wkt1") + bytes([version]) + ID + SALT
    assert ours == tokens.Token(version, ID, SALT, NONCE, sealed, header)
    assert old == tokens.Token(
        version, None, SALT, NONCE, sealed, b"RAI1" + bytes([version]) + SALT
    )


def test_a_token_is_text_with_a_prefix() -> None:
    """
    A token fits a text column, JSON and a URL, and a query can find all tokens of a format.
    """
    token = spelt(sealed=bytes(range(200, 255)))

    assert token.startswith(b"wkt1")
    assert set(token) <= set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


@given(st.binary(max_size=200))
def test_other_bytes_are_not_parsed(text: bytes) -> None:
    """Other bytes are not parsed, and raise nothing."""
    assert tokens.parse(text) is None
    assert tokens.parse(b"wkt1" + text) is None or len(text) >= 71
    assert tokens.parse(b"UkFJMQ" + text) is None or len(text) >= 60


@pytest.mark.parametrize("make", [spelt, origin])
def test_the_shortest_token_holds_an_empty_text(make: object) -> None:
    """A token of an empty text is parsed; a shorter one has no room for the tag."""
    assert callable(make)
    assert tokens.parse(make(sealed=bytes(16)))
    assert tokens.parse(make(sealed=bytes(15))) is None


@pytest.mark.parametrize("make", [spelt, origin])
def test_there_is_one_spelling_of_a_token(make: object) -> None:
    """Tokens can be compared and looked up as text, because no other spelling is parsed."""
    assert callable(make)
    token = make(sealed=bytes(range(240, 256)) + b"123")
    others = [
        token + b"=",
        token + b"==",
        token + b"\n",
        b" " + token,
        token.replace(b"=", b""),
        token[:40] + b"\n" + token[40:],
        token.translate(bytes.maketrans(b"-_", b"+/")),
        token.translate(bytes.maketrans(b"+/", b"-_")),
        token.rstrip(b"=")[:-1] + bytes([token.rstrip(b"=")[-1] + 1]) + b"=" * token.count(b"="),
    ]

    assert [other for other in others if other != token and tokens.parse(other)] == []
    assert tokens.parse(token)
