"""
The form of encrypted values, without a key: how a token is spelt, and what its header says.

A token is base64url without padding, in ASCII, so that it fits a text column, JSON or a URL:

    "wkt1" (3 bytes) | key version (1) | key id (8) | salt (16) | nonce (12) | ciphertext and tag

The origin format is what workers wrote before there was a key ring, and is only read: standard
base64, with padding, of

    "RAI1" (4 bytes) | key version (1) | salt (16) | nonce (12) | ciphertext and tag
"""

import base64
import binascii
from typing import NamedTuple

ID_BYTES = 8
SALT_BYTES = 16
NONCE_BYTES = 12

_TAG_BYTES = 16
_MAGIC = base64.urlsafe_b64decode(b"wkt1")  # so that every token starts with this word
_ORIGIN_MAGIC = b"RAI1"
_ORIGIN_START = base64.b64encode(_ORIGIN_MAGIC[:3])


class Token(NamedTuple):
    """
    An encrypted value, taken apart. One of the origin format has no key id.

    `header` is everything before the nonce, `sealed` the ciphertext and its tag.
    """

    version: int
    key_id: bytes | None
    salt: bytes
    nonce: bytes
    sealed: bytes
    header: bytes


def header(version: int, key_id: bytes, salt: bytes) -> bytes:
    """
    What a new token begins with.
    """
    return _MAGIC + bytes([version]) + key_id + salt


def spell(header: bytes, nonce: bytes, sealed: bytes) -> bytes:
    """
    A new token as text.
    """
    return _base64url(header + nonce + sealed)


def parse(text: bytes) -> Token | None:
    """
    The parts of a token; None when it is none, or not spelt in the one way that its bytes have.
    """
    is_origin = text.startswith(_ORIGIN_START)
    data = _decoded(text, is_origin=is_origin)
    magic, id_bytes = (_ORIGIN_MAGIC, 0) if is_origin else (_MAGIC, ID_BYTES)
    id_at = len(magic) + 1
    salt_at = id_at + id_bytes
    nonce_at = salt_at + SALT_BYTES
    sealed_at = nonce_at + NONCE_BYTES
    if not data.startswith(magic) or len(data) < sealed_at + _TAG_BYTES:
        return None
    return Token(
        version=data[len(magic)],
        key_id=None if is_origin else data[id_at:salt_at],
        salt=data[salt_at:nonce_at],
        nonce=data[nonce_at:sealed_at],
        sealed=data[sealed_at:],
        header=data[:nonce_at],
    )


def _decoded(text: bytes, *, is_origin: bool) -> bytes:
    standard = text if is_origin else text.translate(bytes.maketrans(b"-_", b"+/"))
    try:
        data = binascii.a2b_base64(standard + b"=" * (-len(standard) % 4))
    except ValueError:
        return b""
    spelling = base64.b64encode(data) if is_origin else _base64url(data)
    return data if spelling == text else b""


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
