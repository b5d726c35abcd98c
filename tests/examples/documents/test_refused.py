"""
The documents that are rejected, and errors that must not be mistaken for a bad document.
"""

import io
import struct
import zipfile
import zlib
from hashlib import shake_256
from typing import NoReturn

import pytest
from reportlab.pdfgen.canvas import Canvas

from examples.resume_worker.documents import DEFAULT_LIMITS, Limits
from examples.resume_worker.samples.compound_file import compound_file
from examples.resume_worker.samples.making import pdf
from examples.resume_worker.samples.people import PEOPLE
from tests.examples.documents.files import (
    EVERY_KIND,
    KINDS,
    SMALL,
    Extract,
    archive,
    deflated,
    hwp,
    locked,
    refused,
    section,
    text_record,
    utf16,
)
from tests.support.configurations import MakeLoaded


def test_encrypted_documents_are_reported(samples: dict[str, bytes], extract: Extract) -> None:
    """Documents that a password, rights management or a certificate protects are rejected."""
    with_flag = bytearray(samples["docx"])
    for at in range(len(with_flag) - 4):
        if with_flag[at : at + 4] == b"PK\x01\x02":
            with_flag[at + 8] |= 1
    manifest = b"<odf:manifest><odf:file-entry><odf:encryption-data/></odf:file-entry>"
    protected = [
        locked(samples["pdf"], "user"),
        bytes(with_flag),
        compound_file({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}),
        archive({"META-INF/manifest.xml": manifest, "Contents/section0.xml": section("x")}),
        *(hwp(text_record(b"x"), flags=1 << bit) for bit in (1, 2, 4, 8, 10)),
    ]

    assert [refused(extract, data) for data in protected] == ["encrypted"] * len(protected)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%",
        "이력서, 그러나 문서가 아님".encode(),
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"HWP Document File V3.00 \x1a\x01\x02\x03\x04\x05" + bytes(200),
        archive({"word/other.xml": b"<x/>"}, "text/plain"),
        archive({}, "application/epub+zip"),
        compound_file({"WordDocument": b"old"}),
        compound_file({"FileHeader": b"of something else"}),
    ],
)
def test_other_files_are_reported(extract: Extract, data: bytes) -> None:
    """Files of other formats are rejected as unknown."""
    assert refused(extract, data) == "unknown_format"


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n",
        b"%PDF-1.7\n%%EOF",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        archive({"word/document.xml": b"<x/>"}),
        archive({"word/document.xml": section("x"), "[Content_Types].xml": b"<x/>"}),
        archive({"Contents/header.xml": b"<x/>"}),
        archive({"Contents/section0.xml": b"<sec>"}),
        hwp(),
        hwp(b"", **{"BodyText/Section1": text_record(bytes(4086), tag=0)}),  # then half a header
        hwp(text_record(utf16("x") * 20)[:-3].ljust(5000, b"\xff")),
        hwp(deflated(text_record(utf16("x") * 9))[:-9].ljust(5000, b"\xff"), flags=1),
        hwp(flags=1, **{"BodyText/Section0": deflated(shake_256(b"noise").digest(9000))[:5120]}),
    ],
)
def test_broken_files_are_reported(extract: Extract, data: bytes) -> None:
    """Files with a valid beginning and invalid content are rejected as damaged."""
    assert refused(extract, data) == "damaged"


def test_a_stream_that_is_shorter_than_its_directory_says(
    samples: dict[str, bytes], extract: Extract
) -> None:
    """A stream with missing sectors is rejected as damaged."""
    data = bytearray(samples["hwp"])
    entry = data.index(utf16("Section0"))
    struct.pack_into("<Q", data, entry + 120, 4096 + 512)

    assert refused(extract, bytes(data)) == "damaged"


def test_a_compressed_stream_that_does_not_end(extract: Extract) -> None:
    """An unterminated stream is rejected although all its records are complete."""
    noise = shake_256(b"noise").digest(6000)
    for size in range(4100, 6000):
        stream = zlib.compressobj(wbits=-15)
        data = stream.compress(text_record(noise[:size], tag=0)) + stream.flush(zlib.Z_SYNC_FLUSH)
        if len(data) % 512 == 0:
            break

    assert refused(extract, hwp(flags=1, **{"BodyText/Section0": data})) == "damaged"
    ended = {"BodyText/Section0": data + stream.flush()}
    assert extract(hwp(flags=1, **ended)) == ""


@EVERY_KIND
def test_a_truncated_document_is_rejected(
    samples: dict[str, bytes], extract: Extract, kind: str
) -> None:
    """A document that is truncated anywhere is rejected, since it could pass for a complete one."""
    data = samples[kind]
    for size in {*range(0, len(data) - 1, len(data) // 60), len(data) - 3}:
        assert refused(extract, data[:size]) in {"damaged", "unknown_format"}


def test_a_file_that_is_too_large_is_not_read(samples: dict[str, bytes], extract: Extract) -> None:
    """The limit of the size is exact to the byte."""
    size = len(samples["pdf"])

    assert refused(extract, samples["pdf"], SMALL._replace(max_bytes=size - 1)) == "too_large"
    assert extract(samples["pdf"], SMALL._replace(max_bytes=size))


@EVERY_KIND
def test_a_document_with_too_little_text_is_reported(
    samples: dict[str, bytes], extract: Extract, kind: str
) -> None:
    """The minimum length of the text is exact to the character."""
    length = len(extract(samples[kind]))

    least = SMALL._replace(min_characters=length)
    assert extract(samples[kind], least)
    more = SMALL._replace(min_characters=length + 1)
    assert refused(extract, samples[kind], more) == "too_little_text"


def test_a_scan_is_reported(extract: Extract) -> None:
    """A page that contains only graphics is rejected for too little text."""
    file = io.BytesIO()
    canvas = Canvas(file)
    canvas.rect(10, 10, 500, 700, fill=True)
    canvas.save()

    assert refused(extract, file.getvalue(), DEFAULT_LIMITS) == "too_little_text"


def test_bombs_are_not_unpacked(samples: dict[str, bytes], extract: Extract) -> None:
    """Small files that expand to large ones are rejected, in every compressed format."""
    blank = section(" " * 40_000_000)
    many = {f"Contents/section{number}.xml": section("x") for number in range(2000)}
    with zipfile.ZipFile(io.BytesIO(samples["docx"])) as source:
        members = {name: source.read(name) for name in source.namelist()}
    bombs = [
        archive({"Contents/section0.xml": blank}),
        archive(members | {"word/document.xml": blank}),
        archive(many),
        archive({"Contents/section0.xml": section("x"), "big.png": bytes(90_000_000)}),
        hwp(deflated(text_record(utf16(" ") * 20_000_000)), flags=1),
        hwp(*[deflated(text_record(utf16(" ") * 6_000_000))] * 3, flags=1),
    ]

    assert max(map(len, bombs)) < 500_000
    assert [refused(extract, data) for data in bombs] == ["too_large"] * len(bombs)


def test_a_bomb_in_a_pdf_is_not_unpacked(extract: Extract) -> None:
    """The limits of the PDF library stop a stream that expands to a large one."""
    stream = zlib.compress(b" " * 200_000_000)
    data = pdf(PEOPLE["pdf"])
    begin = data.index(b"stream\n") + len(b"stream\n")
    bomb = data[:begin] + stream + data[data.index(b"endstream") :]

    assert refused(extract, bomb, DEFAULT_LIMITS) in {"damaged", "too_little_text"}


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
def test_no_entity_is_expanded(extract: Extract, declaration: str) -> None:
    """Neither nested nor external entities are expanded, in any encoding."""
    markup = declaration + section("&a;" if "ENTITY" in declaration else "x").decode()
    for encoding in ("utf-8", "utf-16"):
        data = archive({"Contents/section0.xml": markup.encode(encoding)})
        assert refused(extract, data) == "damaged"


def test_no_entity_of_a_docx_is_expanded(samples: dict[str, bytes], extract: Extract) -> None:
    """Neither an external nor an internal entity is expanded, and the rest of the text is read."""
    with zipfile.ZipFile(io.BytesIO(samples["docx"])) as source:
        members = {name: source.read(name) for name in source.namelist()}
    declared = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "grown">]>'
    name = "word/document.xml"
    begin, end = members[name].split(b"<w:document", 1)
    changed = end.replace(b"Phone", b"[&a;|&b;]")
    members[name] = begin + declared + b"<w:document" + changed

    text = extract(archive(members))
    assert PEOPLE["docx"].phone in text
    assert "root" not in text
    assert "grown" not in text


def test_the_limits_are_those_of_the_settings(loaded: MakeLoaded) -> None:
    """The limits are read from the settings, whose defaults are the default limits."""
    own = "MAX_FILE_SIZE_MB=2\nMAX_PAGE_COUNT=3\nMIN_TEXT_LENGTH=4\n"

    assert Limits.from_settings(loaded("").settings) == DEFAULT_LIMITS
    assert Limits.from_settings(loaded(own).settings)[:3] == (2 * 2**20, 3, 4)


@pytest.mark.parametrize("error", [TimeoutError, type("Late", (Exception,), {})])
def test_the_timeout_of_a_job_is_not_mistaken_for_a_bad_file(
    samples: dict[str, bytes], extract: Extract, error: type[Exception]
) -> None:
    """A timeout in the middle of a library call is raised unchanged."""

    class Interrupting(Limits):
        """Limits that raise the timeout when they are read."""

        @property
        def max_pages(self) -> NoReturn:
            raise error

        max_expanded = max_pages

    for kind in KINDS:
        with pytest.raises(error):
            extract(samples[kind], Interrupting(min_characters=0))
