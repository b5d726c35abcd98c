"""
Zip archives: bounding their unpacked size, and choosing the reader for DOCX or HWPX.
"""

import io
import zipfile
import zlib

from .reading import Limits, Reader, encrypted, expands_too_far, read_with, refusal

_MOST_MEMBERS = 2000
_ENCRYPTED = 0x1
_HWPX = b"application/hwp+zip"
_DOCX = "word/document.xml"


def _read(data: bytes, limits: Limits) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if any(member.flag_bits & _ENCRYPTED for member in members):
            raise encrypted()
        _require_bounds(members, limits)
        reader = _reader(archive)
    return read_with(reader, data, limits)


def _reader(archive: zipfile.ZipFile) -> Reader:
    names = archive.namelist()
    if _DOCX in names:
        from .word import READER
    elif "mimetype" in names and archive.read("mimetype").strip() == _HWPX:
        from .hwpx import READER
    else:
        raise refusal("unknown_format", "The archive is not a DOCX or HWPX document.")
    return READER


def _require_bounds(members: list[zipfile.ZipInfo], limits: Limits) -> None:
    """
    Raise InvalidFileError if the archive has too many members or unpacks to too many bytes.

    The declared sizes can be trusted, because zipfile unpacks no more than these. Pictures do not
    count against the limit for text.
    """
    markup = sum(member.file_size for member in members if not _is_picture(member.filename))
    if (
        len(members) > _MOST_MEMBERS
        or markup > limits.max_expanded
        or sum(member.file_size for member in members) > limits.max_expanded + limits.max_bytes
    ):
        raise expands_too_far()


def _is_picture(name: str) -> bool:
    return name.lower().endswith((".bmp", ".emf", ".gif", ".jpeg", ".jpg", ".png", ".wmf"))


READER = Reader(_read, (zipfile.BadZipFile, zlib.error))
