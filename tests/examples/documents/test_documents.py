"""
The text that is extracted from each kind of document.
"""

import io
import unicodedata

import docx
import pytest
from docx.oxml import parse_xml

from examples.resume_worker.documents import extract_text
from examples.resume_worker.samples.people import PEOPLE
from tests.examples.documents.files import (
    REAL_FILES,
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


@pytest.mark.skipif(not REAL_FILES.is_dir(), reason="the real files are not part of the project")
@pytest.mark.parametrize(
    ("name", "text"), [("hello_world", "Hello World!"), ("range", "Hello World!"), ("outline", "")]
)
def test_files_of_the_real_word_processor_are_read(name: str, text: str) -> None:
    """Files that the word processor wrote are read, including an empty one."""
    assert extract_text(REAL_FILES / f"{name}.hwp", SMALL) == text


def test_sections_come_in_the_order_of_their_numbers(extract: Extract) -> None:
    """Section 10 follows section 9, and other parts of a document are ignored."""
    names = [f"section number {number}" for number in range(12)]
    data = hwp(*(text_record(utf16(name)) for name in names), Other=text_record(utf16("other")))
    zipped = archive(
        {f"Contents/section{number}.xml": section(name) for number, name in enumerate(names)}
        | {"Contents/header.xml": section("other")}
    )

    assert extract(data) == extract(zipped) == "\n".join(names)


def test_hwp_paragraphs_of_every_length(extract: Extract) -> None:
    """Long records, whose size follows their header, are read; other records are skipped."""
    long = "가나다라 " * 1000 + "끝"
    data = text_record(utf16("first")) + text_record(b"no text", tag=66) + text_record(utf16(long))

    assert extract(hwp(data)) == extract(hwp(deflated(data), flags=1)) == f"first\n{long}"


def test_hwp_control_characters(extract: Extract) -> None:
    """Most control characters occupy eight code units without text; some denote a character."""
    table, tab = "\x0b" + "table.."[:6] + "\x0b", "\x09" + "\0" * 6 + "\x09"
    text = f"a{table}b{tab}c\x0ad\x18e\x1ef\x1fg\x0d"

    assert extract(hwp(text_record(utf16(text)))) == "ab\tc\nd-e f g"
    # The last control character is truncated, and a single byte follows.
    assert extract(hwp(text_record(utf16("end\x0bxy") + b"\0"))) == "end"


def test_text_can_be_stored_anywhere(extract: Extract) -> None:
    """Text is NFC, without lone surrogates, NUL characters and superfluous blanks."""
    apart = unicodedata.normalize("NFD", "홍길동")
    text = f"{apart} \ud800 \U0001f600\u3000\u00a0end  \x7f x"
    found = extract(hwp(text_record(utf16(text))))

    assert found == "홍길동 \ufffd \U0001f600 end x"
    assert extract(archive({"Contents/section0.xml": section("a\x85b &#x9; c")})) == "ab\tc"


def test_hwpx_elements_inside_a_text(extract: Extract) -> None:
    """Elements for tabs and line breaks are converted, and text outside of `t` is ignored."""
    markup = section("a<tab/>b<lineBreak/>c<nbSpace/>d<mark>e</mark>", "&lt;f&gt;").replace(
        b"<run>", b"outside<run>"
    )

    assert extract(archive({"Contents/section0.xml": markup})) == "a\tb\nc de\n<f>"


def test_docx_parts_that_resumes_use(extract: Extract) -> None:
    """Headers, footers, nested tables and text boxes are read, and a fallback is not repeated."""
    document = docx.Document()
    part = document.sections[0]
    part.header.paragraphs[0].text, part.footer.paragraphs[0].text = "header", "footer"
    document.add_paragraph("body")
    cell = document.add_table(1, 1).cell(0, 0)
    cell.text = "outer"
    cell.add_table(1, 1).cell(0, 0).text = "inner"
    box = "<w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p></w:txbxContent>"
    document.add_paragraph()._p.append(
        parse_xml(
            '<w:r xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc='
            '"http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:AlternateContent>'
            f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
            "</mc:AlternateContent></w:r>"
        )
    )
    file = io.BytesIO()
    document.save(file)

    words = extract(file.getvalue()).split()
    assert sorted(words) == ["body", "box", "footer", "header", "inner", "outer"]
    assert [word for word in words if word not in {"header", "footer"}] == [
        "body",
        "outer",
        "inner",
        "box",
    ]


def test_a_pdf_that_anyone_may_open_is_read(samples: dict[str, bytes], extract: Extract) -> None:
    """A PDF with an empty user password is read; its owner password only restricts printing."""
    assert PEOPLE["pdf"].name in extract(locked(samples["pdf"], ""))


def test_pages_are_counted(extract: Extract, samples: dict[str, bytes]) -> None:
    """A PDF with more pages than the limit is rejected."""
    assert refused(extract, samples["pdf"], SMALL._replace(max_pages=1)) == "too_many_pages"
    assert extract(samples["pdf"], SMALL._replace(max_pages=2))
