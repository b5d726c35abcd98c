"""
A generator of sample résumés, one for each kind of file. Its output is always the same.
"""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from docx import Document
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from .hangul import hwp, hwpx
from .people import ENGLISH, KOREAN, PEOPLE, Person

_KOREAN_FONT = "HYSMyeongJo-Medium"  # provided by PDF viewers, so it is not embedded
_LEFT, _TOP, _LINE = 60, 780, 24


def make_samples(directory: Path) -> dict[str, Path]:
    """
    Write the samples to the directory. Return their paths by kind: pdf, docx, hwp and hwpx.
    """
    makers = {"pdf": pdf, "docx": docx, "hwp": hwp, "hwpx": hwpx}
    paths = {kind: directory / f"resume.{kind}" for kind in makers}
    for kind, make in makers.items():
        paths[kind].write_bytes(make(PEOPLE[kind]))
    return paths


def pdf(person: Person, labels: Mapping[str, str] = KOREAN) -> bytes:
    """
    Return a PDF with the personal data on the first page and the text on the second.
    """
    registerFont(UnicodeCIDFont(_KOREAN_FONT))
    file = io.BytesIO()
    canvas = Canvas(file, invariant=True, pageCompression=True)
    data = [f"{label}: {text}" for label, text in person.lines(labels)]
    for page in (data, person.about):
        canvas.setFont(_KOREAN_FONT, 12)
        for number, line in enumerate(page):
            canvas.drawString(_LEFT, _TOP - number * _LINE, line)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def docx(person: Person, labels: Mapping[str, str] = ENGLISH) -> bytes:
    """
    Return a DOCX with the name in the page header and the other data in a table.
    """
    document = Document()
    name, *data = person.lines(labels)
    document.sections[0].header.paragraphs[0].text = f"{name[0]}: {name[1]}"
    table = document.add_table(rows=0, cols=2)
    for line in data:
        for cell, text in zip(table.add_row().cells, line, strict=True):
            cell.text = text
    for sentence in person.about:
        document.add_paragraph(sentence)
    file = io.BytesIO()
    document.save(file)
    return _without_time(file)


def _without_time(file: io.BytesIO) -> bytes:
    """
    Return the archive with the earliest possible date on each member, for reproducible bytes.
    """
    copy = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name), source.read(name), zipfile.ZIP_DEFLATED)
    return copy.getvalue()
