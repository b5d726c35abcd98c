"""
The encoding of tokens and canaries. No key is needed to parse them.

A token is an encrypted value in base64url without padding. It is ASCII, so it fits into a text
column, JSON or a URL. Its bytes are:

    "wkt1" (3 bytes) | key version (1) | key id (8) | salt (16) | nonce (12) | ciphertext and tag

The origin format is what workers wrote before the key ring existed. It is read but never written.
It is standard base64, with padding, of:

    "RAI1" (4 bytes) | key version (1) | salt (16) | nonce (12) | ciphertext and tag

A canary shows which key the data was encrypted with. It is 76 characters of base64url:

    0x01 (1 byte) | key id (8) | nonce (12) | ciphertext (20) and tag (16)
"""

from __future__ import annotations

import base64
import binascii

from workerctl.report.records import Record

_ID_BYTES = 8
SALT_BYTES = 16
NONCE_BYTES = 12

_TAG_BYTES = 16
_ID_SIGN = "wk1:"
_CANARY_VERSION = b"\x01"
_CANARY_BYTES = 57  # a multiple of three, so that base64 needs no padding
_MAGIC = base64.urlsafe_b64decode(b"wkt1")  # the encoded token begins with these characters
_ORIGIN_MAGIC = b"RAI1"
_ORIGIN_START = base64.b64encode(_ORIGIN_MAGIC[:3])


class Token(Record):
    """
    The parts of a token. In the origin format, `key_id` is None.

    `header` is everything before the nonce; `sealed` is the ciphertext and its tag.
    """

    version: int
    key_id: bytes | None
    salt: bytes
    nonce: bytes
    sealed: bytes
    header: bytes


class Canary(Record):
    """
    The parts of a canary. `header` is everything before the nonce.
    """

    key_id: str
    nonce: bytes
    sealed: bytes
    header: bytes


def id_bytes(key_id: str) -> bytes:
    """
    Return a key id in the form that a token contains: 8 bytes.
    """
    return bytes.fromhex(key_id.removeprefix(_ID_SIGN))


def id_text(data: bytes) -> str:
    """
    Return a key id in the form that people read: "wk1:" and 16 hexadecimal characters.
    """
    return f"{_ID_SIGN}{data.hex()}"


def header(version: int, key_id: bytes, salt: bytes) -> bytes:
    """
    Return the header of a new token.
    """
    return _MAGIC + bytes([version]) + key_id + salt


def encode(header: bytes, nonce: bytes, sealed: bytes) -> bytes:
    """
    Return a new token as ASCII text.
    """
    return _base64url(header + nonce + sealed)


def parse(text: bytes) -> Token | None:
    """
    Return the parts of a token, or None if the text is not the canonical encoding of a token.
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
    Return the header of a new canary.
    """
    return _CANARY_VERSION + id_bytes(key_id)


def encode_canary(header: bytes, nonce: bytes, sealed: bytes) -> str:
    """
    Return a new canary as text.
    """
    return _base64url(header + nonce + sealed).decode()


def parse_canary(text: str) -> Canary | None:
    """
    Return the parts of a canary, or None if the text is not the canonical encoding of a canary.
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
    """
    Return the bytes of a base64 text, or nothing if the text is not their canonical encoding.
    """
    standard = text if is_origin else text.translate(bytes.maketrans(b"-_", b"+/"))
    try:
        data = binascii.a2b_base64(standard + b"=" * (-len(standard) % 4))
    except ValueError:
        return b""
    canonical = base64.b64encode(data) if is_origin else _base64url(data)
    return data if canonical == text else b""


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
