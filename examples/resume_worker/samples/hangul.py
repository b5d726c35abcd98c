"""
Sample documents in HWP 5 and HWPX, the Korean formats that no maintained library writes.

They contain only what is needed to read their text, without styles and layout.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from .compound_file import compound_file
from .people import KOREAN, Person

_DOCUMENT_PROPERTIES, _ID_MAPPINGS = 16, 17
_PARAGRAPH_HEADER, _PARAGRAPH_TEXT, _CHARACTER_SHAPES = 66, 67, 68
_LAST_PARAGRAPH = 1 << 31
_LONG = 0xFFF

# A control takes eight UTF-16 units, of which the first and the last are the number of its kind.
_SECTION = struct.pack("<H4s8xH", 2, b"dces", 2)
_COLUMNS = struct.pack("<H4s8xH", 2, b"dloc", 2)
_TAB = struct.pack("<H12xH", 9, 9)

_NAMESPACE = "http://www.hancom.co.kr/hwpml/2011"


def hwp(person: Person, labels: Mapping[str, str] = KOREAN) -> bytes:
    """
    Return an HWP 5 document: a compound file of compressed records.
    """
    data = [_TAB.join(map(_utf16, line)) for line in person.lines(labels)]
    paragraphs = [_SECTION + _COLUMNS, *data, *map(_utf16, person.about)]
    properties = struct.pack("<7H3I", 1, 1, 1, 1, 1, 1, 1, 0, 0, 0)
    preview = "\r\n".join(": ".join(line) for line in person.lines(labels))
    return compound_file(
        {
            "FileHeader": struct.pack("<32sII216x", b"HWP Document File", 0x05000300, 1),
            "DocInfo": _deflated(
                _record(_DOCUMENT_PROPERTIES, 0, properties) + _record(_ID_MAPPINGS, 0, bytes(72))
            ),
            "BodyText/Section0": _deflated(b"".join(_paragraphs(paragraphs))),
            "PrvText": _utf16(preview),
        }
    )


def _paragraphs(texts: list[bytes]) -> Iterable[bytes]:
    for number, text in enumerate(texts, 1):
        terminated = text + _utf16("\r")
        count = len(terminated) // 2 | (_LAST_PARAGRAPH if number == len(texts) else 0)
        yield _record(
            _PARAGRAPH_HEADER, 0, struct.pack("<IIHBBHHHI", count, 0, 0, 0, 0, 1, 0, 0, 0)
        )
        yield _record(_PARAGRAPH_TEXT, 1, terminated)
        yield _record(_CHARACTER_SHAPES, 1, bytes(8))


def _record(tag: int, level: int, data: bytes) -> bytes:
    size = min(len(data), _LONG)
    header = struct.pack("<I", tag | level << 10 | size << 20)
    return header + (struct.pack("<I", len(data)) if size == _LONG else b"") + data


def _deflated(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


def hwpx(person: Person, labels: Mapping[str, str] = KOREAN) -> bytes:
    """
    Return an HWPX document: a zip archive of XML files, with the personal data in a table.
    """
    rows = "".join(map(_row, person.lines(labels)))
    table = f"<hp:p><hp:run><hp:tbl>{rows}</hp:tbl></hp:run></hp:p>"
    section = table + "".join(map(_line, person.about))
    members = {
        "version.xml": _xml("hv:HCFVersion", "version", "", 'major="5" minor="1"'),
        "META-INF/container.xml": (
            '<ocf:container xmlns:ocf="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<ocf:rootfiles><ocf:rootfile full-path="Contents/content.hpf" '
            'media-type="application/hwpml-package+xml"/></ocf:rootfiles></ocf:container>'
        ),
        "Contents/content.hpf": (
            '<opf:package xmlns:opf="http://www.idpf.org/2007/opf/"><opf:manifest>'
            '<opf:item id="section0" href="Contents/section0.xml" media-type="application/xml"/>'
            '</opf:manifest><opf:spine><opf:itemref idref="section0"/></opf:spine></opf:package>'
        ),
        "Contents/section0.xml": _xml("hs:sec", "section", section),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        # Stored first and uncompressed, so that the first bytes identify the kind of file.
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/hwp+zip")
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _row(cells: tuple[str, str]) -> str:
    lists = (f"<hp:subList>{_line(text)}</hp:subList>" for text in cells)
    return f"<hp:tr>{''.join(f'<hp:tc>{inside}</hp:tc>' for inside in lists)}</hp:tr>"


def _line(text: str) -> str:
    return f"<hp:p><hp:run><hp:t>{escape(text)}</hp:t></hp:run></hp:p>"


def _xml(root: str, schema: str, content: str, attributes: str = "") -> str:
    prefix = root.partition(":")[0]
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<{root} xmlns:{prefix}="{_NAMESPACE}/{schema}" '
        f'xmlns:hp="{_NAMESPACE}/paragraph" {attributes}>{content}</{root}>'
    )
