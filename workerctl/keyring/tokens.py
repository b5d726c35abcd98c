"""
The form of encrypted values, without a key: how a token is spelt, and what its header says.

A token is base64url without padding, in ASCII, so that it fits a text column, JSON or a URL:

    "wkt1" (3 bytes) | key version (1) | key id (8) | salt (16) | nonce (12) | ciphertext and tag

The origin format is what workers wrote before there was a key ring, and is only read: standard
base64, with padding, of

    "RAI1" (4 bytes) | key version (1) | salt (16) | nonce (12) | ciphertext and tag

A canary proves which key the data was written with. It is 76 characters of base64url:

    0x01 (1 byte) | key id (8) | nonce (12) | ciphertext (20) and tag (16)
"""

import base64
import binascii
from typing import NamedTuple

_ID_BYTES = 8
SALT_BYTES = 16
NONCE_BYTES = 12

_TAG_BYTES = 16
_ID_SIGN = "wk1:"
_CANARY_VERSION = b"\x01"
_CANARY_BYTES = 57  # a multiple of three: each canary has one spelling, and no padding
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


class Canary(NamedTuple):
    """
    A canary, taken apart. `header` is everything before the nonce.
    """

    key_id: str
    nonce: bytes
    sealed: bytes
    header: bytes


def id_bytes(key_id: str) -> bytes:
    """
    A key id as tokens carry it.
    """
    return bytes.fromhex(key_id.removeprefix(_ID_SIGN))


def id_text(data: bytes) -> str:
    """
    A key id as people read it.
    """
    return f"{_ID_SIGN}{data.hex()}"


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
    magic, id_bytes = (_ORIGIN_MAGIC, 0) if is_origin else (_MAGIC, _ID_BYTES)
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


def canary_header(key_id: str) -> bytes:
    """
    What a canary of this key begins with.
    """
    return _CANARY_VERSION + id_bytes(key_id)


def spell_canary(header: bytes, nonce: bytes, sealed: bytes) -> str:
    """
    A canary as text.
    """
    return _base64url(header + nonce + sealed).decode()


def parse_canary(text: str) -> Canary | None:
    """
    The parts of a canary; None when it is none.
    """
    data = _decoded(text.encode("utf-8", "surrogateescape"), is_origin=False)
    if len(data) != _CANARY_BYTES or not data.startswith(_CANARY_VERSION):
        return None
    nonce_at = len(_CANARY_VERSION) + _ID_BYTES
    sealed_at = nonce_at + NONCE_BYTES
    header = data[:nonce_at]
    key_id = id_text(header[len(_CANARY_VERSION) :])
    return Canary(key_id, data[nonce_at:sealed_at], data[sealed_at:], header)


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
