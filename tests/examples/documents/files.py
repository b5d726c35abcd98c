"""
Functions that build documents byte by byte, and the assertion that one is rejected.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from traceback import walk_tb

import pypdf
import pytest

from examples.resume_worker.documents import Limits
from examples.resume_worker.samples.compound_file import compound_file
from examples.resume_worker.samples.people import PEOPLE
from tests.leaks.oracle import Oracle, texts
from workerctl.runtime.exceptions import InvalidFileError

KINDS = ("pdf", "docx", "hwp", "hwpx")
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
SMALL = Limits(min_characters=0)
REAL_FILES = Path(__file__).parents[4] / "shared" / "data" / "hwp"

Extract = Callable[..., str]


def refused(extract: Extract, data: bytes, limits: Limits = SMALL) -> str:
    """Assert that a document is rejected without quoting it; return the reason."""
    with pytest.raises(InvalidFileError) as caught:
        extract(data, limits)
    error = caught.value
    assert (error.__cause__, error.__context__) == (None, None)
    known = [text for person in PEOPLE.values() for text in (*person[:6], *person.about)]
    assert Oracle(known).leaks("\n".join(texts(error))) == []
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    ours = [frame for frame in frames if "resume_worker" in frame.f_code.co_filename]
    assert [frame.f_code.co_name for frame in ours] == ["extract_text"]
    assert not any(isinstance(value, bytes) for value in ours[0].f_locals.values())
    return str(error.details["reason"])


def archive(members: dict[str, bytes], kind: str = "application/hwp+zip") -> bytes:
    """Return a compressed zip archive of these members, preceded by a `mimetype` member."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("mimetype", kind)
        for name, data in members.items():
            target.writestr(name, data)
    return file.getvalue()


def section(*paragraphs: str) -> bytes:
    """Return a section of HWPX with these paragraphs, which may contain markup."""
    lines = "".join(f"<p><run><t>{text}</t></run></p>" for text in paragraphs)
    return f"<sec>{lines}</sec>".encode()


def hwp(*sections: bytes, flags: int = 0, **streams: bytes) -> bytes:
    """Return an HWP document with these sections and the flags of its header."""
    return compound_file(
        {
            "FileHeader": struct.pack("<32sII216x", b"HWP Document File", 0x05000300, flags),
            **{f"BodyText/Section{number}": filled(data) for number, data in enumerate(sections)},
            **streams,
        }
    )


def filled(data: bytes) -> bytes:
    """Append a record that fills the sectors of a stream, which would be padded with zeros."""
    rest = -(len(data) + 8) % 512 + 4096
    return data + struct.pack("<II", 0xFFF << 20, rest) + bytes(rest)


def text_record(text: bytes, tag: int = 67) -> bytes:
    """Return a record, by default one for the text of a paragraph."""
    if len(text) < 0xFFF:
        return struct.pack("<I", tag | len(text) << 20) + text
    return struct.pack("<II", tag | 0xFFF << 20, len(text)) + text


def utf16(text: str) -> bytes:
    """Encode text as HWP does."""
    return text.encode("utf-16-le", "surrogatepass")


def deflated(data: bytes) -> bytes:
    """Compress data as HWP does."""
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


def locked(data: bytes, user: str) -> bytes:
    """Encrypt a PDF with a user password, which may be empty, and an owner password."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    writer.encrypt(user, "owner", algorithm="AES-256")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()
