"""
HWP 5: a compound file whose streams `BodyText/Section0`, `Section1`, … contain the text as records.

A record is a 4-byte header and its data. The header consists of a tag (10 bits), a level (10
bits) and a size (12 bits); if all bits of the size are set, another 4 bytes hold the actual size.
The text of a paragraph is UTF-16 with control characters, most of which take eight units and stand
for tables, pictures and fields.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator

import olefile

from .reading import Limits, Reader, encrypted, expands_too_far, refusal

_SIGNATURE = b"HWP Document File"
_FLAGS_AT = 36
_COMPRESSED = 1 << 0
# Flags: password, distribution only, rights management, and two kinds of certificates.
_PROTECTED = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 8 | 1 << 10

_SECTION = r"Section(\d+)"
_PARAGRAPH_TEXT = 67
_LONG = 0xFFF

_FIRST_PRINTABLE = 32
_UNITS_OF_A_CONTROL = 8
_SINGLE_UNITS = frozenset({0, 10, 13, *range(24, 32)})
_AS_TEXT = {9: "\t", 10: "\n", 24: "-", 30: " ", 31: " "}


def _read(data: bytes, limits: Limits) -> str:
    # DEFECT_INCORRECT raises for clearly wrong data, such as a sector beyond the end of the file.
    with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_INCORRECT) as file:
        if file.exists("EncryptedPackage"):  # a DOCX with a password
            raise encrypted()
        if not file.exists("FileHeader"):
            raise refusal("unknown_format", "The compound file is not an HWP document.")
        header = file.openstream("FileHeader").read()
        if not header.startswith(_SIGNATURE):
            raise refusal("unknown_format", "The compound file is not an HWP document.")
        (flags,) = struct.unpack_from("<I", header, _FLAGS_AT)
        if flags & _PROTECTED:
            raise encrypted()
        sections = [file.openstream(path).read() for path in _sections(file)]
    return "\n".join(_texts(sections, limits, is_compressed=bool(flags & _COMPRESSED)))


def _sections(file: olefile.OleFileIO) -> list[list[str]]:
    numbered = {
        int(match[1]): path
        for path in file.listdir()
        if path[0] == "BodyText" and (match := re.fullmatch(_SECTION, path[-1], re.ASCII))
    }
    if not numbered:
        raise refusal("damaged", "The HWP document has no section.")
    return [path for _, path in sorted(numbered.items())]


def _texts(sections: list[bytes], limits: Limits, *, is_compressed: bool) -> Iterator[str]:
    remaining = limits.max_expanded
    for section in sections:
        records = _inflated(section, remaining) if is_compressed else section
        remaining -= len(records)
        for tag, data in _records(records):
            if tag == _PARAGRAPH_TEXT:
                yield _paragraph(data)


def _inflated(data: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    records = stream.decompress(data, limit + 1)
    if len(records) > limit:
        raise expands_too_far()
    if not stream.eof:
        raise refusal("damaged", "The HWP document is truncated.")
    return records


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        (header,) = struct.unpack_from("<I", data, at)
        at += 4
        tag, size = header & 0x3FF, header >> 20
        if size == _LONG:
            (size,) = struct.unpack_from("<I", data, at)
            at += 4
        if size > len(data) - at:
            raise refusal("damaged", "The HWP document is truncated.")
        yield tag, data[at : at + size]
        at += size


def _paragraph(data: bytes) -> str:
    units = struct.unpack(f"<{len(data) // 2}H", data[: len(data) // 2 * 2])
    text = bytearray()
    at = 0
    while at < len(units):
        unit = units[at]
        if unit >= _FIRST_PRINTABLE:
            text += data[2 * at : 2 * at + 2]
            at += 1
        else:
            text += _AS_TEXT.get(unit, "").encode("utf-16-le")
            at += 1 if unit in _SINGLE_UNITS else _UNITS_OF_A_CONTROL
    return text.decode("utf-16-le", "replace")


READER = Reader(_read, (OSError, struct.error, zlib.error))
